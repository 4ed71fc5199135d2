"""Affinity in single bins is a dense quadratic assignment: annealed again and again, and walked through by tabu search.

Units are members, bins places, free bins members without flow. Zones and sizes are infinite linear costs. Annealing
starts from anywhere and takes twice as long each time, up to a limit (D. T. Connolly 1990,
doi:10.1016/0377-2217(90)90301-Q). Between two of these, tabu walks go on from the best layout. A walk ends when it has
found nothing better for some steps; some members of the best or of the last layout are then exchanged in a ring and a
new walk starts (iterated tabu search: A. Misevicius 2012, doi:10.1007/s10288-011-0165-5), after many small kicks with a
descent each (iterated local search: T. Stützle 2006), which suit flows of very different strength.

Two lanes search at the same time and never meet: the outcome depends on the seed alone.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.model import Units
from tagdock_slotting.neighbourhood import Neighbourhood
from tagdock_slotting.objective import Objective

if TYPE_CHECKING:  # the compiler takes a second to start
    from tagdock_slotting.kernels.tabu import Standing

BINS_AT_MOST = 600
"""Bins of a dense search: a step looks at all pairs of them."""

PROCESSORS = 2

STEPS_A_CUBE = 30
"""Steps taken in all, times bins cubed: what finds the best known layouts of the published cases of 20 to 42 bins."""

FIRST_SWEEPS, LAST_SWEEPS = 250, 16_000
"""Looks at all swaps in the first and the longest annealing: a tenth of a second and 7 s of a processor at 150 bins."""

FIRST_WORK = 2_000_000_000
"""Sweeps times bins cubed of the first annealing at most: a third of a second, where there are more than 200 bins."""

ALIKE = 2
"""Annealings of each length in a lane, one after the other: which valley they end in is chance."""

HOTTEST, COLDEST = 0.5, 0.003
"""First and last temperature, as shares of what a random swap changes. Colder starts miss valleys (tai100b: 2 % instead
of 0.2), hotter ones lose time."""

DRAWS = 5000
"""Random swaps by which that is measured."""

STEPS_A_SWEEP = 2
"""Steps of a walk for each sweep before: half to a quarter of its time."""

SEEDS = 1_000_003
"""What a lane's seed is multiplied by: lanes do not draw alike."""

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
        lanes = [Lane(self, self._start, SEEDS * seed + k) for k in range(PROCESSORS)]
        with ThreadPoolExecutor(PROCESSORS - 1) as pool:
            others = [pool.submit(lane.run, out_of_time) for lane in lanes[1:]]
            lanes[0].run(out_of_time)
            for other in others:
                other.result()
        best = min(lanes, key=lambda lane: lane.value)
        return Units(self._units.item, best.place[: self.real].copy())

    @property
    def real(self) -> int:
        """Members that are units; the others are empty places."""
        return len(self._units)

    def stand(self, place: Indices) -> "Standing":
        """Set a layout up for walking."""
        from tagdock_slotting.kernels import tabu  # noqa: PLC0415 - the compiler takes a second to start

        return tabu.stand(self._flow, self._way, self._linear, self.real, place)

    def is_uneven(self) -> bool:
        """Return whether few flows are far stronger than the others."""
        return float(self._flow.std()) >= UNEVEN * float(self._flow.mean())

    def shaken(self, place: Indices, random: np.random.Generator) -> Indices:
        """Return a layout in which some members are exchanged in a ring; who may not lie where it would come stays."""
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


class Lane:
    """One of the searches that run at the same time; `place` is its best layout, `value` what that costs."""

    def __init__(self, search: DenseSearch, start: Indices, seed: int) -> None:
        from tagdock_slotting.kernels.chance import chance  # noqa: PLC0415 - the compiler takes a second to start

        self._search, self._random, self._draws = search, np.random.default_rng(seed), chance(seed)
        self._at = search.stand(start)
        self.place, self.value = start, float(self._at.value.min())
        self._failed = 0

    def run(self, out_of_time: Callable[[], bool]) -> None:
        """Anneal and walk in turn until the steps are taken or time is up."""
        cube = len(self.place) ** 3
        left = STEPS_A_CUBE * cube // PROCESSORS
        sweeps, alike = min(FIRST_SWEEPS, max(10, FIRST_WORK // cube)), 0
        while left > 0 and not out_of_time():
            if self._kept(self._annealed(sweeps, out_of_time)):
                self._at, self._failed = self._kicked(self.place, out_of_time), 0
            steps = min(left, STEPS_A_SWEEP * sweeps)
            self._walked(steps, out_of_time)
            left, alike = left - steps, alike + 1
            if alike % ALIKE == 0:
                sweeps = min(LAST_SWEEPS, 2 * sweeps)

    def _kept(self, at: "Standing") -> bool:
        """Keep the best layout of a standing if it is the lane's; return whether it is."""
        if at.value.min() >= self.value - 1e-9 * max(1.0, abs(self.value)):
            return False
        self.value, self.place = float(at.value.min()), at.best.copy()
        return True

    def _annealed(self, sweeps: int, out_of_time: Callable[[], bool]) -> "Standing":
        """Anneal from anywhere."""
        from tagdock_slotting.kernels import cooling  # noqa: PLC0415 - the compiler takes a second to start

        at, size = self._search.stand(self.place), len(self.place)
        cooling.cool(at, 1, np.inf, 1.0, self._draws)
        dear = cooling.dearness(at, DRAWS, self._draws)
        factor = (COLDEST / HOTTEST) ** (1 / max(1, sweeps - 1))
        chunk, done = max(1, 20_000_000 // size**3), 0
        while done < sweeps and dear > 0 and not out_of_time():
            count = min(chunk, sweeps - done)
            cooling.cool(at, count, HOTTEST * dear * factor**done, factor, self._draws)
            done += count
        return at

    def _walked(self, steps: int, out_of_time: Callable[[], bool]) -> None:
        """Walk on for some steps; where nothing better was found for long, from a layout shaken."""
        from tagdock_slotting.kernels import tabu  # noqa: PLC0415 - the compiler takes a second to start

        size = len(self.place)
        chunk, patient = max(50, 4_000_000 // size**2), WALK_STEPS * size
        while steps > 0 and not out_of_time():
            tabu.walk(self._at, min(chunk, steps), PATIENCE * size**2, self._draws)
            steps -= chunk
            if self._at.counts[tabu.STEPS] - self._at.counts[tabu.BEST_AT] < patient:
                continue
            self._failed = 0 if self._kept(self._at) else self._failed + 1
            origin = self.place if self._failed % RETURN_AFTER == 0 else self._at.best
            self._at = self._kicked(self._search.shaken(origin, self._random), out_of_time)
        self._kept(self._at)

    def _kicked(self, place: Indices, out_of_time: Callable[[], bool]) -> "Standing":
        """Return a layout from which to walk: one from which small kicks have found nothing better for a while."""
        from tagdock_slotting.kernels import kicks  # noqa: PLC0415 - the compiler takes a second to start

        at, size = self._search.stand(place), len(place)
        left, chunk = KICKS * size if self._search.is_uneven() else 0, max(1, 20_000_000 // size**2)
        while left > 0 and not out_of_time():
            kicks.kick(at, min(left, chunk), self._draws)
            left -= chunk
        return self._search.stand(at.best)
