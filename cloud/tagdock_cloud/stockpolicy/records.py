"""Stock policy, proposals and limits as they cross the wire."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tagdock_cloud.stockpolicy.velocity import Velocity
from tagdock_cloud.web.names import Text

Pace = Literal["moving", "slow", "dead", "none"]
ProposalState = Literal["open", "approved", "declined", "lapsed"]


class PolicyRecord(BaseModel):
    """A SKU at a site: its class, what it is expected to need, what is there, and the limits that count for it."""

    site: str
    sku: str
    velocity: Velocity = Field(description="A: the SKUs that make 80 % of the order lines; B: up to 95 %; C: the rest.")
    velocity_since: date
    lines: float = Field(description="Order lines in the last 13 weeks.")
    lines_share: float = Field(description="Share of all lines there that faster SKUs have.")
    asked_last_on: date | None
    weeks: int = Field(description="Whole weeks since it was first asked for.")
    units_per_week: float | None = Field(description="Expected; null: fewer than four whole weeks are known.")
    horizon_weeks: int | None
    expected: float | None = Field(description="Units over the horizon.")
    expected_low: int | None = Field(description="Nine of ten totals lie from here ...")
    expected_high: int | None = Field(description="... to here.")
    turnover: float | None = Field(description="A year's demand by the mean stock.")
    units: int
    oldest_since: datetime | None = Field(description="Since when its longest standing item has not been moved.")
    cover_weeks: float | None = Field(description="How long the stock lasts.")
    pace: Pace = Field(description="dead: not asked for in 26 weeks; slow: in 13, or it lasts 26; none: no stock.")
    rule_id: UUID | None = Field(description="The stock rule whose limits count.")
    minimum: float | None
    maximum: float | None
    safety: float | None
    lead_days: float | None
    state: Literal["below_safety", "below", "near", "within", "above"] | None


class PolicyPage(BaseModel):
    """A page of SKUs by site and name."""

    items: list[PolicyRecord]


class ErrorRecord(BaseModel):
    """How far off the forecasts of a class were in their last four weeks, which they had not seen."""

    site: str
    velocity: Velocity
    before_week: date = Field(description="The Monday after the last week that was judged.")
    skus: int
    error_units: float = Field(description="Root mean square of a week's error.")
    naive_error_units: float = Field(description="That of the week before taken again.")
    of_naive: float | None = Field(description="The one by the other: below 1 is better.")
    held_share: float | None = Field(description="Share of totals within their interval, which is to hold 0.9.")


class ErrorList(BaseModel):
    """Errors by site and class."""

    items: list[ErrorRecord]


class ProposalRecord(BaseModel):
    """What is to be ordered: how much, when, and why."""

    proposal_id: UUID
    site: str
    sku: str
    quantity: int
    order_on: date
    needed_on: date
    reorder_point: float
    up_to: float
    why: str
    rule_id: UUID | None
    state: ProposalState
    proposed_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str
    notice_id: str | None = Field(description="The notice under which its goods are awaited.")
    zone: str | None = Field(description="Where it is to be brought from other zones of the site; null: it is ordered.")
    task_id: UUID | None = Field(description="The task to bring it there.")


class ProposalPage(BaseModel):
    """A page of proposals, newest first."""

    items: list[ProposalRecord]


ZoneState = Literal["below_safety", "below", "near", "within", "above"]


class ZoneStockRecord(BaseModel):
    """Units of a SKU in a zone against a rule that speaks of both."""

    site: str
    zone: str
    sku: str
    rule_id: UUID
    rule: str
    severity: str
    units: int
    elsewhere: int = Field(description="For sale in other zones of the site.")
    minimum: float | None
    maximum: float | None
    near: float
    safety: float | None
    state: ZoneState


class ZoneStockPage(BaseModel):
    """SKUs in zones, by site, zone and SKU."""

    items: list[ZoneStockRecord]


class ApprovalBody(BaseModel):
    """What a person orders; left out: as it was proposed."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    reason: Text = ""


class DeclineBody(BaseModel):
    """Why nothing is ordered."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(min_length=1)]


class LimitsWritten(BaseModel):
    """How many rows an import had, and how many rules it replaced."""

    written: int
    replaced: int
