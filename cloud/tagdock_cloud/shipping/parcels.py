"""Shipments and stops of runs as they cross the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tagdock_cloud.orders.records import Destination, OrderId
from tagdock_cloud.web.names import Instant, Label, Site, Text

MOST_TOLD = 1_000
Tracking = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]
ShipmentState = Literal[
    "announced", "collected", "in_transit", "delayed", "out_for_delivery", "delivered", "refused", "undeliverable",
    "damaged", "lost", "returned",
]  # fmt: skip
StopState = Literal["planned", "delivered", "failed"]


class ShipmentBody(BaseModel):
    """A parcel or pallet that a carrier takes of an order."""

    model_config = ConfigDict(extra="forbid")

    site: Site
    order: OrderId
    carrier: Label
    tracking: Tracking
    service: Text = Field("", description="In the carrier's words.")
    is_insured: bool = False
    is_signed: bool = Field(False, description="Handed over against a signature only.")


class ShipmentNews(BaseModel):
    """What a carrier tells of one of its shipments, and when it was so."""

    model_config = ConfigDict(extra="forbid")

    carrier: Label
    tracking: Tracking
    state: ShipmentState
    happened_at: Instant
    note: Text = ""


class ShipmentNewsList(BaseModel):
    """News of shipments, in any order."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[ShipmentNews], Field(max_length=MOST_TOLD)]


class NewsTaken(BaseModel):
    """How many news came in, and how many of them nobody had told before."""

    told: int
    new: int
    cases: list[str] = Field(description="Returns that were opened, as what they tell of comes back.")


class ShipmentRecord(BaseModel):
    """A shipment as it stands: by the newest news in its own time, whatever came in first."""

    shipment_id: UUID
    site: str
    order_id: str
    carrier: str
    service: str
    is_insured: bool
    is_signed: bool
    tracking: str
    created_at: datetime
    created_by: str
    state: ShipmentState
    state_since: datetime | None
    is_exception: bool = Field(description="Refused, undeliverable, damaged or lost: somebody has to see to it.")
    delivered_at: datetime | None


class NewsRecord(BaseModel):
    """One thing that was told of a shipment."""

    happened_at: datetime
    state: ShipmentState
    note: str
    told_at: datetime
    told_by: str


class DockCheck(BaseModel):
    """What the doors saw of an order, all its shipments together. `wrong`: something left that it did not ask for."""

    verdict: Literal["unseen", "short", "complete", "wrong"]
    units_expected: int
    units_seen: int
    items_unexpected: int
    items_wrong_door: int
    seen_at: datetime | None


class CaseShown(BaseModel):
    """A return in three words."""

    case_ref: str
    kind: str
    state: str


class ShipmentWhole(ShipmentRecord):
    """A shipment with all that was told of it, in the order in which it happened."""

    dock: DockCheck | None
    cases: list[CaseShown] = Field(description="Returns of it.")
    news: list[NewsRecord]


class ShipmentPage(BaseModel):
    """A page of shipments, newest first."""

    items: list[ShipmentRecord]


class StopRecord(BaseModel):
    """A stop of an approved run."""

    run: int
    place: int
    vehicle: str
    order_id: str
    partner: str
    destination: Destination | None
    arrives_at: datetime
    begins_at: datetime
    state: StopState
    ended_at: datetime | None
    ended_by: str | None
    note: str


class StopList(BaseModel):
    """The stops of a day's runs, run by run in their order."""

    items: list[StopRecord]


class StopEnd(BaseModel):
    """How a stop ended. One that failed is free for another run."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["delivered", "failed"]
    note: Text = ""


class NetworkSite(BaseModel):
    """A site in one line: stock, open orders, transfers on the way, what it can still pick today."""

    site: str
    name: str
    lat_deg: float | None
    lon_deg: float | None
    units: int = Field(description="In the house, of known SKUs.")
    units_free: int = Field(description="Of them, not promised to an open order.")
    skus: int
    open_orders: int
    overdue_orders: int
    urgent_orders: int
    transfers_in: int
    transfers_out: int
    units_in: int = Field(description="On the way here, or planned to be.")
    lines_per_day: int | None
    lines_today: int = Field(description="Order lines that came since its working day began, at the last cut-off.")
    lines_left_today: int | None


class Network(BaseModel):
    """All of the caller's sites, and what waits for one."""

    items: list[NetworkSite]
    waiting_orders: int | None = Field(description="Null for who is at home at some sites only.")
