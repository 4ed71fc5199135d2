"""Orders and advance notices as they cross the wire: one shape, as they differ only in the way that the goods go."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tagdock_cloud.web.names import EpcText, Instant, Place, Site, Sku, Text, first_double

MOST_ORDERS = 1_000
"""Orders that one request may carry."""
MOST_LINES = 20_000
"""Lines of them in all: what a wholesaler ships in a day."""

Kind = Literal["outbound", "inbound"]
OrderState = Literal["open", "complete", "cancelled"]
OrderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:-]{0,63}$")]


class OrderLine(BaseModel):
    """Either one item by its EPC, or so many units of a SKU."""

    model_config = ConfigDict(extra="forbid")

    epc: EpcText | None = None
    sku: Sku | None = None
    quantity: (
        Annotated[int, Field(ge=1, le=10**9, description="Units; an item counts those registered of it.")] | None
    ) = None

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if (self.epc is None) == (self.sku is None):
            raise ValueError("name an epc, or a sku and a quantity, and not both")
        if (self.quantity is None) != (self.sku is None):
            raise ValueError("a sku needs a quantity, and an epc has none")
        return self


class OrderBody(BaseModel):
    """One order or notice."""

    model_config = ConfigDict(extra="forbid")

    site: Site
    id: OrderId
    partner: Text = Field("", description="Who it goes to or comes from, in the partner's or your own words.")
    door: Place | None = Field(None, description="Where it is to pass; left out: at any door.")
    due_at: Instant | None = None
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=MOST_LINES)]

    @model_validator(mode="after")
    def _check_doubles(self) -> Self:
        if (double := first_double(line.sku for line in self.lines if line.sku)) is not None:
            raise ValueError(f"the sku {double} stands in two lines; add their quantities up")
        return self


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
    state: OrderState
    updated_at: datetime
    updated_by: str
    lines: list[LineRecord]


class OrderPage(BaseModel):
    """A page of orders or notices, those due first first."""

    items: list[OrderSummary]


class OrdersWritten(BaseModel):
    """How many orders were entered, and how many of them said something new."""

    written: int
    changed: int
