"""The best layouts with few relocations: a price on each relocation, varied until the number fits.

Each price gives a layout that is the best of all with its number of relocations (a corner of the convex hull of the
frontier) and a bound for every other number.

Source: Lagrangian relaxation, M. L. Fisher (1981), doi:10.1287/mnsc.27.1.1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tagdock_slotting.model import Model, Units
from tagdock_slotting.relocation import (
    Chain,
    Step,
    chains,
    executable_steps,
    executed_chains,
    saves_m_per_day,
    wanted_steps,
)
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
        self.relaxation = relaxation
        self._cost = cost
        self.corners: list[Corner] = []

    def at(self, price: float, *, exact: bool = True) -> Corner | None:
        """Solve at a price; None where no layout keeps the rules."""
        relaxed: Relaxed | None = self.relaxation.solve(price, exact=exact)
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
        if self.relaxation.sparse and held.price > 0:
            self.at(held.price, exact=True)  # the points on the way were in a hurry: this one gives the bound
        units = self._fill(held, free, at_most)
        count = relocations(self.relaxation.bound.model, units)
        return Corner(units, self._cost(units), count, held.price, held.bound)

    def between(self, free: Corner, held: Corner) -> Corner | None:
        """Look for a corner below the line through two; None where the line is the frontier."""
        if free.relocations <= held.relocations:
            return None
        price = (held.cost - free.cost) / (free.relocations - held.relocations)
        if price <= 0:
            return None
        found = self.at(price, exact=False)
        if found is None or not held.relocations < found.relocations < free.relocations:
            return None
        on_line = held.cost - price * (found.relocations - held.relocations)
        return found if found.cost < on_line - 1e-9 * max(1.0, abs(on_line)) else None

    def _fill(self, held: Corner, free: Corner, at_most: int) -> Units:
        """Take over as many whole chains from the freer layout as the number of relocations allows."""
        model = self.relaxation.bound.model
        homes = set(zip(model.current.item.tolist(), model.current.bin.tolist(), strict=True))
        taken: list[Step] = []
        left = at_most - held.relocations
        for chain in chains(model, wanted_steps(model, free.units, held.units)):
            more = sum(((step.item, step.start) in homes) - ((step.item, step.goal) in homes) for step in chain)
            if more <= left and self._pays(chain, more):
                taken += chain
                left -= more
        return with_steps(held.units, taken)

    def _pays(self, chain: list[Step], relocated: int) -> bool:
        bound, moves = self.relaxation.bound, self.relaxation.bound.model.problem.moves
        pulled = sum(bound.pull[step.item] * (bound.trip_m[step.start] - bound.trip_m[step.goal]) for step in chain)
        price = moves.cost_m_per_move / moves.horizon_days if moves.model == "per_move" else 0.0
        return float(sum(saves_m_per_day(bound.model, chain)) + pulled) > price * relocated


def paying(model: Model, units: Units, at_most: int | None, price_m_per_day: float) -> Units:
    """Return a layout without the chains of moves that are too many, or that never pay for all their steps.

    A chain counts with the steps that only make room. The most rewarding are kept.
    """
    kept: list[Chain] = []
    for chain in executed_chains(model, units):
        fits = at_most is None or sum(len(other.steps) for other in kept) + len(chain.steps) <= at_most
        cost = price_m_per_day * chain.carries
        if fits and (not cost or sum(saves_m_per_day(model, chain.wanted)) > cost):
            kept.append(chain)
    changed = with_steps(model.current, [step for chain in kept for step in chain.wanted])
    while at_most is not None and kept and len(executable_steps(model, changed)) > at_most:
        kept.pop()  # what a chain left out would have made free was waiting room of another
        changed = with_steps(model.current, [step for chain in kept for step in chain.wanted])
    return changed


def with_steps(units: Units, steps: list[Step]) -> Units:
    """Return a layout after some steps."""
    goal = {(step.item, step.start): step.goal for step in steps}
    pairs = zip(units.item.tolist(), units.bin.tolist(), strict=True)
    return Units(units.item, np.array([goal.get(pair, pair[1]) for pair in pairs], dtype=np.intp)).sorted()
