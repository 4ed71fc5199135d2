"""The annealing loop keeps the true value and exact tours; rooms are relieved and bounded; the gate falls back."""

from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace
from tagdock_slotting.annealing import Annealing
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.gate import judge, seen_orders
from tagdock_slotting.model import Units, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Bin, CrossAisle, Problem, Routing, Weights
from tagdock_slotting.rules import is_legal
from tagdock_slotting.search import Search
from tagdock_slotting.sharing import room_bound
from tagdock_slotting.solvers.relaxation import build_relaxation, by_rates
from tagdock_slotting.solvers.rooms import shares_of_room

pytest.importorskip("numba")
Warehouse = Callable[..., Problem]


def ordered(warehouse: Warehouse, seed: int, *, crossed: bool) -> Problem:
    random = Random(seed)
    aisles = {"count": 4, "pitch_m": 3.0, "cells": 5, "cell_m": 1.0, "front_gap_m": 1.0, "back_gap_m": 1.0}
    skus = [f"S{n}" for n in range(12)]
    problem = warehouse(
        seed,
        12,
        20,
        doors=[{"id": "D0", "aisle": 1}, {"id": "D1", "aisle": 2, "end": "back"}],
        items=[{"sku": sku, "picks_per_day": random.uniform(0, 3)} for sku in skus],
        bins=[{"id": f"B{n}", "aisle": n % 4, "cell": n // 4, "items_at_most": 1} for n in range(20)],
        aisles=aisles,
        orders=[random.sample(skus, random.randint(1, 5)) for _ in range(40)],
        order_weights=[random.choice([0.0, 0.5, 2.0]) for _ in range(40)],
        routing={"door": "D0", "end_door": random.choice(["D0", "D1"])},
        affinity=[["S0", "S1", 3.0], ["S4", "S2", 1.5]],
        weights={"routes": 1.0},
    )
    cross = (CrossAisle(after_cell=1, width_m=1.5),) if crossed else ()
    return replace(problem, aisles=replace(problem.aisles, cross_aisles=cross))


@pytest.mark.parametrize("crossed", [False, True], ids=["one block", "two blocks"])
def test_the_value_kept_along_the_way_is_the_layouts(warehouse: Warehouse, crossed: bool) -> None:
    from tagdock_slotting.kernels import annealing as loop
    from tagdock_slotting.kernels.chance import chance

    model = build_model(ordered(warehouse, 3, crossed=crossed))
    objective = Objective(model)
    start = Units(np.arange(12), np.arange(12))
    fixed, orders, layout = Annealing(objective, linear_bound(model), None)._arrays(start)
    loop.anneal(*fixed, orders, layout, 3000, 5.0, chance(1))
    after = Units(np.arange(12), layout.place.copy())
    assert is_legal(model, after)
    assert not np.array_equal(after.bin, start.bin)
    change = objective.terms(after).total() - objective.terms(start).total()
    assert layout.value[0] == pytest.approx(change)
    np.testing.assert_allclose(layout.tours, objective.tours_m(after))


def shared(seed: int, problem: Problem) -> Problem:
    random = Random(seed)
    bins = tuple(
        Bin(id=place.id, x_m=place.x_m, y_m=place.y_m, volume_m3=1.0, mass_kg=random.uniform(8, 12))
        for place in problem.bins
    )
    items = tuple(
        replace(item, volume_m3=random.uniform(0.1, 0.5), mass_kg=random.uniform(1, 5), zones=())
        for item in problem.items
    )
    return replace(problem, bins=bins, items=items)


def test_overfull_bins_are_relieved_and_no_legal_layout_is_below_the_bound(warehouse: Warehouse) -> None:
    for seed in range(4):
        model = build_model(shared(seed, warehouse(seed, 24, 12)))
        bound, objective = linear_bound(model), Objective(model)
        relaxed = build_relaxation(bound).solve()
        assert relaxed is not None
        bounded = room_bound(bound, 1.2 * relaxed.bound, lambda: 1.0, shares_of_room)
        annealing = Annealing(objective, bound, None, steps_a_unit=500)
        legal = annealing.relieved(bounded.units, 0, lambda: 1.0)
        assert legal is not None
        found = annealing.run(legal, 0, lambda: 1.0)
        assert is_legal(model, found)
        assert bounded.m_per_day <= objective.terms(found).total() + 1e-6
        assert bounded.m_per_day >= relaxed.bound - 1e-3 * abs(relaxed.bound)


def test_the_layout_by_rates_that_is_judged_knows_only_the_first_orders(warehouse: Warehouse) -> None:
    """Rates that change would else be held against every order-aware layout."""
    problem = ordered(warehouse, 5, crossed=False)
    early, late = (("S0", "S1", "S2"), ("S3", "S4", "S5"))
    problem = replace(problem, orders=(early,) * 28 + (late,) * 12, affinity=(), routing=Routing(door="D0"))
    problem = replace(problem, order_weights=(1.0,) * 28 + (10.0,) * 12, weights=Weights(travel=0.0, routes=1.0))
    model = build_model(problem)
    start = by_rates(model)
    assert start is not None
    search = Search(Objective(model), linear_bound(model), None, 0, lambda: 1.0, by_rates=by_rates)
    search.run([start])
    unaware, informed = by_rates(seen_orders(model)), start
    assert unaware is not None and search.verdict is not None
    assert search.verdict.by_rates_m == pytest.approx(judge(model, start, unaware).by_rates_m)
    assert search.verdict.by_rates_m > judge(model, start, informed).by_rates_m


def test_orders_that_count_more_decide_at_the_gate(warehouse: Warehouse) -> None:
    problem = replace(ordered(warehouse, 5, crossed=False), orders=(("S0",), ("S1",)) * 40)
    trip = np.argsort(Objective(build_model(problem)).trips_m, kind="stable")
    first, second = (np.delete(trip, n)[:12] for n in (1, 0))
    zero_first, one_first = first.copy(), second.copy()
    zero_first[1], one_first[0], one_first[1] = trip[15], trip[15], trip[0]
    layouts = [Units(np.arange(12), place) for place in (zero_first, one_first)]
    for weights in ((5.0, 1.0), (1.0, 5.0)):
        model = build_model(replace(problem, order_weights=weights * 40))
        assert judge(model, *layouts).kept == (weights[0] > 1)
        assert judge(model, *layouts[::-1]).kept == (weights[1] > 1)


def test_only_what_is_better_on_held_out_orders_passes_the_gate(warehouse: Warehouse) -> None:
    problem = ordered(warehouse, 5, crossed=False)
    model = build_model(problem)
    assert len(seen_orders(model).problem.orders) == 28
    by_trip = np.argsort(Objective(model).trips_m, kind="stable")
    near, far = by_trip[:12], by_trip[8:]
    items = np.arange(12)
    assert judge(model, Units(items, near), Units(items, far)).kept
    assert not judge(model, Units(items, far), Units(items, near)).kept
    few = build_model(replace(problem, orders=problem.orders[:20], order_weights=()))
    verdict = judge(few, Units(items, near), Units(items, far))
    assert not verdict.kept
    assert "prove nothing" in str(verdict)
