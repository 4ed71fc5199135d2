"""Two bins swap up to three units each: of all swaps that fit one is drawn, those that save most the likeliest.

What two full bins can swap fits within what little room they have left, one swap in a thousand. So all sums of up to
three units of a bin are kept in the order of their volumes, and only those of the other bin are looked at whose volume
fits: a pair of bins with 130 sums each takes a microsecond. One of the swaps, or none, is drawn as Gibbs' sampler does.

Sources: sums in order, E. Horowitz, S. Sahni (1974), doi:10.1145/321812.321823; S. Geman, D. Geman (1984),
doi:10.1109/TPAMI.1984.4767596, a draw being the largest of values with Gumbel noise.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.annealing import Floor, Layout, bring
from tagdock_slotting.kernels.chance import State, below, uniform
from tagdock_slotting.kernels.compiled import compiled, inlined

UNITS = 12
"""Units of a bin that are looked at; where it holds more, others each time."""

SUMS = (1 + 12, 1 + 12 + 66, 1 + 12 + 66 + 220)
"""Sums of up to one, two, three of them."""

SUMS_AT_MOST = 1_000_000
"""Sums that are kept, 60 bytes each: floors of more than 3,344 bins swap fewer units at once."""

FOCUS = 2
"""One of the bins is the u ** FOCUS-th part of them, the dearest first (u even); the other is as many places away as
is drawn evenly on a logarithmic scale."""

FAR = 12.0
"""Swaps that cost more than so many times the temperature are not drawn: none in 100,000 would be."""

SAVES = 1e-9
"""What a swap saves at least where it is cold, in metres a day."""

ROUNDING = 1 + 1e-12


class Sums(NamedTuple):
    """For each bin its sums by volume: how many, what they take, factors of cost, which units; or that it is stale."""

    sums: Indices
    stale: NDArray[np.uint8]
    m3: Metres
    kg: Metres
    factor: Metres
    unit: NDArray[np.int32]
    size: NDArray[np.int8]


def sums(bins: int, factors: int) -> Sums:
    """Return room for so many bins, with so many columns of factors; all are stale."""
    deep = max((k for k in range(3) if bins * SUMS[k] <= SUMS_AT_MOST), default=0)
    shape = bins, SUMS[deep]
    return Sums(
        np.zeros(bins, np.intp),
        np.ones(bins, np.uint8),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros((*shape, factors)),
        np.full((*shape, deep + 1), -1, np.int32),
        np.zeros(shape, np.int8),
    )


@inlined
def _drawn(floor: Floor, layout: Layout, place: int, random: State, units: Indices) -> int:
    """Fill in units of a bin that may move, as many as are looked at; return how many."""
    count, seen, u = 0, 0, layout.head[place]
    while u >= 0:
        if not floor.still[u]:
            seen += 1
            if count < UNITS:
                units[count] = u
                count += 1
            else:
                k = below(random, seen)
                if k < UNITS:
                    units[k] = u
        u = layout.after[u]
    return count


@inlined
def _extended(floor: Floor, s: Sums, place: int, at: int, of: int, u: int) -> None:
    """Write down the sum of another one and a unit."""
    item, size = floor.item[u], s.size[place, of]
    s.m3[place, at] = s.m3[place, of] + floor.volume_m3[item]
    s.kg[place, at] = s.kg[place, of] + floor.mass_kg[item]
    for d in range(s.factor.shape[2]):
        s.factor[place, at, d] = s.factor[place, of, d] + floor.item_factor[item, d]
    for k in range(s.unit.shape[2]):
        s.unit[place, at, k] = s.unit[place, of, k]
    s.unit[place, at, size] = u
    s.size[place, at] = size + 1


@inlined
def _summed(floor: Floor, layout: Layout, s: Sums, place: int, random: State) -> None:
    """Write down all sums of a bin: those of one unit more follow from those before."""
    units = np.empty(UNITS, np.intp)
    n, deep = _drawn(floor, layout, place, random, units), s.unit.shape[2]
    last = np.empty(s.m3.shape[1], np.intp)
    s.m3[place, 0], s.kg[place, 0], s.size[place, 0], last[0] = 0.0, 0.0, 0, -1
    s.factor[place, 0], s.unit[place, 0] = 0.0, -1
    count, of = 1, 0
    while of < count:
        if s.size[place, of] < deep:
            for k in range(last[of] + 1, n):
                _extended(floor, s, place, count, of, units[k])
                last[count] = k
                count += 1
        of += 1
    order = np.argsort(s.m3[place, :count])
    s.m3[place, :count], s.kg[place, :count] = s.m3[place, :count][order], s.kg[place, :count][order]
    s.factor[place, :count], s.unit[place, :count] = s.factor[place, :count][order], s.unit[place, :count][order]
    s.size[place, :count] = s.size[place, :count][order]
    s.sums[place], s.stale[place] = count, 1 if layout.counts[place] > UNITS else 0


@inlined
def _goes(floor: Floor, s: Sums, start: int, at: int, goal: int) -> float:
    """Return what moves save where the units of a sum go from one bin to another; infinite where one may not."""
    saved = 0.0
    for k in range(s.size[start, at]):
        item = floor.item[s.unit[start, at, k]]
        if not floor.may[item, goal]:
            return -np.inf
        if floor.price > 0:
            for home in range(floor.home_start[item], floor.home_start[item + 1]):
                saved += floor.price * ((floor.home[home] == goal) - (floor.home[home] == start))
    return saved


@inlined
def _noise(heat: float, random: State) -> float:
    """Return what is taken off a swap's cost, Gumbel noise of a temperature."""
    return -heat * np.log(-np.log(1.0 - uniform(random))) if heat > 0 else 0.0


