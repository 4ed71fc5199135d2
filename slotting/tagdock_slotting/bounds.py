"""The part of the objective that is linear in the layout and never more than the whole: what a bound is made of.

Travel and ergonomics are linear. A tour is at least as long as the round trip to any one of its bins, so at least the
mean of them: an order's length is shared out evenly over its SKUs. An affinity pair in two bins is apart by at least
the smallest distance between two bins. Relocations cost their price, or (as a tour) at least the loaded way.
"""

from dataclasses import dataclass

import numpy as np

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.model import Amounts, Model
from tagdock_slotting.routing import endpoints, round_trips


@dataclass(frozen=True)
class LinearBound:
    """`costs` plus `constant` never exceeds the objective without moving cost; `exact` says that it equals it."""

    model: Model
    pull: Amounts
    trip_m: Metres
    constant: float
    exact: bool

    def costs(self, items: Indices, bins: Indices) -> Metres:
        """Return the cost of one unit of each item in each bin, shape (items, bins), in metres a day."""
        return np.asarray(self.model.pick_costs(items, bins) + self.pull[items][:, None] * self.trip_m[bins][None, :])

    def factors(self, items: Indices, bins: Indices) -> tuple[Amounts, Amounts]:
        """Return the same costs as a product: `left @ right.T`, one column a door and two more."""
        model = self.model
        rate = model.picks[items] / model.needed[items]
        left = np.column_stack([rate[:, None] * model.share[items], rate, self.pull[items]])
        weights = model.problem.weights
        walked, lifted = weights.travel * model.door_m[bins], weights.ergonomics * model.effort_m[bins]
        return left, np.column_stack([walked, lifted, self.trip_m[bins]])


def linear_bound(model: Model) -> LinearBound:
    """Build the linear part of a problem's objective."""
    problem = model.problem
    routed = problem.weights.routes > 0 and bool(problem.orders)
    paired = problem.weights.affinity > 0 and any(one != other and value > 0 for one, other, value in problem.affinity)
    pull = _order_pull(model) if routed else np.zeros(model.items)
    trip_m = round_trips(problem, endpoints(problem)) if routed else np.zeros(model.bins)
    constant = _affinity_floor(model) if paired else 0.0
    single = all(len(set(order)) == 1 for order in problem.orders) and bool(np.all(model.needed == 1))
    return LinearBound(model, pull, trip_m, constant, exact=not paired and (not routed or single))


def _order_pull(model: Model) -> Amounts:
    """Return how much of a round trip a day each item's bin costs at least; items in several bins are left out."""
    pull = np.zeros(model.items)
    for order, weight in zip(model.problem.orders, model.order_weight.tolist(), strict=True):
        skus = {model.item_index[sku] for sku in order}
        for item in skus:
            pull[item] += weight / len(skus)
    pull[model.needed > 1] = 0.0
    return np.asarray(pull * model.problem.weights.routes / model.problem.orders_days)


def _affinity_floor(model: Model) -> float:
    """Return the least that affinity can cost: nothing where two items may share a bin."""
    if np.any(model.slots > 1) or model.bins < 2:
        return 0.0
    everything = np.arange(model.bins)
    nearest = min(
        float(np.delete(model.between(np.array([place]), everything), place).min()) for place in range(model.bins)
    )
    paired = sum(value for one, other, value in model.problem.affinity if one != other)
    return model.problem.weights.affinity * nearest * paired
