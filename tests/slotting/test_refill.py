"""Bins filled anew: what is said to change does, rules hold, and small floors end at or near the best layout."""

from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.exchanging import Exchanging
from tagdock_slotting.kernels import refill
from tagdock_slotting.kernels.chance import chance
from tagdock_slotting.model import Model, Units, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Bin, MoveRules, Problem
from tagdock_slotting.rules import broken_rules, is_legal

pytest.importorskip("numba")
Warehouse = Callable[..., Problem]
ITEMS, BINS = 7, 3


def floor_plan(warehouse: Warehouse, seed: int, *, many: int = 1) -> Problem:
    """Return bins that share volume and mass and take three SKUs or so, two kinds of which quarrel if seed is odd."""
    random, problem = Random(seed), warehouse(seed, ITEMS * many, BINS * many)
    items = tuple(
        replace(
            item,
            picks_per_day=random.uniform(1, 50),
            volume_m3=random.uniform(0.04, 0.14),
            mass_kg=random.uniform(1, 4),
            zones=(),
            family=f"F{n % 4}",
            keep_apart=("F1",) if seed % 2 and n % 4 == 0 else (),
        )
        for n, item in enumerate(problem.items)
    )
    bins = tuple(
        Bin(id=p.id, x_m=p.x_m, y_m=p.y_m, volume_m3=0.36, mass_kg=random.uniform(9, 12), items_at_most=5)
        for p in problem.bins
    )
    return replace(problem, items=items, bins=bins)


def legal_layouts(model: Model) -> list[Units]:
    """Return every legal layout of SKUs in one bin each."""
    every = (Units(np.arange(model.items), np.array(places)) for places in product(range(BINS), repeat=model.items))
    return [units for units in every if is_legal(model, units)]


class Played:
    """A layout that bins were filled anew in."""

    def __init__(self, model: Model, start: Units, seed: int, *, plain: bool) -> None:
        self.model, self.objective, self.start = model, Objective(model), start.sorted()
        exchanging = Exchanging(self.objective, linear_bound(model), np.zeros((3, model.bins)))
        self.floor, self.layout = exchanging.arrays(self.start)
        self._plain, self._random = plain, chance(seed)
        self.heat, self.stale = 0.0, np.zeros(model.bins, np.uint8)

    def play(self, rounds: int, prices: Any = None, *, whole: bool = False) -> float:
        """Play rounds among all bins; return what is said to change."""
        bins = np.arange(self.model.bins)
        prices = np.zeros((3, self.model.bins)) if prices is None else prices
        window = refill.window(self.model.bins, len(self.start))
        heat = np.full(self.model.bins, self.heat)
        how = (prices, rounds, whole, self._plain, heat, self.stale, self._random)
        return float(refill.refill(self.floor, self.layout, window, bins, *how))

    @property
    def units(self) -> Units:
        """The layout as it is."""
        return Units(self.start.item, self.layout.place.copy())

    def value(self, units: Units) -> float:
        """Return what a layout costs."""
        return self.objective.terms(units).total()

    def assert_books_are_right(self) -> None:
        """What each bin is said to hold is what lies there."""
        units, model, layout = self.units, self.model, self.layout
        np.testing.assert_array_equal(layout.counts, np.bincount(units.bin, minlength=model.bins))
        for load, amount in ((layout.load_m3, model.volume_m3), (layout.load_kg, model.mass_kg)):
            np.testing.assert_allclose(load, np.bincount(units.bin, amount[units.item], model.bins), atol=1e-9)
        for place in range(model.bins):
            chain, unit = [], layout.head[place]
            while unit >= 0:
                chain.append(int(unit))
                unit = layout.after[unit]
            assert sorted(chain) == np.flatnonzero(units.bin == place).tolist()


