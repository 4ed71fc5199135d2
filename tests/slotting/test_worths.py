"""Bounds from worths of units never exceed what a layout costs, and say more than the linear programme."""

from collections.abc import Callable
from itertools import combinations, product
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace
from tagdock_slotting import worths
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.exchanging import Exchanging
from tagdock_slotting.model import Model, Units, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Bin, Door, Item, MoveRules, Problem
from tagdock_slotting.rules import is_legal
from tagdock_slotting.sharing import room_bound
from tagdock_slotting.solvers.rooms import shares_of_room

pytest.importorskip("numba")
Warehouse = Callable[..., Problem]


def tight(warehouse: Warehouse, seed: int) -> Problem:
    """Return six SKUs, one of them in two bins, three of them to a bin; all alike (3 * 0.1 is more than 0.3) or not."""
    random, problem = Random(seed), warehouse(seed, 6, 3)
    items = tuple(
        replace(
            item,
            picks_per_day=random.uniform(1, 50),
            volume_m3=random.uniform(0.04, 0.16) if seed else 0.1,
            mass_kg=random.uniform(1, 4),
            bins_needed=2 if n == 2 else 1,
            zones=(),
        )
        for n, item in enumerate(problem.items)
    )
    bins = tuple(
        Bin(id=p.id, x_m=p.x_m, y_m=p.y_m, volume_m3=0.3, mass_kg=random.uniform(8, 12), items_at_most=6)
        for p in problem.bins
    )
    moves = MoveRules(model="per_move", cost_m_per_move=30.0)
    return replace(problem, items=items, bins=bins, moves=moves)


def all_layouts(model: Model) -> list[Units]:
    """Return every legal layout."""
    choices = [list(combinations(range(model.bins), int(needed))) for needed in model.needed]
    item = np.repeat(np.arange(model.items), model.needed)
    layouts = (Units(item, np.array([place for places in choice for place in places])) for choice in product(*choices))
    return [units for units in layouts if is_legal(model, units)]


def built(warehouse: Warehouse, seed: int, *, stands: bool) -> Model:
    """Return such a warehouse; if it stands, some layout is today's and moves cost."""
    problem = tight(warehouse, seed)
    model = build_model(problem)
    return build_model(replace(problem, current=model.layout(all_layouts(model)[seed]))) if stands else model


@pytest.mark.parametrize("stands", [False, True], ids=["nothing-lies-anywhere", "moves-cost"])
@pytest.mark.parametrize("seed", range(3))
def test_a_bound_is_between_the_programmes_and_the_best_layout(warehouse: Warehouse, seed: int, stands: bool) -> None:
    model = built(warehouse, seed, stands=stands)
    objective, bound = Objective(model), linear_bound(model)
    rooms = room_bound(bound, 0.0, lambda: 20.0, shares_of_room)
    layouts = all_layouts(model)
    least = min(layouts, key=lambda units: objective.terms(units).total())
    value = objective.terms(least).total()
    found = Exchanging(objective, bound, rooms.prices).sharper(least, lambda: 60.0)
    assert rooms.m_per_day - 1e-6 * value <= found <= value * (1 + 1e-9)
    assert found > rooms.m_per_day * (1 + 1e-3) or not seed


@pytest.mark.parametrize("stands", [False, True], ids=["nothing-lies-anywhere", "moves-cost"])
@pytest.mark.parametrize("seed", [0, 1, 2, 4, 5])
@pytest.mark.parametrize("count", [1, 2])
def test_a_bound_from_the_dearest_bins_alone_holds_too(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, count: int, seed: int, stands: bool
) -> None:
    model = built(warehouse, seed, stands=stands)
    objective, bound = Objective(model), linear_bound(model)
    rooms = room_bound(bound, 0.0, lambda: 20.0, shares_of_room)
    layouts = sorted(all_layouts(model), key=lambda units: objective.terms(units).total())
    value = objective.terms(layouts[0]).total()
    monkeypatch.setattr(worths, "DEAREST", ((count, 100),))
    monkeypatch.setattr(worths, "ROUNDS", 0)
    found = Exchanging(objective, bound, rooms.prices).sharper(layouts[-1], lambda: 60.0)  # aimed at: far too much
    assert rooms.m_per_day - 1e-6 * value <= found <= value * (1 + 1e-9)


def test_the_dearest_bins_raise_the_bound_most(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_model(tight(warehouse, 1))
    objective, bound = Objective(model), linear_bound(model)
    rooms = room_bound(bound, 0.0, lambda: 20.0, shares_of_room)
    least = min(all_layouts(model), key=lambda units: objective.terms(units).total())
    monkeypatch.setattr(worths, "DEAREST", ((2, 100),))
    monkeypatch.setattr(worths, "ROUNDS", 0)
    found = Exchanging(objective, bound, rooms.prices).sharper(least, lambda: 60.0)
    assert found > rooms.m_per_day * (1 + 1e-3)


@pytest.mark.parametrize("nodes", [1, 20, 100_000], ids=lambda nodes: f"{nodes}-sets-looked-at")
def test_what_a_bin_gains_is_never_said_too_low(nodes: int) -> None:
    from tagdock_slotting.kernels import knapsack, taking

    random = np.random.default_rng(4)
    problem = Problem(
        doors=(Door(id="D", x_m=0.0, y_m=0.0),),
        bins=(Bin(id="B", x_m=1.0, y_m=0.0, volume_m3=1.0, mass_kg=10.0, items_at_most=4),),
        items=tuple(
            Item(sku=f"S{n}", volume_m3=float(m3), mass_kg=float(kg))
            for n, (m3, kg) in enumerate(random.uniform([0.1, 1], [0.5, 5], (10, 2)))
        ),
    )
    model = build_model(problem)
    units = Units(np.arange(10), np.zeros(10, np.intp))
    floor, _ = Exchanging(Objective(model), linear_bound(model), np.zeros((3, 1))).arrays(units)
    for _ in range(20):
        worth, lots = random.uniform(-1, 5, 10), np.zeros(10, np.intp)
        prices = random.uniform(0, 1, (2, 1)) * [[8.0], [0.8]]
        gained = taking.gained(floor, knapsack.core(), np.array([0]), worth, prices, nodes, lots)
        best = max(
            worth[list(some)].sum()
            for count in range(5)
            for some in combinations(range(10), count)
            if model.volume_m3[list(some)].sum() <= 1.0 and model.mass_kg[list(some)].sum() <= 10.0
        )
        assert gained >= best - 1e-9
        if nodes > 1000:
            assert gained == pytest.approx(best)
            assert worth[lots == 1].sum() == pytest.approx(best)
