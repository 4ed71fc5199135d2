"""Plans and moves as they cross the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagdock_cloud.web.names import Instant, Site

Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
PlanState = Literal["asked", "solving", "done", "failed", "approved"]
MoveState = Literal["proposed", "open", "done", "cancelled"]


class Weights(BaseModel):
    """How much each part of the objective counts."""

    model_config = ConfigDict(extra="forbid")

    travel: Weight = 1.0
    affinity: Weight = 1.0
    routes: Weight = 0.0
    ergonomics: Weight = 0.0


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
    why: str
    state: MoveState
    decided_at: datetime | None = Field(description="When somebody confirmed it or called it off.")
    decided_by: str | None


class PlanPage(BaseModel):
    """A page of plans, newest first."""

    items: list[PlanSummary]


class MovePage(BaseModel):
    """A plan's moves in their order."""

    items: list[MoveRecord]
