"""What a plan promises, on hundreds of random warehouses, judged by `evaluate` and by a simulated floor."""

from collections.abc import Callable
from itertools import combinations, pairwise, permutations
from random import Random
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.optimize import linear_sum_assignment
from tagdock_slotting.errors import UnsolvedError
from tagdock_slotting.evaluate import evaluate
from tagdock_slotting.model import build_model
from tagdock_slotting.plan import CARRIED, Plan
from tagdock_slotting.problem import Item, MoveRules, Problem, Weights
from tagdock_slotting.solve import solve

Warehouse = Callable[..., Problem]
SEEDS = range(100)


def lived_in(warehouse: Warehouse, seed: int, **moves: Any) -> Problem:
    """Build a random warehouse in which everything lies somewhere legal."""
    random = Random(seed)
    items = random.randint(2, 9)
    empty = warehouse(seed, items, items + random.randint(0, 4))
    bins = list(empty.bins)
    for _ in range(500):
        random.shuffle(bins)
        if all(not item.zones or place.zone in item.zones for item, place in zip(empty.items, bins, strict=False)):
            current = {item.sku: (place.id,) for item, place in zip(empty.items, bins, strict=False)}
            return replace(empty, current=current, moves=MoveRules(**moves))
    return replace(empty, moves=MoveRules(**moves))


def simulate(problem: Problem, plan: Plan) -> dict[str, set[str]]:
    """Carry out the moves on a floor that refuses what is not possible; return what lies where."""
    floor = {place.id: {sku for sku, names in problem.current.items() if place.id in names} for place in problem.bins}
    zones = {place.id: place.zone for place in problem.bins}
    room = {place.id: place.items_at_most for place in problem.bins}
    items = {item.sku: item for item in problem.items}
    truck: set[str] = set()
    for number, move in enumerate(plan.moves, start=1):
        assert move.step == number
        (truck if move.from_bin == CARRIED else floor[move.from_bin]).remove(move.sku)
        if move.to_bin == CARRIED:
            truck.add(move.sku)
            continue
        assert len(floor[move.to_bin]) < (room[move.to_bin] or 1000), f"{move.to_bin} is full at step {number}"
        assert not items[move.sku].zones or zones[move.to_bin] in items[move.sku].zones
        floor[move.to_bin].add(move.sku)
    assert not truck
    return {sku: {place for place, inside in floor.items() if sku in inside} for sku in problem.current}


def test_a_plan_keeps_all_rules_and_prints_what_evaluate_finds(warehouse: Warehouse) -> None:
    for seed in SEEDS:
        problem = lived_in(warehouse, seed)
        plan = solve(problem)
        judged = evaluate(problem, plan.assignment)
        assert judged.broken_rules == ()
        assert judged.objective_m_per_day == pytest.approx(plan.objective_m_per_day)
        assert plan.status == "optimal"


def test_the_separable_optimum_equals_scipys(warehouse: Warehouse) -> None:
    for seed in SEEDS:
        problem = warehouse(seed, 12, 15)
        model = build_model(problem)
        items, bins = np.arange(12), np.arange(15)
        cost = model.pick_costs(items, bins)
        barred = ~model.allowed(items[:, None], bins[None, :])
        rows, columns = linear_sum_assignment(np.where(barred, 1e9, cost))
        plan = solve(problem)
        if barred[rows, columns].any():
            assert plan.status == "infeasible"
        else:
            assert plan.objective_m_per_day == pytest.approx(cost[rows, columns].sum())
            assert plan.lower_bound_m_per_day == pytest.approx(cost[rows, columns].sum())


@pytest.mark.parametrize("model", ["per_move", "tour"])
def test_a_plan_is_never_worse_than_doing_nothing(warehouse: Warehouse, model: str) -> None:
    for seed in range(150 if model == "per_move" else 30):
        problem = lived_in(warehouse, seed, model=model, cost_m_per_move=Random(seed).choice([0.0, 20.0, 500.0]))
        if not problem.current:
            continue
        plan = solve(problem, time_limit_s=0.2)
        assert plan.current_m_per_day == pytest.approx(evaluate(problem).objective_m_per_day)
        assert plan.objective_m_per_day is not None
        assert plan.current_m_per_day is not None
        assert plan.lower_bound_m_per_day is not None
        assert plan.lower_bound_m_per_day <= plan.objective_m_per_day <= plan.current_m_per_day + 1e-6