@inlined
def _chosen(
    floor: Floor, layout: Layout, s: Sums, one: int, other: int, heat: float, plain: bool, random: State
) -> tuple[int, int, float]:
    """Draw a swap of two bins: a sum of each and what it changes; sums below 0 for none."""
    one_m3 = floor.room_m3[one] * ROUNDING - layout.load_m3[one]
    one_kg = floor.room_kg[one] * ROUNDING - layout.load_kg[one]
    other_m3 = floor.room_m3[other] * ROUNDING - layout.load_m3[other]
    other_kg = floor.room_kg[other] * ROUNDING - layout.load_kg[other]
    one_more, other_more = floor.slots[one] - layout.counts[one], floor.slots[other] - layout.counts[other]
    left, right, light, heavy = s.m3[one], s.m3[other], s.kg[one], s.kg[other]
    factors, size = s.factor.shape[2], s.size
    apart = floor.bin_factor[other] - floor.bin_factor[one]
    limit = FAR * heat if heat > 0 else -SAVES
    best = -_noise(heat, random) if heat > 0 else -SAVES
    chosen, back, change, first = -1, -1, 0.0, 0
    for x in range(s.sums[one]):
        while first < s.sums[other] and right[first] < left[x] - other_m3:
            first += 1
        paid = 0.0
        for d in range(factors):
            paid += s.factor[one, x, d] * apart[d]
        for y in range(first, s.sums[other]):
            if right[y] > left[x] + one_m3:
                break
            if heavy[y] > light[x] + one_kg or heavy[y] < light[x] - other_kg:
                continue
            costs = paid
            for d in range(factors):
                costs -= s.factor[other, y, d] * apart[d]
            more = size[other, y] - size[one, x]
            if more > one_more or -more > other_more or (size[one, x] == 0 and size[other, y] == 0):
                continue
            if floor.price > 0 or costs < limit:
                costs -= _goes(floor, s, one, x, other) + _goes(floor, s, other, y, one)
            if costs >= limit:
                continue
            drawn = costs - _noise(heat, random)
            if drawn < best and (
                plain or (_agree(floor, layout, s, one, x, other, y) and _agree(floor, layout, s, other, y, one, x))
            ):
                best, chosen, back, change = drawn, x, y, costs
    return chosen, back, change


@inlined
def _agree(floor: Floor, layout: Layout, s: Sums, start: int, at: int, goal: int, back: int) -> bool:
    """Return whether the units of a sum get on with those of a bin that stay when another sum leaves it."""
    u = layout.head[goal]
    while u >= 0:
        stays, other = True, floor.item[u]
        for k in range(s.size[goal, back]):
            stays = stays and s.unit[goal, back, k] != u
        for k in range(s.size[start, at] if stays else 0):
            item = floor.item[s.unit[start, at, k]]
            if item == other:
                return False
            for enemy in range(floor.enemy_start[item], floor.enemy_start[item + 1]):
                if floor.enemy[enemy] == other:
                    return False
        u = layout.after[u]
    return True


@inlined
def _given(floor: Floor, layout: Layout, s: Sums, start: int, at: int, goal: int) -> None:
    """Bring the units of a sum from one bin to another."""
    for k in range(s.size[start, at]):
        bring(floor, layout, s.unit[start, at, k], goal)
    s.stale[start] = 1


@compiled
def swap(
    floor: Floor, layout: Layout, s: Sums, bins: Indices, rounds: int, heat: Metres, plain: bool, random: State
) -> float:
    """Play rounds among some bins, in the order of their rents; return what they change.

    `heat[bin]` is a temperature in metres a day: of the two of a round one is drawn. Where it is 0 the best swap is
    taken, if it saves. `plain` where any two units may lie together. The layout's own value is left alone.
    """
    change, total = 0.0, len(bins)
    for _ in range(rounds if total > 1 else 0):
        here = int(total * uniform(random) ** FOCUS)
        apart = int(np.exp(uniform(random) * np.log(0.5 * total))) if total > 2 else 1
        there = here + apart if uniform(random) < 0.5 else here - apart
        if there < 0 or there >= total:
            continue
        one, other = bins[here], bins[there]
        if s.stale[one]:
            _summed(floor, layout, s, one, random)
        if s.stale[other]:
            _summed(floor, layout, s, other, random)
        warm = heat[one] if uniform(random) < 0.5 else heat[other]
        chosen, back, costs = _chosen(floor, layout, s, one, other, warm, plain, random)
        if chosen >= 0:
            _given(floor, layout, s, one, chosen, other)
            _given(floor, layout, s, other, back, one)
            change += costs
    return change
