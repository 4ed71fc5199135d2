"""Sites, waiting orders and what a solver is asked over several sites, as they cross the wire."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tagdock_cloud.orders.records import Latitude, Longitude, OrderId, Value
from tagdock_cloud.web.names import Amount, Instant, Place, Site, Sku, Text, first_double

MOST_VEHICLES = 50
MOST_LANES = 10_000
Kind = Literal["allocation", "rebalancing", "split", "run"]
QuestionState = Literal["asked", "solving", "done", "failed", "approved"]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
TimeLimit = Annotated[float, Field(gt=0, le=600, allow_inf_nan=False, description="How long the solver may search.")]
Days = Annotated[float, Field(ge=0, le=3650, allow_inf_nan=False)]
Units = Annotated[int, Field(ge=1, le=1_000_000)]


def _plain(at: time) -> time:
    if at.tzinfo is not None or at.microsecond:
        raise ValueError("is the site's own time, without an offset, to the second")
    return at


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is no time zone of the IANA database, such as Asia/Shanghai") from None
    return name


Clock = Annotated[time, AfterValidator(_plain)]
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+_/-]{1,64}$"), AfterValidator(_known)]


class Vehicles(BaseModel):
    """Vehicles of one kind: how many, what each carries, when each is out, in the site's time."""

    model_config = ConfigDict(extra="forbid")

    id: Place
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    mass_kg: Amount | None = None
    volume_m3: Amount | None = None
    starts: Clock = time(8)
    ends: Clock = time(18)

    @model_validator(mode="after")
    def _check_shift(self) -> Self:
        if self.ends <= self.starts:
            raise ValueError("ends must be after starts")
        return self


class SiteFactsBody(BaseModel):
    """Where a site lies and what it can do a day."""

    model_config = ConfigDict(extra="forbid")

    lat_deg: Latitude
    lon_deg: Longitude
    lines_per_day: Annotated[int, Field(ge=0, le=10**8)] | None = Field(None, description="Order lines; null: any.")
    cut_off: Clock | None = Field(None, description="Orders that come later leave a day later; null: none does.")
    time_zone: Zone = "UTC"
    vehicles: Annotated[list[Vehicles], Field(max_length=MOST_VEHICLES)] = []

    @model_validator(mode="after")
    def _check_doubles(self) -> Self:
        if (double := first_double(vehicle.id for vehicle in self.vehicles)) is not None:
            raise ValueError(f"the vehicle {double} stands twice; give its count")
        return self


class SiteFacts(SiteFactsBody):
    """The same of one site."""

    site: str


class Lane(BaseModel):
    """What moving a unit from one site to another costs and how long it takes."""

    model_config = ConfigDict(extra="forbid")

    start_site: Site
    goal_site: Site
    cost_per_unit: Amount
    lead_days: Days


