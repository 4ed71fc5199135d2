"""A sharper bound for shared rooms: a unit is worth something to bins, and each bin takes the best set of whole units.

What units are worth, less what all bins gain by the sets that are best for them alone, never exceeds the cost of a
legal layout, whatever the worths. Those that the linear programme's prices imply give its bound and more, because a bin
takes no part of a unit. Then the worth of units that no bin takes rises, and of those that several take it falls.

Source: Lagrangian relaxation, M. L. Fisher (1981), doi:10.1287/mnsc.27.1.1; steps: M. Held, P. Wolfe, H. P. Crowder
(1974), doi:10.1007/BF01580223, scaled by what units pay for room.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.model import Amounts, Model

PROCESSORS = 2

ROUNDS = 200
"""Times that worths change; 120 come within a hundredth part of the best bound (1,000 SKUs in 200 bins)."""

CHUNK = 100
"""Bins of each half that are looked at between two looks at the clock."""

NODES = 200_000
"""Sets that are looked at for one bin at most, some times."""

KEPT = 0.7
"""Share of a direction that the next one keeps."""

PATIENCE, SHORTER = 8, 0.7
"""After so many rounds without a better bound, steps become so much shorter."""

SHORTEST = 1e-3
"""Steps of this part of the first length improve nothing any more."""

LEAST_SCALE = 1e-3
"""What units that pay nothing for room are scaled by, as a share of what all pay on average."""


def worth_bound(model: Model, floor: Any, prices: Metres, value: float, left_s: Callable[[], float]) -> float:
    """Return a bound on what every legal layout of a `kernels` floor costs there; -inf where there was no time.

    `prices[kind, bin]` of a place, a m3 and a kg; `value` is what some layout costs.
    """
    worth, scale = _implied(model, floor, prices)
    bins, best, kept = _Bins(floor, prices), -np.inf, worth
    length, stalled, direction = 1.0, 0, np.zeros(len(worth))
    for _ in range(ROUNDS):
        taken = bins.take(worth, left_s)
        if taken is None or length < SHORTEST:
            break
        gained, lots = taken
        reached = float(model.needed @ worth) - gained
        stalled = 0 if reached > best else stalled + 1
        if reached > best:
            best, kept = reached, worth
        missing = (model.needed - lots).astype(np.float64)
        if stalled >= PATIENCE:
            length, stalled, worth, direction = SHORTER * length, 0, kept, np.zeros(len(worth))
            continue
        direction = KEPT * direction + missing
        if missing @ (scale * direction) <= 0:
            direction = missing
        slope = float(missing @ (scale * direction))
        if slope <= 0 or reached >= value:
            break
        worth = worth + length * (value - reached) / slope * scale * direction
    return best


def _implied(model: Model, floor: Any, prices: Metres) -> tuple[Amounts, Amounts]:
    """Return what a unit of each item is worth at prices of rooms, and what it pays for room."""
    worth, paid = np.zeros(model.items), np.zeros(model.items)
    for item, needed in enumerate(model.needed.tolist()):
        rent = prices[0] + model.volume_m3[item] * prices[1] + model.mass_kg[item] * prices[2]
        costs = floor.bin_factor @ floor.item_factor[item] + rent
        costs[floor.home[floor.home_start[item] : floor.home_start[item + 1]]] -= floor.price
        last = np.argpartition(np.where(floor.may[item] != 0, costs, np.inf), needed - 1)[needed - 1]
        worth[item], paid[item] = costs[last], rent[last]
    return worth, np.maximum(paid, LEAST_SCALE * paid.mean() + 1e-12)


class _Bins:
    """All bins, each with prices of its room at which sets are judged."""

    def __init__(self, floor: Any, prices: Metres) -> None:
        from tagdock_slotting.kernels import knapsack, taking  # noqa: PLC0415 - the compiler takes a second to start

        self._floor = floor
        self._prices, self._gained = np.ascontiguousarray(prices[1:]).copy(), taking.gained
        self._cores = [knapsack.core() for _ in range(PROCESSORS)]

    def take(self, worth: Amounts, left_s: Callable[[], float]) -> tuple[float, Indices] | None:
        """Return what all bins gain at most, and how many take each item; None where time is up before."""
        bins = np.arange(len(self._floor.slots))
        lots, gained = np.zeros((PROCESSORS, len(worth)), dtype=np.intp), 0.0
        with ThreadPoolExecutor(PROCESSORS) as pool:
            for first in range(0, len(bins), PROCESSORS * CHUNK):
                if left_s() <= 0:
                    return None
                some = bins[first : first + PROCESSORS * CHUNK]
                jobs = [
                    pool.submit(
                        self._gained,
                        self._floor,
                        self._cores[k],
                        some[k::PROCESSORS].copy(),
                        worth,
                        self._prices,
                        NODES,
                        lots[k],
                    )
                    for k in range(PROCESSORS)
                ]
                gained += sum(float(job.result()) for job in jobs)
        return gained, lots.sum(axis=0)
