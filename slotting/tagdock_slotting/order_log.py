"""A site's orders as a problem takes them: the first ones to plan on, the later ones kept to measure the plan."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

from tagdock_slotting.problem import Aisles, Bin, Door
from tagdock_slotting.rates.notes import RatesNote
from tagdock_slotting.rates.recent import order_weights

SEEN = 0.7
"""Share of the orders, the first ones, that a plan may be made for."""

FEWEST = 10
"""Orders below which nothing is said about tours."""

_DAY = timedelta(days=1)

Orders = tuple[tuple[str, ...], ...]


class OrderLog(Struct, frozen=True):
    """Orders in the order of time: `seen` with how often each counts and the days they took, and those `later`."""

    seen: Orders = ()
    weights: tuple[float, ...] = ()
    days: float = 30.0
    later: Orders = ()


def order_log(rows: Iterable[Mapping[str, Any]], skus: Collection[str], rates: RatesNote) -> OrderLog:
    """Cut rows (`at`, `skus`) by time; SKUs that the problem has not are left out, and orders without any other."""
    known = [(row["at"], order) for row in rows if (order := tuple(sku for sku in row["skus"] if sku in skus))]
    if len(known) < FEWEST:
        return OrderLog()
    known.sort(key=lambda pair: (pair[0], pair[1]))
    cut = int(SEEN * len(known))
    seen, last = known[:cut], known[cut - 1][0]
    ages_days = [(last - at) / _DAY for at, _ in seen]
    return OrderLog(
        seen=tuple(order for _, order in seen),
        weights=order_weights(rates, ages_days),
        days=max(1.0, ages_days[0]),
        later=tuple(order for _, order in known[cut:]),
    )


def can_be_walked(aisles: Aisles | None, bins: Iterable[Bin], doors: Iterable[Door]) -> bool:
    """Return whether tours can be measured: everything has its place in aisles."""
    if aisles is None or any(door.aisle is None for door in doors):
        return False
    return all(place.aisle is not None and place.cell is not None for place in bins)
