"""Where a world's orders come from: the generator, or a shop's export that is played again and again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count

from tagdock_simulators.warehouse.assortment import build_assortment
from tagdock_simulators.warehouse.catalogue import Product, build_catalogue
from tagdock_simulators.warehouse.floor import build_floor
from tagdock_simulators.warehouse.generate import FIRST_DAY, order_days
from tagdock_simulators.warehouse.orders import OrderLine
from tagdock_simulators.warehouse.shape import GIFTS, Shape
from tagdock_simulators.warehouse.world.items import Kind

_WATCHED_DAYS = 28
"""How long generated orders are watched beforehand, to know what sells how much."""


@dataclass(frozen=True)
class Source:
    """Days with their order lines, and what the office knows of the demand beforehand."""

    first_day: date
    products: Mapping[str, Product]
    days: Iterator[list[OrderLine]]
    pieces: Mapping[str, Sequence[int]]
    """The quantities of each SKU's sold lines on the days watched."""
    watched_days: int

    @property
    def lines_a_day(self) -> float:
        """Return the mean number of sold lines a day."""
        return sum(map(len, self.pieces.values())) / self.watched_days

    def items_a_day(self, kind: Kind, at_most: int) -> float:
        """Return how many items of a kind are sold on a mean day."""
        return sum(kind.items(pieces, at_most) for pieces in self.pieces.get(kind.sku, ())) / self.watched_days

    def bins(self, reserve_a_sku: float) -> tuple[dict[str, str], list[str]]:
        """Return each SKU's pick face, and the bins that are left for reserve."""
        floor = build_floor(sorted(self.products), bins_a_sku=1.0 + reserve_a_sku)
        return floor.bin_of, [bin_["id"] for bin_ in floor.layout["bins"] if not bin_["skus"]]


def generated(seed: int, first_day: date = FIRST_DAY, shape: Shape = GIFTS) -> Source:
    """Generate orders for ever; the weeks before the first day are what the office has seen of the demand."""
    goods = build_assortment(seed, shape)
    days = order_days(seed, first_day - timedelta(days=_WATCHED_DAYS), shape=shape)
    watched = [line for _ in range(_WATCHED_DAYS) for line in next(days)]
    known = [
        OrderLine(datetime.min, "", *each, 1, False)  # noqa: DTZ901  # stands for no order
        for each in zip(goods.codes, goods.descriptions, strict=True)
    ]
    return Source(first_day, build_catalogue(known, {}), days, _pieces(watched), _WATCHED_DAYS)


def from_lines(lines: Sequence[OrderLine]) -> Source:
    """Play a shop's lines (at least one) on their own days, and then all of them again on the days that follow."""
    by_day: dict[date, list[OrderLine]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line.at):
        by_day[line.at.date()].append(line)
    first, span = min(by_day), (max(by_day) - min(by_day)).days + 1
    return Source(first, build_catalogue(lines, {}), _again_and_again(by_day, first, span), _pieces(lines), span)


def _again_and_again(by_day: Mapping[date, list[OrderLine]], first: date, span: int) -> Iterator[list[OrderLine]]:
    for offset in count():
        shift = timedelta(days=offset // span * span)
        day = by_day.get(first + timedelta(days=offset % span), [])
        yield [replace(line, at=line.at + shift) for line in day] if shift else day


def _pieces(lines: Iterable[OrderLine]) -> dict[str, list[int]]:
    pieces: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        if not line.is_return:
            pieces[line.sku].append(line.quantity)
    return dict(pieces)
