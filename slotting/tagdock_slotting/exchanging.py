"""Layouts that share rooms, and whose cost is linear: bins are filled anew and exchange bundles, on two processors.

First all bins are filled anew, the dearest first. Then rounds: many bins exchange bundles at once, a few are filled
anew. Before each stretch of rounds the bins are split at random in two; each half plays among itself, so that the two
never touch the same bin and the outcome does not depend on which is faster. Most rounds lie near the doors, where room
is dearest.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.model import Units
from tagdock_slotting.neighbourhood import unit_pairs
from tagdock_slotting.objective import Objective
from tagdock_slotting.worths import worth_bound

PROCESSORS = 2

STRETCH, REFILLS = 1000, 150
"""Rounds of exchanges and of fillings of each half before bins are split anew: about 40 and 80 ms."""

STRETCHES_A_BIN = 5
"""Stretches in all, for each bin, and 20 at least: twice what two processors do in a minute (1,000 bins)."""

FEWEST_STRETCHES = 20

WORTH, PATIENCE = 1e-5, 0.2
"""Where the last part of the stretches (of all) saved less than this share, it is enough."""

SEEDS = 1_000_003
"""What a half's seed is multiplied by: halves do not draw alike."""


@dataclass(frozen=True)
class Exchanging:
    """A search by exchanges of bundles; `prices[kind, bin]` of a place, a m3 and a kg say where room is dear."""

    objective: Objective
    bound: LinearBound
    prices: Metres

    def suits(self, at_most: int | None) -> bool:
        """Return whether cost is linear in the layout and nothing limits the moves."""
        problem = self.objective.model.problem
        routed = problem.weights.routes > 0 and self.objective.router is not None
        return at_most is None and not routed and not len(self.objective.pairs.value)

    def sharper(self, units: Units, left_s: Callable[[], float]) -> float:
        """Return a bound on every layout's cost from sets of whole units, given a good layout; -inf if time is up."""
        model = self.objective.model
        floor, _ = self.arrays(units.sorted())
        constant = float(self.bound.constant + floor.price * len(model.current))
        value = self.objective.terms(units).total()
        return constant + worth_bound(model, floor, self.prices, value - constant, left_s)

    def run(
        self,
        start: Units,
        seed: int,
        left_s: Callable[[], float],
        improved: Callable[[Units], None] | None = None,
    ) -> Units:
        """Search from a legal layout until the rounds are played, none pays any more or time is up."""
        from tagdock_slotting.kernels.chance import chance  # noqa: PLC0415 - the compiler takes a second to start

        units, random = start.sorted(), np.random.default_rng(seed)
        floor, layout = self.arrays(units)
        plain = not len(floor.enemy) and len(units) == self.objective.model.items
        dearest = np.ascontiguousarray(floor.near[1])
        halves = [_Half(floor, layout, self.prices, plain, chance(SEEDS * seed + k)) for k in range(PROCESSORS)]
        value = self.objective.terms(units).total() + halves[0].fill(dearest)
        history = [value]
        wanted = max(FEWEST_STRETCHES, STRETCHES_A_BIN * len(dearest))
        back = max(FEWEST_STRETCHES, int(PATIENCE * wanted))
        with ThreadPoolExecutor(PROCESSORS - 1) as pool:
            while len(history) <= wanted and left_s() > 0:
                side = random.permutation(len(dearest)) % PROCESSORS
                others = [pool.submit(half.play, dearest[side == k]) for k, half in enumerate(halves) if k]
                change = halves[0].play(dearest[side == 0]) + sum(other.result() for other in others)
                history.append(history[-1] + change)
                if improved is not None and change < 0 and len(history) % FEWEST_STRETCHES == 0:
                    improved(Units(units.item, layout.place.copy()))
                if len(history) > back and history[-1 - back] - history[-1] <= WORTH * abs(value):
                    break
        return Units(units.item, layout.place.copy())

    def arrays(self, units: Units) -> tuple[Any, Any]:
        """Return a legal layout as loops see it: what stays as it is, and what changes."""
        from tagdock_slotting import arrays  # noqa: PLC0415

        model = self.objective.model
        floor = arrays.floor_of(self.objective, self.bound, units, unit_pairs(self.objective, units), None)
        told = (floor.item_factor != 0).any(axis=0) & (floor.bin_factor != 0).any(axis=0)
        item_factor, bin_factor = floor.item_factor[:, told], floor.bin_factor[:, told]
        floor = floor._replace(
            item_factor=np.ascontiguousarray(item_factor), bin_factor=np.ascontiguousarray(bin_factor)
        )
        layout = arrays.layout_of(floor, arrays.grid_of(model), arrays.orders_of(self.objective), units, 0)
        return floor, layout


class _Half:
    """One of those that play at the same time."""

    def __init__(self, floor: Any, layout: Any, prices: Metres, plain: bool, random: Any) -> None:
        from tagdock_slotting.kernels import exchange, refill  # noqa: PLC0415

        bins, units = len(floor.slots), len(floor.item)
        self._exchange, self._refill = exchange.exchange, refill.refill
        self._exchanged = (floor, layout, exchange.bundles(bins, floor.item_factor.shape[1]))
        self._refilled = (floor, layout, refill.window(bins, units))
        self._prices, self._plain, self._random = np.ascontiguousarray(prices), plain, random
        room = np.array([floor.slots, floor.room_m3, floor.room_kg], dtype=np.float64)
        self._rent = np.where(prices > 0, prices * np.where(np.isfinite(room), room, 0.0), 0.0).sum(axis=0)

    def fill(self, bins: Indices) -> float:
        """Fill all of some bins anew, where that is better; return what it changes."""
        return self._fill(bins, 1, whole=True)

    def play(self, bins: Indices) -> float:
        """Play a stretch of rounds among some bins, the nearest first; return what it changes."""
        if len(bins) < 2:
            return 0.0
        change = float(self._exchange(*self._exchanged, bins, self._prices, STRETCH, self._plain, self._random))
        return change + self._fill(bins, REFILLS, whole=False)

    def _fill(self, bins: Indices, rounds: int, *, whole: bool) -> float:
        dearest = bins[np.argsort(-self._rent[bins], kind="stable")]
        how: tuple[Any, ...] = (self._prices, rounds, whole, self._plain, self._random)
        return float(self._refill(*self._refilled, dearest, *how))
