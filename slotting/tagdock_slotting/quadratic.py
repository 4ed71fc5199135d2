"""Affinity in single bins is a dense quadratic assignment; searched by tabu walks that are shaken where they stick.

Units are members, bins places, free bins members without flow. Zones and sizes are infinite linear costs. A walk ends
when it has found nothing better for some steps; some members of the best or of the last layout are then exchanged in a
ring and a new walk starts (iterated tabu search: A. Misevicius 2012, doi:10.1007/s10288-011-0165-5), after many small
kicks with a descent each (iterated local search: T. Stützle 2006), which suit flows of very different strength.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.model import Units
from tagdock_slotting.neighbourhood import Neighbourhood
from tagdock_slotting.objective import Objective

if TYPE_CHECKING:  # the compiler takes a second to start
    from tagdock_slotting.kernels.chance import State
    from tagdock_slotting.kernels.tabu import Standing

BINS_AT_MOST = 600
"""Bins of a dense search: a step looks at all pairs of them."""

STEPS_A_CUBE = 30
"""Steps taken in all, times bins cubed: what finds the best known layouts of the published cases of 20 to 42 bins."""

WALK_STEPS = 100
"""Steps without a new best that end a walk, in members."""

KICKS = 20
"""Kicks before each walk, in members: they take as long as a walk does."""

UNEVEN = 2.0
"""Standard deviation of flows over their mean (flow dominance, T. E. Vollmann, E. S. Buffa 1966) from which kicks are
tried: tai100b has 3.2 and gains by them, sko100a 1.1 and loses the time."""

PATIENCE = 5
"""Steps after which a swap that was never tried goes first, in members squared (Taillard's aspiration)."""

SHAKEN = (0.08, 0.4)
"""Least and greatest share of the members that are exchanged between walks."""

RETURN_AFTER = 8
"""Walks without a new best after which the search goes back to the best."""


def is_dense(objective: Objective, at_most: int | None) -> bool:
    """Return whether affinity, in bins of one item each, is what makes a problem hard, and it is small enough."""
    model, weights = objective.model, objective.model.problem.weights
    single = bool(np.all(model.slots == 1)) and model.bins <= BINS_AT_MOST
    routed = weights.routes > 0 and objective.router is not None
    return single and at_most is None and not routed and weights.affinity > 0 and len(objective.pairs.value) > 0


class DenseSearch:
    """The quadratic assignment of one problem."""

    def __init__(self, objective: Objective, bound: LinearBound, units: Units) -> None:
        model, self._units = objective.model, units
        everywhere = np.arange(model.bins)
        layout = Neighbourhood(objective, bound, units, None)
        self._way: Metres = np.asarray(model.between(everywhere[:, None], everywhere[None, :]), dtype=np.float64)
        self._flow = layout.flow(model.bins)
        self._linear = np.zeros((model.bins, model.bins))
        self._linear[: len(units)] = [
            np.where(model.allowed(np.array(item), everywhere), layout.unit_costs(item, everywhere), np.inf)
            for item in units.item
        ]
        free = np.setdiff1d(everywhere, units.bin)
        self._start: Indices = np.concatenate([units.bin, free]).astype(np.intp)

    def run(self, seed: int, out_of_time: Callable[[], bool]) -> Units:
        """Search until the steps are taken or time is up; return the best layout found."""
        from tagdock_slotting.kernels import tabu  # noqa: PLC0415 - the compiler takes a second to start
        from tagdock_slotting.kernels.chance import chance  # noqa: PLC0415

        random, draws = np.random.default_rng(seed), chance(seed)
        size, real = len(self._start), len(self._units)
        left, patient = STEPS_A_CUBE * size**3, WALK_STEPS * size
        at = self._kicked(self._start, draws, out_of_time)
        value, best, failed = float(at.value[tabu.BEST]), at.best.copy(), 0
        chunk = max(50, 4_000_000 // size**2)
        while left > 0 and not out_of_time():
            tabu.walk(at, chunk, PATIENCE * size**2, draws)
            left -= chunk
            if at.counts[tabu.STEPS] - at.counts[tabu.BEST_AT] < patient:
                continue
            failed += 1
            if at.value[tabu.BEST] < value - 1e-9 * max(1.0, abs(value)):
                value, best, failed = float(at.value[tabu.BEST]), at.best.copy(), 0
            elif failed % RETURN_AFTER == 0:
                at.best[:] = best
            at = self._kicked(self._shaken(at.best, random), draws, out_of_time)
        if at.value[tabu.BEST] < value:
            best = at.best
        return Units(self._units.item, best[:real].copy())

    def _kicked(self, place: Indices, draws: "State", out_of_time: Callable[[], bool]) -> "Standing":
        """Return a layout from which to walk: one from which small kicks have found nothing better for a while."""
        from tagdock_slotting.kernels import kicks, tabu  # noqa: PLC0415 - the compiler takes a second to start

        fixed, size = (self._flow, self._way, self._linear, len(self._units)), len(place)
        at, left = tabu.stand(*fixed, place), KICKS * size if self._is_uneven() else 0
        chunk = max(1, 20_000_000 // size**2)
        while left > 0 and not out_of_time():
            kicks.kick(at, min(left, chunk), draws)
            left -= chunk
        return tabu.stand(*fixed, at.best)

    def _is_uneven(self) -> bool:
        return float(self._flow.std()) >= UNEVEN * float(self._flow.mean())

    def _shaken(self, place: Indices, random: np.random.Generator) -> Indices:
        """Exchange some members in a ring; those that may not lie where they would come stay."""
        size = len(place)
        low, high = (max(least, int(share * size)) for least, share in zip((2, 5), SHAKEN, strict=True))
        count = min(size, int(random.integers(low, high + 1)))
        chosen = random.permutation(size)[:count]
        shaken = place.copy()
        for one, other in zip(chosen[1:], chosen[:-1], strict=True):
            there, here = shaken[other], shaken[one]
            if np.isfinite(self._linear[one, there]) and np.isfinite(self._linear[other, here]):
                shaken[one], shaken[other] = there, here
        return shaken
