"""What a place in each bin is worth: the prices at which nobody wants to lie elsewhere, from a flow that is optimal.

With them the arcs that were left out can be judged. The solver tells no prices, so they are worked out: a flow is
optimal where prices exist that make its arcs the cheapest of each source; those prices form a lattice, and raising or
lowering given ones until nothing is violated (Bellman-Ford on the residual network) leads to its nearest elements.
Source: R. K. Ahuja, T. L. Magnanti, J. B. Orlin, "Network Flows" (1993), sections 5.2 and 9.3.
"""

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.solvers.flow import Integers, WholeArcs

ROUNDS_AT_MOST = 20_000
"""Rounds of relabelling; thousands are usual where each bin is a place of its own, and most touch only a few arcs.
Prices not there by then give a weaker bound, not a wrong one."""

FAR = 2**60
"""More than any source pays."""


def prices_near(wished: Integers, arcs: WholeArcs, flow: Integers) -> Integers:
    """Return prices of the sinks in whole cost units that prove a flow optimal on its arcs, near the prices wished.

    Every source sends something. The mean of two such price lists is one, and lies better than either.
    """
    could, used = np.flatnonzero(flow < arcs.capacity), np.flatnonzero(flow > 0)
    below = _lowered(wished, arcs, arcs.cost, _Fan(arcs.sink, could), _Fan(arcs.source, used))
    above = -_lowered(-wished, arcs, -arcs.cost, _Fan(arcs.sink, used), _Fan(arcs.source, could))
    return np.asarray((below + above) // 2)


class _Fan:
    """Some arcs in the order of the node at one of their ends."""

    def __init__(self, end: Indices, arcs: Indices) -> None:
        self.arcs = arcs[np.argsort(end[arcs], kind="stable")]
        nodes = int(end.max(initial=-1)) + 1
        self.first = np.searchsorted(end[self.arcs], np.arange(nodes + 1))

    def at(self, nodes: Indices) -> Indices:
        """Return the arcs at some nodes."""
        start, count = self.first[nodes], self.first[nodes + 1] - self.first[nodes]
        before = np.cumsum(count) - count
        return np.asarray(self.arcs[np.repeat(start - before, count) + np.arange(int(count.sum()))])


def _lowered(prices: Integers, arcs: WholeArcs, cost: Integers, asking: _Fan, giving: _Fan) -> Integers:
    """Return the highest prices below some at which no source pays more on an arc that gives than on one that it asks.

    Only what a lowered price reaches is looked at again. Raising is lowering with all signs turned.
    """
    source, sink, prices = arcs.source, arcs.sink, prices.copy()
    least = np.full(int(source.max(initial=-1)) + 1, FAR)
    np.minimum.at(least, source[asking.arcs], cost[asking.arcs] + prices[sink[asking.arcs]])
    reached = np.arange(len(least))
    for _ in range(ROUNDS_AT_MOST):
        at = giving.at(reached)
        offers = least[source[at]] - cost[at]
        lower = offers < prices[sink[at]]
        if not lower.any():
            break
        np.minimum.at(prices, sink[at[lower]], offers[lower])
        at = asking.at(_each(sink[at[lower]], len(prices)))
        asked = cost[at] + prices[sink[at]]
        lower = asked < least[source[at]]
        np.minimum.at(least, source[at[lower]], asked[lower])
        reached = _each(source[at[lower]], len(least))
    return prices


def _each(nodes: Indices, count: int) -> Indices:
    """Return the different nodes among some, in order."""
    found = np.zeros(count, dtype=np.bool_)
    found[nodes] = True
    return np.flatnonzero(found)