def test_moves_executed_one_by_one_end_in_the_plan(warehouse: Warehouse) -> None:
    circles = 0
    for seed in SEEDS:
        problem = lived_in(warehouse, seed)
        plan = solve(problem)
        assert simulate(problem, plan) == {sku: set(plan.assignment[sku]) for sku in problem.current}
        circles += len(plan.moves) > len({move.sku for move in plan.moves})
        saved = sum(move.saves_m_per_day for move in plan.moves)
        assert saved == pytest.approx(evaluate(problem).objective_m_per_day - (plan.objective_m_per_day or 0), abs=1e-6)
    assert circles > 10, "the sample must hold circles that need a waiting place"


def test_at_most_so_many_moves_are_listed(warehouse: Warehouse) -> None:
    for seed in SEEDS:
        at_most = seed % 5
        problem = lived_in(warehouse, seed, at_most=at_most)
        if not problem.current:
            continue
        plan = solve(problem, time_limit_s=0.1)
        free = solve(replace(problem, moves=MoveRules()))
        assert len(plan.moves) <= at_most
        assert (plan.objective_m_per_day or 0) >= (free.objective_m_per_day or 0) - 1e-6


def test_few_moves_are_as_good_as_brute_force_where_optimal_is_said(warehouse: Warehouse) -> None:
    proven = 0
    for seed in range(30):
        problem = lived_in(warehouse, seed, at_most=2)
        if not problem.current:
            continue
        plan = solve(problem, time_limit_s=1.0)
        best = best_with_two_moves(problem)
        assert (plan.lower_bound_m_per_day or 0) <= best + 1e-6
        if plan.status == "optimal":
            proven += 1
            assert plan.objective_m_per_day == pytest.approx(best, abs=1e-5)
    assert proven > 5


def best_with_two_moves(problem: Problem) -> float:
    """Try every way to relocate up to two items (steps that only make room not counted)."""
    best = evaluate(problem).objective_m_per_day
    names = [place.id for place in problem.bins]
    for first, second in combinations(problem.current, 2):
        others = {name for sku, (name,) in problem.current.items() if sku not in (first, second)}
        for one, two in permutations(sorted(set(names) - others), 2):
            judged = evaluate(problem, problem.current | {first: (one,), second: (two,)})
            if not judged.broken_rules:
                best = min(best, judged.objective_m_per_day)
    return best


def test_a_higher_price_on_moves_never_gives_more_of_them(warehouse: Warehouse) -> None:
    for seed in range(60):
        counts = [
            len(solve(lived_in(warehouse, seed, cost_m_per_move=price)).moves) for price in (0.0, 50.0, 500.0, 1e6)
        ]
        assert counts[-1] == 0 or not lived_in(warehouse, seed).current


def test_adding_a_rule_never_improves(warehouse: Warehouse) -> None:
    for seed in SEEDS:
        problem = lived_in(warehouse, seed)
        free = solve(problem).objective_m_per_day
        stricter = [replace(item, zones=("warm",)) if index % 2 else item for index, item in enumerate(problem.items)]
        bound = solve(replace(problem, items=tuple(stricter))).objective_m_per_day
        assert free is not None
        assert bound is None or bound >= free - 1e-6 * max(1.0, free)


def test_scaling_all_rates_scales_the_objective(warehouse: Warehouse) -> None:
    for seed in SEEDS:
        problem = warehouse(seed, 8, 12)
        faster = [replace(item, picks_per_day=item.picks_per_day * 7.5) for item in problem.items]
        one, other = solve(problem), solve(replace(problem, items=tuple(faster)))
        if one.objective_m_per_day is not None:
            assert other.objective_m_per_day == pytest.approx(7.5 * one.objective_m_per_day, rel=1e-6)


