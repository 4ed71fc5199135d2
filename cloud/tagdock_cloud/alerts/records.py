"""Alerts and their rules as they cross the wire: each kind of rule with the fields that it has, and no others."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagdock_cloud.web.names import Label, Place, Site, Sku, Text

MOST_RULES = 2_000

Severity = Literal["info", "warning", "critical"]
AlertKind = Literal[
    "stock_below", "stock_near_below", "stock_above", "stock_near_above", "bin_over", "environment", "sensor_stale",
    "gateway_stale", "unordered_exit", "dwell", "unknown_tags", "read_quality", "life_contradiction", "task_overdue",
    "shipment_exception", "report_failed", "report_undelivered",
]  # fmt: skip
RuleKind = Literal[
    "stock", "bin_over", "environment", "sensor_stale", "gateway_stale", "unordered_exit", "dwell", "unknown_tags",
    "read_quality", "life_contradiction",
]  # fmt: skip
Units = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Value = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Width = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Age = Annotated[float, Field(ge=10, le=366 * 86400, allow_inf_nan=False)]
Window = Annotated[float, Field(ge=60, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Label
    site: Site | None = Field(None, description="Null: every site.")
    severity: Severity = "warning"
    is_active: bool = True
    hold_s: Annotated[float, Field(ge=0, le=86_400, description="Well for so long before it is cleared.")] = 60.0

    def columns(self) -> dict[str, Any]:
        """Return all columns of the table, None or the table's default where this kind has no such field."""
        names = ("sku", "family", "zone", "velocity", "bin", "door", "quantity", "low", "high", "safety", "lead_days")
        unset = dict.fromkeys(names)
        return {**unset, "near": 0.0, "band": 0.0, "at_least": 1, "after_s": 0.0, **self.model_dump()}


