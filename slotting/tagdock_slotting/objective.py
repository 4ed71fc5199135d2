"""The objective, term by term, from a layout alone: metres a day."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.model import Amounts, Model, Units
from tagdock_slotting.plan import Terms
from tagdock_slotting.relocation import moving_cost_m
from tagdock_slotting.routing import Router, endpoints, round_trips


@dataclass(frozen=True)
class Pairs:
    """The affinity pairs between different items, as arrays."""

    one: Indices
    other: Indices
    value: Amounts

    def columns(self) -> tuple[Indices, Indices, Amounts]:
        """Return the three arrays."""
        return self.one, self.other, self.value


@dataclass(frozen=True)
class Objective:
    """Evaluates layouts of one problem."""

    model: Model

    @cached_property
    def router(self) -> Router | None:
        """What measures tours; None without an aisle layout or orders."""
        return Router.of(self.model.problem)

    @cached_property
    def pairs(self) -> Pairs:
        """The affinity pairs that cost something."""
        index = self.model.item_index
        listed = [(index[one], index[two], value) for one, two, value in self.model.problem.affinity if one != two]
        table = np.array(listed, dtype=np.float64).reshape(len(listed), 3)
        return Pairs(table[:, 0].astype(np.intp), table[:, 1].astype(np.intp), table[:, 2])

    @cached_property
    def order_lines(self) -> tuple[Indices, Indices]:
        """Order and item of each order line, each pair once."""
        index = self.model.item_index
        lines = sorted({(order, index[sku]) for order, skus in enumerate(self.model.problem.orders) for sku in skus})
        table = np.array(lines, dtype=np.intp).reshape(len(lines), 2)
        return table[:, 0], table[:, 1]

    def terms(self, units: Units) -> Terms:
        """Return every term of a layout's cost, weighted, in metres a day."""
        travel, ergonomics = self._picking(units)
        problem = self.model.problem
        return Terms(
            travel=travel,
            affinity=self._affinity(units),
            routes=self._routes(units),
            ergonomics=ergonomics,
            moves=moving_cost_m(self.model, units) / problem.moves.horizon_days,
        )

    def tours_m(self, units: Units, orders: Indices | None = None) -> Metres:
        """Return the tour length of each order (or of some), in metres; empty without a router."""
        if self.router is None:
            return np.zeros(0)
        order, item = self.order_lines
        number = np.full(len(self.model.problem.orders), -1)
        chosen = np.arange(len(number)) if orders is None else orders
        number[chosen] = np.arange(len(chosen))
        at = self.picking_bin(units)[item]
        counts = (at >= 0) & (number[order] >= 0)
        return self.router.lengths(len(chosen), number[order[counts]], at[counts])

    def orders_with(self, item: int) -> Indices:
        """Return the orders that have an item."""
        order, items = self.order_lines
        return np.asarray(order[items == item])

    def shared_m_per_day(self, units: Units, orders: Indices) -> float:
        """Return the terms in which items depend on each other: affinity, and the tours of some orders."""
        return self._affinity(units) + self._routes(units, orders)

    def change_m_per_day(self, before: Units, after: Units, orders: Indices) -> float:
        """Return what a change costs that concerns the tours of some orders only."""
        model = self.model
        picked = float(model.unit_costs(after).sum() - model.unit_costs(before).sum())
        moved = (moving_cost_m(model, after) - moving_cost_m(model, before)) / model.problem.moves.horizon_days
        return picked + moved + self.shared_m_per_day(after, orders) - self.shared_m_per_day(before, orders)

    def picking_bin(self, units: Units) -> Indices:
        """Return the bin that each item is picked from on a tour, -1 for none: of several the one nearest the doors."""
        best = np.full(self.model.items, -1, dtype=np.intp)
        trip = self.trips_m[units.bin]
        furthest_first = np.lexsort((-units.bin, -trip))
        best[units.item[furthest_first]] = units.bin[furthest_first]
        return best

    @cached_property
    def trips_m(self) -> Metres:
        """For each bin the way from the tours' start door through it to their end door."""
        return round_trips(self.model.problem, endpoints(self.model.problem))

    def _picking(self, units: Units) -> tuple[float, float]:
        model, weights = self.model, self.model.problem.weights
        picks = self._split(units, model.picks[units.item])
        walked = np.einsum("ud,ud->u", model.share[units.item], model.door_m[units.bin])
        return (
            weights.travel * float(picks @ walked),
            weights.ergonomics * float(picks @ model.effort_m[units.bin]),
        )

    def _affinity(self, units: Units) -> float:
        """Sum value x distance over the pairs; between items in several bins the mean distance counts."""
        weight = self.model.problem.weights.affinity
        if weight == 0 or not len(self.pairs.value):
            return 0.0
        ordered = units.sorted()
        count = np.bincount(ordered.item, minlength=self.model.items)
        first = np.cumsum(count) - count
        ways = count[self.pairs.one] * count[self.pairs.other]
        pair = np.repeat(np.arange(len(ways)), ways)
        within = np.arange(len(pair)) - np.repeat(np.cumsum(ways) - ways, ways)
        one, other = self.pairs.one[pair], self.pairs.other[pair]
        start = ordered.bin[first[one] + within // count[other]]
        end = ordered.bin[first[other] + within % count[other]]
        return weight * float((self.pairs.value[pair] / ways[pair]) @ self.model.between(start, end))

    def _routes(self, units: Units, orders: Indices | None = None) -> float:
        problem = self.model.problem
        if problem.weights.routes == 0:
            return 0.0
        weight = self.model.order_weight if orders is None else self.model.order_weight[orders]
        return problem.weights.routes * float(weight @ self.tours_m(units, orders)) / problem.orders_days

    def _split(self, units: Units, amount: Amounts) -> Amounts:
        """Spread an amount of each unit's item evenly over the bins that the item lies in."""
        return np.asarray(amount / np.bincount(units.item, minlength=self.model.items)[units.item])
