"""Orders that wait and the sites that could ship them, as frozen records; and who ships what. Key by key the JSON."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from tagdock_slotting.problem import Id, NotNegative, Positive, Record

Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Moment = Annotated[datetime, Meta(tz=True)]
Units = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Wanted = Annotated[int, Meta(ge=1, le=1_000_000)]


class Site(Record, frozen=True):
    """A warehouse. What is allocated before `cut_off_at` leaves today, what comes later tomorrow; None: always today.

    `lines_at_most` order lines can be picked there until then; None is not limited.
    """

    id: Id
    lat_deg: Latitude
    lon_deg: Longitude
    cut_off_at: Moment | None = None
    lines_at_most: Units | None = None


class Stock(Record, frozen=True):
    """Units of a SKU that a site may sell."""

    site: Id
    sku: Id
    quantity: Units


class Line(Record, frozen=True):
    """Units of one SKU that an order wants. One site ships a line, whole."""

    sku: Id
    quantity: Wanted


class Order(Record, frozen=True):
    """An order: what, where to, by when. `split` says whether more than one site may ship it.

    `value` is in the money of the costs; `sites` are the only ones that may ship it, empty means any.
    """

    id: Id
    asked_at: Moment
    lat_deg: Latitude
    lon_deg: Longitude
    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=1000)]
    promised_at: Moment | None = None
    value: NotNegative = 0.0
    urgent: bool = False
    split: bool = False
    sites: tuple[Id, ...] = ()


class Costs(Record, frozen=True):
    """What shipping, being late and not shipping cost, in one money.

    A day late costs `late_share_a_day` of the order's value, an order that nobody ships `unserved_share` of it; where
    the value is less than `value_at_least`, of that. An urgent order counts `urgent_factor` times. Parcels travel
    `km_a_day`, begun days count.
    """

    per_shipment: NotNegative = 5.0
    per_km: NotNegative = 0.02
    late_share_a_day: NotNegative = 0.1
    unserved_share: NotNegative = 1.0
    urgent_factor: Annotated[float, Meta(ge=1, le=1000)] = 3.0
    value_at_least: NotNegative = 100.0
    km_a_day: Positive = 500.0


class Demand(Record, frozen=True, kw_only=True):
    """Orders that compete for the stock of some sites, at one moment."""

    v: Literal[1] = 1
    now: Moment
    sites: Annotated[tuple[Site, ...], Meta(min_length=1, max_length=500)]
    stock: Annotated[tuple[Stock, ...], Meta(max_length=2_000_000)]
    orders: Annotated[tuple[Order, ...], Meta(max_length=100_000)]
    costs: Costs = Costs()


class Shipment(Record, frozen=True):
    """What one site sends of an order: the places of its lines, how far, and the day's end by which it is there."""

    site: Id
    lines: tuple[int, ...]
    km: float
    arrives_at: datetime


class Shipped(Record, frozen=True):
    """An order that is shipped whole, from one site or several, and why from there.

    `first_come` are the sites that it would be shipped from if orders were served as they come, from the nearest site.
    """

    order: Id
    shipments: tuple[Shipment, ...]
    days_late: int
    why: str
    first_come: tuple[Id, ...] = ()


class Waiting(Record, frozen=True):
    """An order that nobody ships now, and why; `first_come` as of one that is shipped."""

    order: Id
    why: str
    first_come: tuple[Id, ...] = ()


class Allocation(Record, frozen=True, kw_only=True):
    """Who ships what. Costs are in the money of the demand; `first_come_cost` is what came of asking nearest first."""

    v: Literal[1] = 1
    status: Literal["optimal", "feasible"]
    cost: float
    lower_bound: float
    first_come_cost: float
    shipped: tuple[Shipped, ...]
    waiting: tuple[Waiting, ...]
    seconds: float = 0.0
