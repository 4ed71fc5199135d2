"""Bins are emptied and filled anew, one after the other, each with the best set of what is left.

What a unit saves in a bin is measured against the cheapest of the bins still to be filled, at prices of room, and of
those outside that have room: who finds nothing as good later has more to save. What no bin took goes where there is
room. Kept if all together cost less, undone otherwise. All bins at once give a first layout, a few at a time improve
it.

Source: ruin and recreate, G. Schrimpf and others (2000), doi:10.1006/jcph.1999.6413; regret: S. Martello, P. Toth
(1990), Knapsack Problems, section 7.4.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.annealing import Floor, Layout, put, take, welcome
from tagdock_slotting.kernels.chance import State, below, uniform
from tagdock_slotting.kernels.compiled import compiled, inlined
from tagdock_slotting.kernels.knapsack import CORE, NODES, Core, best_set, core, fair_prices

LEAST_BINS, MOST_BINS = 2, 24
FOCUS = 2
WIDEST = 20
"""Bins are drawn from a stretch of up to so many times their number: with 4 the same took twice as long (5,000 SKUs in
1,000 bins), for bins next to each other save little by changing places."""

NOISES = (0.0, 0.02, 0.05, 0.1)

Costs = NDArray[np.float32]


class Window(NamedTuple):
    """Room to work in: for so many bins at once, and so many units."""

    bin: Indices
    drawn: Indices
    key: Metres
    unit: Indices
    old: Indices
    live: Indices
    elsewhere: Metres
    in_window: Indices
    core: Core
    saved: Metres
    m3: Metres
    kg: Metres
    number: Indices
    loss: Metres
    stat: Indices


def window(bins: int, units: int) -> Window:
    """Return empty room for so many bins and units."""
    ints, many = np.zeros((3, bins), np.intp), np.zeros((4, units), np.intp)
    floats = np.zeros((5, units))
    return Window(
        ints[0],
        ints[1],
        np.zeros(bins),
        many[0],
        many[1],
        many[2],
        floats[0],
        ints[2],
        core(),
        floats[1],
        floats[2],
        floats[3],
        many[3],
        floats[4],
        np.zeros(4, np.intp),
    )


@inlined
def _cost(floor: Floor, item: int, place: int) -> float:
    cost = 0.0
    for d in range(floor.item_factor.shape[1]):
        cost += floor.item_factor[item, d] * floor.bin_factor[place, d]
    if floor.price > 0:
        for k in range(floor.home_start[item], floor.home_start[item + 1]):
            if floor.home[k] == place:
                cost -= floor.price
    return cost


@inlined
def _drawn(w: Window, bins: Indices, prices: Metres, floor: Floor, random: State) -> int:
    """Draw bins of a stretch, the dearest mostly first; return how many."""
    total = len(bins)
    n = min(total, int(LEAST_BINS * (MOST_BINS / LEAST_BINS) ** uniform(random)))
    wide = min(total, int(n * (1 + (WIDEST - 1) * uniform(random) ** 2)))
    about = int(total * uniform(random) ** FOCUS)
    first = max(0, min(total - wide, about - below(random, wide)))
    for k in range(wide):
        w.drawn[k] = first + k
    for k in range(n):
        other = k + below(random, wide - k)
        w.bin[k], w.drawn[other] = w.drawn[other], w.drawn[k]
    shuffle = wide * 0.5 * max(0.0, 2 * uniform(random) - 1)
    for k in range(n):
        w.key[k] = w.bin[k] + shuffle * uniform(random)
    order = np.argsort(w.key[:n])
    for k in range(n):
        w.drawn[k] = bins[w.bin[order[k]]]
    for k in range(n):
        w.bin[k] = w.drawn[k]
    return n


@inlined
def _emptied(floor: Floor, layout: Layout, w: Window, n: int) -> tuple[int, float]:
    """Take all units that may move out of the bins; return how many they are and what they cost there."""
    units, cost = 0, 0.0
    for k in range(n):
        place = w.bin[k]
        w.in_window[place] = 1
        u = layout.head[place]
        while u >= 0:
            following = layout.after[u]
            if not floor.still[u]:
                w.unit[units], w.old[units], w.live[units] = u, place, 1
                units += 1
                take(floor, layout, u)
                cost += _cost(floor, floor.item[u], place)
            u = following
    return units, cost


@inlined
def _elsewhere(floor: Floor, layout: Layout, w: Window, units: int, bins: Indices, plain: bool) -> None:
    """Fill in what each unit costs in the cheapest bin outside that has room; a dear guess where there is none."""
    counts, slots, load_m3, load_kg = layout.counts, floor.slots, layout.load_m3, layout.load_kg
    left, right, may = floor.item_factor, floor.bin_factor, floor.may
    for k in range(units):
        item = floor.item[w.unit[k]]
        m3, kg, least, most = floor.volume_m3[item], floor.mass_kg[item], np.inf, 0.0
        for place in bins:
            cost = 0.0
            for d in range(left.shape[1]):
                cost += left[item, d] * right[place, d]
            most = max(most, cost)
            if (
                cost < least
                and w.in_window[place] == 0
                and may[item, place] != 0
                and counts[place] < slots[place]
                and load_m3[place] + m3 <= floor.room_m3[place]
                and load_kg[place] + kg <= floor.room_kg[place]
                and (plain or welcome(floor, layout, item, place, -1))
            ):
                least = cost
        w.elsewhere[k] = least if np.isfinite(least) else 2.0 * most


@inlined
def _regrets(floor: Floor, w: Window, n: int, units: int, prices: Metres, noise: float, random: State) -> Costs:
    """Return the least a unit costs in a bin filled later or elsewhere, prices of room included: (bins, units)."""
    later = np.empty((n, units), np.float32)
    left, right, may = floor.item_factor, floor.bin_factor, floor.may
    for k in range(units):
        later[n - 1, k] = w.elsewhere[k]
    for t in range(n - 1, 0, -1):
        place = w.bin[t]
        factor = 1.0 + noise * (2.0 * uniform(random) - 1.0)
        price, price_m3, price_kg = factor * prices[0, place], factor * prices[1, place], factor * prices[2, place]
        for k in range(units):
            item = floor.item[w.unit[k]]
            cost = price + price_m3 * floor.volume_m3[item] + price_kg * floor.mass_kg[item]
            for d in range(left.shape[1]):
                cost += left[item, d] * right[place, d]
            later[t - 1, k] = min(later[t, k], cost) if may[item, place] else later[t, k]
    return later


@inlined
def _fill(
    floor: Floor, layout: Layout, w: Window, place: int, units: int, later: Costs, prices: Metres, plain: bool
) -> None:
    """Put the best set of the live units into a bin."""
    wanted = 0
    room_m3, room_kg = floor.room_m3[place] - layout.load_m3[place], floor.room_kg[place] - layout.load_kg[place]
    slots, paid = floor.slots[place] - layout.counts[place], floor.price > 0
    left, right, may = floor.item_factor, floor.bin_factor, floor.may
    for k in range(units):
        item = floor.item[w.unit[k]]
        m3, kg = floor.volume_m3[item], floor.mass_kg[item]
        if w.live[k] == 0 or m3 > room_m3 or kg > room_kg or may[item, place] == 0:
            continue
        saved = later[k] - prices[0, place]
        for d in range(left.shape[1]):
            saved -= left[item, d] * right[place, d]
        if paid:
            for home in range(floor.home_start[item], floor.home_start[item + 1]):
                saved += floor.price if floor.home[home] == place else 0.0
        if saved > 0 and (plain or welcome(floor, layout, item, place, -1)):
            w.saved[wanted], w.m3[wanted], w.kg[wanted], w.number[wanted] = saved, m3, kg, k
            wanted += 1
    rent_m3, rent_kg = fair_prices(
        w.saved[:wanted], w.m3[:wanted], w.kg[:wanted], room_m3, room_kg, prices[1, place], prices[2, place]
    )
    for k in range(wanted):
        w.loss[k] = rent_m3 * w.m3[k] + rent_kg * w.kg[k] - w.saved[k]
    order = np.argsort(w.loss[:wanted])
    c, size = w.core, min(wanted, CORE)
    for k in range(size):
        at = order[k]
        c.loss[k], c.m3[k], c.kg[k], c.number[k] = w.loss[at], w.m3[at], w.kg[at], w.number[at]
        c.item[k] = floor.item[w.unit[c.number[k]]]
    count, _, _ = best_set(floor, c, size, slots, room_m3, room_kg, rent_m3, rent_kg, np.inf, NODES, plain)
    for d in range(count):
        k = c.number[c.chosen[d]]
        w.live[k] = 0
        put(floor, layout, w.unit[k], place)


@inlined
def _put_away(
    floor: Floor, layout: Layout, w: Window, units: int, bins: Indices, spent: float, limit: float, plain: bool
) -> float:
    """Put what is left where there is room, the most asked for first; return all costs, infinite above a limit."""
    rate, count = w.saved, 0
    for k in range(units):
        if w.live[k]:
            rate[count], w.number[count] = 0.0, k
            for d in range(floor.item_factor.shape[1]):
                rate[count] -= floor.item_factor[floor.item[w.unit[k]], d]
            count += 1
    for at in np.argsort(rate[:count]):
        k = w.number[at]
        item, least, chosen = floor.item[w.unit[k]], np.inf, -1
        for place in bins:
            if (
                floor.may[item, place] != 0
                and layout.counts[place] < floor.slots[place]
                and layout.load_m3[place] + floor.volume_m3[item] <= floor.room_m3[place]
                and layout.load_kg[place] + floor.mass_kg[item] <= floor.room_kg[place]
            ):
                cost = _cost(floor, item, place)
                if cost < least and (plain or welcome(floor, layout, item, place, -1)):
                    least, chosen = cost, place
        spent += least
        if spent >= limit:
            return np.inf
        w.live[k] = 0
        put(floor, layout, w.unit[k], chosen)
    return spent if spent < limit else np.inf


@inlined
def _undone(floor: Floor, layout: Layout, w: Window, units: int) -> None:
    for k in range(units):
        if not w.live[k]:
            take(floor, layout, w.unit[k])
    for k in range(units):
        put(floor, layout, w.unit[k], w.old[k])


@compiled
def refill(
    floor: Floor,
    layout: Layout,
    w: Window,
    bins: Indices,
    prices: Metres,
    rounds: int,
    whole: bool,
    plain: bool,
    heat: Metres,
    stale: NDArray[np.uint8],
    random: State,
) -> float:
    """Refill some of the bins, so many times; return what it changes. They stand in the order of their rents.

    `whole`: all of them at once, in that order. `prices[kind, bin]` of a place, a m3 and a kg. What costs more is kept
    as Metropolis' rule has it, at the temperature `heat[bin]` of one of them; bins that changed become `stale`.
    """
    change = 0.0
    for _ in range(rounds):
        if whole:
            n = len(bins)
            w.bin[:n] = bins
        else:
            n = _drawn(w, bins, prices, floor, random)
        units, before = _emptied(floor, layout, w, n)
        noise = 0.0 if whole else NOISES[below(random, len(NOISES))]
        _elsewhere(floor, layout, w, units, bins, plain)
        later = _regrets(floor, w, n, units, prices, noise, random)
        for t in range(n):
            _fill(floor, layout, w, w.bin[t], units, later[t], prices, plain)
        after = 0.0
        for k in range(units):
            if not w.live[k]:
                after += _cost(floor, floor.item[w.unit[k]], layout.place[w.unit[k]])
        limit = before * (1 - 1e-12) - heat[w.bin[below(random, n)]] * np.log(1.0 - uniform(random))
        after = _put_away(floor, layout, w, units, bins, after, limit, plain)
        for k in range(n):
            w.in_window[w.bin[k]] = 0
        w.stat[0] += 1
        if np.isfinite(after):
            change += after - before
            w.stat[1] += 1
            for k in range(n):
                stale[w.bin[k]] = 1
            for k in range(units):
                stale[layout.place[w.unit[k]]] = 1
        else:
            _undone(floor, layout, w, units)
    return change
