"""Robust tabu search over swaps of a dense quadratic assignment, in a compiled loop.

Member `i` stands at `place[i]`; a layout costs the sum of `flow[i, j] * way[place[i], place[j]]` and of
`linear[i, place[i]]`, where infinite means forbidden. The change of every swap is kept; a swap taken alters those of
other members by a product of two differences. Ways are kept between members, not places: all loops run along rows.

Source: É. Taillard (1991), doi:10.1016/S0167-8191(05)80147-4; tenures as in his later code (cubes of uniform numbers,
mostly short and sometimes long).
"""

from typing import NamedTuple

import numpy as np

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.chance import State, uniform
from tagdock_slotting.kernels.compiled import compiled, inlined

TENURE = 8.0
"""Longest time that a member may not come back to a place, in members."""

STEPS, BEST_AT = range(2)
NOW, BEST = range(2)


class Standing(NamedTuple):
    """A layout being changed; `flow_back` and `way_back` are transposed, diagonals are zero.

    `counts` holds the steps so far and the step of the best;
    `value` the present cost and the best. `until[i, p]` is the step up to which member i may not come back to place p.
    Members from `real` on are empty places: without flow, and not worth swapping with each other.
    """

    real: int
    symmetric: bool
    flow: Metres
    flow_back: Metres
    linear: Metres
    way: Metres
    way_back: Metres
    place: Indices
    best: Indices
    change: Metres
    until: Indices
    value: Metres
    counts: Indices


def stand(flow: Metres, way: Metres, linear: Metres, real: int, place: Indices) -> Standing:
    """Set up a layout for walking: member i of flow (n, n) and linear (n, places) at `place[i]` of way (n, n)."""
    size = len(place)
    flow, between = flow.copy(), way[np.ix_(place, place)]
    np.fill_diagonal(flow, 0.0)
    np.fill_diagonal(between, 0.0)
    symmetric = bool(np.array_equal(flow, flow.T) and np.array_equal(between, between.T))
    cost = float((flow * between).sum() + linear[np.arange(size), place].sum())
    standing = Standing(
        real=real,
        symmetric=symmetric,
        flow=flow,
        flow_back=np.ascontiguousarray(flow.T),
        linear=np.ascontiguousarray(linear),
        way=between,
        way_back=np.ascontiguousarray(between.T),
        place=place.astype(np.intp),
        best=place.astype(np.intp),
        change=np.full((size, size), np.inf),
        until=np.zeros((size, size), dtype=np.intp),
        value=np.array([cost, cost]),
        counts=np.array([0, 0], dtype=np.intp),
    )
    refresh(standing)
    return standing


@compiled
def refresh(at: Standing) -> None:
    """Work out what each swap changes from scratch."""
    for u in range(at.real):
        for v in range(u + 1, len(at.place)):
            at.change[u, v] = swap_change(at, u, v)


@inlined
def swap_change(at: Standing, u: int, v: int) -> float:
    """Return what the swap of two members changes; infinity where one may not lie where it would come."""
    here, there = at.place[u], at.place[v]
    linear = at.linear[u, there] + at.linear[v, here] - at.linear[u, here] - at.linear[v, there]
    if not np.isfinite(linear):
        return np.inf
    flow_u, flow_v, way_u, way_v = at.flow[u], at.flow[v], at.way[u], at.way[v]
    change: float = 0.0
    for k in range(len(flow_u)):
        change += (flow_u[k] - flow_v[k]) * (way_v[k] - way_u[k])
    out, back, to, fro = flow_u[v], flow_v[u], way_u[v], way_v[u]
    if at.symmetric:
        change *= 2.0
    else:
        flow_u, flow_v, way_u, way_v = at.flow_back[u], at.flow_back[v], at.way_back[u], at.way_back[v]
        for k in range(len(flow_u)):
            change += (flow_u[k] - flow_v[k]) * (way_v[k] - way_u[k])
    return float(linear + change + 2.0 * (out * to + back * fro) + (out - back) * (fro - to))