class Lanes(BaseModel):
    """All lanes that are known better than the distance tells."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[Lane], Field(max_length=MOST_LANES)]

    @model_validator(mode="after")
    def _check_lanes(self) -> Self:
        if (double := first_double((lane.start_site, lane.goal_site) for lane in self.items)) is not None:
            raise ValueError(f"the lane from {double[0]} to {double[1]} stands twice")
        for lane in self.items:
            if lane.start_site == lane.goal_site:
                raise ValueError(f"a lane of {lane.start_site} ends where it starts")
        return self


class Costs(BaseModel):
    """What shipping, being late and not shipping cost; what is left out is as docs/many-sites.md says."""

    model_config = ConfigDict(extra="forbid")

    per_shipment: Amount | None = None
    per_km: Amount | None = None
    late_share_a_day: Amount | None = None
    unserved_share: Amount | None = None
    urgent_factor: Annotated[float, Field(ge=1, le=1000, allow_inf_nan=False)] | None = None
    value_at_least: Value | None = None
    km_a_day: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None


class AllocationRequest(BaseModel):
    """Which site is to ship which of the orders that wait."""

    model_config = ConfigDict(extra="forbid")

    costs: Costs = Costs()
    time_limit_s: TimeLimit = 30.0
    seed: Seed = 0


class RebalancingRequest(BaseModel):
    """What is to move between sites, by what each has and sold a day over the last days."""

    model_config = ConfigDict(extra="forbid")

    sites: Annotated[list[Site], Field(min_length=2, max_length=500)]
    days: Annotated[int, Field(ge=1, le=365, description="Sales are counted over so many whole days.")] = 28
    low_days: Days = 7.0
    high_days: Days = 21.0
    price: Amount = Field(1.0, description="What a unit earns where it is sold, in the money of the lanes.")
    prices: Annotated[dict[Sku, Amount], Field(max_length=100_000)] = {}
    km_cost: Amount = Field(0.001, description="A unit's cost a km where no lane says it.")
    km_a_day: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] = 500.0

    @model_validator(mode="after")
    def _check_days(self) -> Self:
        if self.high_days < self.low_days:
            raise ValueError("high_days must not be less than low_days")
        if (double := first_double(self.sites)) is not None:
            raise ValueError(f"the site {double} stands twice")
        return self


class SplitRequest(BaseModel):
    """How a first delivery is to be split over sites."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=100_000)]
    sites: Annotated[list[Site], Field(min_length=1, max_length=500)]
    like: Sku | None = Field(None, description="Expect it to sell like this one; left out: like itself so far.")
    days: Annotated[int, Field(ge=7, le=365, description="Sales are counted over so many whole days.")] = 56
    horizon_days: Annotated[float, Field(gt=0, le=365, allow_inf_nan=False)] = 28.0


class RunsRequest(BaseModel):
    """The delivery runs of a site's own vehicles on a day."""

    model_config = ConfigDict(extra="forbid")

    site: Site
    day: date
    orders: Annotated[list[OrderId], Field(min_length=1, max_length=2000)] | None = Field(
        None, description="Left out: all open orders of the site with a destination that are on no run."
    )
    service_min: Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)] = 5.0
    speed_km_h: Annotated[float, Field(gt=0, le=200, allow_inf_nan=False)] = 40.0
    detour: Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)] = 1.3
    time_limit_s: TimeLimit = 30.0
    seed: Seed = 0


class QuestionSummary(BaseModel):
    """A question to the solver in one line."""

    question_id: UUID
    kind: Kind
    sites: list[str]
    asked_at: datetime
    asked_by: str
    request: dict[str, Any]
    state: QuestionState
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None
    approved_at: datetime | None
    approved_by: str | None


class QuestionRecord(QuestionSummary):
    """A question whole."""

    answer: dict[str, Any] | None = Field(description="The solver's, as docs/many-sites.md describes it.")


class QuestionPage(BaseModel):
    """A page of questions, newest first."""

    items: list[QuestionSummary]


class TransferLine(BaseModel):
    """Units of a SKU."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: Units


class TransferBody(BaseModel):
    """Goods that are to go from one site to another."""

    model_config = ConfigDict(extra="forbid")

    id: OrderId
    start_site: Site
    goal_site: Site
    start_door: Place | None = None
    goal_door: Place | None = None
    due_at: Instant | None = None
    note: Text = ""
    lines: Annotated[list[TransferLine], Field(min_length=1, max_length=20_000)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.start_site == self.goal_site:
            raise ValueError("goal_site must be another site than start_site")
        if (double := first_double(line.sku for line in self.lines)) is not None:
            raise ValueError(f"the sku {double} stands in two lines; add their quantities up")
        return self


TransferState = Literal["planned", "shipped", "received", "short", "cancelled"]


class TransferRecord(BaseModel):
    """A transfer as the doors of both sites tell it. `short`: its unloading has ended and something is missing."""

    id: str
    start_site: str
    goal_site: str
    planned_at: datetime
    planned_by: str
    question_id: UUID | None = Field(description="The rebalancing that proposed it.")
    due_at: datetime | None
    units_planned: int
    units_shipped: int
    units_received: int
    shipped_at: datetime | None
    received_at: datetime | None
    state: TransferState
    lines: list[TransferLine]


class TransferPage(BaseModel):
    """A page of transfers, newest first."""

    items: list[TransferRecord]
