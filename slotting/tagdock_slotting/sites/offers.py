"""What each site offers each order: how far, when it is there, what it costs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tagdock_slotting.sites.geography import Floats, great_circle_km
from tagdock_slotting.sites.records import Demand, Line, Order

Parts = tuple[tuple[int, tuple[int, ...]], ...]
"""An order's shipments: a site's place in the demand, and the places of the order's lines that it ships."""
CENT = 100
"""Costs are counted in hundredths, so that a solver of integers and the score agree to the last of them."""


@dataclass(frozen=True)
class Offers:
    """A demand with its distances and days; orders and sites by their place in it."""

    demand: Demand

    @cached_property
    def km(self) -> Floats:
        """Return km from each order (rows) to each site (columns)."""
        orders = np.array([(order.lat_deg, order.lon_deg) for order in self.demand.orders], dtype=float).reshape(-1, 2)
        sites = np.array([(site.lat_deg, site.lon_deg) for site in self.demand.sites], dtype=float)
        return great_circle_km(orders, sites)

    @cached_property
    def days(self) -> npt.NDArray[np.int64]:
        """Return in how many days each site's parcel is there: it waits for the next day's truck, and travels."""
        now = self.demand.now
        waits = [int(site.cut_off_at is not None and now >= site.cut_off_at) for site in self.demand.sites]
        travels = np.maximum(1, np.ceil(self.km / self.demand.costs.km_a_day)).astype(np.int64)
        return np.asarray(travels + np.array(waits, dtype=np.int64)[None, :], dtype=np.int64)

    @cached_property
    def stock(self) -> dict[tuple[int, str], int]:
        """Return the units that may be sold by site and SKU."""
        place = {site.id: number for number, site in enumerate(self.demand.sites)}
        return {(place[row.site], row.sku): row.quantity for row in self.demand.stock if row.quantity}

    def has(self, site: int, line: Line) -> bool:
        """Tell whether a site has enough for a line, as long as nobody else takes it."""
        return self.stock.get((site, line.sku), 0) >= line.quantity

    def may_ship(self, number: int) -> Sequence[int]:
        """Return the sites that may ship an order, the nearest first."""
        only = set(self.demand.orders[number].sites)
        order = np.argsort(self.km[number], kind="stable").tolist()
        return [site for site in order if not only or self.demand.sites[site].id in only]

    def arrives_at(self, number: int, site: int) -> datetime:
        """Return when an order is there if a site ships it."""
        return self.demand.now + timedelta(days=int(self.days[number, site]))

    def days_late(self, number: int, site: int) -> int:
        """Return how many begun days after its promise an order would come from a site."""
        promised = self.demand.orders[number].promised_at
        if promised is None:
            return 0
        return max(0, -((promised - self.arrives_at(number, site)) // timedelta(days=1)))

    def shipping_cents(self, number: int, site: int) -> int:
        """Return what one shipment of an order from a site costs."""
        costs = self.demand.costs
        return round(CENT * (costs.per_shipment + costs.per_km * float(self.km[number, site])))

    def late_cents_a_day(self, number: int) -> int:
        """Return what each day costs that an order is late."""
        return round(CENT * self._weight(self.demand.orders[number]) * self.demand.costs.late_share_a_day)

    def waiting_cents(self, number: int) -> int:
        """Return what it costs that nobody ships an order."""
        return round(CENT * self._weight(self.demand.orders[number]) * self.demand.costs.unserved_share)

    def order_cents(self, number: int, parts: Parts) -> int:
        """Return what an order costs that is shipped so; without parts it waits."""
        if not parts:
            return self.waiting_cents(number)
        late = max(self.days_late(number, site) for site, _ in parts)
        return sum(self.shipping_cents(number, site) for site, _ in parts) + late * self.late_cents_a_day(number)

    def least_cents(self, number: int) -> int:
        """Return what an order costs at least, as if it were alone and, where it may be split, everywhere in stock."""
        order = self.demand.orders[number]
        every = tuple(range(len(order.lines)))
        sites = [site for site in self.may_ship(number) if order.split or all(self.has(site, x) for x in order.lines)]
        return min(self.order_cents(number, parts) for parts in [(), *(((site, every),) for site in sites)])

    def _weight(self, order: Order) -> float:
        costs = self.demand.costs
        return max(order.value, costs.value_at_least) * (costs.urgent_factor if order.urgent else 1.0)


def wanted(lines: Sequence[Line]) -> dict[str, int]:
    """Return the units of each SKU that lines want together."""
    total: dict[str, int] = {}
    for line in lines:
        total[line.sku] = total.get(line.sku, 0) + line.quantity
    return total
