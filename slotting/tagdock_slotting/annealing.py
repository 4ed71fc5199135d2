"""Everything that is searched and is no dense quadratic assignment: annealing from the relaxation's layout.

The temperature falls from a share of what a random legal step costs to a thousandth of that, over a number of steps
that depends on the problem's size. Where the time left would not do for them (measured as it goes), it falls faster.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.model import Units
from tagdock_slotting.neighbourhood import unit_pairs
from tagdock_slotting.objective import Objective

STEPS_A_UNIT = 20_000
"""Steps in all, for each unit; a million a second where no tours are measured."""

STAGES = 200
"""Temperatures."""

HOTTEST, COLDEST = 0.1, 1e-4
"""First and last temperature, as shares of the mean cost of a random legal step that costs."""

PROBED_STEPS = 4000
"""Steps by which temperature and speed are measured, at most; one a unit at least."""

RELIEF_STAGES, RELIEF_STEPS = 40, 100
"""Prices tried on what is too much in a bin, and steps a unit at each."""

PAIRS_AT_MOST = 200_000_000
"""Items times bins up to which it is kept who may lie where, a byte each."""


@dataclass(frozen=True)
class Annealing:
    """A search by annealing; `at_most` bounds relocations."""

    objective: Objective
    bound: LinearBound
    at_most: int | None
    hottest: float = HOTTEST
    steps_a_unit: int = STEPS_A_UNIT

    def suits(self) -> bool:
        """Return whether the problem is small enough to be put into arrays."""
        return self.objective.model.items * self.objective.model.bins <= PAIRS_AT_MOST

    def run(self, start: Units, seed: int, left_s: Callable[[], float]) -> Units:
        """Search until the steps are taken or time is up; return the best layout met at the end of a stage."""
        from tagdock_slotting.kernels import annealing as loop  # noqa: PLC0415 - the compiler takes a second to start
        from tagdock_slotting.kernels.chance import chance  # noqa: PLC0415

        units, random = start.sorted(), chance(seed)
        fixed, orders, layout = self._arrays(units)
        floor = fixed[0]
        if not len(floor.movable):
            return start
        steps = self.steps_a_unit * len(units)
        probed = min(steps, max(PROBED_STEPS, len(units)))
        began = time.perf_counter()
        dear = loop.anneal(*fixed, orders, layout, probed, 0.0, random)
        pace_s = (time.perf_counter() - began) / probed
        best, value = layout.place.copy(), float(layout.value[0])
        taken, stage = probed, 0
        while stage <= STAGES and left_s() > 0:
            heat = 0.0 if stage == STAGES else dear * self.hottest * (COLDEST / self.hottest) ** (stage / STAGES)
            share = max(1, STAGES + 1 - stage)
            count = max(1, min((steps - taken) // share, int(left_s() / share / max(pace_s, 1e-9))))
            began = time.perf_counter()
            loop.anneal(*fixed, orders, layout, count, heat, random)
            taken += count
            pace_s = 0.7 * pace_s + 0.3 * (time.perf_counter() - began) / count
            stage += 1
            if layout.value[0] < value:
                best, value = layout.place.copy(), float(layout.value[0])
        return Units(units.item, best)

    def relieved(self, start: Units, seed: int, left_s: Callable[[], float]) -> Units | None:
        """Return a layout near a given one in which no bin holds too much; None where none is found."""
        from tagdock_slotting.kernels.chance import chance  # noqa: PLC0415
        from tagdock_slotting.kernels.relief import relieve  # noqa: PLC0415

        units, random = start.sorted(), chance(seed)
        fixed, _, layout = self._arrays(units)
        dear = max(1e-9, float(np.abs(self.objective.model.unit_costs(units)).mean()))
        for attempt in range(RELIEF_STAGES):
            heat, price = dear * 0.02 * 0.9**attempt, dear * 4.0 * 1.25**attempt
            if left_s() <= 0:
                break
            if relieve(fixed[0], layout, RELIEF_STEPS * len(units), price, heat, random) == 0.0:
                return Units(units.item, layout.place.copy())
        return None

    def _arrays(self, units: Units) -> tuple[tuple[Any, Any, Any], Any, Any]:
        from tagdock_slotting import arrays  # noqa: PLC0415

        model = self.objective.model
        pairs = unit_pairs(self.objective, units)
        floor = arrays.floor_of(self.objective, self.bound, units, pairs, self.at_most)
        fixed = (floor, arrays.ways_of(model, paired=len(pairs.value) > 0), arrays.grid_of(model))
        orders = arrays.orders_of(self.objective)
        today = model.current.item * model.bins + model.current.bin
        moved = len(today) - int(np.isin(today, units.item * model.bins + units.bin).sum())
        return fixed, orders, arrays.layout_of(floor, fixed[2], orders, units, moved)
