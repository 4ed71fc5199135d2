"""Problem in, plan out."""

import time
from collections.abc import Callable
from importlib.metadata import version

from msgspec.structs import replace

from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.errors import UnsolvedError
from tagdock_slotting.frontier import frontier
from tagdock_slotting.gate import Verdict
from tagdock_slotting.lawler import affinity_bound
from tagdock_slotting.model import Model, Units, build_model
from tagdock_slotting.moves import list_moves
from tagdock_slotting.objective import Objective
from tagdock_slotting.plan import Plan, Status, Terms
from tagdock_slotting.problem import Problem
from tagdock_slotting.relocation import ON_TRUCK, executable_steps
from tagdock_slotting.rules import is_legal
from tagdock_slotting.search import Search
from tagdock_slotting.solvers.areas import choose_areas
from tagdock_slotting.solvers.budget import Corner, Sweep, paying
from tagdock_slotting.solvers.conflict import conflicts, too_much
from tagdock_slotting.solvers.packing import Answer, Packer
from tagdock_slotting.solvers.relaxation import Relaxation, build_relaxation, by_rates, relocations
from tagdock_slotting.solvers.rooms import shares_of_room

PROVEN_WITHIN = 1e-6
"""An optimal plan exceeds its lower bound by at most this fraction of its objective (taken as 1 m a day at least)."""

FRONTIER_CORNERS = 6
"""Corners of the frontier that are worked out; prefixes of the plan's moves give points between them."""


def solve(
    problem: Problem,
    time_limit_s: float = 60.0,
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
    tell: Callable[[float, float], None] | None = None,
) -> Plan:
    """Find the best layout and the moves that lead there; `tell` hears objective and bound of legal layouts on the way.

    The plan depends on problem and seed alone unless the time limit (seconds) cuts it short; what one flow solves
    takes the time it takes. Raises UnsolvedError where no legal layout was found and none was excluded.
    """
    solving = _Solving(build_model(problem), time_limit_s, seed, clock, tell)
    return solving.plan_together() if problem.together else solving.plan()


class _Solving:
    """One problem being solved."""

    def __init__(
        self,
        model: Model,
        time_limit_s: float,
        seed: int,
        clock: Callable[[], float],
        tell: Callable[[float, float], None] | None = None,
    ) -> None:
        self._tell = tell
        self._started, self._limit_s, self._clock = clock(), time_limit_s, clock
        self._seed = seed
        self._model = model
        self._objective = Objective(self._model)
        self._relaxation: Relaxation = build_relaxation(linear_bound(self._model), self._is_late)
        self._sweep = Sweep(self._relaxation, self._relaxation.cost)
        self._at_most = model.problem.moves.at_most
        self._searched_bound = -float("inf")
        self._verdict: Verdict | None = None

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

    def plan_together(self) -> Plan:
        """Work out the plan where families stay together: within areas chosen first, bounded as if they were free."""
        free = self._sweep.at(0.0)
        if too_much(self._model) or free is None:
            return self.plan()

        def worth(narrow: Model) -> float | None:
            relaxation = build_relaxation(linear_bound(narrow))
            relaxed = relaxation.solve()
            return None if relaxed is None else relaxation.cost(relaxed.units)

        narrow = choose_areas(self._model, worth, lambda: self._spent_s() > self._limit_s / 3)
        if narrow is None:
            raise UnsolvedError(
                "together: no area was found for every family to lie in as a whole, and none was proven impossible; "
                "give the families more room or let one of them lie apart"
            )
        inner = _Solving(narrow, max(0.0, self._limit_s - self._spent_s()), self._seed, self._clock, self._tell)
        plan = inner.plan()
        if plan.objective_m_per_day is None:
            raise UnsolvedError(f"together: in the areas tried this can't be kept: {'; '.join(plan.broken_rules)}")
        proven = self._is_proven(plan.objective_m_per_day)
        bound = min(plan.objective_m_per_day, self._bound())
        status: Status = "optimal" if proven else "feasible"
        return replace(plan, status=status, lower_bound_m_per_day=bound, seconds=round(self._spent_s(), 3))

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
        if not proven and not (legal and self._is_best_of_many()):
            legal += self._acceptable(self._search(starts))
        return legal

    def _is_best_of_many(self) -> bool:
        """Return whether the network sees everything and is so large that exchanges would not close its last gap."""
        relaxation = self._relaxation
        return relaxation.bound.exact and relaxation.sparse is not None and self._at_most is None

    def _search(self, starts: list[Units]) -> list[Units]:
        bound = self._relaxation.bound
        search = Search(
            self._objective,
            bound,
            self._at_most,
            self._seed,
            self._left_s,
            by_rates=by_rates,
            programme=shares_of_room,
            improved=self._improved,
        )
        found = search.run(starts)
        self._verdict = search.verdict
        self._searched_bound = max(search.bound_m_per_day, affinity_bound(self._objective, bound))
        return found

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
        return min(legal, key=lambda units: (self._executed(units), relocations(self._model, units)))

    def _acceptable(self, layouts: list[Units]) -> list[Units]:
        """Return the layouts that are legal, cut down to the moves that are allowed."""
        cut = [self._affordable(units) for units in layouts]
        legal = [units for units in cut if units is not None and is_legal(self._model, units)]
        if self._tell is not None and legal:
            self._tell(min(map(self._value, legal)), self._bound())
        return legal

    def _improved(self, units: Units) -> None:
        """Tell of what the search found, where somebody listens."""
        if self._tell is not None:
            self._acceptable([units])

    def _affordable(self, units: Units) -> Units | None:
        """Return a layout that is reached with the moves allowed, steps that only make room included.

        What is too much loses whole chains of moves, the least rewarding first; None where new items forbid that.
        """
        steps = executable_steps(self._model, units)
        fits = self._at_most is None or len(steps) <= self._at_most
        price = self._step_price if self._relaxation.bound.exact else 0.0
        if len(self._model.current) == len(units) and (price or not fits):
            cut = paying(self._model, units, self._at_most, price)
            if is_legal(self._model, cut):
                return cut
        return units if fits else None

    @property
    def _step_price(self) -> float:
        moves = self._model.problem.moves
        return moves.cost_m_per_move / moves.horizon_days if moves.model == "per_move" else 0.0

    def _executed(self, units: Units) -> float:
        """Return the objective with each step paid for, also those that only make room."""
        if not self._step_price:
            return self._value(units)
        carries = sum(step.goal != ON_TRUCK for step in executable_steps(self._model, units))
        return self._value(units) + self._step_price * (carries - relocations(self._model, units))

    def _value(self, units: Units) -> float:
        return self._objective.terms(units).total()

    def _is_proven(self, value: float) -> bool:
        return value <= self._bound() + PROVEN_WITHIN * max(1.0, abs(value))

    def _bound(self) -> float:
        return max(self._sweep.bound_m_per_day(self._at_most), self._searched_bound)

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
            frontier=frontier(self._model, [corner.units for corner in (held, *corners)], units, self._value),
            broken_rules=(),
            solver=f"min-cost flow, ortools {version('ortools')}, seed {self._seed}{self._proof()}",
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

    def _proof(self) -> str:
        return "" if self._verdict is None else f"; {self._verdict}"

    def _spent_s(self) -> float:
        return self._clock() - self._started

    def _is_late(self) -> bool:
        return self._left_s() <= 0

    def _left_s(self) -> float:
        return self._limit_s - self._spent_s()
