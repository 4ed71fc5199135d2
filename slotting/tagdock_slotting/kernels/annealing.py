"""Simulated annealing over shifts and swaps, legal at each step, in a compiled loop.

A step draws a unit and a goal bin: near the bin of a unit that it is ordered or paired with, near its own among bins
of like cost, or anywhere. It goes there where there is room, else a unit there comes back in return. What it changes
(picking, moves, affinity, the exact tours of the orders concerned) decides as in Metropolis' rule.

Source: S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi (1983), doi:10.1126/science.220.4598.671.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.chance import State, uniform
from tagdock_slotting.kernels.compiled import compiled, inlined
from tagdock_slotting.kernels.tours import Grid, tour_m

NO_WAY, BY_MATRIX, BY_AISLES, BY_POINTS = range(4)
VALUE, RELOCATED = range(2)

NEAR_PARTNER, NEAR_HOME = 0.4, 0.8
"""Below the first a goal is drawn near a partner's bin, below the second near the unit's own, else anywhere."""


class Ways(NamedTuple):
    """How far it is between two bins: by `kind` a matrix, the aisles of a grid, or points."""

    kind: int
    matrix: Metres
    x_m: Metres
    y_m: Metres


class Floor(NamedTuple):
    """What does not change: rules and costs. Units that are `still` are not `movable`.

    Lists of lists are flat, with the start of each in `..._start`.

    `may[item, bin]`; an item costs `item_factor[item] @ bin_factor[bin]` a unit; `at_most` relocations, -1 for any.
    `near[r, k]` is the bin that is k-th in the r-th order of bins, `rank` the other way round.
    """

    item: Indices
    movable: Indices
    still: NDArray[np.uint8]
    may: NDArray[np.uint8]
    slots: Indices
    room_m3: Metres
    room_kg: Metres
    volume_m3: Metres
    mass_kg: Metres
    enemy_start: Indices
    enemy: Indices
    item_factor: Metres
    bin_factor: Metres
    home_start: Indices
    home: Indices
    price: float
    at_most: int
    pair_start: Indices
    pair: Indices
    pair_out: Metres
    pair_back: Metres
    near: Indices
    rank: Indices
    trips_m: Metres
    unit_start: Indices


class Orders(NamedTuple):
    """Which items each order has, in which orders each item is, and the metres a day for a metre of each tour.

    Without orders `weight` is empty.
    """

    weight: Metres
    start: Indices
    item: Indices
    of_start: Indices
    of: Indices


class Layout(NamedTuple):
    """What changes: where each unit lies, what each bin holds (a chain of units), tours, and the value."""

    place: Indices
    counts: Indices
    load_m3: Metres
    load_kg: Metres
    head: Indices
    after: Indices
    tours: Metres
    seen: Indices
    fresh: Metres
    touched: Indices
    room: Indices
    state: Metres
    reached: Metres
    costs: Metres
    value: Metres
    stamp: Indices


@inlined
def _way_m(ways: Ways, grid: Grid, one: int, other: int) -> float:
    if ways.kind == BY_MATRIX:
        return float(ways.matrix[one, other])
    if ways.kind == BY_POINTS:
        return float(abs(ways.x_m[one] - ways.x_m[other]) + abs(ways.y_m[one] - ways.y_m[other]))
    here, there, apart = grid.along_m[one], grid.along_m[other], abs(grid.aisle[one] - grid.aisle[other])
    if apart == 0:
        return float(abs(here - there))
    least = np.inf
    for cross in grid.cross_m:
        least = min(least, abs(here - cross) + abs(cross - there))
    return float(least + apart * grid.pitch_m)


@inlined
def _alone(floor: Floor, item: int, place: int) -> float:
    """Return what a unit costs in a bin by itself, less the price of a move where it is at home."""
    cost = 0.0
    for k in range(floor.item_factor.shape[1]):
        cost += floor.item_factor[item, k] * floor.bin_factor[place, k]
    return cost - floor.price * _is_home(floor, item, place)


@inlined
def _is_home(floor: Floor, item: int, place: int) -> int:
    for k in range(floor.home_start[item], floor.home_start[item + 1]):
        if floor.home[k] == place:
            return 1
    return 0


@inlined
def _affine(floor: Floor, ways: Ways, grid: Grid, place: Indices, u: int, at: int, v: int) -> float:
    """Return what the affinity of unit u costs with it in a bin; that to unit v does not count."""
    cost = 0.0
    for k in range(floor.pair_start[u], floor.pair_start[u + 1]):
        if floor.pair[k] != v:
            there = place[floor.pair[k]]
            cost += floor.pair_out[k] * _way_m(ways, grid, at, there) if floor.pair_out[k] > 0 else 0.0
            cost += floor.pair_back[k] * _way_m(ways, grid, there, at) if floor.pair_back[k] > 0 else 0.0
    return cost


@inlined
def _mutual(floor: Floor, ways: Ways, grid: Grid, u: int, at: int, v: int, there: int) -> float:
    """Return what the affinity of two units costs, each in a bin."""
    cost = 0.0
    for k in range(floor.pair_start[u], floor.pair_start[u + 1]):
        if floor.pair[k] == v:
            cost += floor.pair_out[k] * _way_m(ways, grid, at, there)
            cost += floor.pair_back[k] * _way_m(ways, grid, there, at)
    return cost


@inlined
def welcome(floor: Floor, layout: Layout, item: int, place: int, but: int) -> bool:
    """Return whether an item gets on with what lies in a bin, one unit left out."""
    lying = layout.head[place]
    while lying >= 0:
        other = floor.item[lying]
        if lying != but:
            if other == item:
                return False
            for k in range(floor.enemy_start[item], floor.enemy_start[item + 1]):
                if floor.enemy[k] == other:
                    return False
        lying = layout.after[lying]
    return True


@inlined
def _fits(floor: Floor, layout: Layout, u: int, goal: int, v: int) -> bool:
    """Return whether u may go to a bin and v (-1: nobody) come back in return."""
    item, start = floor.item[u], layout.place[u]
    back_m3, back_kg = 0.0, 0.0
    if not floor.may[item, goal]:
        return False
    if v >= 0:
        other = floor.item[v]
        if other == item or not floor.may[other, start]:
            return False
        back_m3, back_kg = floor.volume_m3[other], floor.mass_kg[other]
        if layout.load_m3[start] + back_m3 - floor.volume_m3[item] > floor.room_m3[start]:
            return False
        if layout.load_kg[start] + back_kg - floor.mass_kg[item] > floor.room_kg[start]:
            return False
    elif layout.counts[goal] >= floor.slots[goal]:
        return False
    if layout.load_m3[goal] + floor.volume_m3[item] - back_m3 > floor.room_m3[goal]:
        return False
    if layout.load_kg[goal] + floor.mass_kg[item] - back_kg > floor.room_kg[goal]:
        return False
    if not welcome(floor, layout, item, goal, v):
        return False
    return v < 0 or welcome(floor, layout, floor.item[v], start, u)


@inlined
def _relocated(floor: Floor, layout: Layout, u: int, goal: int, v: int) -> int:
    """Return how many more units leave today's bins."""
    item, start = floor.item[u], layout.place[u]
    more = _is_home(floor, item, start) - _is_home(floor, item, goal)
    if v >= 0:
        more += _is_home(floor, floor.item[v], goal) - _is_home(floor, floor.item[v], start)
    return more


