"""The dense search: its bookkeeping is exact, it finds optima, and it keeps rules."""

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.evaluate import evaluate
from tagdock_slotting.kernels import tabu
from tagdock_slotting.kernels.chance import chance
from tagdock_slotting.kernels.cooling import cool, dearness
from tagdock_slotting.kernels.kicks import kick
from tagdock_slotting.model import Units, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Problem
from tagdock_slotting.quadratic import DenseSearch, Lane, is_dense
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


@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "asymmetric"])
def test_annealing_keeps_the_cost_and_leaves_forbidden_places_alone(symmetric: bool) -> None:
    random, draws = np.random.default_rng(3), chance(5)
    flow, way, linear = random.integers(0, 9, (3, 9, 9)).astype(float)
    if symmetric:
        flow, way = flow + flow.T, way + way.T
    flow[7:] = flow[:, 7:] = 0.0
    linear[0, 5:] = np.inf
    at = tabu.stand(flow, way, linear, 7, np.arange(9))
    for sweeps, heat, factor in ((1, np.inf, 1.0), (40, 60.0, 0.9), (10, 1e-9, 1.0)):
        before = float(at.value[tabu.NOW])
        cool(at, sweeps, heat, factor, draws)
        assert at.value[tabu.NOW] == pytest.approx(cost(flow, way, linear, at.place))
        assert at.value[tabu.BEST] == pytest.approx(cost(flow, way, linear, at.best))
        assert at.value[tabu.BEST] <= at.value[tabu.NOW] + 1e-9
        assert sorted(at.place.tolist()) == list(range(9))
        assert at.place[0] < 5
        assert at.best[0] < 5
        assert heat > 1e-6 or at.value[tabu.NOW] <= before + 1e-9
    tabu.refresh(at)
    assert (at.change[:7][np.isfinite(at.change[:7])] >= -1e-9).all()


def test_infinite_heat_takes_every_swap_that_is_allowed() -> None:
    random = np.random.default_rng(4)
    flow, way = random.integers(1, 9, (2, 6, 6)).astype(float)
    at = tabu.stand(flow, way, np.zeros((6, 6)), 6, np.arange(6))
    cool(at, 1, np.inf, 1.0, chance(1))
    place = list(range(6))
    for u in range(6):
        for v in range(u + 1, 6):
            place[u], place[v] = place[v], place[u]
    assert at.place.tolist() == place


def test_what_a_swap_changes_on_average_counts_only_swaps_that_are_allowed() -> None:
    random = np.random.default_rng(5)
    flow, way = random.integers(1, 9, (2, 5, 5)).astype(float)
    linear = np.full((5, 5), np.inf)
    np.fill_diagonal(linear, 0.0)
    assert dearness(tabu.stand(flow, way, linear, 5, np.arange(5)), 500, chance(1)) == 0.0
    linear[0, 1] = linear[1, 0] = 0.0
    at = tabu.stand(flow, way, linear, 5, np.arange(5))
    assert dearness(at, 500, chance(1)) == pytest.approx(abs(at.change[0, 1]))


def test_a_search_out_of_time_returns_a_legal_layout_that_is_no_worse(warehouse: Callable[..., Problem]) -> None:
    model = build_model(affine(warehouse, 6, 20, 22))
    objective, bound = Objective(model), linear_bound(model)
    start = Units(np.arange(20), np.arange(20))
    for turns in (0, 1, 5, 30):
        found = DenseSearch(objective, bound, start).run(1, Turns(turns))
        assert len(set(found.bin.tolist())) == 20
        assert objective.terms(found).total() <= objective.terms(start).total() + 1e-9


def test_a_lane_is_the_same_for_the_same_seed_and_costs_what_it_says(warehouse: Callable[..., Problem]) -> None:
    model = build_model(affine(warehouse, 7, 24, 24))
    search = DenseSearch(Objective(model), linear_bound(model), Units(np.arange(24), np.arange(24)))
    start, places = np.arange(24), []
    for seed in (0, 0):
        lane = Lane(search, start, seed)
        lane.run(Turns(6))
        assert lane.value == pytest.approx(float(search.stand(lane.place).value[tabu.NOW]))
        places.append(lane.place.tolist())
    assert places[0] == places[1]


class Turns:
    """A clock that has passed its limit after so many looks."""

    def __init__(self, turns: int) -> None:
        self._left = turns

    def __call__(self) -> bool:
        self._left -= 1
        return self._left < 0


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
