"""Plans and moves as they cross the wire."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagdock_cloud.web.names import Instant, Site

Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
PlanState = Literal["asked", "solving", "done", "failed", "approved"]
MoveState = Literal["proposed", "open", "done", "cancelled"]
MoveStatus = Literal["proposed", "waiting", "open", "flagged", "done", "cancelled"]
Picture = Literal["flow", "regret", "before-after", "frontier", "moves"]
Policy = Literal["exact", "s_shape", "return", "midpoint", "largest_gap", "combined"]
Coordinate = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Rates = Annotated[dict[Annotated[str, Field(min_length=1, max_length=200)], Rate], Field(max_length=1000)]


class Weights(BaseModel):
    """How much each part of the objective counts."""

    model_config = ConfigDict(extra="forbid")

    travel: Weight = 1.0
    affinity: Weight = 1.0
    routes: Weight = 0.0
    ergonomics: Weight = 0.0


class NewBin(BaseModel):
    """A bin of a rack that does not stand yet. Its aisle may be a new one behind the last."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=100)]
    x_m: Coordinate | None = None
    y_m: Coordinate | None = None
    z_m: Coordinate | None = None
    aisle: Annotated[int, Field(ge=0, le=10_000)] | None = None
    cell: Annotated[int, Field(ge=0, le=100_000)] | None = None
    zone: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    volume_m3: Amount | None = None
    mass_kg: Amount | None = None
    items_at_most: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class WhatIf(BaseModel):
    """What would be: other rates, closed aisles, a new rack, another way of walking; else all is as measured."""

    model_config = ConfigDict(extra="forbid")

    rates: Rates = Field(default={}, description="Order lines a day by SKU, instead of the measured ones.")
    scale: Rates = Field(default={}, description="Factors on the rates by SKU: a season, a promotion.")
    close_aisles: Annotated[list[Annotated[int, Field(ge=0, le=100_000)]], Field(max_length=1000)] = []
    add_bins: Annotated[list[NewBin], Field(max_length=5000, description="A rack that would be there.")] = []
    policy: Policy | None = None


class PlanRequest(BaseModel):
    """What a planner asks for. Left-out times mean: what was measured in the last 30 days, until now."""

    model_config = ConfigDict(extra="forbid")

    site: Site
    since: Instant | None = None
    until: Instant | None = None
    represents_days: Annotated[
        float | None,
        Field(gt=0, le=36_600, allow_inf_nan=False, description="Business days that the period stands for."),
    ] = None
    at_most: Annotated[int | None, Field(ge=0, le=20_000, description="Moves that may be proposed.")] = None
    weights: Weights | None = None
    cost_m_per_move: Annotated[float | None, Field(ge=0, le=1e6, allow_inf_nan=False)] = None
    horizon_days: Annotated[float | None, Field(gt=0, le=36_600, allow_inf_nan=False)] = None
    time_limit_s: Annotated[float | None, Field(gt=0, le=3600, allow_inf_nan=False)] = None
    seed: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None
    what_if: WhatIf | None = None
    hold_tasks: Annotated[
        bool | None, Field(description="Leave bins under an open task as they are; so unless this is false.")
    ] = None

    @model_validator(mode="after")
    def _check_period(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise ValueError("since must lie before until")
        return self


class PlanSummary(BaseModel):
    """A plan in one line. Distances in metres a day."""

    plan_id: UUID
    site: str
    asked_at: datetime
    asked_by: str
    request: dict[str, Any]
    state: PlanState
    status: str | None = Field(description="The solver's: optimal, feasible or infeasible.")
    current_m_per_day: float | None
    objective_m_per_day: float | None
    lower_bound_m_per_day: float | None
    solver: str | None
    seconds: float | None
    finished_at: datetime | None
    error: str | None
    moves: int | None = Field(description="Moves that it proposes.")
    layout_changed: bool = Field(description="The floor was imported anew since; the plan cannot be approved any more.")
    progress: dict[str, Any] | None = Field(description="While it is solved: the best so far.")
    cancel_asked_at: datetime | None = Field(description="When somebody asked the solver to stop with the best so far.")


class PlanRecord(PlanSummary):
    """A plan whole."""

    plan: dict[str, Any] | None = Field(description="The solver's answer: assignment, moves, terms, frontier.")
    approved_at: datetime | None
    approved_by: str | None


class Approval(PlanRecord):
    """An approved plan, and the plan that it took the place of."""

    replaced: UUID | None


class MoveRecord(BaseModel):
    """One relocation; moves are carried out in the order of their steps."""

    step: int
    sku: str
    from_bin: str | None
    to_bin: str
    saves_m_per_day: float | None
    cost_m: float | None = Field(description="What it costs once, in metres walked.")
    chain: int | None = Field(description="Moves of one chain need each other; None in plans that did not say.")
    chain_moves: int | None = Field(description="How many moves the chain has.")
    chain_cost_m: float | None = Field(description="What all of them cost once.")
    payback_days: float | None = Field(
        description="Days until the whole chain has earned its cost; None where it never does: rules force it."
    )
    why: str
    state: MoveState
    status: MoveStatus = Field(
        description="Of an open task: can it be done now, does it wait, is something wrong with it?"
    )
    waits_for: list[int] = Field(description="Steps that have to be done before it.")
    ready_at: datetime | None = Field(description="Since when it waits for no other.")
    decided_at: datetime | None = Field(description="When somebody confirmed it or called it off.")
    decided_by: str | None = Field(description="`reads`: its item was read in the new bin.")
    confirmed_at: datetime | None = Field(description="When that was.")
    flag: Literal["elsewhere", "late"] | None = Field(description="What is wrong with it.")
    flagged_at: datetime | None
    seen_bin: str | None
    seen_epc: str | None


class PictureList(BaseModel):
    """The pictures that a plan has."""

    items: list[Picture]


class SavingsWeek(BaseModel):
    """A week since the approval, whole days only; metres a day."""

    week: date = Field(description="Its Monday.")
    days: int
    promised_m_per_day: float | None = Field(description="By the whole plan.")
    expected_m_per_day: float = Field(description="By the moves that were done by then.")
    measured_m_per_day: float = Field(description="By these moves on the order lines that really left.")
    moves_done: int
    moves: int


class SavingsList(BaseModel):
    """What a plan promised and what it saved, week by week."""

    items: list[SavingsWeek]


class RatesRecord(BaseModel):
    """The rates that a plan was made for: order lines a day, with the interval that holds 9 times of 10."""

    first_day: date | None
    end_day: date | None
    method: Literal["forecast", "mean"] | None
    discount: float | None = Field(None, description="What each week back counts of the next one, in a forecast.")
    memory_weeks: float | None = Field(None, description="Weeks that the long run counts for, in a forecast.")
    items: dict[str, tuple[float, float, float]] = Field(description="SKU: rate, low, high.")


class PlanComparison(BaseModel):
    """Two plans side by side; differences are the second less the first."""

    plans: list[UUID]
    objective_m_per_day: list[float | None]
    lower_bound_m_per_day: list[float | None]
    moves: list[int | None]
    terms: dict[str, list[float | None]]
    request: dict[str, list[Any]] = Field(description="What was asked for differently.")
    tours: list[dict[str, Any] | None] = Field(description="What each saves against today on the tours of real orders.")
    placed_differently: int = Field(description="SKUs that the two put into different bins.")
    examples: list[dict[str, Any]]


class PlanPage(BaseModel):
    """A page of plans, newest first."""

    items: list[PlanSummary]


class MovePage(BaseModel):
    """A plan's moves in their order."""

    items: list[MoveRecord]
