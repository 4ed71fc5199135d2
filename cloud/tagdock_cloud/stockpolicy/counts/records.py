"""Counts as they cross the wire."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagdock_cloud.stockpolicy.velocity import Velocity
from tagdock_cloud.web.names import EpcText, Instant, Label, Place, Site, Sku, Text, first_double

MOST_EPCS = 20_000
"""EPCs that one count may report: a zone of pallets; larger ones are counted in parts."""
MOST_LINES = 5_000
MOST_ITEMS = 50_000
"""Items that a count may be about."""

Method = Literal["epcs", "quantity"]
CountState = Literal["asked", "differs", "settled", "cancelled"]
Verdict = Literal["missing", "found", "here", "noted", "recount"]
Units = Annotated[int, Field(ge=0, le=10**9)]


class CountBody(BaseModel):
    """What is to be counted: a bin, a zone, or a SKU wherever it stands."""

    model_config = ConfigDict(extra="forbid")

    site: Site
    method: Method = Field("epcs", description="epcs: tags are read. quantity: units are counted, blind.")
    bin: Place | None = None
    zone: Label | None = None
    sku: Sku | None = None
    why: Text = ""
    due_at: Instant | None = None

    @model_validator(mode="after")
    def _check_scope(self) -> Self:
        if sum(name is not None for name in (self.bin, self.zone, self.sku)) != 1:
            raise ValueError("name one of bin, zone and sku")
        return self


class LineBody(BaseModel):
    """Units of a SKU that were counted; `bin` where the count is of a zone or a SKU and bins were told apart."""

    model_config = ConfigDict(extra="forbid")

    bin: Place | None = None
    sku: Sku
    quantity: Units


class EpcBody(BaseModel):
    """One EPC that was read."""

    model_config = ConfigDict(extra="forbid")

    epc: EpcText


class ResultBody(BaseModel):
    """What was counted: EPCs, or lines of units; all of it, as what is not told counts as missing."""

    model_config = ConfigDict(extra="forbid")

    epcs: Annotated[list[EpcText], Field(max_length=MOST_EPCS)] | None = None
    lines: Annotated[list[LineBody], Field(max_length=MOST_LINES)] | None = None
    counted_at: Instant | None = Field(None, description="When it began; what moved since is left out. Null: now.")

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if (self.epcs is None) == (self.lines is None):
            raise ValueError("tell epcs or lines, and not both")
        lines = self.lines or []
        double = first_double((line.bin, line.sku) for line in lines)
        if double is not None:
            raise ValueError(f"SKU {double[1]!r} stands twice; add it up")
        if len({line.bin is None for line in lines}) > 1:
            raise ValueError("name the bin in every line or in none")
        return self


class SettlementBody(BaseModel):
    """What became of a difference."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict = Field(
        description="missing: the item is lost. found: it was there after all, or is not. here: it stands here. "
        "noted: units differ, and that is how it is. recount: count again, by EPC."
    )
    reason: Text = ""


class DifferenceRecord(BaseModel):
    """Something that is not where the record has it, or where it has none."""

    number: int
    kind: Literal["missing", "extra"]
    epc: str | None = Field(description="Null where units were counted.")
    bin: str
    sku: str
    units: int
    record_says: str = Field(examples=["bin B2"])
    verdict: Verdict | None
    reason: str
    settled_at: datetime | None
    settled_by: str | None


class CountRecord(BaseModel):
    """A count as it stands; what is expected and found in units, null until it is counted."""

    count_id: UUID
    site: str
    method: Method
    bin: str | None
    zone: str | None
    sku: str | None
    velocity: Velocity | None
    why: str
    state: CountState = Field(description="differs: differences wait for a person.")
    asked_at: datetime
    asked_by: str
    due_at: datetime | None
    counted_at: datetime | None
    counted_by: str | None
    settled_at: datetime | None
    expected: int | None
    found: int | None
    missing: int | None
    extra: int | None
    open_differences: int


class WholeCount(CountRecord):
    """The same with its differences."""

    differences: list[DifferenceRecord]


class CountPage(BaseModel):
    """A page of counts, newest first."""

    items: list[CountRecord]


class Cadence(BaseModel):
    """How often the bins of each class are to be counted, in days; null: nobody is asked to."""

    model_config = ConfigDict(extra="forbid")

    a_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    b_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    c_days: Annotated[int, Field(ge=1, le=3660)] | None = None


class DueRecord(BaseModel):
    """A bin that is due to be counted."""

    site: str
    bin: str
    zone: str | None
    velocity: Velocity
    units: int
    counted_at: datetime | None = Field(description="When it last was; null: never.")
    every_days: int


class DueList(BaseModel):
    """Bins that are due, the fastest class and the longest ago first."""

    items: list[DueRecord]
