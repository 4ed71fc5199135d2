"""Orders and advance notices as they cross the wire: one shape, as they differ only in the way that the goods go."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from tagdock_cloud.inventory.records import Plus, PrefixDigits
from tagdock_cloud.web.names import Amount, EpcText, Instant, Place, Site, Sku, Text, first_double

MOST_ORDERS = 1_000
"""Orders that one request may carry."""
MOST_LINES = 20_000
"""Lines of them in all: what a wholesaler ships in a day."""

Kind = Literal["outbound", "inbound"]
OrderState = Literal["open", "complete", "cancelled"]
WaitingState = Literal["waiting", "allocated", "cancelled"]
OrderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:-]{0,63}$")]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Value = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
OF_DELIVERY = ("destination", "deliver_from", "promised_at", "urgent", "value", "mass_kg", "volume_m3")
"""Fields that are said of orders only: a notice says what comes, not where to."""
MOST_PARTS = 99
"""Shipments that an order may be split into: its parts are numbered behind its name, which has room for that."""


class Destination(BaseModel):
    """Where an order goes to."""

    model_config = ConfigDict(extra="forbid")

    lat_deg: Latitude
    lon_deg: Longitude
    address: Text = ""


class OrderLine(BaseModel):
    """Either one item by its EPC, or so many units of a SKU."""

    model_config = ConfigDict(extra="forbid")

    epc: EpcText | None = None
    sku: Sku | None = None
    quantity: (
        Annotated[int, Field(ge=1, le=10**9, description="Units; an item counts those registered of it.")] | None
    ) = None
    plus: Plus = False
    company_prefix_digits: PrefixDigits = None

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if (self.epc is None) == (self.sku is None):
            raise ValueError("name an epc, or a sku and a quantity, and not both")
        if (self.quantity is None) != (self.sku is None):
            raise ValueError("a sku needs a quantity, and an epc has none")
        if self.epc is None and (self.plus or self.company_prefix_digits is not None):
            raise ValueError("plus and company_prefix_digits are said of an epc")
        return self


class OrderWords(BaseModel):
    """What an order or notice says."""

    model_config = ConfigDict(extra="forbid")

    partner: Text = Field("", description="Who it goes to or comes from, in the partner's or your own words.")
    door: Place | None = Field(None, description="Where it is to pass; left out: at any door.")
    due_at: Instant | None = None
    destination: Destination | None = Field(None, description="Where it is delivered to.")
    deliver_from: Instant | None = Field(None, description="Nobody is there before.")
    promised_at: Instant | None = Field(None, description="It is to be there by then.")
    urgent: bool = False
    value: Value | None = Field(None, description="In the house's money.")
    mass_kg: Amount | None = Field(None, description="What it takes on a vehicle.")
    volume_m3: Amount | None = None
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=MOST_LINES)]

    @field_validator("promised_at")
    @classmethod
    def _check_promise(cls, promised_at: datetime | None, told: ValidationInfo) -> datetime | None:
        deliver_from = told.data.get("deliver_from")
        if promised_at is not None and deliver_from is not None and promised_at < deliver_from:
            raise ValueError("must not lie before deliver_from")
        return promised_at

    @model_validator(mode="after")
    def _check_doubles(self) -> Self:
        if (double := first_double(line.sku for line in self.lines if line.sku)) is not None:
            raise ValueError(f"the sku {double} stands in two lines; add their quantities up")
        return self


class _Name(BaseModel):
    site: Site | None = Field(None, description="Who ships it; left out: the order waits for an allocation.")
    id: OrderId


class OrderBody(OrderWords, _Name):
    """One order or notice. Its fields are checked in the order in which they stand, the site first."""

    destination: Destination | None = Field(None, description="Where it is delivered to.", validate_default=True)
    may_split: bool = Field(False, description="Of an order without a site: may more than one site ship it?")

    @field_validator("id")
    @classmethod
    def _check_id(cls, id_: str, told: ValidationInfo) -> str:
        if told.data.get("site", "") is None and len(id_) > 64 - 1 - len(str(MOST_PARTS)):
            raise ValueError("of an order without a site has at most 61 characters: its parts are numbered behind it")
        return id_

    @field_validator("destination")
    @classmethod
    def _check_destination(cls, destination: Destination | None, told: ValidationInfo) -> Destination | None:
        if told.data.get("site", "") is None and destination is None:
            raise ValueError("is missing: an order without a site needs lat_deg and lon_deg of where it goes")
        return destination

    @field_validator("door")
    @classmethod
    def _check_door(cls, door: str | None, told: ValidationInfo) -> str | None:
        if door is not None and told.data.get("site", "") is None:
            raise ValueError("is a site's; an order without a site has none")
        return door

    @field_validator("lines")
    @classmethod
    def _check_skus(cls, lines: list[OrderLine], told: ValidationInfo) -> list[OrderLine]:
        if told.data.get("site", "") is None and any(line.sku is None for line in lines):
            raise ValueError("of an order without a site name SKUs: an item lies at a site already")
        return lines

    @field_validator("may_split")
    @classmethod
    def _check_split(cls, may_split: bool, told: ValidationInfo) -> bool:
        if may_split and told.data.get("site") is not None:
            raise ValueError("is said of orders without a site: this one is shipped from its own")
        return may_split


class OrderList(BaseModel):
    """Orders to enter."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[OrderBody], Field(max_length=MOST_ORDERS)]

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        if (double := first_double((order.site, order.id) for order in self.items)) is not None:
            raise ValueError(f"{double[1]} stands twice")
        if sum(len(order.lines) for order in self.items) > MOST_LINES:
            raise ValueError(f"more than {MOST_LINES} lines in all; send them in parts")
        return self


class OrderSummary(BaseModel):
    """An order or notice in one line."""

    site: str
    id: str
    partner: str
    door: str | None
    due_at: datetime | None
    state: OrderState
    lines: int
    updated_at: datetime


class LineRecord(BaseModel):
    """A line, and how much of it door sessions have seen. Units; an item named by its EPC counts as one."""

    line: int
    epc: str | None
    sku: str | None
    expected: int
    seen: int


class OrderRecord(BaseModel):
    """An order or notice whole."""

    site: str
    id: str
    partner: str
    door: str | None
    due_at: datetime | None
    destination: Destination | None
    deliver_from: datetime | None
    promised_at: datetime | None
    urgent: bool
    value: float | None
    mass_kg: float | None
    volume_m3: float | None
    state: OrderState
    updated_at: datetime
    updated_by: str
    lines: list[LineRecord]


class WaitingLine(BaseModel):
    """A line of an order without a site."""

    sku: str
    quantity: int


class WaitingOrder(BaseModel):
    """An order without a site of its own."""

    id: str
    partner: str
    asked_at: datetime
    due_at: datetime | None
    destination: Destination
    deliver_from: datetime | None
    promised_at: datetime | None
    urgent: bool
    value: float | None
    mass_kg: float | None
    volume_m3: float | None
    may_split: bool
    lines: list[WaitingLine]
    state: WaitingState
    allocated_at: datetime | None
    question_id: UUID | None
    updated_at: datetime


class WaitingOrders(BaseModel):
    """A page of them, in the order of their names."""

    items: list[WaitingOrder]


class OrderPage(BaseModel):
    """A page of orders or notices, those due first first."""

    items: list[OrderSummary]


class OrdersWritten(BaseModel):
    """How many orders were entered, and how many of them said something new."""

    written: int
    changed: int
