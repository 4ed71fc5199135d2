"""Many bins exchange bundles at once: a few units are taken from each, and put back where all together cost least.

A round draws bins of like prices and up to a few units of each as a bundle (or none), and solves the assignment of
bundles to the room that they left: the best of all cyclic exchanges among them, never worse than what was.

Source: R. K. Ahuja, O. Ergun, J. B. Orlin, A. P. Punnen (2002), doi:10.1016/S0166-218X(01)00338-9.
"""

from typing import NamedTuple

import numpy as np

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.annealing import Floor, Layout, put, take, welcome
from tagdock_slotting.kernels.assignment import Table, assign, table
from tagdock_slotting.kernels.chance import State, below, uniform
from tagdock_slotting.kernels.compiled import compiled, inlined

MOST_BINS, LEAST_BINS = 100, 6
"""Bins in a round; their number is drawn evenly on a logarithmic scale."""

MOST_UNITS = 4
"""Units in a bundle at most."""

ALONE = 0.95
"""How often a bin gives a unit in the third of the rounds in which bundles are single units."""

FOCUS = 3
"""Rounds lie at the u ** FOCUS-th part of the bins, the nearest first (u even): there most is to be won."""

WIDEST = 25
"""Bins are drawn from a stretch of up to so many times their number (see `refill`)."""


class Bundles(NamedTuple):
    """Room for a round: the bins drawn, and of each the bundle: how many units and which, factors of cost, loads."""

    bin: Indices
    size: Indices
    unit: Indices
    factor: Metres
    load_m3: Metres
    load_kg: Metres
    drawn: Indices
    table: Table


def bundles(bins: int, factors: int) -> Bundles:
    """Return empty room for rounds among so many bins, with so many columns of factors."""
    most = MOST_BINS
    return Bundles(
        np.zeros(most, np.intp),
        np.zeros(most, np.intp),
        np.zeros((most, MOST_UNITS), np.intp),
        np.zeros((most, factors)),
        np.zeros(most),
        np.zeros(most),
        np.zeros(bins, np.intp),
        table(most),
    )


@inlined
def _drawn(b: Bundles, bins: Indices, random: State) -> int:
    """Draw the bins of a round: some of a stretch; return how many."""
    total = len(bins)
    n = min(total, int(LEAST_BINS * (MOST_BINS / LEAST_BINS) ** uniform(random)))
    wide = min(total, int(n * (1 + (WIDEST - 1) * uniform(random) ** 2)))
    about = int(total * uniform(random) ** FOCUS)
    first = max(0, min(total - wide, about - below(random, wide)))
    for k in range(wide):
        b.drawn[k] = bins[first + k]
    for k in range(n):
        other = k + below(random, wide - k)
        b.bin[k], b.drawn[other] = b.drawn[other], b.drawn[k]
    return n


@inlined
def _wanted(kind: int, random: State) -> int:
    """Draw how many units a bin gives."""
    if kind == 0:
        return 1 if uniform(random) < ALONE else 0
    return below(random, MOST_UNITS if kind == 1 else MOST_UNITS + 1)


@inlined
def _bundle(floor: Floor, layout: Layout, b: Bundles, k: int, wanted: int, random: State) -> None:
    """Take units at random out of the k-th bin."""
    place = b.bin[k]
    left, count = layout.counts[place], 0
    need, u = min(wanted, left), layout.head[place]
    while u >= 0 and count < need:
        following = layout.after[u]
        if uniform(random) * left < need - count:
            if floor.still[u]:
                need -= 1
            else:
                b.unit[k, count] = u
                count += 1
                take(floor, layout, u)
        left -= 1
        u = following
    b.size[k] = count
    b.load_m3[k], b.load_kg[k] = 0.0, 0.0
    for d in range(floor.item_factor.shape[1]):
        b.factor[k, d] = 0.0
    for i in range(count):
        item = floor.item[b.unit[k, i]]
        b.load_m3[k] += floor.volume_m3[item]
        b.load_kg[k] += floor.mass_kg[item]
        for d in range(floor.item_factor.shape[1]):
            b.factor[k, d] += floor.item_factor[item, d]


@inlined
def _welcome(floor: Floor, layout: Layout, b: Bundles, k: int, place: int) -> bool:
    """Return whether the k-th bundle gets on with what lies in a bin."""
    fits = True
    for i in range(b.size[k]):
        fits = fits and welcome(floor, layout, floor.item[b.unit[k, i]], place, -1)
    return fits


@inlined
def _at_home(floor: Floor, b: Bundles, k: int, place: int) -> float:
    """Return what the k-th bundle saves in moves in a bin."""
    saved = 0.0
    for i in range(b.size[k]):
        item = floor.item[b.unit[k, i]]
        for home in range(floor.home_start[item], floor.home_start[item + 1]):
            if floor.home[home] == place:
                saved += floor.price
    return saved


@inlined
def _priced(floor: Floor, layout: Layout, b: Bundles, n: int, prices: Metres, plain: bool) -> float:
    """Fill in the table of costs, with prices of rooms to start from; return what it costs as it was.

    Called functions would count the references to all arrays n * n times (25 times slower): arrays are named here.
    """
    before, cost, size, unit, item = 0.0, b.table.cost, b.size, b.unit, floor.item
    m3, kg, factor, bin_factor, may = b.load_m3, b.load_kg, b.factor, floor.bin_factor, floor.may
    paid = floor.price > 0
    for hole in range(n):
        place = b.bin[hole]
        b.table.price[hole] = -prices[1, place] * m3[hole] - prices[2, place] * kg[hole]
        slots = floor.slots[place] - layout.counts[place]
        room_m3 = floor.room_m3[place] - layout.load_m3[place]
        room_kg = floor.room_kg[place] - layout.load_kg[place]
        for k in range(n):
            cost[k, hole] = 0.0
            fits = size[k] <= slots and m3[k] <= room_m3 and kg[k] <= room_kg
            for i in range(size[k]):
                fits = fits and may[item[unit[k, i]], place] != 0
            if not fits or not (plain or _welcome(floor, layout, b, k, place)):
                cost[k, hole] = np.inf
                continue
            for d in range(factor.shape[1]):
                cost[k, hole] += factor[k, d] * bin_factor[place, d]
            if paid:
                cost[k, hole] -= _at_home(floor, b, k, place)
        if cost[hole, hole] == np.inf:  # by a rounding of sums: what was is legal
            return np.inf
        before += cost[hole, hole]
    return before


@compiled
def exchange(
    floor: Floor, layout: Layout, b: Bundles, bins: Indices, prices: Metres, rounds: int, plain: bool, random: State
) -> float:
    """Play rounds among some bins, the dearest first; return what they change. The layout's own value is left alone.

    `prices[kind, bin]` of a place, a m3 and a kg (any will do, good ones save time); `plain` where any two units may
    lie together.
    """
    change = 0.0
    for _ in range(rounds):
        n = _drawn(b, bins, random)
        kind = below(random, 3)
        for k in range(n):
            _bundle(floor, layout, b, k, _wanted(kind, random), random)
        before = _priced(floor, layout, b, n, prices, plain)
        better = np.isfinite(before) and assign(b.table, n)
        if better:
            after = 0.0
            for k in range(n):
                after += b.table.cost[k, b.table.column_of[k]]
            better = after < before - 1e-12 * abs(before)
            if better:
                change += after - before
        for k in range(n):
            goal = b.bin[b.table.column_of[k]] if better else b.bin[k]
            for i in range(b.size[k]):
                put(floor, layout, b.unit[k, i], goal)
    return change
