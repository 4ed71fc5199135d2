"""Tagged things: kinds of goods, the items of them, and pallets; each with an EPC that no other has."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from tagdock_simulators.epc import Epc, sgtin96_of_gtin, sscc96
from tagdock_simulators.warehouse.catalogue import COMPANY_PREFIX, Product

PACKS = (6, 12, 24)
"""Pieces in an item: the multiples that are most frequent among the sample's quantities."""
_SERIAL_BITS = 38


@dataclass(frozen=True, slots=True)
class Kind:
    """One SKU; an item of it is a pack of `pieces`."""

    sku: str
    pieces: int
    unit_mass_kg: float
    hex_base: int
    urn_base: str
    """What all its EPCs begin with."""

    def items(self, pieces: int, at_most: int) -> int:
        """Return how many items a quantity takes; opened packs are not kept."""
        return min(at_most, -(-pieces // self.pieces))


@dataclass(slots=True, eq=False)
class Item:
    """One tagged pack. `place` is where it truly is; None is outside."""

    kind: Kind
    serial: int
    is_dead: bool = False
    place: str | None = None

    @property
    def epc(self) -> Epc:
        """Return its EPC."""
        return Epc(f"{self.kind.hex_base | self.serial:024X}", f"{self.kind.urn_base}{self.serial}")


@dataclass(slots=True, eq=False)
class Pallet:
    """Items under one SSCC, and what the office has booked onto it."""

    epc: Epc
    items: list[Item] = field(default_factory=list)
    booked: dict[tuple[str, str], int] = field(default_factory=dict)
    """(order, SKU) -> items."""


class Tags:
    """Give out EPCs; serials count upwards from 1."""

    def __init__(self) -> None:
        self._serial = 0
        self._pallet = 0

    def item(self, kind: Kind, is_dead: bool = False) -> Item:
        """Tag a new item."""
        self._serial += 1
        return Item(kind, self._serial, is_dead)

    def pallet(self) -> Pallet:
        """Label a new pallet."""
        self._pallet += 1
        return Pallet(sscc96(COMPANY_PREFIX, f"{self._pallet:010d}"))


def kinds_of(products: Mapping[str, Product], face_items: int) -> dict[str, Kind]:
    """Make a kind of each product; a full pick face has the mass of the product's stock in a bin."""
    return {sku: _kind(product, face_items) for sku, product in products.items()}


def _kind(product: Product, face_items: int) -> Kind:
    first = sgtin96_of_gtin(product.gtin, COMPANY_PREFIX, 0)
    pack = PACKS[hashlib.blake2b(product.sku.encode(), digest_size=2).digest()[0] % len(PACKS)]
    base = int(first.hex, 16) >> _SERIAL_BITS << _SERIAL_BITS
    return Kind(product.sku, pack, round(product.mass_kg / face_items, 4), base, first.urn.removesuffix("0"))
