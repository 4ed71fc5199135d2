"""Cancelled order lines come back, each to one site; the others are what the doors play. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from tagdock_simulators.warehouse.orders import OrderLine


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A cancelled line, and the invoice by which its goods were sold: its own where the export does not tell."""

    line: OrderLine
    order: str


def cancelled_lines(lines: Sequence[OrderLine], sites: Sequence[str]) -> Iterator[tuple[str, Cancelled]]:
    """Yield the cancelled lines in the order of the book, each with the site that it comes back to, by turns."""
    sold: dict[str, str] = {}
    places = cycle(sites)
    for line in lines:
        if line.is_return:
            yield next(places), Cancelled(line, sold.get(line.sku, line.invoice))
        else:
            sold[line.sku] = line.invoice


def without_cancelled(lines: Sequence[OrderLine]) -> list[OrderLine]:
    """Return the lines whose goods leave by the doors of the house."""
    return [line for line in lines if not line.is_return]