@inlined
def _picked_from(floor: Floor, layout: Layout, item: int) -> int:
    """Return the bin that a tour picks an item from: of several the one nearest the doors."""
    first = floor.unit_start[item]
    best = layout.place[first]
    for unit in range(first + 1, floor.unit_start[item + 1]):
        place = layout.place[unit]
        nearer = floor.trips_m[place] - floor.trips_m[best]
        if nearer < 0 or (nearer == 0 and place < best):
            best = place
    return int(best)


@inlined
def _tour(floor: Floor, grid: Grid, orders: Orders, layout: Layout, order: int) -> float:
    picks = 0
    for k in range(orders.start[order], orders.start[order + 1]):
        layout.room[picks] = _picked_from(floor, layout, orders.item[k])
        picks += 1
    return tour_m(grid, layout.room, picks, layout.state, layout.reached, layout.costs)


@inlined
def _tours_change(floor: Floor, grid: Grid, orders: Orders, layout: Layout, u: int, goal: int, v: int) -> float:
    """Return what the tours concerned change; the new ones are kept in `fresh`, their orders in `touched`."""
    start = layout.place[u]
    layout.stamp[0] += 1
    layout.stamp[1] = 0
    layout.place[u] = goal
    if v >= 0:
        layout.place[v] = start
    change = 0.0
    for side in range(1 if v < 0 else 2):
        item = floor.item[v] if side else floor.item[u]
        for k in range(orders.of_start[item], orders.of_start[item + 1]):
            order = orders.of[k]
            if layout.seen[order] != layout.stamp[0]:
                layout.seen[order] = layout.stamp[0]
                length = _tour(floor, grid, orders, layout, order)
                layout.touched[layout.stamp[1]], layout.fresh[layout.stamp[1]] = order, length
                layout.stamp[1] += 1
                change += (length - layout.tours[order]) * orders.weight[order]
    layout.place[u] = start
    if v >= 0:
        layout.place[v] = goal
    return change


@inlined
def _change(floor: Floor, ways: Ways, grid: Grid, orders: Orders, layout: Layout, u: int, goal: int, v: int) -> float:
    """Return what it changes to bring u to a bin, and v back in return."""
    item, start, place = floor.item[u], layout.place[u], layout.place
    change = _alone(floor, item, goal) - _alone(floor, item, start)
    change += _affine(floor, ways, grid, place, u, goal, v) - _affine(floor, ways, grid, place, u, start, v)
    if v >= 0:
        other = floor.item[v]
        change += _alone(floor, other, start) - _alone(floor, other, goal)
        change += _affine(floor, ways, grid, place, v, start, u) - _affine(floor, ways, grid, place, v, goal, u)
        change += _mutual(floor, ways, grid, u, goal, v, start) - _mutual(floor, ways, grid, u, start, v, goal)
    if len(orders.weight) > 0:
        change += _tours_change(floor, grid, orders, layout, u, goal, v)
    return change