@inlined
def _follow(at: Standing, r: int, s: int) -> None:
    """Bring the changes up to date after the swap of r and s."""
    size = len(at.place)
    factor = 2.0 if at.symmetric else 1.0
    gaps, ways = (at.flow[r] - at.flow[s]) * factor, at.way[s] - at.way[r]
    gaps_back, ways_back = at.flow_back[r] - at.flow_back[s], at.way_back[s] - at.way_back[r]
    for u in range(at.real):
        row, later, ways_later, gap, way = at.change[u, u + 1 :], gaps[u + 1 :], ways[u + 1 :], gaps[u], ways[u]
        for k in range(len(row)):
            row[k] += (gap - later[k]) * (way - ways_later[k])
        if not at.symmetric:
            later, ways_later, gap, way = gaps_back[u + 1 :], ways_back[u + 1 :], gaps_back[u], ways_back[u]
            for k in range(len(row)):
                row[k] += (gap - later[k]) * (way - ways_later[k])
    for two in range(2):
        u = s if two else r
        for v in range(size):
            low, high = min(u, v), max(u, v)
            if low < high and low < at.real:
                at.change[low, high] = swap_change(at, low, high)


@inlined
def trade(at: Standing, r: int, s: int) -> None:
    """Exchange two members' places and ways; the changes of swaps stay as they are."""
    at.place[r], at.place[s] = at.place[s], at.place[r]
    for k in range(len(at.place)):
        at.way[r, k], at.way[s, k] = at.way[s, k], at.way[r, k]
        at.way_back[r, k], at.way_back[s, k] = at.way_back[s, k], at.way_back[r, k]
    for k in range(len(at.place)):
        at.way[k, r], at.way[k, s] = at.way[k, s], at.way[k, r]
        at.way_back[k, r], at.way_back[k, s] = at.way_back[k, s], at.way_back[k, r]


@inlined
def _best_swap(at: Standing, aspired: float) -> tuple[int, int]:
    """Return the best swap that does not take both back to where they were, or reaches a new best."""
    least, chosen_u, chosen_v, now = np.inf, -1, -1, at.counts[STEPS]
    for u in range(at.real):
        row, here = at.change[u, u + 1 :], at.place[u]
        for k in range(len(row)):
            if row[k] < least:
                v = u + 1 + k
                if at.until[u, at.place[v]] < now or at.until[v, here] < now or row[k] < aspired:
                    least, chosen_u, chosen_v = row[k], u, v
    return chosen_u, chosen_v


@inlined
def _unmoved_swap(at: Standing, since: int) -> tuple[int, int]:
    """Return the best swap of two members that have not been at each other's place since a step; -1 for none."""
    least, chosen_u, chosen_v = np.inf, -1, -1
    for u in range(at.real):
        for v in range(u + 1, len(at.place)):
            old = at.until[u, at.place[v]] < since and at.until[v, at.place[u]] < since
            if old and at.change[u, v] < least:
                least, chosen_u, chosen_v = at.change[u, v], u, v
    return chosen_u, chosen_v


@compiled
def swap(at: Standing, r: int, s: int) -> None:
    """Swap two members, r < s."""
    at.value[NOW] += at.change[r, s]
    trade(at, r, s)
    _follow(at, r, s)


@compiled
def walk(at: Standing, steps: int, patience: int, random: State) -> None:
    """Take steps: the best swap that is not tabu, even uphill; now and then one that was not tried for `patience`."""
    size = len(at.place)
    for _ in range(steps):
        at.counts[STEPS] += 1
        now, worth = at.counts[STEPS], 1e-9 * max(1.0, abs(at.value[BEST]))
        r, s = _best_swap(at, at.value[BEST] - at.value[NOW] - worth)
        if now % size == 0:  # looking for what has not moved for long is dear, and waits
            old_r, old_s = _unmoved_swap(at, now - patience)
            if old_r >= 0:
                r, s = old_r, old_s
        if r < 0:
            continue
        at.until[r, at.place[r]] = now + int(uniform(random) ** 3 * TENURE * size) + 1
        at.until[s, at.place[s]] = now + int(uniform(random) ** 3 * TENURE * size) + 1
        swap(at, r, s)
        if at.value[NOW] < at.value[BEST] - worth:
            at.value[BEST], at.counts[BEST_AT] = at.value[NOW], now
            at.best[:] = at.place
