"""Tour lengths of a problem's orders under its routing policy."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tagdock_slotting.distance import Indices, Metres, cell_positions, cross_positions
from tagdock_slotting.problem import Aisles, Policy, Problem
from tagdock_slotting.routing.endpoints import Endpoints, endpoints
from tagdock_slotting.routing.ladder import shortest_tours
from tagdock_slotting.routing.picks import Reach, Visits, reach
from tagdock_slotting.routing.policies import POLICIES, seen_from

ORDERS_AT_ONCE = 4096
"""Orders whose tours are computed together: enough to keep numpy busy, few enough to stay in the cache."""


@dataclass(frozen=True)
class Router:
    """Measures tours; built once a problem that has an aisle layout."""

    aisles: Aisles
    ends: Endpoints
    policy: Policy
    aisle: Indices
    along_m: Metres

    @staticmethod
    def of(problem: Problem, *, measured: bool = True) -> "Router | None":
        """Build the router of a problem; None where there is no aisle layout, or (if `measured`) no order."""
        if problem.aisles is None or (measured and not problem.orders):
            return None
        along = cell_positions(problem.aisles)[[place.cell or 0 for place in problem.bins]]
        aisle = np.array([place.aisle or 0 for place in problem.bins], dtype=np.intp)
        return Router(problem.aisles, endpoints(problem), problem.routing.policy, aisle, along)

    def lengths(self, orders: int, order: Indices, place: Indices) -> Metres:
        """Return the tour length of each order in metres; 0 for an order without picks.

        Pick `k` is for order `order[k]` (0 to `orders` - 1) from bin `place[k]`.
        """
        by_order = np.argsort(order, kind="stable")
        order, place = order[by_order], place[by_order]
        lengths = np.zeros(orders)
        for start in range(0, orders, ORDERS_AT_ONCE):
            stop = min(start + ORDERS_AT_ONCE, orders)
            low, high = np.searchsorted(order, [start, stop])
            at = place[low:high]
            visits = Visits(stop - start, order[low:high] - start, self.aisle[at], self.along_m[at])
            lengths[start:stop] = self._lengths(visits)
        return lengths

    def _lengths(self, visits: Visits) -> Metres:
        tours = self._exact(visits) if self.policy == "exact" else self._by_policy(visits)
        picked = np.bincount(visits.order, minlength=visits.orders) > 0
        return np.asarray(np.where(picked, tours + self.ends.gaps_m, 0.0))

    def _exact(self, visits: Visits) -> Metres:
        """Only the aisles between the outermost picks and doors matter."""
        doors = (self.ends.start.aisle or 0, self.ends.end.aisle or 0)
        first = int(min(visits.aisle.min(initial=self.aisles.count), *doors))
        last = int(max(visits.aisle.max(initial=0), *doors))
        crosses = cross_positions(self.aisles)
        seen = Visits(visits.orders, visits.order, visits.aisle - first, visits.along_m)
        blocks = [reach(seen, last - first + 1, low, high) for low, high in pairwise(crosses)]
        crossing = {"front": 0, "back": len(blocks)}
        sides = (crossing[self.ends.start.end], crossing[self.ends.end.end])
        ends = [(door - first, side) for door, side in zip(doors, sides, strict=True)]
        return shortest_tours(blocks, self.aisles.pitch_m, ends)

    def _by_policy(self, visits: Visits) -> Metres:
        depth = float(cross_positions(self.aisles)[-1])
        whole = reach(visits, self.aisles.count, 0.0, depth)
        halves = self._half(visits, 0.0, depth / 2).front, self._half(visits, depth / 2, depth).back
        doors = (self.ends.start.aisle or 0, self.ends.end.aisle or 0)
        side = seen_from(whole, halves, self.aisles.pitch_m, doors, back=self.ends.start.end == "back")
        return POLICIES[self.policy](side)

    def _half(self, visits: Visits, low_m: float, high_m: float) -> Reach:
        return reach(visits, self.aisles.count, low_m, high_m)
