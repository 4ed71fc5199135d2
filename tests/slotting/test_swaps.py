"""Swaps of two bins: the best is found, all are drawn as their costs want it, rules and books hold."""

from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from tagdock_slotting.kernels import swaps
from tagdock_slotting.model import Model, Units, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import MoveRules, Problem
from tagdock_slotting.rules import broken_rules, is_legal

from .test_refill import Played, first_fit, floor_plan, legal_layouts

pytest.importorskip("numba")
Warehouse = Callable[..., Problem]


class Swapped(Played):
    """A layout whose bins swapped units."""

    def swap(self, rounds: int, heat: float = 0.0, bins: Any = None) -> float:
        """Play rounds among some bins, all if none are named; return what is said to change."""
        bins = np.arange(self.model.bins) if bins is None else bins
        sums = swaps.sums(self.model.bins, self.floor.item_factor.shape[1])
        heats = np.full(self.model.bins, heat)
        return float(swaps.swap(self.floor, self.layout, sums, bins, rounds, heats, self._plain, self._random))


def swapped(model: Model, units: Units, one: int, other: int, most: int = 3) -> list[Units]:
    """Return every legal layout in which two bins have swapped up to `most` units each, this one included."""
    here, there = np.flatnonzero(units.bin == one), np.flatnonzero(units.bin == other)
    some = [[list(few) for n in range(most + 1) for few in combinations(lying.tolist(), n)] for lying in (here, there)]
    found = []
    for given, taken in product(*some):
        places = units.bin.copy()
        places[given], places[taken] = other, one
        if is_legal(model, Units(units.item, places)):
            found.append(Units(units.item, places))
    return found


@pytest.mark.parametrize("stands", [False, True], ids=["nothing-lies-anywhere", "moves-cost"])
@pytest.mark.parametrize("seed", range(4))
def test_where_it_is_cold_the_best_swaps_of_two_bins_are_made(warehouse: Warehouse, seed: int, stands: bool) -> None:
    problem = floor_plan(warehouse, seed)
    layouts = legal_layouts(build_model(problem))
    if stands:
        today = build_model(problem).layout(layouts[-1])
        problem = replace(problem, current=today, moves=MoveRules(model="per_move", cost_m_per_move=200.0))
    model, improved = build_model(problem), 0
    for start in layouts[:: max(1, len(layouts) // 8)]:
        played = Swapped(model, start, seed, plain=not seed % 2)
        change = played.swap(60, bins=np.array([0, 2]))
        assert played.value(played.units) == pytest.approx(played.value(start) + change)
        least = min(played.value(units) for units in swapped(model, played.units, 0, 2))
        assert played.value(played.units) == pytest.approx(least)
        played.assert_books_are_right()
        improved += change < 0
    assert improved


def test_where_it_is_warm_swaps_are_drawn_as_their_costs_want_it(warehouse: Warehouse) -> None:
    model = build_model(floor_plan(warehouse, 2))
    start, tries = legal_layouts(model)[5].sorted(), 1500
    others, objective = swapped(model, start, 0, 1), Objective(model)
    costs = np.array([objective.terms(units).total() for units in others])
    heat = 0.5 * float(costs.std())
    wanted = np.exp((costs.min() - costs) / heat)
    wanted *= 0.5 / wanted.sum()  # a round of two bins is one in two times none: the other would lie outside
    same = [np.array_equal(units.bin, start.bin) for units in others].index(True)
    wanted[same] += 0.5
    drawn = np.zeros(len(others))
    names = {units.bin.tobytes(): n for n, units in enumerate(others)}
    for seed in range(tries):
        played = Swapped(model, start, seed, plain=True)
        played.swap(1, heat, np.array([0, 1]))
        drawn[names[played.units.bin.tobytes()]] += 1
    assert (wanted > 0.02).sum() >= 4
    assert np.all(np.abs(drawn / tries - wanted) <= 4 * np.sqrt(wanted / tries) + 2 / tries)


@pytest.mark.parametrize("seed", range(4))
def test_rules_and_books_hold_on_a_larger_floor_at_any_temperature(warehouse: Warehouse, seed: int) -> None:
    model = build_model(floor_plan(warehouse, seed, many=12))
    played = Swapped(model, first_fit(model), seed, plain=not seed % 2)
    for heat in (1000.0, 1.0, 0.0):
        before = played.value(played.units)
        change = played.swap(2000, heat)
        assert change
        assert change == pytest.approx(played.value(played.units) - before)
        assert not list(broken_rules(model, played.units))
        played.assert_books_are_right()
    assert change < 0


def test_what_stands_still_does(warehouse: Warehouse) -> None:
    model = build_model(floor_plan(warehouse, 1, many=12))
    free, bound = (Swapped(model, first_fit(model), 1, plain=False) for _ in range(2))
    free.swap(2000)
    left = np.flatnonzero(free.units.bin != free.start.bin)
    bound.floor.still[left[::2]] = True
    bound.swap(2000)
    np.testing.assert_array_equal(bound.units.bin[left[::2]], bound.start.bin[left[::2]])
    assert not list(broken_rules(model, bound.units))


def test_zones_hold(warehouse: Warehouse) -> None:
    problem = floor_plan(warehouse, 2, many=12)
    items = tuple(replace(item, zones=("cold",) if n % 3 == 0 else ()) for n, item in enumerate(problem.items))
    bins = tuple(replace(place, zone="cold" if n % 2 else "") for n, place in enumerate(problem.bins))
    model = build_model(replace(problem, items=items, bins=bins))
    played = Swapped(model, first_fit(model), 1, plain=True)
    assert played.swap(2000, 1000.0)
    assert not list(broken_rules(model, played.units))


def test_bins_that_were_filled_anew_are_summed_up_anew(warehouse: Warehouse) -> None:
    model = build_model(floor_plan(warehouse, 2, many=12))
    played = Swapped(model, first_fit(model), 1, plain=True)
    before = played.units.bin
    assert played.play(20) < 0
    changed = np.flatnonzero(played.units.bin != before)
    assert played.stale[before[changed]].all()
    assert played.stale[played.units.bin[changed]].all()
    assert not played.stale.all()


def test_of_full_bins_more_units_are_drawn_each_time(warehouse: Warehouse) -> None:
    """Twenty units lie in a bin, twelve are looked at; all the same the one that is worth a swap is found."""
    problem = floor_plan(warehouse, 2, many=6)
    items = tuple(replace(item, volume_m3=0.01, mass_kg=0.1) for item in problem.items)
    bins = tuple(replace(place, volume_m3=0.25, mass_kg=9.0, items_at_most=25) for place in problem.bins)
    model = build_model(replace(problem, items=items, bins=bins))
    start = Units(np.arange(model.items), np.arange(model.items) % 2)
    played = Swapped(model, start, 1, plain=True)
    played.swap(4000, bins=np.array([0, 1]))
    least = min(played.value(units) for units in swapped(model, played.units, 0, 1, most=1))
    assert played.value(played.units) == pytest.approx(least) != played.value(start)
