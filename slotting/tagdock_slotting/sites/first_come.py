"""First come, nearest first: what a person would do who looks at one order after the other. Pure.

It is what a solved allocation has to beat, and where its search starts.
"""

from tagdock_slotting.sites.offers import Offers, Parts
from tagdock_slotting.sites.shelf import Shelf


def first_come(offers: Offers) -> list[Parts]:
    """Give each order, the oldest first, to the nearest site that has all of it; else split it, if it may be.

    Returns each order's parts by its place in the demand; no parts: it waits.
    """
    orders = offers.demand.orders
    shelf = Shelf(offers)
    given: list[Parts] = [()] * len(orders)
    for number in sorted(range(len(orders)), key=lambda place: (orders[place].asked_at, place)):
        given[number] = _whole(offers, shelf, number) or _split(offers, shelf, number)
        shelf.take(number, given[number])
    return given


def _whole(offers: Offers, shelf: Shelf, number: int) -> Parts:
    lines = offers.demand.orders[number].lines
    for site in offers.may_ship(number):
        if shelf.has(site, lines):
            return ((site, tuple(range(len(lines)))),)
    return ()


def _split(offers: Offers, shelf: Shelf, number: int) -> Parts:
    """Let the nearest site ship all the lines that it can, the next one the rest; nothing where a line is left."""
    order = offers.demand.orders[number]
    if not order.split:
        return ()
    left, parts = list(range(len(order.lines))), []
    for site in offers.may_ship(number):
        here: list[int] = []
        for place in left:
            if shelf.has(site, [order.lines[other] for other in (*here, place)]):
                here.append(place)
        if here:
            parts.append((site, tuple(here)))
            left = [place for place in left if place not in here]
    return () if left else tuple(parts)
