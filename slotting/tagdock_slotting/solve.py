"""Problem in, plan out."""

import time
from collections.abc import Callable
from importlib.metadata import version

from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.errors import UnsolvedError
from tagdock_slotting.model import Model, Units, build_model
from tagdock_slotting.moves import list_moves
from tagdock_slotting.objective import Objective
from tagdock_slotting.plan import FrontierPoint, Plan, Terms
from tagdock_slotting.problem import Problem
from tagdock_slotting.relocation import chains, executable_steps, wanted_steps
from tagdock_slotting.rules import is_legal
from tagdock_slotting.search import Search
from tagdock_slotting.solvers.budget import Corner, Sweep, with_steps
from tagdock_slotting.solvers.conflict import conflicts, too_much
from tagdock_slotting.solvers.packing import Answer, Packer
from tagdock_slotting.solvers.relaxation import Relaxation, build_relaxation, relocations

PROVEN_WITHIN = 1e-6
"""An optimal plan exceeds its lower bound by at most this fraction of its objective (taken as 1 m a day at least)."""

FRONTIER_CORNERS = 6
"""Corners of the frontier that are worked out; prefixes of the plan's moves give points between them."""

PREFIXES = 12
"""Prefixes of the plan's moves that become points of the frontier."""


def solve(
    problem: Problem, time_limit_s: float = 60.0, seed: int = 0, clock: Callable[[], float] = time.monotonic
) -> Plan:
    """Find the best layout and the moves that lead there.

    The plan depends on problem and seed alone unless the time limit (seconds) cuts the search short; what is proven
    optimal takes the time it takes. Raises UnsolvedError where no legal layout was found and none was excluded.
    """
    return _Solving(problem, time_limit_s, seed, clock).plan()