@inlined
def take(floor: Floor, layout: Layout, u: int) -> None:
    """Take a unit out of its bin; `place` still says which."""
    start, item = layout.place[u], floor.item[u]
    if layout.head[start] == u:
        layout.head[start] = layout.after[u]
    else:
        before = layout.head[start]
        while layout.after[before] != u:
            before = layout.after[before]
        layout.after[before] = layout.after[u]
    layout.counts[start] -= 1
    layout.load_m3[start] -= floor.volume_m3[item]
    layout.load_kg[start] -= floor.mass_kg[item]


@inlined
def put(floor: Floor, layout: Layout, u: int, goal: int) -> None:
    """Put a unit into a bin."""
    item = floor.item[u]
    layout.after[u], layout.head[goal], layout.place[u] = layout.head[goal], u, goal
    layout.counts[goal] += 1
    layout.load_m3[goal] += floor.volume_m3[item]
    layout.load_kg[goal] += floor.mass_kg[item]


@inlined
def bring(floor: Floor, layout: Layout, u: int, goal: int) -> None:
    """Take a unit out of its bin and put it into another."""
    take(floor, layout, u)
    put(floor, layout, u, goal)


@inlined
def _goal(floor: Floor, orders: Orders, layout: Layout, u: int, random: State) -> int:
    """Draw a goal bin for a unit."""
    bins, kind, about = len(floor.slots), uniform(random), layout.place[u]
    order = 0
    if kind < NEAR_PARTNER:
        item = floor.item[u]
        pairs, ordered = (
            floor.pair_start[u + 1] - floor.pair_start[u],
            orders.of_start[item + 1] - orders.of_start[item],
        )
        if pairs > 0 and (ordered == 0 or uniform(random) < 0.5):
            about = layout.place[floor.pair[floor.pair_start[u] + int(uniform(random) * pairs)]]
        elif ordered > 0:
            chosen = orders.of[orders.of_start[item] + int(uniform(random) * ordered)]
            lines = orders.start[chosen + 1] - orders.start[chosen]
            partner = orders.item[orders.start[chosen] + int(uniform(random) * lines)]
            about = layout.place[floor.unit_start[partner]]
    elif kind < NEAR_HOME:
        order = 1
    else:
        return int(uniform(random) * bins)
    reach = 1 + int(uniform(random) ** 3 * bins / 2)
    at = floor.rank[order, about] + int((2.0 * uniform(random) - 1.0) * (reach + 1))
    return int(floor.near[order, min(max(at, 0), bins - 1)])


@inlined
def _partner(layout: Layout, place: int, random: State) -> int:
    """Draw one of the units in a bin."""
    unit = layout.head[place]
    for _ in range(int(uniform(random) * layout.counts[place])):
        unit = layout.after[unit]
    return int(unit)


@compiled
def anneal(
    floor: Floor, ways: Ways, grid: Grid, orders: Orders, layout: Layout, steps: int, heat: float, random: State
) -> float:
    """Take steps at a temperature (metres a day); return the mean of what the legal steps cost that would cost.

    The first call of all measures the tours.
    """
    dear, dear_count = 0.0, 0
    for order in range(len(layout.tours) if layout.stamp[0] == 0 else 0):
        layout.tours[order] = _tour(floor, grid, orders, layout, order)
    layout.stamp[0] += 1
    for _ in range(steps):
        u = floor.movable[int(uniform(random) * len(floor.movable))]
        goal, start, v = _goal(floor, orders, layout, u, random), layout.place[u], -1
        if goal == start:
            continue
        if layout.counts[goal] > 0 and (layout.counts[goal] >= floor.slots[goal] or uniform(random) < 0.5):
            v = _partner(layout, goal, random)
        if (v >= 0 and floor.still[v]) or not _fits(floor, layout, u, goal, v):
            continue
        more = _relocated(floor, layout, u, goal, v) if len(floor.home) > 0 else 0
        if floor.at_most >= 0 and more > 0 and layout.value[RELOCATED] + more > floor.at_most:
            continue
        change = _change(floor, ways, grid, orders, layout, u, goal, v)
        if change > 0:
            dear, dear_count = dear + change, dear_count + 1
            if heat <= 0 or uniform(random) >= np.exp(-change / heat):
                continue
        bring(floor, layout, u, goal)
        if v >= 0:
            bring(floor, layout, v, start)
        layout.value[VALUE] += change
        layout.value[RELOCATED] += more
        if len(orders.weight) > 0:
            for k in range(layout.stamp[1]):
                layout.tours[layout.touched[k]] = layout.fresh[k]
    return dear / max(1, dear_count)
