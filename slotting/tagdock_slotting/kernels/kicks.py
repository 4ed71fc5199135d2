"""Small kicks to a dense quadratic assignment, each followed by a descent that looks only near what moved.

A thousand kicks take what a tabu walk takes. Where few pairs are far stronger than the rest, they find more.
Sources: T. Stützle (2006), doi:10.1016/j.ejor.2005.01.066; don't-look bits: J. L. Bentley (1992),
doi:10.1287/ijoc.4.4.387.
"""

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.distance import Indices
from tagdock_slotting.kernels.chance import State, below
from tagdock_slotting.kernels.compiled import compiled, inlined
from tagdock_slotting.kernels.tabu import BEST, NOW, Standing, swap_change, trade

Flags = NDArray[np.bool_]

STRONGEST = 8
"""Members that a kick exchanges at most, two at least."""


@compiled
def kick(at: Standing, rounds: int, random: State) -> None:
    """Kick and descend; what is not worse stays. The changes of swaps are out of date afterwards."""
    size = len(at.place)
    taken, looks = np.zeros((8 * size, 2), dtype=np.intp), np.zeros(size, dtype=np.bool_)
    for _ in range(rounds):
        worth = 1e-9 * max(1.0, abs(at.value[BEST]))
        count, change = _kicked(at, taken, looks, random)
        count, change = _descended(at, taken, looks, count, change, worth)
        if change > worth:
            for step in range(count - 1, -1, -1):
                trade(at, taken[step, 0], taken[step, 1])
            continue
        at.value[NOW] += change
        if at.value[NOW] < at.value[BEST] - worth:
            at.value[BEST] = at.value[NOW]
            at.best[:] = at.place


@inlined
def _kicked(at: Standing, taken: Indices, looks: Flags, random: State) -> tuple[int, float]:
    """Exchange some members in a ring; return how many swaps that took and what they change."""
    size, count = len(at.place), 0
    change: float = 0.0
    one = below(random, size)
    for _ in range(1 + below(random, min(STRONGEST, size) - 1)):
        other = below(random, size)
        low, high = min(one, other), max(one, other)
        if low == high or low >= at.real:
            continue
        worse = swap_change(at, low, high)
        if np.isfinite(worse):
            trade(at, low, high)
            taken[count, 0], taken[count, 1] = low, high
            looks[low] = looks[high] = True
            count, change = count + 1, change + worse
    return count, change


@inlined
def _descended(
    at: Standing, taken: Indices, looks: Flags, count: int, change: float, worth: float
) -> tuple[int, float]:
    """Take each swap that pays, of members that moved with any other, until none does."""
    size, looking = len(at.place), True
    while looking:
        looking = False
        for one in range(size):
            if not looks[one]:
                continue
            looks[one] = False
            for other in range(size):
                low, high = min(one, other), max(one, other)
                if low == high or low >= at.real or count == len(taken):
                    continue
                saved = swap_change(at, low, high)
                if saved < -worth:
                    trade(at, low, high)
                    taken[count, 0], taken[count, 1] = low, high
                    looks[one] = looks[other] = looking = True
                    count, change = count + 1, change + saved
    return count, change
