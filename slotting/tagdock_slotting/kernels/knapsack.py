"""The best set of units for one bin: what they save there, within its places, volume and mass, by branch and bound.

With prices on volume and mass each unit has a loss: what its room is worth less what it saves. The best set has the
least losses, unused room counted; sets are tried unit by unit, those of the least loss first, and a branch ends where
losses alone exceed the best known. Prices are chosen anew for each bin, so that few losses are negative.

Source: 0-1 knapsacks by their core, D. Pisinger (1997), doi:10.1287/opre.45.5.758.
"""

from typing import NamedTuple

import numpy as np

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.annealing import Floor
from tagdock_slotting.kernels.compiled import inlined

CORE = 200
"""Units that are looked at for one bin, those of the least loss: further ones never were in a best set of ten."""

NODES = 20_000
"""Sets that are tried for one bin: half a millisecond."""


class Core(NamedTuple):
    """Room to work in for one bin: its units by loss, and what is known of those from each on."""

    loss: Metres
    m3: Metres
    kg: Metres
    item: Indices
    number: Indices
    below: Metres
    least_m3: Metres
    least_kg: Metres
    stack: Indices
    chosen: Indices


def core() -> Core:
    """Return empty room."""
    size = CORE + 1
    loss, m3, kg = np.zeros(size), np.zeros(size), np.zeros(size)
    item, number, stack = np.zeros(size, np.intp), np.zeros(size, np.intp), np.zeros(size, np.intp)
    least = np.zeros(size), np.zeros(size), np.zeros(size)
    return Core(loss, m3, kg, item, number, *least, stack, np.zeros(size, np.intp))


@inlined
def _marginal(saved: Metres, mine: Metres, other: Metres, paid: float, room: float, order: Indices) -> float:
    """Return the price of one kind of room at which what pays for it just fills it; the other kind's price is given.

    `order` is room to work in.
    """
    ratio, count = np.empty(len(saved)), 0
    for k in range(len(saved)):
        rest = saved[k] - paid * other[k]
        if rest > 0 and mine[k] > 0:
            ratio[count], order[count] = -rest / mine[k], k
            count += 1
    left = room
    by_ratio = np.argsort(ratio[:count])
    for k in by_ratio:
        left -= mine[order[k]]
        if left < 0:
            return float(-ratio[k])
    return 0.0


@inlined
def _worth(
    saved: Metres, m3: Metres, kg: Metres, price_m3: float, price_kg: float, room_m3: float, room_kg: float
) -> float:
    value = price_m3 * room_m3 * (price_m3 > 0) + price_kg * room_kg * (price_kg > 0)
    for k in range(len(saved)):
        value += max(0.0, saved[k] - price_m3 * m3[k] - price_kg * kg[k])
    return value


@inlined
def fair_prices(
    saved: Metres, m3: Metres, kg: Metres, room_m3: float, room_kg: float, price_m3: float, price_kg: float
) -> tuple[float, float]:
    """Return prices of volume and mass at which what pays for room about fills it; never worse ones than given.

    One kind after the other, twice: any prices are valid, good ones make the search short.
    """
    order = np.empty(len(saved), np.intp)
    before = np.inf if np.isinf(room_m3 + room_kg) else _worth(saved, m3, kg, price_m3, price_kg, room_m3, room_kg)
    new_m3, new_kg = price_m3 * np.isfinite(room_m3), price_kg * np.isfinite(room_kg)
    for _ in range(2):
        if np.isfinite(room_m3):
            new_m3 = _marginal(saved, m3, kg, new_kg, room_m3, order)
        if np.isfinite(room_kg):
            new_kg = _marginal(saved, kg, m3, new_m3, room_kg, order)
    if np.isfinite(before) and _worth(saved, m3, kg, new_m3, new_kg, room_m3, room_kg) > before:
        return price_m3, price_kg
    return new_m3, new_kg


@inlined
def _quarrels(floor: Floor, one: int, other: int) -> bool:
    found = one == other
    for k in range(floor.enemy_start[one], floor.enemy_start[one + 1]):
        found = found or floor.enemy[k] == other
    return found


@inlined
def best_set(
    floor: Floor,
    c: Core,
    units: int,
    slots: int,
    room_m3: float,
    room_kg: float,
    rent_m3: float,
    rent_kg: float,
    most: float,
    nodes: int,
    plain: bool,
) -> tuple[int, float, bool]:
    """Fill in which of the first `units` make the best set (positions in the core).

    They stand in the order of their losses; `rent_m3` and `rent_kg` are prices of unused room (0 where it is infinite).
    Returns how many there are, what the set loses, and whether no set loses less; sets that lose `most` or more are
    left out.
    """
    loss, m3, kg, stack, chosen = c.loss, c.m3, c.kg, c.stack, c.chosen
    c.below[units], c.least_m3[units], c.least_kg[units] = 0.0, np.inf, np.inf
    for k in range(units - 1, -1, -1):
        c.below[k] = c.below[k + 1] + min(loss[k], 0.0)
        c.least_m3[k], c.least_kg[k] = min(c.least_m3[k + 1], m3[k]), min(c.least_kg[k + 1], kg[k])
    unused = (rent_m3 * room_m3 if rent_m3 > 0 else 0.0) + (rent_kg * room_kg if rent_kg > 0 else 0.0)
    best, count, proven = min(most, unused), 0, False
    depth, k, lost, left_m3, left_kg = 0, 0, 0.0, room_m3, room_kg
    for _ in range(nodes):
        goes_in = False
        while k < units and depth < slots:
            if lost + (c.below[k] if loss[k] < 0 else loss[k]) >= best:
                break
            if c.least_m3[k] > left_m3 or c.least_kg[k] > left_kg:
                break
            if m3[k] <= left_m3 and kg[k] <= left_kg:
                goes_in = True
                if not plain:
                    for d in range(depth):
                        goes_in = goes_in and not _quarrels(floor, c.item[k], c.item[stack[d]])
                if goes_in:
                    break
            k += 1
        if goes_in:
            stack[depth] = k
            depth += 1
            lost, left_m3, left_kg = lost + loss[k], left_m3 - m3[k], left_kg - kg[k]
            unused = (rent_m3 * left_m3 if rent_m3 > 0 else 0.0) + (rent_kg * left_kg if rent_kg > 0 else 0.0)
            if lost + unused < best:
                best, count = lost + unused, depth
                for d in range(depth):
                    chosen[d] = stack[d]
        elif depth == 0:
            proven = True
            break
        else:
            depth -= 1
            k = stack[depth]
            lost, left_m3, left_kg = lost - loss[k], left_m3 + m3[k], left_kg + kg[k]
        k += 1
    return count, best, proven