class StockRule(_Rule):
    """Units in stock against limits: of a SKU, of a family, in a zone; or of each SKU: of a class, or of the layout.

    Of a SKU only its nearest limits count: its own, else those of its class, else those of every SKU; and of each of
    these the site's before those of every site. Those of a SKU in a zone stand beside them.
    """

    kind: Literal["stock"]
    sku: Sku | None = None
    family: Label | None = None
    zone: Place | None = Field(None, description="The sum in the zone; with `sku`: of that SKU there (a pick face).")
    velocity: Literal["A", "B", "C"] | None = Field(None, description="Each SKU of this velocity class.")
    low: Units | None = Field(None, description="Raised below this.")
    high: Units | None = Field(None, description="Raised above this.")
    near: Width = Field(0.0, description="So near a limit counts as near; 0: never.")
    band: Width = Field(0.0, description="Cleared only so far back inside the limit.")
    safety: Units | None = Field(None, description="Below this it is critical; null: follows from the forecast.")
    lead_days: Annotated[float, Field(ge=0, le=366, allow_inf_nan=False)] | None = Field(
        None, description="From an order to its arrival; null: seven."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("low or high must be given")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must lie below high")
        named = {name for name in ("sku", "family", "zone", "velocity") if getattr(self, name) is not None}
        if len(named) > 1 and named != {"sku", "zone"}:
            raise ValueError("only one of sku, family, zone and velocity can be given, or a sku in a zone")
        if len(named) > 1 and self.lead_days is not None:
            raise ValueError("lead_days is of orders: a SKU in a zone is refilled from the house, leave it out")
        if self.safety is not None and (self.low is None or self.safety > self.low):
            raise ValueError("safety must lie at or below low, which is to be given as well")
        return self


class BinRule(_Rule):
    """What lies in a bin against what it may hold: SKUs, volume, mass."""

    kind: Literal["bin_over"]
    zone: Place | None = None
    high: Annotated[float, Field(gt=0, le=10, description="Of its capacity; 1 is full.")] = 1.0
    band: Annotated[float, Field(ge=0, le=1)] = 0.05


class EnvironmentRule(_Rule):
    """A sensor's reading against limits; where none is given, against those of the bin's zone."""

    kind: Literal["environment"]
    quantity: Label = Field(examples=["temperature_c"])
    zone: Place | None = None
    bin: Place | None = None
    low: Value | None = None
    high: Value | None = None
    band: Width = 0.0
    after_s: Age = Field(3600.0, description="An older reading raises and clears nothing.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must lie below high")
        if self.low is None and self.high is None and self.quantity not in ("temperature_c", "humidity_pct"):
            raise ValueError("low or high must be given: zones have limits for temperature_c and humidity_pct only")
        return self


class SensorRule(_Rule):
    """A sensor that spoke and is silent."""

    kind: Literal["sensor_stale"]
    quantity: Label | None = None
    zone: Place | None = None
    bin: Place | None = None
    after_s: Age = 3600.0


class GatewayRule(_Rule):
    """A gateway that is silent or says that it is offline."""

    kind: Literal["gateway_stale"]
    after_s: Age = 300.0


class ExitRule(_Rule):
    """An item that left by a door while no order spoke of it; looked at where a site keeps orders."""

    kind: Literal["unordered_exit"]
    door: Place | None = None
    after_s: Annotated[float, Field(ge=600, le=366 * 86400, description="Cleared after this at the latest.")] = 86_400.0


class DwellRule(_Rule):
    """An item that stands too long in a zone, or at a door (any where none is given)."""

    kind: Literal["dwell"]
    zone: Place | None = None
    door: Place | None = None
    after_s: Age

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.zone is not None and self.door is not None:
            raise ValueError("only one of zone and door can be given")
        return self


class UnknownRule(_Rule):
    """Tags at a door that are of no known SKU."""

    kind: Literal["unknown_tags"]
    door: Place | None = None
    at_least: Count = Field(5, description="Different tags within the time.")
    after_s: Window = Field(900.0, description="The time, back from now.")


class QualityRule(_Rule):
    """The share of a door's passages that were uncertain."""

    kind: Literal["read_quality"]
    door: Place | None = None
    high: Share = 0.2
    band: Annotated[float, Field(ge=0, lt=1)] = 0.05
    at_least: Count = Field(20, description="Passages within the time, below which no share is told.")
    after_s: Window = 3600.0


class LifeRule(_Rule):
    """A passage that an item's life contradicts, until somebody settles it."""

    kind: Literal["life_contradiction"]
    door: Place | None = None


RuleBody = Annotated[
    StockRule
    | BinRule
    | EnvironmentRule
    | SensorRule
    | GatewayRule
    | ExitRule
    | DwellRule
    | UnknownRule
    | QualityRule
    | LifeRule,
    Field(discriminator="kind"),
]


class RuleRecord(BaseModel):
    """A rule; null where its kind has no such field."""

    rule_id: UUID
    kind: RuleKind
    name: str
    site: str | None
    severity: Severity
    is_active: bool
    sku: str | None
    family: str | None
    zone: str | None
    bin: str | None
    door: str | None
    quantity: str | None
    low: float | None
    high: float | None
    near: float
    band: float
    velocity: Literal["A", "B", "C"] | None
    safety: float | None
    lead_days: float | None
    at_least: int
    after_s: float
    hold_s: float
    created_by: str
    updated_at: datetime


class RulePage(BaseModel):
    """A page of rules by name."""

    items: list[RuleRecord]


class AlertRecord(BaseModel):
    """Something that stands against a rule: raised, perhaps acknowledged, perhaps cleared."""

    alert_id: UUID
    site: str
    kind: AlertKind
    originator: str = Field(examples=["sku/85123A"])
    severity: Severity
    value: float | None
    limit_value: float | None
    message: str
    detail: dict[str, Any]
    raised_at: datetime
    cleared_at: datetime | None = Field(description="Null while it is open.")
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    comment: str | None
    rule_id: UUID | None


class AlertPage(BaseModel):
    """A page of alerts, newest first."""

    items: list[AlertRecord]


class Acknowledgement(BaseModel):
    """What somebody who has seen it says."""

    model_config = ConfigDict(extra="forbid")

    comment: Text = ""
