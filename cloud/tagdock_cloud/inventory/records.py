"""Items, movements and stock as they cross the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from tagdock_contract import Direction

from tagdock_cloud.web.names import EpcText, Place, Site, Sku, first_double

MOST_ITEMS = 10_000
"""Items that one request may carry."""
MOST_ASKED = 1_000
"""Items that one request may look for."""

State = Literal["sellable_accessible", "in_progress", "in_transit", "returned", "unknown"]
"""Where an item stands in its life: dispositions of GS1's Core Business Vocabulary 2.0."""
STATES: tuple[State, ...] = get_args(State)


Plus = Annotated[
    bool, Field(description="The tag is of a + or ++ scheme: its Digital Link is its name, and `epc` is that link.")
]
PrefixDigits = Annotated[
    Annotated[int, Field(ge=6, le=12)] | None,
    Field(description="Of the company prefix in `epc`, where that is a Digital Link, which does not say it."),
]


class ItemRegistration(BaseModel):
    """One carton that is known from now on, and where it stands; without `bin` only what it is."""

    model_config = ConfigDict(extra="forbid")

    epc: EpcText = Field(examples=["urn:epc:id:sgtin:9521234.000001.17"])
    sku: Sku
    quantity: Annotated[int, Field(ge=0, le=10**9, description="Units in the carton.")] = 1
    site: Site
    bin: Place | None = None
    plus: Plus = False
    company_prefix_digits: PrefixDigits = None


class ItemList(BaseModel):
    """Items to register."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[ItemRegistration], Field(max_length=MOST_ITEMS)]

    @model_validator(mode="after")
    def _check_doubles(self) -> Self:
        if (epc := first_double(item.epc for item in self.items)) is not None:
            raise ValueError(f"{epc} stands twice")
        return self


class ItemRecord(BaseModel):
    """One item: what it is, where it is, since when."""

    epc: str
    sku: str | None
    quantity: int
    site: str
    door: str | None = Field(description="The door it passed last, where it stands in no bin.")
    bin: str | None
    state: State
    since: datetime


SettledDirection = Literal["in", "out", "pass", "uncertain", "none"]
"""What counts of a movement's direction; none: it did not happen."""


class MovementRecord(BaseModel):
    """An item passed a door, or was placed in or taken out of a bin."""

    site: str
    observed_at: datetime
    stored_at: datetime
    event_id: UUID
    epc: str
    sku: str | None
    door: str | None
    bin: str | None
    direction: Direction
    confidence: float = Field(ge=0, le=1)
    gateway: str
    evidence: dict[str, Any] = Field(description="Why: reads, antennas, photo-eyes, doors that lost.")
    correction: str | None = Field(
        description="decided: by a person; lost: another gateway's report stands in its place."
    )
    corrected_at: datetime | None
    settled_door: str | None = Field(description="The door that counts.")
    settled_direction: str = Field(description="The direction that counts; none: it did not happen here.")


class StockRecord(BaseModel):
    """Items and units of one SKU in one zone and state."""

    site: str
    sku: str | None
    zone: str | None
    state: str = Field(
        description="As an item's; of what has a life and may not be sold, its disposition there.",
        examples=["sellable_accessible"],
    )
    items: int
    quantity: int


class ItemPage(BaseModel):
    """A page of items."""

    items: list[ItemRecord]


class MovementPage(BaseModel):
    """A page of movements, newest first."""

    items: list[MovementRecord]


class ToldRecord(BaseModel):
    """An EPCIS event of somebody else's about an item."""

    event_id: str = Field(description="The event's own id, by which /epcis/v2/events/{id} shows it whole.")
    event_type: str
    role: str = Field(description="What the item is there: epc, parent, child, input or output.")
    action: str | None
    biz_step: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    declared_at: datetime | None = Field(description="When it was declared an error.")


class CapturedRecord(BaseModel):
    """A line of an item's history that was captured through EPCIS."""

    site: str | None = Field(description="The one of our sites that its places name.")
    observed_at: datetime
    stored_at: datetime
    event_id: UUID = Field(description="Orders it among movements.")
    epc: str
    epcis: ToldRecord


class HistoryPage(BaseModel):
    """A page of an item's history, newest first: our movements, and what others told of it."""

    items: list[MovementRecord | CapturedRecord]


class ReadingRecord(BaseModel):
    """What a sensor told of a bin."""

    site: str
    observed_at: datetime
    stored_at: datetime
    event_id: UUID
    bin: str
    quantity: str = Field(
        description="What was measured, with its unit: mass_kg, distance_mm, count, temperature_c, ..."
    )
    value: float
    quality: str
    gateway: str


class ReadingPage(BaseModel):
    """A page of bin readings."""

    items: list[ReadingRecord]


class WhereQuestion(BaseModel):
    """The items that are looked for."""

    model_config = ConfigDict(extra="forbid")

    epcs: Annotated[list[EpcText], Field(min_length=1, max_length=MOST_ASKED)]


class WhereAnswer(BaseModel):
    """One of the EPCs as it was asked for, and the item that goes by it."""

    asked: str
    item: ItemRecord | None = Field(description="null: nobody knows it, or only other sites.")


class WherePage(BaseModel):
    """Answers in the order of the questions."""

    items: list[WhereAnswer]


class StockPage(BaseModel):
    """A page of stock."""

    items: list[StockRecord]
