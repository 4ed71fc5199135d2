"""From a layout that holds too much in some bins to one that does not, in a compiled loop.

A step draws a unit of an overfull bin and a goal, and takes the shift or swap if what is too much (as shares of the
rooms, items, volume and mass added up) falls, or with it the cost at a low temperature: min-conflicts with noise
(S. Minton and others 1992, doi:10.1016/0004-3702(92)90007-K).
"""

import numpy as np

from tagdock_slotting.kernels.annealing import Floor, Layout, bring, welcome
from tagdock_slotting.kernels.chance import State, uniform
from tagdock_slotting.kernels.compiled import compiled, inlined


@inlined
def _excess(floor: Floor, layout: Layout, place: int, items: int, volume_m3: float, mass_kg: float) -> float:
    """Return how much too much a bin holds if it holds so much more, in rooms."""
    excess = float(max(0, layout.counts[place] + items - floor.slots[place]))
    for load, room in (
        (layout.load_m3[place] + volume_m3, floor.room_m3[place]),
        (layout.load_kg[place] + mass_kg, floor.room_kg[place]),
    ):
        if load > room:
            excess += (load - room) / max(room, 1e-9)
    return excess


@inlined
def _eased(floor: Floor, layout: Layout, u: int, goal: int, v: int) -> float:
    """Return what a shift or swap changes in excess; infinite where one of them may not lie there."""
    item, start = floor.item[u], layout.place[u]
    other = floor.item[v] if v >= 0 else -1
    if other == item or not floor.may[item, goal] or not welcome(floor, layout, item, goal, v):
        return np.inf
    back, back_m3, back_kg = 0, 0.0, 0.0
    if v >= 0:
        if not floor.may[other, start] or not welcome(floor, layout, other, start, u):
            return np.inf
        back, back_m3, back_kg = 1, floor.volume_m3[other], floor.mass_kg[other]
    more_m3, more_kg = floor.volume_m3[item] - back_m3, floor.mass_kg[item] - back_kg
    before = _excess(floor, layout, start, 0, 0.0, 0.0) + _excess(floor, layout, goal, 0, 0.0, 0.0)
    after = _excess(floor, layout, start, back - 1, -more_m3, -more_kg)
    return after + _excess(floor, layout, goal, 1 - back, more_m3, more_kg) - before


@inlined
def _costs(floor: Floor, item: int, start: int, goal: int) -> float:
    change = 0.0
    for k in range(floor.item_factor.shape[1]):
        change += floor.item_factor[item, k] * (floor.bin_factor[goal, k] - floor.bin_factor[start, k])
    return change


@compiled
def relieve(floor: Floor, layout: Layout, steps: int, price: float, heat: float, random: State) -> float:
    """Take steps; return the excess left, 0 as soon as there is none. `price` metres a day for one room too much."""
    over = np.empty(len(floor.slots), dtype=np.intp)
    count = 0
    bins = len(floor.slots)
    for step in range(steps):
        if step % 64 == 0 or count == 0:
            count = 0
            for place in range(bins):
                if _excess(floor, layout, place, 0, 0.0, 0.0) > 0.0:
                    over[count] = place
                    count += 1
            if count == 0:
                return 0.0
        start = over[int(uniform(random) * count)]
        if layout.counts[start] == 0:
            continue
        u = layout.head[start]
        for _ in range(int(uniform(random) * layout.counts[start])):
            u = layout.after[u]
        if uniform(random) < 0.5:
            goal = int(uniform(random) * bins)
        else:
            reach = 1 + int(uniform(random) ** 2 * bins / 2)
            at = floor.rank[1, start] + int((2.0 * uniform(random) - 1.0) * (reach + 1))
            goal = floor.near[1, min(max(at, 0), bins - 1)]
        v = -1
        if layout.counts[goal] > 0 and uniform(random) < 0.6:
            v = layout.head[goal]
            for _ in range(int(uniform(random) * layout.counts[goal])):
                v = layout.after[v]
        if goal == start or floor.still[u] or (v >= 0 and floor.still[v]):
            continue
        eased = _eased(floor, layout, u, goal, v)
        if not np.isfinite(eased):
            continue
        change = price * eased + _costs(floor, floor.item[u], start, goal)
        if v >= 0:
            change += _costs(floor, floor.item[v], goal, start)
        if change <= 0 or uniform(random) < np.exp(-change / heat):
            bring(floor, layout, u, goal)
            if v >= 0:
                bring(floor, layout, v, start)
    left = 0.0
    for place in range(bins):
        left += _excess(floor, layout, place, 0, 0.0, 0.0)
    return left
