"""What bins would take if each unit were worth something to them: the most that each can gain, and by which units.

Bins are independent, each a knapsack of whole units; what they gain at most bounds every layout. Sets are told apart
by what they lose against prices of the bin's room (see `knapsack`); only those are sought that lose less than a limit,
which is small, so that few units come into question. Where even that is too much work the limit falls: a bin's gain is
then known less sharply, never wrongly.
"""

import numpy as np

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.annealing import Floor
from tagdock_slotting.kernels.compiled import compiled, inlined
from tagdock_slotting.kernels.knapsack import CORE, Core, best_set, fair_prices

TRIES = 6
"""Limits that are tried for one bin at most."""

FAIR = 0.02
"""Items that lose less than this share of a bin's rent say what its room is worth."""

FEW_NODES = 2000
"""Sets that are looked at for a good one."""


@inlined
def _losses(floor: Floor, place: int, worth: Metres, price_m3: float, price_kg: float, loss: Metres) -> None:
    """Fill in what each item loses in a bin: what it costs there, room included, less what it is worth."""
    left, right, paid = floor.item_factor, floor.bin_factor, floor.price > 0
    for item in range(len(loss)):
        lost = price_m3 * floor.volume_m3[item] + price_kg * floor.mass_kg[item] - worth[item]
        for d in range(left.shape[1]):
            lost += left[item, d] * right[place, d]
        if paid:
            for home in range(floor.home_start[item], floor.home_start[item + 1]):
                lost -= floor.price if floor.home[home] == place else 0.0
        loss[item] = lost if floor.may[item, place] else np.inf


@inlined
def _gathered(floor: Floor, c: Core, place: int, loss: Metres, limit: float) -> tuple[int, float]:
    """Put the items that lose less than a limit (not below 0) into the core, by loss; return how many, and the next."""
    found, count = np.flatnonzero(loss < limit), 0
    for at in np.argsort(loss[found]):
        item = found[at]
        m3, kg = floor.volume_m3[item], floor.mass_kg[item]
        if m3 > floor.room_m3[place] or kg > floor.room_kg[place]:
            continue
        if count == CORE:
            return count, loss[item]
        c.loss[count], c.m3[count], c.kg[count], c.item[count] = loss[item], m3, kg, item
        count += 1
    return count, limit


@inlined
def _fair(floor: Floor, c: Core, count: int, place: int, price_m3: float, price_kg: float) -> tuple[float, float]:
    """Return prices of a bin's room at which the units in the core about fill it."""
    room_m3, room_kg = floor.room_m3[place], floor.room_kg[place]
    saved = np.empty(count)
    for k in range(count):
        saved[k] = price_m3 * c.m3[k] + price_kg * c.kg[k] - c.loss[k]
    return fair_prices(saved, c.m3[:count], c.kg[:count], room_m3, room_kg, price_m3, price_kg)


@inlined
def _least(
    floor: Floor, c: Core, place: int, loss: Metres, price_m3: float, price_kg: float, nodes: int, taken: Indices
) -> tuple[int, float]:
    """Fill in the items of a set that loses little; return how many, and what every set loses at least.

    A good set is sought first. Then only units come into question that lose less than it, all gains counted: either it
    is the best, or a better one is found; where that is too much work, sets that lose half as much are ruled out.
    """
    room_m3, room_kg, slots = floor.room_m3[place], floor.room_kg[place], floor.slots[place]
    high = (price_m3 * room_m3 if price_m3 > 0 else 0.0) + (price_kg * room_kg if price_kg > 0 else 0.0)
    low, count, hard = 0.0, 0, False
    for item in range(len(loss)):
        if floor.volume_m3[item] <= room_m3 and floor.mass_kg[item] <= room_kg:
            low += min(0.0, loss[item])
    below, limit = low, np.inf
    sought = FAIR * high
    for attempt in range(1 + TRIES):
        size, limit = _gathered(floor, c, place, loss, sought)
        most = high if attempt == 0 else min(high, below + limit)
        tried, reached, proven = best_set(
            floor, c, size, slots, room_m3, room_kg, price_m3, price_kg, most, nodes if attempt else FEW_NODES, True
        )
        if tried > 0:
            count, high = tried, reached
            for d in range(tried):
                taken[d] = c.item[c.chosen[d]]
        if attempt > 0 and proven:
            low = max(low, reached)
        hard = hard or (attempt > 0 and not proven)
        if low >= high or (hard and proven):
            break
        sought = (0.5 * (low + min(high, most)) if hard else high) - below
    return count, low


@compiled
def gained(floor: Floor, c: Core, bins: Indices, worth: Metres, prices: Metres, nodes: int, lots: Indices) -> float:
    """Return the most that some bins can gain in all; add to `lots[item]` how many of them take it.

    An item is worth `worth[item]` less what it costs in the bin. `prices[kind, bin]` of m3 and kg are started from, and
    changed for the next time (any will do); `nodes` sets are looked at in each bin at most, some times.
    """
    total, loss, taken = 0.0, np.empty(len(worth)), np.empty(CORE, np.intp)
    for place in bins:
        room_m3, room_kg = floor.room_m3[place], floor.room_kg[place]
        price_m3, price_kg, rent = 0.0, 0.0, 0.0
        for again in range(2):
            price_m3 = prices[0, place] if np.isfinite(room_m3) else 0.0
            price_kg = prices[1, place] if np.isfinite(room_kg) else 0.0
            rent = (price_m3 * room_m3 if price_m3 > 0 else 0.0) + (price_kg * room_kg if price_kg > 0 else 0.0)
            _losses(floor, place, worth, price_m3, price_kg, loss)
            if not again:
                size, _ = _gathered(floor, c, place, loss, FAIR * rent)
                prices[0, place], prices[1, place] = _fair(floor, c, size, place, price_m3, price_kg)
        count, least = _least(floor, c, place, loss, price_m3, price_kg, nodes, taken)
        for d in range(count):
            lots[taken[d]] += 1
        total += rent - least
    return total
