"""Is there any legal layout at all? Answered exactly, by constraint programming, where no search found one.

Bin packing with forbidden company has no useful linear bound; OR-Tools' CP-SAT proves small cases either way.
"""

from enum import Enum

import numpy as np
from ortools.sat.python import cp_model

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import ALONE, Amounts, Flags, Model, Units
from tagdock_slotting.rules import is_legal

VARIABLES_AT_MOST = 100_000
"""Item-bin pairs that are put to the solver; larger cases stay undecided."""

SHRUNK_AT_MOST = 40
"""Conflicts are made small by leaving out items one by one where there are at most so many."""

STEPS = 2.0**40
"""The largest bin's room in integer units: sums of 1,000 amounts stay exact to the rules' tolerance."""

SHARED = ("volume_m3", "mass_kg")
KINDS = (*(rule for rule in ALONE if rule not in SHARED), "keep_apart", *SHARED, "items_at_most")
Rules = frozenset[str]
Variables = dict[tuple[int, int], cp_model.IntVar]


class Answer(Enum):
    """What is known when there is no layout to show."""

    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


class Packer:
    """Asks for legal layouts of one problem, under some of its rules, until the time is up."""

    def __init__(self, model: Model, seed: int, time_limit_s: float) -> None:
        self._model, self._seed, self._time_limit_s = model, seed, time_limit_s

    def pack(self) -> Units | Answer:
        """Find a legal layout of all items, or prove that there is none."""
        found = self._ask(np.arange(self._model.items), frozenset(KINDS))
        return Answer.UNKNOWN if isinstance(found, Units) and not is_legal(self._model, found) else found

    def conflict(self) -> str:
        """Name rules and items that can't be kept together, given that packing is impossible."""
        items, rules = np.arange(self._model.items), frozenset(KINDS)
        for kind in KINDS:
            if self._ask(items, rules - {kind}) is Answer.IMPOSSIBLE:
                rules -= {kind}
        if len(items) <= SHRUNK_AT_MOST:
            for item in items.tolist():
                if self._ask(items[items != item], rules) is Answer.IMPOSSIBLE:
                    items = items[items != item]
        names = ", ".join(repr(self._model.problem.items[item].sku) for item in items[:10].tolist())
        more = f" and {len(items) - 10} more" if len(items) > 10 else ""
        return f"{' + '.join(kind for kind in KINDS if kind in rules)}: no layout holds {names}{more}"

    def _ask(self, items: Indices, rules: Rules) -> Units | Answer:
        allowed = self._allowed(items, rules)
        if np.count_nonzero(allowed) > VARIABLES_AT_MOST:
            return Answer.UNKNOWN
        program = cp_model.CpModel()
        lies = {(int(items[row]), int(place)): program.new_bool_var("") for row, place in np.argwhere(allowed)}
        self._state(program, lies, items, rules)
        solver = cp_model.CpSolver()
        solver.parameters.random_seed = self._seed % 2**31
        solver.parameters.num_workers = 1
        solver.parameters.max_time_in_seconds = self._time_limit_s
        status = solver.solve(program)
        if status == cp_model.INFEASIBLE:
            return Answer.IMPOSSIBLE
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Answer.UNKNOWN
        pairs = np.array([pair for pair, variable in lies.items() if solver.value(variable)], dtype=np.intp).reshape(
            -1, 2
        )
        return Units(pairs[:, 0], pairs[:, 1]).sorted()

    def _allowed(self, items: Indices, rules: Rules) -> Flags:
        model = self._model
        fits = np.ones((len(items), model.bins), dtype=np.bool_)
        for rule in rules.intersection(ALONE).difference(SHARED):
            fits &= model.keeps(rule, items[:, None], np.arange(model.bins)[None, :])
        return fits

    def _state(self, program: cp_model.CpModel, lies: Variables, items: Indices, rules: Rules) -> None:
        """State the rules: everything in enough bins, no bin overfull, no enemies together."""
        model = self._model
        by_item: dict[int, list[cp_model.IntVar]] = {int(item): [] for item in items}
        by_bin: dict[int, list[tuple[int, cp_model.IntVar]]] = {}
        for (item, place), variable in lies.items():
            by_item[item].append(variable)
            by_bin.setdefault(place, []).append((item, variable))
        for item, variables in by_item.items():
            program.add(sum(variables) == int(model.needed[item]))
        volumes, masses = _Whole(model.volume_m3, model.bin_volume_m3), _Whole(model.mass_kg, model.bin_mass_kg)
        for place, inside in by_bin.items():
            if "items_at_most" in rules and model.slots[place] < len(inside):
                program.add(sum(variable for _, variable in inside) <= int(model.slots[place]))
            for kind, whole in (("volume_m3", volumes), ("mass_kg", masses)):
                if kind in rules and np.isfinite(whole.room[place]):
                    load = sum(int(whole.amount[item]) * variable for item, variable in inside)
                    program.add(load <= int(whole.room[place]))
            if "keep_apart" in rules:
                self._keep_apart(program, dict(inside))

    def _keep_apart(self, program: cp_model.CpModel, inside: dict[int, cp_model.IntVar]) -> None:
        for item, variable in inside.items():
            for enemy in self._model.enemies[item]:
                if item < enemy and enemy in inside:
                    program.add_at_most_one(variable, inside[enemy])


class _Whole:
    """Amounts and rooms as whole numbers, rounded so that nothing legal is excluded."""

    def __init__(self, amount: Amounts, room: Amounts) -> None:
        finite = room[np.isfinite(room)]
        unit = max(float(finite.max(initial=0.0)), float(amount.max(initial=0.0)), 1e-9) / STEPS
        self.amount = np.floor(amount / unit)
        self.room = np.ceil(room / unit)