def test_the_order_of_the_input_changes_nothing_but_ties(warehouse: Warehouse) -> None:
    for seed in SEEDS:
        problem = lived_in(warehouse, seed)
        random = Random(seed)
        items, bins = list(problem.items), list(problem.bins)
        random.shuffle(items)
        random.shuffle(bins)
        shuffled = solve(replace(problem, items=tuple(items), bins=tuple(bins)))
        assert shuffled.objective_m_per_day == pytest.approx(solve(problem).objective_m_per_day)


def test_the_same_seed_gives_the_same_plan(warehouse: Warehouse) -> None:
    for seed in range(2):
        problem = shared(warehouse, seed)
        one, other = solve(problem, seed=3), solve(problem, seed=3)
        assert replace(one, seconds=0.0) == replace(other, seconds=0.0)


def test_equal_layouts_are_no_reason_to_move(warehouse: Warehouse) -> None:
    for seed in SEEDS:
        problem = lived_in(warehouse, seed)
        still = [replace(item, picks_per_day=0.0) for item in problem.items]
        assert solve(replace(problem, items=tuple(still))).moves == ()


def test_an_item_that_lies_nowhere_is_put_away_without_a_move(warehouse: Warehouse) -> None:
    for seed in SEEDS:
        problem = lived_in(warehouse, seed, at_most=0)
        if not problem.current or len(problem.bins) == len(problem.items):
            continue
        newcomer = Item(sku="new", picks_per_day=30.0)
        plan = solve(replace(problem, items=(*problem.items, newcomer)))
        assert plan.moves == ()
        assert len(plan.assignment["new"]) == 1
        assert plan.current_m_per_day == pytest.approx(plan.objective_m_per_day)


def test_an_item_in_several_bins_gets_different_ones(warehouse: Warehouse) -> None:
    for seed in SEEDS:
        problem = warehouse(seed, 4, 14)
        wide = [replace(item, bins_needed=1 + index, zones=()) for index, item in enumerate(problem.items)]
        plan = solve(replace(problem, items=tuple(wide)))
        assert plan.status == "optimal"
        assert [len(set(plan.assignment[item.sku])) for item in wide] == [1, 2, 3, 4]


def test_the_frontier_falls_from_doing_nothing_to_the_plan(warehouse: Warehouse) -> None:
    for seed in SEEDS:
        problem = lived_in(warehouse, seed)
        if not problem.current:
            continue
        plan = solve(problem)
        points = [(point.moves, point.objective_m_per_day) for point in plan.frontier]
        assert points[0] == (0, pytest.approx(plan.current_m_per_day))
        assert points[-1][1] == pytest.approx(plan.objective_m_per_day)
        assert all(one[0] < two[0] and one[1] > two[1] for one, two in pairwise(points))


def shared(warehouse: Warehouse, seed: int, **keys: Any) -> Problem:
    """Build a warehouse of shared bins: volume and mass are limited, not the number of items; families keep apart."""
    random = Random(seed)
    problem = warehouse(seed, 14, 8, **keys)
    bins = [replace(place, items_at_most=None, volume_m3=3.0, mass_kg=200.0, zone=None) for place in problem.bins]
    items = [
        replace(
            item,
            zones=(),
            volume_m3=random.uniform(0.2, 1.4),
            mass_kg=random.uniform(1, 80),
            family=random.choice(["food", "chemicals"]),
            keep_apart=random.choice([(), ("chemicals",)]),
        )
        for item in problem.items
    ]
    return replace(problem, bins=tuple(bins), items=tuple(items))


def test_shared_bins_keep_capacity_and_company(warehouse: Warehouse) -> None:
    for seed in range(12):
        problem = shared(warehouse, seed)
        plan = solve(problem, time_limit_s=0.5)
        if plan.status == "infeasible":
            assert plan.broken_rules[0].startswith("keep_apart")
            continue
        judged = evaluate(problem, plan.assignment)
        assert judged.broken_rules == ()
        assert judged.objective_m_per_day == pytest.approx(plan.objective_m_per_day)
        assert (plan.lower_bound_m_per_day or 0) <= judged.objective_m_per_day + 1e-9


