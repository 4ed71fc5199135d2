"""A transportation problem taken up where prices and a flow are nearly right, by shortest augmenting paths.

What is dearer than its source can have it at the prices is taken back; then the shortest way is sought from each source
that still has something to a sink with room, and prices rise along it. Only what the search reaches is looked at.

Sources: R. Jonker, A. Volgenant (1987), doi:10.1007/BF02278710; R. K. Ahuja, T. L. Magnanti, J. B. Orlin, "Network
Flows" (1993), section 9.7.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.compiled import compiled, inlined

Integers = NDArray[np.int64]

NONE = -1


class Transport(NamedTuple):
    """Arcs in the order of their sources, what flows on them, and what the search needs.

    Source `s` has the arcs `first[s]` to `first[s + 1]`, pays `due[s]` and has `left[s]` to send; sink `t` takes
    `room[t]` more at `price[t]`. Arcs that flow into a sink are a chain from `head[t]` through `after` and `before`.
    `way` and `way_to` are the shortest ways found to sinks and sources, `by` and `from_` the arcs that they end with.
    """

    first: Indices
    source: Indices
    sink: Indices
    capacity: Integers
    cost: Metres
    flow: Integers
    left: Integers
    room: Integers
    price: Metres
    due: Metres
    head: Indices
    after: Indices
    before: Indices
    way: Metres
    way_to: Metres
    by: Indices
    from_: Indices
    heap: Indices
    at: Indices
    seen: Indices
    met: Indices


def transport(
    supply: Integers, demand: Integers, arcs: tuple[Indices, Indices, Integers, Metres], start: tuple[Integers, Metres]
) -> Transport:
    """Set a problem up: `arcs` are source (sorted), sink, capacity and cost; `start` is a flow on them and prices."""
    source, sink, capacity, cost = arcs
    sources, sinks, count = len(supply), len(demand), len(source)
    flow = np.minimum(start[0], capacity)
    return Transport(
        first=np.searchsorted(source, np.arange(sources + 1)).astype(np.intp),
        source=source.astype(np.intp),
        sink=sink.astype(np.intp),
        capacity=capacity.astype(np.int64),
        cost=cost.astype(np.float64),
        flow=flow.astype(np.int64),
        left=supply - np.bincount(source, weights=flow, minlength=sources).astype(np.int64),
        room=demand - np.bincount(sink, weights=flow, minlength=sinks).astype(np.int64),
        price=start[1].astype(np.float64),
        due=np.zeros(sources),
        head=np.full(sinks, NONE, dtype=np.intp),
        after=np.full(count, NONE, dtype=np.intp),
        before=np.full(count, NONE, dtype=np.intp),
        way=np.full(sinks, np.inf),
        way_to=np.full(sources, np.inf),
        by=np.full(sinks, NONE, dtype=np.intp),
        from_=np.full(sources, NONE, dtype=np.intp),
        heap=np.zeros(sinks, dtype=np.intp),
        at=np.full(sinks, NONE, dtype=np.intp),
        seen=np.zeros(sinks, dtype=np.intp),
        met=np.zeros(sources, dtype=np.intp),
    )


@compiled
def send(t: Transport, same: float) -> bool:
    """Send everything at least cost; return whether that is possible. Costs within `same` are one."""
    _prepare(t, same)
    for source in range(len(t.left)):
        while t.left[source] > 0:
            end, sinks, sources = _search(t, source)
            if end < 0:
                return False
            _raise_prices(t, end, sinks, sources)
            _augment(t, source, end)
            for k in range(sinks):
                t.way[t.seen[k]] = np.inf
                t.at[t.seen[k]] = NONE
            for k in range(sources):
                t.way_to[t.met[k]] = np.inf
    return True


@inlined
def _prepare(t: Transport, same: float) -> None:
    """Take back what is dearer than it need be, then send what can have its cheapest sink."""
    for source in range(len(t.left)):
        least = np.inf
        for arc in range(t.first[source], t.first[source + 1]):
            if t.capacity[arc] > t.flow[arc]:
                least = min(least, t.cost[arc] + t.price[t.sink[arc]])
        t.due[source] = least
        for arc in range(t.first[source], t.first[source + 1]):
            if t.flow[arc] > 0 and t.cost[arc] + t.price[t.sink[arc]] > least + same:
                t.left[source] += t.flow[arc]
                t.room[t.sink[arc]] += t.flow[arc]
                t.flow[arc] = 0
    for source in range(len(t.left)):
        for arc in range(t.first[source], t.first[source + 1]):
            sink = t.sink[arc]
            if t.left[source] > 0 and t.cost[arc] + t.price[sink] <= t.due[source] + same:
                more = min(t.left[source], t.room[sink], t.capacity[arc] - t.flow[arc])
                t.flow[arc] += more
                t.left[source] -= more
                t.room[sink] -= more
            if t.flow[arc] > 0:
                _link(t, arc)


@inlined
def _link(t: Transport, arc: int) -> None:
    sink = t.sink[arc]
    t.before[arc], t.after[arc] = NONE, t.head[sink]
    if t.head[sink] >= 0:
        t.before[t.head[sink]] = arc
    t.head[sink] = arc


@inlined
def _unlink(t: Transport, arc: int) -> None:
    if t.before[arc] >= 0:
        t.after[t.before[arc]] = t.after[arc]
    else:
        t.head[t.sink[arc]] = t.after[arc]
    if t.after[arc] >= 0:
        t.before[t.after[arc]] = t.before[arc]


@inlined
def _search(t: Transport, start: int) -> tuple[int, int, int]:
    """Find the nearest sink with room; return it (-1 for none) and how many sinks and sources were met."""
    waiting, sinks, sources = 0, 0, 1
    t.way_to[start], t.met[0], t.from_[start] = 0.0, start, NONE
    limit = np.inf
    here, sink = start, NONE
    while True:
        # sources met: first the start, then all that send to the sink taken
        link = NONE if sink < 0 else t.head[sink]
        while True:
            if sink >= 0:
                if link < 0:
                    break
                arc, link = link, t.after[link]
                here = t.source[arc]
                back = t.way[sink] + max(0.0, t.due[here] - t.cost[arc] - t.price[sink])
                if back >= t.way_to[here]:
                    continue
                if t.way_to[here] == np.inf:
                    t.met[sources] = here
                    sources += 1
                t.way_to[here], t.from_[here] = back, arc
            base = t.way_to[here] - t.due[here]
            for arc in range(t.first[here], t.first[here + 1]):
                goal = t.sink[arc]
                reach = base + t.cost[arc] + t.price[goal]
                reach = max(reach, t.way_to[here])
                if reach >= t.way[goal] or reach >= limit or t.flow[arc] >= t.capacity[arc]:
                    continue
                if t.way[goal] == np.inf:
                    t.seen[sinks] = goal
                    sinks += 1
                t.way[goal], t.by[goal] = reach, arc
                if t.room[goal] > 0:
                    limit = reach
                waiting = _push(t, waiting, goal)
            if sink < 0:
                break
        if waiting == 0:
            return NONE, sinks, sources
        sink = t.heap[0]
        waiting = _pop(t, waiting)
        if t.room[sink] > 0:
            return sink, sinks, sources


@inlined
def _raise_prices(t: Transport, end: int, sinks: int, sources: int) -> None:
    """Raise the prices of what is nearer than the end."""
    far = t.way[end]
    for k in range(sinks):
        t.price[t.seen[k]] += max(0.0, far - t.way[t.seen[k]])
    for k in range(sources):
        t.due[t.met[k]] += max(0.0, far - t.way_to[t.met[k]])


@inlined
def _augment(t: Transport, start: int, end: int) -> None:
    """Send as much as fits along the way that was found."""
    amount, sink = min(t.left[start], t.room[end]), end
    while True:
        arc = t.by[sink]
        amount = min(amount, t.capacity[arc] - t.flow[arc])
        here = t.source[arc]
        if here == start:
            break
        amount = min(amount, t.flow[t.from_[here]])
        sink = t.sink[t.from_[here]]
    t.left[start] -= amount
    t.room[end] -= amount
    sink = end
    while True:
        arc = t.by[sink]
        if t.flow[arc] == 0:
            _link(t, arc)
        t.flow[arc] += amount
        here = t.source[arc]
        if here == start:
            break
        arc = t.from_[here]
        t.flow[arc] -= amount
        if t.flow[arc] == 0:
            _unlink(t, arc)
        sink = t.sink[arc]


@inlined
def _push(t: Transport, waiting: int, sink: int) -> int:
    """Put a sink into the heap, or move it up there; return how many wait."""
    k = t.at[sink]
    if k < 0:
        k = waiting
        waiting += 1
    way = t.way[sink]
    while k > 0:
        parent = (k - 1) // 2
        if t.way[t.heap[parent]] <= way:
            break
        t.heap[k] = t.heap[parent]
        t.at[t.heap[k]] = k
        k = parent
    t.heap[k], t.at[sink] = sink, k
    return waiting


@inlined
def _pop(t: Transport, waiting: int) -> int:
    """Take the nearest sink out of the heap; return how many wait."""
    t.at[t.heap[0]] = NONE
    waiting -= 1
    if waiting == 0:
        return 0
    last, k = t.heap[waiting], 0
    way = t.way[last]
    while True:
        child = 2 * k + 1
        if child >= waiting:
            break
        if child + 1 < waiting and t.way[t.heap[child + 1]] < t.way[t.heap[child]]:
            child += 1
        if t.way[t.heap[child]] >= way:
            break
        t.heap[k] = t.heap[child]
        t.at[t.heap[k]] = k
        k = child
    t.heap[k], t.at[last] = last, k
    return waiting