class _Solving:
    """One problem being solved."""

    def __init__(self, problem: Problem, time_limit_s: float, seed: int, clock: Callable[[], float]) -> None:
        self._started, self._limit_s, self._clock = clock(), time_limit_s, clock
        self._seed = seed
        self._model: Model = build_model(problem)
        self._objective = Objective(self._model)
        self._relaxation: Relaxation = build_relaxation(linear_bound(self._model))
        self._sweep = Sweep(self._relaxation, self._relaxation.cost)
        self._at_most = problem.moves.at_most

    def plan(self) -> Plan:
        """Work out the plan."""
        if findings := too_much(self._model):
            return self._infeasible(findings)
        free = self._sweep.at(0.0)
        if free is None:
            return self._infeasible(conflicts(self._relaxation))
        held = self._held(free)
        if self._at_most is not None and held.relocations > self._at_most:
            rule = f"moves.at_most: {self._at_most} moves are allowed and the other rules force {held.relocations}"
            return self._infeasible((rule,))
        if self._at_most is None or free.relocations <= self._at_most:
            best = free
        else:
            best = self._sweep.within(self._at_most, free, held)
        corners = self._frontier_corners(free, held)
        legal = self._legal_layouts([best, held, *corners])
        if not legal:
            return self._packed(held, corners)
        return self._finish(self._cheapest(legal), held, corners)

    def _held(self, free: Corner) -> Corner:
        """Return the layout that relocates nothing but what rules force; new items are put away as well as can be."""
        model = self._model
        if not len(model.current):
            return free
        if is_legal(model, model.current):
            return Corner(model.current, self._relaxation.cost(model.current), 0, 0.0, -float("inf"))
        return self._sweep.at(self._relaxation.holding_price()) or free

    def _frontier_corners(self, free: Corner, held: Corner) -> list[Corner]:
        """Find corners between two layouts, halving the widest stretch of the frontier first."""
        found, stretches = [free], [(free, held)]
        while stretches and len(found) < FRONTIER_CORNERS and self._spent_s() < self._limit_s / 2:
            stretches.sort(key=lambda ends: ends[0].relocations - ends[1].relocations)
            more, less = stretches.pop()
            middle = self._sweep.between(more, less)
            if middle is not None:
                found.append(middle)
                stretches += [(more, middle), (middle, less)]
        return found

    def _legal_layouts(self, corners: list[Corner]) -> list[Units]:
        """Return legal and affordable layouts, searched for where the network does not see everything."""
        starts = [corner.units for corner in corners]
        legal = self._acceptable(starts)
        proven = any(self._is_proven(self._value(units)) for units in legal)
        if not proven:
            legal += self._acceptable(self._search(starts))
        return legal

    def _search(self, starts: list[Units]) -> list[Units]:
        bound = self._relaxation.bound
        return Search(self._objective, bound, self._at_most, self._seed, self._out_of_time).run(starts)

    def _packed(self, held: Corner, corners: list[Corner]) -> Plan:
        """Look for any legal layout exactly, and improve it; or prove that there is none."""
        packer = Packer(self._model, self._seed, max(1.0, self._limit_s - self._spent_s()))
        found = packer.pack()
        if found is Answer.IMPOSSIBLE:
            return self._infeasible((packer.conflict(),))
        legal = self._acceptable(self._search([found])) if isinstance(found, Units) else []
        if not legal:
            raise UnsolvedError(
                f"no legal layout was found within {self._limit_s:g} s, and none was proven impossible; "
                "give more time or more moves, or loosen capacities or keep_apart"
            )
        return self._finish(self._cheapest(legal), held, corners)

    def _cheapest(self, legal: list[Units]) -> Units:
        return min(legal, key=lambda units: (self._value(units), relocations(self._model, units)))

    def _acceptable(self, layouts: list[Units]) -> list[Units]:
        """Return the layouts that are legal, cut down to the moves that are allowed."""
        cut = [self._affordable(units) for units in layouts]
        return [units for units in cut if units is not None and is_legal(self._model, units)]

    def _affordable(self, units: Units) -> Units | None:
        """Return a layout that is reached with the moves allowed, steps that only make room included.

        What is too much loses whole chains of moves, the least rewarding first; None where new items forbid that.
        """
        if self._at_most is None or len(executable_steps(self._model, units)) <= self._at_most:
            return units
        if len(self._model.current) != len(units):
            return None
        kept, steps = self._model.current, 0
        for chain in chains(self._model, wanted_steps(self._model, units)):
            more = len(executable_steps(self._model, with_steps(self._model.current, chain)))
            if steps + more <= self._at_most:
                kept, steps = with_steps(kept, chain), steps + more
        return kept

    def _value(self, units: Units) -> float:
        return self._objective.terms(units).total()

    def _is_proven(self, value: float) -> bool:
        return value <= self._bound() + PROVEN_WITHIN * max(1.0, abs(value))

    def _bound(self) -> float:
        return self._sweep.bound_m_per_day(self._at_most)

    def _finish(self, units: Units, held: Corner, corners: list[Corner]) -> Plan:
        terms = self._objective.terms(units)
        value = terms.total()
        moves = list_moves(self._objective, units)
        return Plan(
            status="optimal" if self._is_proven(value) else "feasible",
            objective_m_per_day=value,
            lower_bound_m_per_day=min(value, self._bound()),
            current_m_per_day=self._current(held),
            terms=terms,
            assignment=self._model.layout(units),
            moves=moves,
            frontier=self._frontier([held, *corners], units),
            broken_rules=(),
            solver=f"min-cost flow, ortools {version('ortools')}, seed {self._seed}",
            seconds=round(self._spent_s(), 3),
        )

    def _current(self, held: Corner) -> float | None:
        """Return what doing nothing costs; None where nothing lies anywhere or new items find no room."""
        model = self._model
        if not len(model.current):
            return None
        if len(model.current) == model.needed.sum():
            return self._value(model.current)
        return self._value(held.units) if held.relocations == 0 else None

    def _frontier(self, corners: list[Corner], units: Units) -> tuple[FrontierPoint, ...]:
        """List what each number of relocations is worth: corners, and prefixes of the plan itself."""
        if not len(self._model.current):
            return ()
        layouts = [corner.units for corner in corners] + self._prefixes(units) + [units]
        points = sorted(
            (relocations(self._model, layout), self._value(layout))
            for layout in layouts
            if is_legal(self._model, layout)
        )
        best: list[FrontierPoint] = []
        for count, value in points:
            if not best or value < best[-1].objective_m_per_day - 1e-9 * max(1.0, abs(value)):
                best.append(FrontierPoint(count, value))
        return tuple(best)

    def _prefixes(self, units: Units) -> list[Units]:
        if len(self._model.current) != len(units):
            return []  # new items may need the bins that the later moves make free
        groups = chains(self._model, wanted_steps(self._model, units))
        stride = max(1, len(groups) // PREFIXES)
        return [
            with_steps(self._model.current, [step for chain in groups[:stop] for step in chain])
            for stop in range(stride, len(groups), stride)
        ]

    def _infeasible(self, findings: tuple[str, ...]) -> Plan:
        model = self._model
        whole = len(model.current) == model.needed.sum()
        return Plan(
            status="infeasible",
            objective_m_per_day=None,
            lower_bound_m_per_day=None,
            current_m_per_day=self._value(model.current) if whole else None,
            terms=Terms(),
            assignment={},
            moves=(),
            frontier=(),
            broken_rules=findings,
            solver=f"min-cost flow, ortools {version('ortools')}",
            seconds=round(self._spent_s(), 3),
        )

    def _spent_s(self) -> float:
        return self._clock() - self._started

    def _out_of_time(self) -> bool:
        return self._spent_s() >= self._limit_s
