"""The shortest tour of one order, in a compiled loop: the ladder programme over its aisles."""

from typing import NamedTuple

import numpy as np

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.compiled import compiled, inlined


class Grid(NamedTuple):
    """Where bins lie in the aisles, and the programme's tables (as `routing.tables.Ladder` describes them).

    `serial` is a bin's rank by aisle and place, `cross_m` where the cross-aisles lie, `ends` the aisles of the tour's
    start and end. `second` is empty where there is one block.
    """

    aisle: Indices
    along_m: Metres
    serial: Indices
    by_serial: Indices
    cross_m: Metres
    pitch_m: float
    gaps_m: float
    ends: Indices
    across: Indices
    first: Indices
    second: Indices
    doors: Indices
    tours: Indices
    states: int


@inlined
def _sorted(grid: Grid, places: Indices, picks: int) -> None:
    """Order bins by aisle and place, in their array."""
    for k in range(picks):
        places[k] = grid.serial[places[k]]
    if picks > 40:
        places[:picks].sort()
    else:
        for k in range(1, picks):
            moving, at = places[k], k
            while at > 0 and places[at - 1] > moving:
                places[at] = places[at - 1]
                at -= 1
            places[at] = moving
    for k in range(picks):
        places[k] = grid.by_serial[places[k]]


@inlined
def _block_costs(grid: Grid, places: Indices, since: int, until: int, block: int, costs: Metres) -> None:
    """Fill in what each way of serving a block costs, for picks `since` to before `until` of its aisle."""
    low, high = grid.cross_m[block], grid.cross_m[block + 1]
    nearest, furthest, gap, count, before = high, low, 0.0, 0, low
    for k in range(since, until):
        at = grid.along_m[places[k]]
        if (at > low or block == 0) and at <= high:
            if count == 0:
                nearest, count = at, 1
            elif at > before:
                gap, count = max(gap, at - before), count + 1
            before = furthest = at
    costs[1], costs[2] = high - low, 2.0 * (high - low)
    if count == 0:
        costs[0], costs[3], costs[4], costs[5] = 0.0, np.inf, np.inf, np.inf
        return
    costs[0], costs[3], costs[4] = np.inf, 2.0 * (furthest - low), 2.0 * (high - nearest)
    costs[5] = 2.0 * (high - low - gap) if count > 1 else np.inf


@inlined
def _advance(steps: Indices, costs: Metres, values: Metres, reached: Metres) -> None:
    """Take one stage: the least of all ways into each state."""
    reached[:] = np.inf
    for row in range(len(steps)):
        length = values[steps[row, 0]] + costs[steps[row, 2]]
        if length < reached[steps[row, 1]]:
            reached[steps[row, 1]] = length
    values[:] = reached


@inlined
def _pass_door(after: Indices, values: Metres, reached: Metres) -> None:
    reached[:] = np.inf
    for state in range(len(values)):
        if after[state] >= 0:
            reached[after[state]] = min(reached[after[state]], values[state])
    values[:] = reached


@inlined
def tour_m(grid: Grid, places: Indices, picks: int, values: Metres, reached: Metres, costs: Metres) -> float:
    """Return the shortest tour through the first `picks` bins of `places` (changed: sorted), in metres.

    `values` and `reached` of shape (states,) and `costs` of shape (8,) are room to work in.
    """
    if picks == 0:
        return 0.0
    _sorted(grid, places, picks)
    start = min(grid.aisle[places[0]], grid.ends[0], grid.ends[1])
    stop = max(grid.aisle[places[picks - 1]], grid.ends[0], grid.ends[1])
    values[:] = np.inf
    values[0] = 0.0
    k = 0
    for aisle in range(start, stop + 1):
        if aisle > start:
            for edges in range(len(costs)):
                costs[edges] = edges * grid.pitch_m
            _advance(grid.across, costs, values, reached)
        for door in range(2):
            if grid.ends[door] == aisle:
                _pass_door(grid.doors[door], values, reached)
        since = k
        while k < picks and grid.aisle[places[k]] == aisle:
            k += 1
        for block in range(len(grid.cross_m) - 1):
            _block_costs(grid, places, since, k, block, costs)
            _advance(grid.first if block == 0 else grid.second, costs, values, reached)
    shortest = np.inf
    for state in grid.tours:
        shortest = min(shortest, values[state])
    return float(shortest + grid.gaps_m)


@compiled
def tours_m(grid: Grid, start: Indices, place: Indices, lengths: Metres) -> None:
    """Fill in the shortest tour of each order; order `o` picks from the bins `place[start[o]:start[o + 1]]`."""
    values, reached, costs = np.empty(grid.states), np.empty(grid.states), np.empty(8)
    for order in range(len(lengths)):
        picked = place[start[order] : start[order + 1]].copy()
        lengths[order] = tour_m(grid, picked, len(picked), values, reached, costs)
