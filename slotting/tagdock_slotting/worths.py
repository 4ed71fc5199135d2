"""A sharper bound for shared rooms: a unit is worth something to bins, and each bin takes the best set of whole units.

What units are worth, less what all bins gain by the sets that are best for them alone, never exceeds the cost of a
legal layout, whatever the worths. Those that the linear programme's prices imply give its bound and more, because a bin
takes no part of a unit. Then the worth of units that no bin takes rises, and of those that several take it falls: first
as the dearest bins want it, where most is lost, all others being paid the rent of their room and no worth rising above
what a unit costs there; then as all do.

Source: Lagrangian relaxation, M. L. Fisher (1981), doi:10.1287/mnsc.27.1.1; steps: M. Held, P. Wolfe, H. P. Crowder
(1974), doi:10.1007/BF01580223, scaled by what units pay for room.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.model import Amounts, Model

PROCESSORS = 2

ROUNDS = 200
"""Times that worths change; 120 come within a hundredth part of the best bound (1,000 SKUs in 200 bins)."""

DEAREST = ((32, 120), (128, 20))
"""Bins that units are taken by at first, the dearest, and how often their worths change: of what 1,000 bins lose above
the linear programme, 30 lose half and 100 three quarters. About 3 s of a processor each."""

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
    ascent = _Ascent(model.needed, _Bins(floor, prices), scale, value, left_s)
    rent = _rent(floor, prices)
    dearest, best = np.argsort(-rent, kind="stable"), -np.inf
    for count, rounds in (*(few for few in DEAREST if few[0] < model.bins), (model.bins, ROUNDS)):
        some, others = np.sort(dearest[:count]), np.sort(dearest[count:])
        most, surplus = _elsewhere(model, floor, prices, worth, others)
        takers = _Takers(some, most, float(rent[others].sum()) + surplus)
        reached, worth = ascent.run(takers, worth, rounds)
        best = max(best, reached)
    return best


@dataclass(frozen=True)
class _Takers:
    """Some bins; worths stay at most `most`, at which all others together gain at most `others_gain`."""

    bins: Indices
    most: Amounts
    others_gain: float


@dataclass(frozen=True)
class _Ascent:
    """Changes worths by what bins take."""

    needed: Indices
    bins: "_Bins"
    scale: Amounts
    value: float
    left_s: Callable[[], float]

    def run(self, takers: _Takers, worth: Amounts, rounds: int) -> tuple[float, Amounts]:
        """Return the best bound of some rounds and its worths; -inf and the same worths where there was no time."""
        best, kept, length, stalled, direction = -np.inf, worth, 1.0, 0, np.zeros(len(worth))
        for _ in range(rounds):
            taken = self.bins.take(takers.bins, worth, self.left_s)
            if taken is None or length < SHORTEST:
                break
            gained, lots = taken
            reached = float(self.needed @ worth) - gained - takers.others_gain
            stalled = 0 if reached > best else stalled + 1
            if reached > best:
                best, kept = reached, worth
            missing = (self.needed - lots).astype(np.float64)
            if stalled >= PATIENCE:
                length, stalled, worth, direction = SHORTER * length, 0, kept, np.zeros(len(worth))
                continue
            free = (missing < 0) | (worth < takers.most)
            missing = np.where(free, missing, 0.0)
            direction = np.where(free, KEPT * direction + missing, 0.0)
            if missing @ (self.scale * direction) <= 0:
                direction = missing
            slope = float(missing @ (self.scale * direction))
            if slope <= 0 or reached >= self.value:
                break
            step = length * (self.value - reached) / slope * self.scale * direction
            worth = np.minimum(takers.most, worth + step)
        return best, kept


def _elsewhere(model: Model, floor: Any, prices: Metres, worth: Amounts, others: Indices) -> tuple[Amounts, float]:
    """Return what units may be worth at most, and what other bins then gain above their rent, in all, at most.

    A unit that is worth no more than it costs in each of them, rent included, gains them nothing.
    """
    most, surplus = np.full(len(worth), np.inf), 0.0
    for item in range(len(worth)) if len(others) else ():
        costs = _costs(model, floor, prices, item)[0][others]
        most[item] = max(worth[item], costs.min())
        surplus += float(np.maximum(0.0, worth[item] - costs).sum())
    return most, surplus


def _rent(floor: Any, prices: Metres) -> Amounts:
    """Return what all room of each bin is worth."""
    room = np.array([floor.slots, floor.room_m3, floor.room_kg], dtype=np.float64)
    return np.asarray(np.where(prices > 0, prices * np.where(np.isfinite(room), room, 0.0), 0.0).sum(axis=0))


def _costs(model: Model, floor: Any, prices: Metres, item: int) -> tuple[Amounts, Amounts]:
    """Return what a unit costs in each bin, rent included (infinite where it may not lie), and the rent."""
    rent = prices[0] + model.volume_m3[item] * prices[1] + model.mass_kg[item] * prices[2]
    costs = floor.bin_factor @ floor.item_factor[item] + rent
    costs[floor.home[floor.home_start[item] : floor.home_start[item + 1]]] -= floor.price
    return np.where(floor.may[item] != 0, costs, np.inf), rent


def _implied(model: Model, floor: Any, prices: Metres) -> tuple[Amounts, Amounts]:
    """Return what a unit of each item is worth at prices of rooms, and what it pays for room."""
    worth, paid = np.zeros(model.items), np.zeros(model.items)
    for item, needed in enumerate(model.needed.tolist()):
        costs, rent = _costs(model, floor, prices, item)
        last = np.argpartition(costs, needed - 1)[needed - 1]
        worth[item], paid[item] = costs[last], rent[last]
    return worth, np.maximum(paid, LEAST_SCALE * paid.mean() + 1e-12)


class _Bins:
    """All bins, each with prices of its room at which sets are judged."""

    def __init__(self, floor: Any, prices: Metres) -> None:
        from tagdock_slotting.kernels import knapsack, taking  # noqa: PLC0415 - the compiler takes a second to start

        self._floor = floor
        self._prices, self._gained = np.ascontiguousarray(prices[1:]).copy(), taking.gained
        self._cores = [knapsack.core() for _ in range(PROCESSORS)]

    def take(self, bins: Indices, worth: Amounts, left_s: Callable[[], float]) -> tuple[float, Indices] | None:
        """Return what some bins gain at most, and how many take each item; None where time is up before."""
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
