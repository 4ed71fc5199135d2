"""A lower bound on layouts with affinity: an item pays its own costs and the least that its pairs can cost from there.

An item's strongest pairs go the shortest ways that there are from its bin, each pair counted half at either end; what
that costs for each item in each bin is a linear assignment.
Sources: P. C. Gilmore, J. SIAM 10 (1962), 305-313; E. L. Lawler (1963), doi:10.1287/mnsc.9.4.586.
"""

import numpy as np

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.distance import Metres
from tagdock_slotting.model import Model
from tagdock_slotting.objective import Objective
from tagdock_slotting.solvers.flow import Arcs, transport

PAIRS_AT_MOST = 1_000_000
"""Items times bins, and bins times bins, up to which the bound is worked out: some seconds."""


def affinity_bound(objective: Objective, bound: LinearBound) -> float:
    """Return a bound in metres a day on all layouts; minus infinity where there is no affinity or it is too large."""
    model = objective.model
    too_large = max(model.items, model.bins) * model.bins > PAIRS_AT_MOST
    if too_large or not len(objective.pairs.value) or model.problem.weights.affinity <= 0:
        return -np.inf
    items, bins = np.arange(model.items), np.arange(model.bins)
    cost = bound.costs(items, bins) + _moving(model) + _pair_costs(objective)
    source, sink = np.nonzero(model.allowed(items[:, None], bins[None, :]))
    ones = np.ones(len(source), dtype=np.int64)
    arcs = Arcs(source.astype(np.int32), sink.astype(np.int32), ones, cost[source, sink], ones == 0)
    found = transport(model.needed.astype(np.int64), model.slots.astype(np.int64), arcs)
    return -np.inf if found is None else found.bound


def _moving(model: Model) -> Metres:
    """Return the price of bringing each item to each bin; items in several bins, and tours of moves, count as free."""
    price = np.zeros((model.items, model.bins))
    moves, today = model.problem.moves, model.current
    if moves.model == "per_move":
        lies = today.item[model.needed[today.item] == 1]
        price[lies] = moves.cost_m_per_move / moves.horizon_days
        price[today.item, today.bin] = 0.0
    return price


def _pair_costs(objective: Objective) -> Metres:
    """Return the least that each item's pairs can cost while it lies in each bin, shape (items, bins)."""
    model, pairs = objective.model, objective.pairs
    bins = np.arange(model.bins)
    single = (model.needed[pairs.one] == 1) & (model.needed[pairs.other] == 1)
    flow = np.zeros((model.items, model.items))
    np.add.at(flow, (pairs.one[single], pairs.other[single]), pairs.value[single])
    way = np.asarray(model.between(bins[:, None], bins[None, :]), dtype=np.float64)
    if np.array_equal(way, way.T):
        flow = (flow + flow.T) / 2
    partners = int((flow > 0).sum(axis=1).max(initial=0))
    strongest = -np.sort(-flow, axis=1)[:, :partners]
    nearest = np.array([_nearest(way[place], place, model, partners) for place in range(model.bins)])
    length = min(partners, nearest.shape[1])
    weight = model.problem.weights.affinity
    return np.asarray(weight * (strongest[:, :length] @ nearest[:, :length].T))


def _nearest(ways: Metres, place: int, model: Model, count: int) -> Metres:
    """Return the ways to the `count` nearest places for others; the bin itself has one place less."""
    order = np.argsort(ways, kind="stable")[: count + 1]
    left = np.minimum(model.slots[order] - (order == place), count)
    found = np.repeat(ways[order], left)[:count]
    return np.concatenate([found, np.zeros(count - len(found))])
