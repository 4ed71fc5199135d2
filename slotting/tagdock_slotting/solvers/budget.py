"""The best layouts with few relocations: a price on each relocation, varied until the number fits.

Each price gives a layout that is the best of all with its number of relocations (a corner of the convex hull of the
frontier) and a bound for every other number.

Source: Lagrangian relaxation, M. L. Fisher (1981), doi:10.1287/mnsc.27.1.1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tagdock_slotting.model import Units
from tagdock_slotting.relocation import Step, chains, wanted_steps
from tagdock_slotting.solvers.relaxation import Relaxation, Relaxed, relocations

CORNERS_AT_MOST = 40
"""Prices tried for one budget; the search is finite and takes about ten."""


@dataclass(frozen=True)
class Corner:
    """A layout, its linear cost without price, and the price that it is best at."""

    units: Units
    cost: float
    relocations: int
    price: float
    bound: float


class Sweep:
    """Corners of the frontier, found on demand and kept."""

    def __init__(self, relaxation: Relaxation, cost: Callable[[Units], float]) -> None:
        self._relaxation = relaxation
        self._cost = cost
        self.corners: list[Corner] = []

    def at(self, price: float) -> Corner | None:
        """Solve at a price; None where no layout keeps the rules."""
        relaxed: Relaxed | None = self._relaxation.solve(price)
        if relaxed is None:
            return None
        corner = Corner(relaxed.units, self._cost(relaxed.units), relaxed.relocations, price, relaxed.bound)
        self.corners.append(corner)
        return corner

    def bound_m_per_day(self, at_most: int | None) -> float:
        """Return the best lower bound on layouts with at most so many relocations."""
        if at_most is None:
            return max(corner.bound for corner in self.corners if corner.price == 0)
        return max(corner.bound - corner.price * at_most for corner in self.corners)

    def within(self, at_most: int, free: Corner, held: Corner) -> Corner:
        """Find the corner with at most so many relocations, between one with too many and one with few enough."""
        for _ in range(CORNERS_AT_MOST):
            middle = self.between(free, held)
            if middle is None:
                break
            free, held = (free, middle) if middle.relocations <= at_most else (middle, held)
        units = self._fill(held, free, at_most)
        count = relocations(self._relaxation.bound.model, units)
        return Corner(units, self._cost(units), count, held.price, held.bound)

    def between(self, free: Corner, held: Corner) -> Corner | None:
        """Look for a corner below the line through two; None where the line is the frontier."""
        if free.relocations <= held.relocations:
            return None
        price = (held.cost - free.cost) / (free.relocations - held.relocations)
        if price <= 0:
            return None
        found = self.at(price)
        if found is None or not held.relocations < found.relocations < free.relocations:
            return None
        on_line = held.cost - price * (found.relocations - held.relocations)
        return found if found.cost < on_line - 1e-9 * max(1.0, abs(on_line)) else None

    def _fill(self, held: Corner, free: Corner, at_most: int) -> Units:
        """Take over as many whole chains from the freer layout as the number of relocations allows."""
        model = self._relaxation.bound.model
        units = held.units
        for chain in chains(model, wanted_steps(model, free.units, held.units)):
            changed = with_steps(units, chain)
            if relocations(model, changed) <= at_most and self._cost(changed) < self._cost(units):
                units = changed
        return units


def with_steps(units: Units, steps: list[Step]) -> Units:
    """Return a layout after some steps."""
    goal = {(step.item, step.start): step.goal for step in steps}
    pairs = zip(units.item.tolist(), units.bin.tolist(), strict=True)
    return Units(units.item, np.array([goal.get(pair, pair[1]) for pair in pairs], dtype=np.intp)).sorted()
