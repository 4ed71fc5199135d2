"""The dense search: its bookkeeping is exact, it finds optima, and it keeps rules."""

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from tagdock_slotting.evaluate import evaluate
from tagdock_slotting.kernels import tabu
from tagdock_slotting.kernels.chance import chance
from tagdock_slotting.kernels.kicks import kick
from tagdock_slotting.model import build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Problem
from tagdock_slotting.quadratic import is_dense
from tagdock_slotting.solve import solve

pytest.importorskip("numba")


def cost(flow: np.ndarray, way: np.ndarray, linear: np.ndarray, place: np.ndarray) -> float:
    off = flow - np.diag(np.diag(flow))
    return float((off * way[np.ix_(place, place)]).sum() + linear[np.arange(len(place)), place].sum())


@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "asymmetric"])
def test_costs_and_changes_kept_along_a_walk_are_those_worked_out_anew(symmetric: bool) -> None:
    random = np.random.default_rng(1)
    flow, way, linear = random.integers(0, 9, (3, 9, 9)).astype(float)
    if symmetric:
        flow, way = flow + flow.T, way + way.T
    flow[7:] = flow[:, 7:] = 0.0
    linear[0, 5] = np.inf
    at = tabu.stand(flow, way, linear, 7, np.arange(9))
    tabu.walk(at, 200, 50, chance(3))
    assert at.value[tabu.NOW] == pytest.approx(cost(flow, way, linear, at.place))
    assert at.value[tabu.BEST] == pytest.approx(cost(flow, way, linear, at.best))
    assert sorted(at.place.tolist()) == list(range(9))
    kept = at.change.copy()
    tabu.refresh(at)
    np.testing.assert_allclose(kept[:7], at.change[:7], atol=1e-9)


@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "asymmetric"])
def test_kicks_keep_the_cost_never_lose_and_leave_forbidden_places_alone(symmetric: bool) -> None:
    random = np.random.default_rng(2)
    flow, way, linear = random.integers(0, 9, (3, 9, 9)).astype(float)
    if symmetric:
        flow, way = flow + flow.T, way + way.T
    flow[7:] = flow[:, 7:] = 0.0
    linear[0, 5:] = np.inf
    at = tabu.stand(flow, way, linear, 7, np.arange(9))
    before = float(at.value[tabu.BEST])
    kick(at, 300, chance(3))
    assert at.value[tabu.NOW] == pytest.approx(cost(flow, way, linear, at.place))
    assert at.value[tabu.BEST] == pytest.approx(cost(flow, way, linear, at.best))
    assert at.value[tabu.BEST] < before
    assert at.best[0] < 5


def affine(warehouse: Callable[..., Problem], seed: int, items: int, bins: int, **keys: object) -> Problem:
    random = np.random.default_rng(seed)
    flow = random.integers(0, 5, (items, items))
    pairs = [(f"S{a}", f"S{b}", float(flow[a, b])) for a, b in np.argwhere(flow) if a != b]
    return warehouse(seed, items, bins, affinity=pairs, weights={"travel": 0.3, "ergonomics": 1.0}, **keys)


def test_it_finds_what_trying_all_layouts_finds(
    warehouse: Callable[..., Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagdock_slotting.search.SMALL", 0)
    for seed in range(3):
        problem = affine(warehouse, seed, 5, 6)
        model = build_model(problem)
        allowed = model.allowed(np.arange(5)[:, None], np.arange(6)[None, :])
        legal = [place for place in permutations(range(6), 5) if all(allowed[i, b] for i, b in enumerate(place))]
        layouts = [{f"S{i}": (f"B{b}",) for i, b in enumerate(place)} for place in legal]
        plan = solve(problem, time_limit_s=60)
        if not legal:
            assert plan.status == "infeasible"
            continue
        objective = Objective(model)
        assert is_dense(objective, None)
        best = min(objective.terms(model.units(layout)).total() for layout in layouts)
        assert plan.objective_m_per_day == pytest.approx(best)
        assert evaluate(problem, plan.assignment).broken_rules == ()


def test_the_same_seed_walks_the_same_way(warehouse: Callable[..., Problem]) -> None:
    problem = affine(warehouse, 4, 12, 13)
    plans = [solve(problem, time_limit_s=60, seed=5) for _ in range(2)]
    assert plans[0].assignment == plans[1].assignment
