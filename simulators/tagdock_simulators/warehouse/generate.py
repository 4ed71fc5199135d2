"""Orders without a file: a seeded stream of days of the shape of a real shop's (see `shape`)."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count

import numpy as np
from numpy.typing import NDArray

from tagdock_simulators.chance import Chance, Floats, Ints
from tagdock_simulators.warehouse.assortment import Assortment, build_assortment
from tagdock_simulators.warehouse.orders import OrderBook, OrderLine
from tagdock_simulators.warehouse.shape import GIFTS, Shape

Flags = NDArray[np.bool_]

FIRST_DAY = date(2026, 1, 5)
_FIRST_INVOICE = 700_000
_DRAWN_PER_LINE, _DRAWN_MORE = 1.8, 4  # a SKU that is drawn twice for an invoice counts once
_MINUTES = 60
_EARLIER_DAYS = 42
"""What was sold in the weeks before the first day comes back too."""


@dataclass(frozen=True, slots=True, order=True)
class _Credit:
    """What comes back of one invoice."""

    due: date
    number: int
    lines: tuple[tuple[int, int], ...]
    """SKU and pieces."""


@dataclass(frozen=True, slots=True)
class _Sales:
    """The invoices of one day: each line's invoice (from 0, never falling), SKU and pieces."""

    invoices: int
    invoice: Ints
    sku: Ints
    pieces: Ints


def generate_orders(seed: int, lines: int = 40_000, *, shape: Shape = GIFTS, kept: float = 1.0) -> OrderBook:
    """Generate whole days until there are at least `lines` order lines; the same seed gives the same orders."""
    made: list[OrderLine] = []
    for day in order_days(seed, shape=shape, kept=kept):
        made += day
        if len(made) >= lines:
            break
    return OrderBook(tuple(made), {})


def order_days(
    seed: int, first_day: date = FIRST_DAY, *, shape: Shape = GIFTS, kept: float = 1.0
) -> Iterator[list[OrderLine]]:
    """Yield each day's lines in the order of time, for ever; closed days have none.

    `kept` is the share of lines that are passed on, as in a sample; it changes nothing else.
    """
    goods = build_assortment(seed, shape)
    due: list[_Credit] = []
    number = _FIRST_INVOICE
    for offset in count(-_EARLIER_DAYS):
        day = first_day + timedelta(days=offset)
        level = shape.level(day)
        chance, keep = Chance(seed, "orders", day.isoformat()), Chance(seed, "kept", day.isoformat())
        sales = _sales(chance, shape, goods, level)
        returned = [heapq.heappop(due) for _ in range(len(due)) if level and due[0].due <= day]
        for credit in _credits(chance, shape, sales, day, number):
            heapq.heappush(due, credit)
        if offset < 0:
            continue
        made = _sold(_times(chance, shape, day, sales.invoices), number, _thinned(sales, keep, kept), goods)
        number += sales.invoices
        back_at = _times(chance, shape, day, len(returned))
        lines = [(place, *line) for place, credit in enumerate(returned) for line in credit.lines]
        stays = keep.uniform(len(lines)).tolist()
        made += [
            OrderLine(back_at[place], f"C{number + place}", goods.codes[sku], goods.descriptions[sku], pieces, True)
            for (place, sku, pieces), drawn in zip(lines, stays, strict=True)
            if drawn < kept
        ]
        number += len(returned)
        made.sort(key=_at)  # stable: the lines of an invoice stay together
        yield made


def _sales(chance: Chance, shape: Shape, goods: Assortment, level: float) -> _Sales:
    mean = shape.invoices_a_day * level
    if mean > 0.0:
        mean *= float(np.exp(shape.day_log_sd * chance.normal(1)[0] - shape.day_log_sd**2 / 2))
    invoices = _poisson(chance, mean)
    sizes, is_bulk = _sizes(chance, shape, invoices)
    invoice, sku = _baskets(chance, shape, goods, sizes, is_bulk)
    return _Sales(invoices, invoice, sku, _pieces(chance, shape, len(sku)))


def _sizes(chance: Chance, shape: Shape, invoices: int) -> tuple[Ints, Flags]:
    """Draw how many lines each invoice has, and whether it gathers many customers' orders."""
    is_bulk = chance.uniform(invoices) < shape.bulk_share
    (mean, deviation), (bulk_mean, bulk_deviation) = shape.lines, shape.bulk_lines
    normal = chance.normal(invoices)
    logs = np.where(is_bulk, bulk_mean + bulk_deviation * normal, mean + deviation * normal)
    return np.clip(np.rint(np.exp(logs)), 1, shape.lines_at_most).astype(np.int64), is_bulk


