"""An allocation in words: where each order goes, and why not to a nearer site. Pure."""

from collections.abc import Sequence

from tagdock_slotting.sites.offers import CENT, Offers, Parts
from tagdock_slotting.sites.records import Shipment, Shipped, Waiting
from tagdock_slotting.sites.shelf import Shelf


def cost(offers: Offers, given: Sequence[Parts]) -> float:
    """Return what an allocation costs, in the money of the demand, counted from the parts alone."""
    return sum(offers.order_cents(number, parts) for number, parts in enumerate(given)) / CENT


def tell(
    offers: Offers, given: Sequence[Parts], before: Sequence[Parts]
) -> tuple[tuple[Shipped, ...], tuple[Waiting, ...]]:
    """Say who ships what and who waits, in the demand's order, and what first come, nearest first had made of each.

    Raises ValueError where stock would be sold twice.
    """
    full, left = Shelf(offers), Shelf(offers)
    for number, parts in enumerate(given):
        left.take(number, parts)
    asked_first = [tuple(offers.demand.sites[site].id for site, _ in parts) for parts in before]
    shipped = [
        _shipped(offers, number, parts, (full, left), asked_first[number])
        for number, parts in enumerate(given)
        if parts
    ]
    waiting = [
        Waiting(offers.demand.orders[number].id, _why_waiting(offers, number, full), asked_first[number])
        for number, parts in enumerate(given)
        if not parts
    ]
    return tuple(shipped), tuple(waiting)


def _shipped(
    offers: Offers, number: int, parts: Parts, shelves: tuple[Shelf, Shelf], first_come: tuple[str, ...]
) -> Shipped:
    shipments = tuple(
        Shipment(
            site=offers.demand.sites[site].id,
            lines=places,
            km=round(float(offers.km[number, site]), 1),
            arrives_at=offers.arrives_at(number, site),
        )
        for site, places in parts
    )
    late = max(offers.days_late(number, site) for site, _ in parts)
    return Shipped(offers.demand.orders[number].id, shipments, late, _why(offers, number, parts, *shelves), first_come)


def _why(offers: Offers, number: int, parts: Parts, full: Shelf, left: Shelf) -> str:
    if len(parts) > 1:
        lines = len(offers.demand.orders[number].lines)
        return f"no site that is worth it has all {lines} lines: {len(parts)} shipments"
    chosen, nearest = parts[0][0], offers.may_ship(number)[0]
    if chosen == nearest:
        return f"the nearest, with all it takes: {offers.km[number, chosen]:,.0f} km"
    nearer = (
        f"{offers.demand.sites[nearest].id} is {offers.km[number, chosen] - offers.km[number, nearest]:,.0f} km nearer"
    )
    return f"{nearer} {_why_not(offers, number, (nearest, chosen), full, left)}"


def _why_not(offers: Offers, number: int, sites: tuple[int, int], full: Shelf, left: Shelf) -> str:
    nearest, chosen = sites
    lines = offers.demand.orders[number].lines
    if lacking := full.lacks(nearest, lines):
        return f"but has too little of {lacking[0]}"
    if lacking := left.lacks(nearest, lines):
        return f"but its {lacking[0]} serves orders that need it more"
    if not left.has(nearest, lines):
        return "but all that it can pick serves orders that need it more"
    if offers.days_late(number, nearest) > offers.days_late(number, chosen):
        return "but its parcel would come too late"
    return "but the search ended before it was tried"


def _why_waiting(offers: Offers, number: int, full: Shelf) -> str:
    order = offers.demand.orders[number]
    may = offers.may_ship(number)
    absent = [line.sku for line in order.lines if not any(full.has(site, [line]) for site in may)]
    if absent:
        return f"no site has enough of {absent[0]}"
    if not order.split and not any(full.has(site, order.lines) for site in may):
        return "no site has all of it, and it may not be split"
    return "what it needs serves orders that cost more to keep waiting, or shipping it costs more than waiting"
