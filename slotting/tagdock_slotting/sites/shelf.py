"""What is left at the sites while orders are given to them. Its counts change; nothing else does."""

from collections.abc import Sequence

from tagdock_slotting.sites.offers import Offers, Parts, wanted
from tagdock_slotting.sites.records import Line


class Shelf:
    """Stock and picking capacity of all sites: what is taken is gone until it is given back."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._units = dict(offers.stock)
        self._lines = [site.lines_at_most for site in offers.demand.sites]

    def units(self, site: int, sku: str) -> int:
        """Return the units of a SKU that a site has left."""
        return self._units.get((site, sku), 0)

    def lines(self, site: int) -> int | None:
        """Return how many lines a site can still pick; None is not limited."""
        return self._lines[site]

    def has(self, site: int, lines: Sequence[Line]) -> bool:
        """Tell whether a site could ship these lines now."""
        room = self._lines[site]
        return (room is None or len(lines) <= room) and not self.lacks(site, lines)

    def lacks(self, site: int, lines: Sequence[Line]) -> list[str]:
        """Return the SKUs of which a site has too little."""
        return [sku for sku, units in wanted(lines).items() if self.units(site, sku) < units]

    def take(self, number: int, parts: Parts) -> None:
        """Take away what an order's shipments need. Raises ValueError where a site hasn't got it."""
        order = self._offers.demand.orders[number]
        for site, places in parts:
            if not self.has(site, [order.lines[place] for place in places]):
                raise ValueError(f"{self._offers.demand.sites[site].id} cannot ship its part of order {order.id}")
            self._count(number, site, places, -1)

    def give_back(self, number: int, parts: Parts) -> None:
        """Put back what an order's shipments took."""
        for site, places in parts:
            self._count(number, site, places, 1)

    def _count(self, number: int, site: int, places: Sequence[int], sign: int) -> None:
        order = self._offers.demand.orders[number]
        for sku, units in wanted([order.lines[place] for place in places]).items():
            self._units[site, sku] = self.units(site, sku) + sign * units
        if (room := self._lines[site]) is not None:
            self._lines[site] = room + sign * len(places)