@pytest.mark.parametrize("stands", [False, True], ids=["nothing-lies-anywhere", "moves-cost"])
@pytest.mark.parametrize("seed", range(4))
def test_small_floors_end_at_the_best_layout_or_near(warehouse: Warehouse, seed: int, stands: bool) -> None:
    problem = floor_plan(warehouse, seed)
    layouts = legal_layouts(build_model(problem))
    if stands:
        moves = MoveRules(model="per_move", cost_m_per_move=200.0)
        problem = replace(problem, current=build_model(problem).layout(layouts[-1]), moves=moves)
    played = Played(build_model(problem), layouts[0], seed, plain=not seed % 2)
    changes = [played.play(1) for _ in range(300)]
    assert max(changes) <= 0
    assert not list(broken_rules(played.model, played.units))
    assert sum(changes) == pytest.approx(played.value(played.units) - played.value(layouts[0]))
    played.assert_books_are_right()
    least = min(played.value(units) for units in layouts)
    assert least * (1 - 1e-9) <= played.value(played.units) <= least * (1.005 if stands else 1 + 1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_from_the_best_layout_nothing_changes(warehouse: Warehouse, seed: int) -> None:
    model = build_model(floor_plan(warehouse, seed))
    objective = Objective(model)
    best = min(legal_layouts(model), key=lambda units: objective.terms(units).total())
    played = Played(model, best, seed, plain=not seed % 2)
    prices = np.random.default_rng(seed).uniform(0, 9, (3, BINS))
    assert played.play(1, prices, whole=True) == 0
    assert played.play(100, prices) == 0
    np.testing.assert_array_equal(played.units.bin, played.start.bin)
    played.assert_books_are_right()


@pytest.mark.parametrize("seed", range(4))
def test_rules_and_books_hold_on_a_larger_floor_whatever_the_prices(warehouse: Warehouse, seed: int) -> None:
    model = build_model(floor_plan(warehouse, seed, many=12))
    random = np.random.default_rng(seed)
    played = Played(model, first_fit(model), seed, plain=not seed % 2)
    before = played.value(played.units)
    change = 0.0
    for rounds, whole in ((1, True), (200, False)):
        change += played.play(rounds, random.uniform(0, 90, (3, 1)) * random.random((3, model.bins)), whole=whole)
    assert change < 0
    assert change == pytest.approx(played.value(played.units) - before)
    assert not list(broken_rules(model, played.units))
    played.assert_books_are_right()


def test_where_it_is_warm_a_dearer_layout_is_kept_and_said_to_be(warehouse: Warehouse) -> None:
    model = build_model(floor_plan(warehouse, 1, many=12))
    played = Played(model, first_fit(model), 1, plain=False)
    played.play(200)
    before, played.heat = played.value(played.units), 1000.0
    changes = [played.play(1) for _ in range(50)]
    assert max(changes) > 0
    assert sum(changes) == pytest.approx(played.value(played.units) - before)
    assert not list(broken_rules(model, played.units))
    played.assert_books_are_right()


@pytest.mark.parametrize("seed", range(2))
def test_zones_hold_on_a_larger_floor(warehouse: Warehouse, seed: int) -> None:
    problem = floor_plan(warehouse, seed, many=12)
    items = tuple(replace(item, zones=("cold",) if n % 3 == 0 else ()) for n, item in enumerate(problem.items))
    bins = tuple(replace(place, zone="cold" if n % 2 else "") for n, place in enumerate(problem.bins))
    model = build_model(replace(problem, items=items, bins=bins))
    played = Played(model, first_fit(model), seed, plain=not seed % 2)
    for rounds, whole in ((1, True), (200, False)):
        played.play(rounds, whole=whole)
    assert played.value(played.units) < played.value(played.start)
    assert not list(broken_rules(model, played.units))


@pytest.mark.parametrize("seed", range(4))
def test_units_that_stand_still_do_and_company_gets_on_with_them(warehouse: Warehouse, seed: int) -> None:
    model = build_model(floor_plan(warehouse, seed, many=12))
    free, bound = (Played(model, first_fit(model), 1, plain=not seed % 2) for _ in range(2))
    free.play(200)
    left = np.flatnonzero(free.units.bin != free.start.bin)
    bound.floor.still[left[::2]] = True
    bound.play(200)
    np.testing.assert_array_equal(bound.units.bin[left[::2]], bound.start.bin[left[::2]])
    assert not list(broken_rules(model, bound.units))
    bound.assert_books_are_right()


def first_fit(model: Model) -> Units:
    """Return a legal layout: each SKU in the last bin that takes it, the bulky first."""
    places = np.full(model.items, -1)
    for item in np.argsort(-model.volume_m3).tolist():
        for place in reversed(range(model.bins)):
            mates = np.flatnonzero(places == place)
            if (
                len(mates) < model.slots[place]
                and model.volume_m3[mates].sum() + model.volume_m3[item] <= model.bin_volume_m3[place]
                and model.mass_kg[mates].sum() + model.mass_kg[item] <= model.bin_mass_kg[place]
                and not model.enemies[item] & set(mates.tolist())
                and model.allowed(np.array([item]), np.array([place])).all()
            ):
                places[item] = place
                break
    units = Units(np.arange(model.items), places)
    assert is_legal(model, units)
    return units


def test_what_an_open_task_holds_stays(warehouse: Warehouse) -> None:
    problem = floor_plan(warehouse, 2)
    layouts = legal_layouts(build_model(problem))
    objective = Objective(build_model(problem))
    dearest = max(layouts, key=lambda units: objective.terms(units).total())
    today = build_model(problem).layout(dearest)
    held = today["S0"][0]
    bins = tuple(replace(place, use="held") if place.id == held else place for place in problem.bins)
    model = build_model(replace(problem, bins=bins, current=today))
    played = Played(model, dearest, 1, plain=True)
    stayed = played.start.bin == model.bin_index[held]
    played.play(200)
    np.testing.assert_array_equal(played.units.bin[stayed], played.start.bin[stayed])
    assert not list(broken_rules(model, played.units))
