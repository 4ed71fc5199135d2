"""Shared rooms: the bound is the linear programme's, the search keeps every rule and pays what it says."""

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.optimize import linprog
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.exchanging import Exchanging
from tagdock_slotting.model import Model, Units, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Bin, MoveRules, Problem
from tagdock_slotting.rents import chosen
from tagdock_slotting.rules import broken_rules, is_legal
from tagdock_slotting.sharing import Bounded, room_bound
from tagdock_slotting.solvers.rooms import shares_of_room

pytest.importorskip("numba")
Warehouse = Callable[..., Problem]
ITEMS, BINS = 30, 12


def shared(warehouse: Warehouse, seed: int) -> Problem:
    """Return a warehouse whose bins take little, with forbidden company, SKUs in two bins and layouts that stand."""
    random, problem = Random(seed), warehouse(seed, ITEMS, BINS)
    items = tuple(
        replace(
            item,
            volume_m3=random.uniform(0.1, 0.4),
            mass_kg=random.uniform(1, 4),
            family=f"F{n % 3}",
            keep_apart=("F1",) if n % 10 == 0 else (),
            bins_needed=2 if n % 7 == 3 else 1,
        )
        for n, item in enumerate(problem.items)
    )
    bins = tuple(
        Bin(id=p.id, x_m=p.x_m, y_m=p.y_m, zone=p.zone, volume_m3=1.2, mass_kg=random.uniform(10, 14), items_at_most=6)
        for p in problem.bins
    )
    return replace(problem, items=items, bins=bins, moves=MoveRules(model="per_move", cost_m_per_move=50.0))


def bounded(model: Model) -> Bounded:
    return room_bound(linear_bound(model), 0.0, lambda: 20.0, shares_of_room)


def programme(model: Model) -> float:
    """Return the linear programme's value, all pairs written down, for SciPy."""
    item, place = np.divmod(np.arange(model.items * model.bins), model.bins)
    cost = model.pick_costs(np.arange(model.items), np.arange(model.bins)).ravel()
    rows = np.vstack(
        [
            amount * (place == bin_)
            for bin_ in range(model.bins)
            for amount in (np.ones(len(item)), model.volume_m3[item], model.mass_kg[item])
        ]
    )
    rooms = np.column_stack([model.slots, model.bin_volume_m3, model.bin_mass_kg]).ravel()
    whole = (item == np.arange(model.items)[:, None]).astype(float)
    most = np.where(model.allowed(item, place), np.where(model.needed[item] > 1, 1.0, np.inf), 0.0)
    found = linprog(
        cost, rows, rooms, whole, model.needed, bounds=np.column_stack([np.zeros(len(most)), most]), method="highs"
    )
    return float(found.fun)


@pytest.mark.parametrize("seed", range(2))
def test_the_bound_is_that_of_the_linear_programme(warehouse: Warehouse, seed: int) -> None:
    model = build_model(shared(warehouse, seed))
    assert bounded(model).m_per_day == pytest.approx(programme(model), rel=1e-5)


def test_without_the_programme_the_bound_is_below_it_and_near(warehouse: Warehouse) -> None:
    model = build_model(shared(warehouse, 1))
    rough, value = room_bound(linear_bound(model), programme(model), lambda: 20.0).m_per_day, programme(model)
    assert 0.9 * value <= rough <= value * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(2))
def test_exchanges_keep_every_rule_and_save(warehouse: Warehouse, seed: int) -> None:
    problem = shared(warehouse, seed)
    start = first_fit(build_model(problem))
    layout = build_model(problem).layout(start)
    model = build_model(replace(problem, current=layout if seed % 2 else {}))
    objective, bound = Objective(model), linear_bound(model)
    prices = bounded(model).prices
    search, told = Exchanging(objective, bound, prices), []
    found = search.run(start, 1, lambda: 20.0, told.append)
    assert not list(broken_rules(model, found))
    assert all(is_legal(model, units) for units in told)
    assert bounded(model).m_per_day <= objective.terms(found).total() < objective.terms(start).total()
    again = search.run(start, 1, lambda: 20.0)
    np.testing.assert_array_equal(again.bin, found.bin)


def first_fit(model: Model) -> Units:
    """Return any legal layout: the bulky first, each unit in the last bin that takes it."""
    places: list[tuple[int, int]] = []
    for item in np.argsort(-model.needed * 10 - model.volume_m3).tolist():
        for _ in range(int(model.needed[item])):
            for place in reversed(range(model.bins)):
                units = Units(*np.array([*places, (item, place)]).T)
                if not any("needs" not in line for line in broken_rules(model, units)):
                    places.append((item, place))
                    break
    units = Units(*np.array(places).T).sorted()
    assert is_legal(model, units)
    return units


def test_items_choose_alike_with_and_without_compiled_loops() -> None:
    from tagdock_slotting.kernels.choosing import choose

    random = np.random.default_rng(0)
    alone, prices = random.random((40, 5)), random.random((3, 9))
    alone[random.random(alone.shape) < 0.2] = np.inf
    near, amounts = random.integers(0, 9, alone.shape), random.random((3, 40))
    alone[0, 0] = alone[:, 1].min()
    used = np.empty((3, 9))
    paid, wanted = chosen(alone, near, amounts, prices)
    assert choose(alone, near, amounts, prices, used) == pytest.approx(paid)
    np.testing.assert_allclose(used, wanted)
