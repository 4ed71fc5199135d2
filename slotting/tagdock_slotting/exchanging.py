"""Layouts that share rooms, and whose cost is linear: annealed by swaps of two bins and by filling some anew.

First all bins are filled anew, the dearest first. Then stretches of rounds: two bins swap units, or a few are filled
anew. What costs more is kept too, the seldomer the colder it is: temperatures are shares of the rent of each bin's
room, so that dear and cheap bins freeze at the same time. Before each stretch the bins are split at random in two;
each half plays among itself, so that the two never touch the same bin and the outcome does not depend on which is
faster. Most rounds lie near the doors, where room is dearest.

Source: S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi (1983), doi:10.1126/science.220.4598.671.
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

SWAPS, REFILLS = 4000, 40
"""Rounds of swaps and of fillings of each half before bins are split anew: about 6 ms each. Without fillings a layout
ends 0.06 % worse, with 100 instead of 40 0.01 %."""

STRETCHES_A_BIN, FEWEST_STRETCHES = 4, 100
"""Stretches in all, for each bin and at least: 1,000 bins take a minute of two processors."""

HOTTEST, COLDEST = 1.5e-3, 2e-5
"""First and last temperature, as shares of a bin's rent. (5,000 SKUs in 1,000 bins, 30 s of a processor: from ten times
as hot 0.2 % worse; from twice as hot 0.01 to 0.03 %.)"""

FROZEN = 0.92
"""Part of the stretches after which nothing that costs more is kept."""

LATE = 0.05
"""Where a larger part of the time than of the stretches is gone, by so much, temperatures follow the time."""

TOLD = 20
"""Stretches after which a better layout is told."""

SEEDS = 1_000_003
"""What a half's seed is multiplied by: halves do not draw alike."""


@dataclass(frozen=True)
class Exchanging:
    """A search by swaps and fillings; `prices[kind, bin]` of a place, a m3 and a kg say where room is dear."""

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
        """Search from a legal layout until the rounds are played; where time is short, it gets cold sooner."""
        from tagdock_slotting.kernels import swaps  # noqa: PLC0415 - the compiler takes a second to start
        from tagdock_slotting.kernels.chance import chance  # noqa: PLC0415

        units, random = start.sorted(), np.random.default_rng(seed)
        floor, layout = self.arrays(units)
        plain = not len(floor.enemy) and len(units) == self.objective.model.items
        dearest = np.ascontiguousarray(floor.near[1])
        shared = floor, layout, swaps.sums(len(floor.slots), floor.item_factor.shape[1])
        halves = [_Half(shared, self.prices, plain, chance(SEEDS * seed + k)) for k in range(PROCESSORS)]
        value = self.objective.terms(units).total() + halves[0].fill(dearest)
        best, kept, whole_s = value, layout.place.copy(), max(left_s(), 1e-9)
        wanted = max(FEWEST_STRETCHES, STRETCHES_A_BIN * len(dearest))
        with ThreadPoolExecutor(PROCESSORS - 1) as pool:
            for stretch in range(wanted):
                part, spent = stretch / wanted, 1 - left_s() / whole_s
                if spent >= 1:
                    break
                part = spent if spent > part + LATE else part
                heat = HOTTEST * (COLDEST / HOTTEST) ** (part / FROZEN) if part < FROZEN else 0.0
                side = random.permutation(len(dearest)) % PROCESSORS
                others = [pool.submit(half.play, dearest[side == k], heat) for k, half in enumerate(halves) if k]
                value += halves[0].play(dearest[side == 0], heat) + sum(other.result() for other in others)
                if value < best:
                    best, kept = value, layout.place.copy()
                if improved is not None and (stretch + 1) % TOLD == 0:
                    improved(Units(units.item, kept))
        return Units(units.item, kept)

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
    """One of those that play at the same time; they share what is kept of each bin."""

    def __init__(self, shared: tuple[Any, Any, Any], prices: Metres, plain: bool, random: Any) -> None:
        from tagdock_slotting.kernels import refill, swaps  # noqa: PLC0415

        floor, layout, sums = self._swapped = shared
        self._swap, self._refill = swaps.swap, refill.refill
        self._refilled = (floor, layout, refill.window(len(floor.slots), len(floor.item)))
        self._prices, self._plain, self._random = np.ascontiguousarray(prices), plain, random
        room = np.array([floor.slots, floor.room_m3, floor.room_kg], dtype=np.float64)
        self._rent = np.where(prices > 0, prices * np.where(np.isfinite(room), room, 0.0), 0.0).sum(axis=0)
        self._stale = sums.stale

    def fill(self, bins: Indices) -> float:
        """Fill all of some bins anew, where that is better; return what it changes."""
        return self._fill(self._by_rent(bins), 1, 0.0, whole=True)

    def play(self, bins: Indices, heat: float) -> float:
        """Play a stretch of rounds among some bins at a share of their rents; return what it changes."""
        if len(bins) < 2:
            return 0.0
        bins = self._by_rent(bins)
        how: tuple[Any, ...] = (bins, SWAPS, heat * self._rent, self._plain, self._random)
        return float(self._swap(*self._swapped, *how)) + self._fill(bins, REFILLS, heat, whole=False)

    def _by_rent(self, bins: Indices) -> Indices:
        return bins[np.argsort(-self._rent[bins], kind="stable")]

    def _fill(self, bins: Indices, rounds: int, heat: float, *, whole: bool) -> float:
        how: tuple[Any, ...] = (self._prices, rounds, whole, self._plain, heat * self._rent, self._stale, self._random)
        return float(self._refill(*self._refilled, bins, *how))