def _baskets(chance: Chance, shape: Shape, goods: Assortment, sizes: Ints, is_bulk: Flags) -> tuple[Ints, Ints]:
    """Fill invoices with different SKUs: each is of the family of the one before, of the invoice's theme, or any.

    Returns each line's invoice and SKU. However a SKU is drawn, its share stays its own. In a bulk invoice nothing
    belongs together: it gathers many customers' orders.
    """
    drawn = (sizes * _DRAWN_PER_LINE).astype(np.int64) + _DRAWN_MORE
    invoice = np.repeat(np.arange(len(sizes)), drawn)
    slots = np.arange(len(invoice))
    first = np.cumsum(drawn) - drawn
    follows = chance.uniform(len(slots)) < shape.follow
    follows &= ~is_bulk[invoice]
    follows[first] = False
    anew = goods.draw(chance.uniform(len(slots)))
    on_theme = chance.uniform(len(slots)) < shape.on_theme
    on_theme &= ~is_bulk[invoice]
    on_theme[first] = False
    anew = np.where(on_theme, goods.draw_from(goods.theme, anew[first][invoice], chance.uniform(len(slots))), anew)
    leader = anew[np.maximum.accumulate(np.where(follows, 0, slots))]
    sku = np.where(follows, goods.draw_from(goods.family, leader, chance.uniform(len(slots))), leader)
    kept = np.sort(np.unique(invoice * len(goods.codes) + sku, return_index=True)[1])
    invoice, sku = invoice[kept], sku[kept]
    place = np.arange(len(kept)) - np.searchsorted(invoice, invoice, side="left")
    fits = place < sizes[invoice]
    return invoice[fits], sku[fits]


def _pieces(chance: Chance, shape: Shape, lines: int) -> Ints:
    """Draw the pieces of each line: a usual number, or any."""
    usual = np.array([number for number, _ in shape.quantities])
    shares = np.cumsum([share for _, share in shape.quantities])
    place = np.searchsorted(shares, chance.uniform(lines), side="right")
    mean, deviation = shape.other_quantity
    other = np.clip(np.rint(np.exp(mean + deviation * chance.normal(lines))), 1, shape.quantity_at_most)
    pieces: Ints = np.where(place < len(usual), usual[np.minimum(place, len(usual) - 1)], other).astype(np.int64)
    return pieces


def _credits(chance: Chance, shape: Shape, sales: _Sales, day: date, number: int) -> Iterator[_Credit]:
    """Say what will come back of the day's invoices, and when."""
    first = np.searchsorted(sales.invoice, np.arange(sales.invoices + 1))
    for invoice in np.flatnonzero(chance.uniform(sales.invoices) < shape.returned_invoices).tolist():
        size = int(first[invoice + 1] - first[invoice])
        lines = 1 + int(np.log1p(-chance.uniform(1)[0]) / np.log1p(-1.0 / shape.returned_lines))
        mean, deviation = shape.return_delay
        days = max(1, round(float(np.exp(mean + deviation * chance.normal(1)[0]))))
        chosen = first[invoice] + np.argsort(chance.uniform(size))[:lines]
        what = tuple(zip(sales.sku[chosen].tolist(), sales.pieces[chosen].tolist(), strict=True))
        yield _Credit(day + timedelta(days=days), number + invoice, what)


def _sold(times: list[datetime], number: int, sales: _Sales, goods: Assortment) -> list[OrderLine]:
    """Write sales as order lines; invoices are numbered from `number`."""
    names = [str(number + place) for place in range(sales.invoices)]
    codes, descriptions = goods.codes, goods.descriptions
    rows = zip(sales.invoice.tolist(), sales.sku.tolist(), sales.pieces.tolist(), strict=True)
    return [OrderLine(times[i], names[i], codes[sku], descriptions[sku], n, False) for i, sku, n in rows]


def _thinned(sales: _Sales, keep: Chance, kept: float) -> _Sales:
    if kept == 1.0:
        return sales
    stays = keep.uniform(len(sales.sku)) < kept
    return _Sales(sales.invoices, sales.invoice[stays], sales.sku[stays], sales.pieces[stays])


def _at(line: OrderLine) -> datetime:
    return line.at


def _times(chance: Chance, shape: Shape, day: date, invoices: int) -> list[datetime]:
    """Draw the minutes at which invoices are written, in order."""
    hour = np.searchsorted(np.cumsum(shape.hours)[:-1], chance.uniform(invoices), side="right") + shape.opens_h
    minutes = np.sort(hour * _MINUTES + np.floor(chance.uniform(invoices) * _MINUTES).astype(np.int64))
    midnight = datetime.combine(day, time())
    return [midnight + timedelta(minutes=minute) for minute in minutes.tolist()]


def _poisson(chance: Chance, mean: float) -> int:
    """Count the arrivals of a Poisson stream in a time in which `mean` are expected."""
    gaps: Floats = -np.log1p(-chance.uniform(int(mean + 12.0 * mean**0.5 + 30.0)))
    return int(np.searchsorted(np.cumsum(gaps), mean))
