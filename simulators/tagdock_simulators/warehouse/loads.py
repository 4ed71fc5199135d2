"""Order lines become tagged cartons on loads: what is sold leaves by an outbound door, what returns comes in."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from typing import Literal

from tagdock_simulators.epc import Epc, sgtin96_of_gtin
from tagdock_simulators.warehouse.catalogue import COMPANY_PREFIX, Product
from tagdock_simulators.warehouse.floor import INBOUND_DOORS, OUTBOUND_DOORS
from tagdock_simulators.warehouse.orders import OrderLine

Direction = Literal["in", "out"]

RETURNS_WAIT_LOADS = 8
"""Returns are gathered while this many loads leave, so that their doors work too but seldom for a single carton."""

_SERIALS = 2**38
_SERIALS_FROM = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Carton:
    """One order line as one tagged carton."""

    epc: Epc
    line: OrderLine


@dataclass(frozen=True, slots=True)
class Load:
    """Cartons that pass a door together; loads are numbered from 1 in the order in which they are due."""

    number: int
    door: str
    direction: Direction
    cartons: tuple[Carton, ...]


class Tagger:
    """Give each carton an SGTIN that no earlier run gave.

    A SKU's serials count upwards from the milliseconds at which the run started. No run tags a thousand cartons of one
    SKU a second, so a later run always starts above (the 38 bits come round again after 8.7 years).
    """

    def __init__(self, products: Mapping[str, Product], started_at: datetime) -> None:
        self._products = products
        self._first = int((started_at - _SERIALS_FROM).total_seconds() * 1000)
        self._tagged: Counter[str] = Counter()

    def tag(self, line: OrderLine) -> Carton:
        """Tag the carton of one order line."""
        serial = (self._first + self._tagged[line.sku]) % _SERIALS
        self._tagged[line.sku] += 1
        return Carton(sgtin96_of_gtin(self._products[line.sku].gtin, COMPANY_PREFIX, serial), line)


def pack_loads(lines: Iterable[OrderLine], tagger: Tagger, cartons_at_most: int) -> Iterator[Load]:
    """Pack lines onto loads of up to `cartons_at_most` cartons, in order; doors take turns.

    An invoice is not split over two loads unless it is larger than one.
    """
    doors = {"out": cycle(OUTBOUND_DOORS), "in": cycle(INBOUND_DOORS)}
    for number, (direction, cartons) in enumerate(_pallets(lines, tagger, cartons_at_most), start=1):
        yield Load(number, next(doors[direction]), direction, tuple(cartons))


def _pallets(
    lines: Iterable[OrderLine], tagger: Tagger, cartons_at_most: int
) -> Iterator[tuple[Direction, list[Carton]]]:
    sold: list[Carton] = []
    returned: list[Carton] = []
    left = 0
    for invoice in _invoices(lines):
        cartons = [tagger.tag(line) for line in invoice]
        returned += [carton for carton in cartons if carton.line.is_return]
        leaving = [carton for carton in cartons if not carton.line.is_return]
        while sold and len(sold) + len(leaving) > cartons_at_most:
            yield "out", sold[:cartons_at_most]
            sold, left = sold[cartons_at_most:], left + 1
        sold += leaving
        if returned and (left >= RETURNS_WAIT_LOADS or len(returned) >= cartons_at_most):
            yield "in", returned[:cartons_at_most]
            returned, left = returned[cartons_at_most:], 0
    rest: tuple[tuple[Direction, list[Carton]], ...] = (("out", sold), ("in", returned))
    for direction, cartons in rest:
        for start in range(0, len(cartons), cartons_at_most):
            yield direction, cartons[start : start + cartons_at_most]


def _invoices(lines: Iterable[OrderLine]) -> Iterator[list[OrderLine]]:
    """Group consecutive lines of one invoice."""
    group: list[OrderLine] = []
    for line in lines:
        if group and line.invoice != group[0].invoice:
            yield group
            group = []
        group.append(line)
    if group:
        yield group