def test_affinity_is_bounded_and_brings_pairs_together(warehouse: Warehouse) -> None:
    for seed in range(15):
        lived = lived_in(warehouse, seed)
        if not lived.current:
            continue
        pairs = ((lived.items[0].sku, lived.items[1].sku, 1000.0),)
        problem = replace(lived, affinity=pairs)
        plan = solve(problem, time_limit_s=0.5)
        judged = evaluate(problem, plan.assignment)
        assert judged.objective_m_per_day == pytest.approx(plan.objective_m_per_day)
        assert (plan.lower_bound_m_per_day or 0) <= judged.objective_m_per_day
        assert judged.terms.affinity <= evaluate(problem, solve(lived).assignment).terms.affinity + 1e-6


def test_orders_on_aisles_are_routed_and_bounded(warehouse: Warehouse) -> None:
    aisles = {"count": 3, "pitch_m": 3.0, "cells": 4, "cell_m": 1.0, "front_gap_m": 1.0, "back_gap_m": 1.0}
    for seed in range(3):
        random = Random(seed)
        bins = [{"id": f"B{n}", "aisle": n % 3, "cell": n // 3, "items_at_most": 1} for n in range(12)]
        items = [{"sku": f"S{n}", "picks_per_day": random.uniform(0, 3)} for n in range(8)]
        orders = [random.sample([item["sku"] for item in items], random.randint(1, 3)) for _ in range(10)]
        problem = warehouse(
            seed,
            doors=[{"id": "D0", "aisle": 1}],
            bins=bins,
            items=items,
            aisles=aisles,
            orders=orders,
            orders_days=2,
            weights={"travel": 0.1, "routes": 1.0},
            current={f"S{n}": [f"B{11 - n}"] for n in range(8)},
        )
        plan = solve(problem, time_limit_s=0.5)
        judged = evaluate(problem, plan.assignment)
        assert judged.terms.routes == pytest.approx(sum(judged.tours_m) / 2)
        assert judged.objective_m_per_day == pytest.approx(plan.objective_m_per_day)
        assert (plan.lower_bound_m_per_day or 0) <= judged.objective_m_per_day < (plan.current_m_per_day or 0)
        assert sum(m.saves_m_per_day for m in plan.moves) == pytest.approx(
            (plan.current_m_per_day or 0) - judged.objective_m_per_day
        )


def test_single_line_orders_are_proven_for_their_tours_are_linear(warehouse: Warehouse) -> None:
    problem = warehouse(
        1,
        doors=[{"id": "D0", "aisle": 0}],
        bins=[{"id": f"B{n}", "aisle": 0, "cell": n, "items_at_most": 1} for n in range(5)],
        items=[{"sku": f"S{n}"} for n in range(5)],
        aisles={"count": 1, "pitch_m": 3.0, "cells": 5, "cell_m": 1.0, "front_gap_m": 1.0},
        orders=[["S4"], ["S4"], ["S3"]],
        orders_days=1,
        weights={"routes": 1.0},
    )
    plan = solve(problem)
    assert (plan.status, plan.objective_m_per_day) == ("optimal", pytest.approx(2 * 2 + 4))


def infeasible(plan: Plan) -> str:
    assert plan.status == "infeasible"
    assert plan.assignment == {}
    assert plan.objective_m_per_day is None
    return "\n".join(plan.broken_rules)


def test_contradictory_rules_are_named_with_few_items(warehouse: Warehouse) -> None:
    problem = warehouse(1, 8, 12)
    bins = [replace(place, zone="cold" if index < 2 else "warm") for index, place in enumerate(problem.bins)]
    items = [replace(item, zones=("cold",) if index < 3 else ()) for index, item in enumerate(problem.items)]
    told = infeasible(solve(replace(problem, bins=tuple(bins), items=tuple(items))))
    assert told.startswith("zones + items_at_most: 'S0', 'S1', 'S2' need 3 places and may use 2")


def test_an_item_that_fits_nowhere_is_named_with_its_rule(warehouse: Warehouse) -> None:
    problem = warehouse(1, 3, 5)
    bins = [replace(place, volume_m3=1.0) for place in problem.bins]
    items = (replace(problem.items[0], volume_m3=2.0), *problem.items[1:])
    told = infeasible(solve(replace(problem, bins=tuple(bins), items=items)))
    assert told.startswith("volume_m3: 'S0' needs 1 places and may use 0")


def test_moves_that_rules_force_contradict_a_small_budget(warehouse: Warehouse) -> None:
    problem = warehouse(1, 2, 4)
    bins = [replace(place, zone="cold" if index < 2 else "warm") for index, place in enumerate(problem.bins)]
    items = [replace(item, zones=("warm",)) for item in problem.items]
    lived = replace(problem, bins=tuple(bins), items=tuple(items), current={"S0": ("B0",), "S1": ("B1",)})
    told = infeasible(solve(replace(lived, moves=MoveRules(at_most=1))))
    assert told == "moves.at_most: 1 moves are allowed and the other rules force 2"
    assert len(solve(replace(lived, moves=MoveRules(at_most=2))).moves) == 2


def test_too_much_volume_for_all_bins_is_infeasible(warehouse: Warehouse) -> None:
    problem = shared(warehouse, 1)
    items = tuple(replace(item, volume_m3=2.5) for item in problem.items)
    assert "all items take 35 and all bins have room for 24" in infeasible(solve(replace(problem, items=items)))


def test_what_cannot_be_packed_is_proven_and_named(warehouse: Warehouse) -> None:
    problem = warehouse(1, 6, 2)
    bins = tuple(replace(place, items_at_most=None, volume_m3=1.5) for place in problem.bins)
    sizes = zip(problem.items, (0.8, 0.8, 0.8, 0.1, 0.1, 0.1), strict=True)
    items = tuple(replace(item, volume_m3=size, zones=()) for item, size in sizes)
    told = infeasible(solve(replace(problem, bins=bins, items=items), time_limit_s=5.0))
    assert told == "volume_m3: no layout holds 'S0', 'S1', 'S2'"


def test_company_that_cannot_be_kept_apart_is_proven_and_named(warehouse: Warehouse) -> None:
    problem = warehouse(1, 5, 2)
    bins = tuple(replace(place, items_at_most=None) for place in problem.bins)
    items = [replace(item, zones=()) for item in problem.items]
    for index in (1, 2, 4):
        items[index] = replace(items[index], family="acid", keep_apart=("acid",))
    told = infeasible(solve(replace(problem, bins=bins, items=tuple(items)), time_limit_s=5.0))
    assert told == "keep_apart: no layout holds 'S1', 'S2', 'S4'"


def test_a_problem_too_large_to_decide_is_not_called_infeasible(warehouse: Warehouse, monkeypatch: Any) -> None:
    monkeypatch.setattr("tagdock_slotting.solvers.packing.VARIABLES_AT_MOST", 1)
    problem = warehouse(1, 6, 2)
    bins = tuple(replace(place, items_at_most=None, volume_m3=1.5) for place in problem.bins)
    sizes = zip(problem.items, (0.8, 0.8, 0.8, 0.1, 0.1, 0.1), strict=True)
    items = tuple(replace(item, volume_m3=size, zones=()) for item, size in sizes)
    with pytest.raises(UnsolvedError, match="none was proven impossible"):
        solve(replace(problem, bins=bins, items=items), time_limit_s=1.0)


def test_a_warehouse_too_large_for_the_machine_is_refused_in_words(warehouse: Warehouse, monkeypatch: Any) -> None:
    monkeypatch.setattr("tagdock_slotting.solvers.relaxation.SURVEYED_AT_MOST", 50)
    with pytest.raises(UnsolvedError, match="plan one zone at a time"):
        solve(warehouse(1, 8, 10))


def test_ergonomics_bring_fast_items_to_the_golden_zone(warehouse: Warehouse) -> None:
    problem = warehouse(
        1,
        doors=[{"id": "D0", "x_m": 0, "y_m": 0}],
        bins=[
            {"id": name, "x_m": 1, "y_m": 0, "z_m": z, "items_at_most": 1} for name, z in (("low", 0.1), ("hip", 1.0))
        ],
        items=[{"sku": "slow", "picks_per_day": 1}, {"sku": "fast", "picks_per_day": 9}],
        weights={"ergonomics": 1.0},
    )
    assert solve(problem).assignment["fast"] == ("hip",)
    assert solve(replace(problem, weights=Weights())).terms.ergonomics == 0.0
