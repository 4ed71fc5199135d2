"""What a world tells: what the office knows (documents), what truly happens, and what passes the doors."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tagdock_simulators.doors import Crossing
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.warehouse.world.items import Item

Lines = tuple[tuple[str, int], ...]
"""(SKU, items)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An advance notice: pallets (SSCC and its items' EPCs) that will come to a door."""

    at: datetime
    id: str
    door: str
    expected_at: datetime
    pallets: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """(SSCC, ((EPC, SKU), ...)), EPCs as URN."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer wants; it leaves by the trucks of one door."""

    at: datetime
    id: str
    door: str
    lines: Lines
    not_in_stock: Lines
    """What is cut, because the books show no more."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """What the office believes to be on a truck."""

    at: datetime
    id: str
    door: str
    pallets: tuple[tuple[str, tuple[tuple[str, str, int], ...]], ...]
    """(SSCC, ((order, SKU, items), ...))."""


@dataclass(frozen=True, slots=True)
class ReturnNotice:
    """An announced return (RMA)."""

    at: datetime
    id: str
    door: str
    expected_at: datetime
    items: tuple[tuple[str, str], ...]
    """(EPC, SKU)."""


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted in a bin, and what the books said."""

    at: datetime
    id: str
    bin: str
    counted: Lines
    booked: Lines


@dataclass(frozen=True, slots=True)
class Booking:
    """The office changes its books: items of a SKU more or fewer in a bin."""

    at: datetime
    bin: str
    sku: str
    change: int
    document: str


Document = Notice | Order | Shipment | ReturnNotice | Count | Booking

Step = Literal["stock_taking", "receiving", "storing", "picking", "packing", "shipping", "stolen"]
"""Business steps of CBV 2.0 (`stolen` is one of its dispositions: no step steals)."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What truly happened to items (and their pallet): where it happened, and their place from then on."""

    at: datetime
    step: Step
    where: str
    """A door or a bin, or an area."""
    was: str | None
    place: str | None
    """Where they were, and are; None is outside."""
    document: str
    items: tuple[Item, ...]
    sscc: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something went wrong, and what a perfect system would have noticed there and then."""

    at: datetime
    kind: str
    where: str
    document: str
    epcs: tuple[str, ...]
    should: str


Record = Document | Moved | Mistake | Crossing | BinTruth
