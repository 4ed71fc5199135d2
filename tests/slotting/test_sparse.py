"""Few arcs, others priced in, find what all arcs find, and prove it; SciPy agrees where it can say something."""

from collections.abc import Callable, Iterator
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.optimize import linear_sum_assignment
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.model import build_model
from tagdock_slotting.problem import Bin, Door, Item, MoveRules, Problem
from tagdock_slotting.rules import is_legal
from tagdock_slotting.solve import solve
from tagdock_slotting.solvers.relaxation import Relaxation, build_relaxation

Warehouse = Callable[..., Problem]


@pytest.fixture
def few_arcs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Treat small warehouses as large ones: several scales, few arcs."""
    monkeypatch.setattr("tagdock_slotting.solvers.relaxation.WRITTEN_AT_MOST", 0)
    monkeypatch.setattr("tagdock_slotting.solvers.sparse.LOOKED_FOR", (2, 2))
    monkeypatch.setattr("tagdock_slotting.solvers.sparse.ROUNDS", 60)
    monkeypatch.setattr("tagdock_slotting.solvers.scales.COARSEST", 6)
    yield


def relaxed(problem: Problem) -> Relaxation:
    return build_relaxation(linear_bound(build_model(problem)))


def lived_in(warehouse: Warehouse, seed: int, *, several: bool) -> Problem:
    """A random warehouse, partly filled; with `several`, items in several bins and bins of several items."""
    random = Random(seed)
    problem = warehouse(seed, 30, 60)
    slots = [random.choice([1, 1, 3]) if several else 1 for _ in problem.bins]
    bins = tuple(replace(place, items_at_most=n) for place, n in zip(problem.bins, slots, strict=True))
    items = tuple(replace(item, bins_needed=random.choice([1, 2]) if several else 1) for item in problem.items)
    homes = random.sample([place.id for place in bins], 50)
    current = {item.sku: tuple(homes.pop() for _ in range(item.bins_needed)) for item in items[:25]}
    price = random.choice([0.0, 20.0, 500.0])
    return replace(problem, bins=bins, items=items, current=current, moves=MoveRules(cost_m_per_move=price))


@pytest.mark.usefixtures("few_arcs")
@pytest.mark.parametrize("several", [False, True], ids=["one each", "several each"])
def test_few_arcs_reach_the_optimum_of_all_arcs_at_every_price(
    warehouse: Warehouse, several: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(6):
        problem = lived_in(warehouse, seed, several=several)
        few = relaxed(problem)
        assert few.sparse is not None
        with monkeypatch.context() as patch:
            patch.setattr("tagdock_slotting.solvers.relaxation.WRITTEN_AT_MOST", 10**9)
            every = relaxed(problem)
            assert every.sparse is None
        for price in (0.0, 1.0, 30.0):
            mine, wanted = few.solve(price), every.solve(price)
            assert (mine is None) == (wanted is None)
            if mine is None or wanted is None:
                break
            cost = few.cost(mine.units) + price * mine.relocations
            best = every.cost(wanted.units) + price * wanted.relocations
            assert cost == pytest.approx(best, rel=1e-6, abs=1e-6)
            assert cost - 1e-6 * max(1.0, cost) <= mine.bound <= cost + 1e-9 * max(1.0, cost)


@pytest.mark.usefixtures("few_arcs")
def test_few_arcs_equal_scipy_on_every_random_warehouse(warehouse: Warehouse) -> None:
    for seed in range(8):
        problem = warehouse(seed, 40, 45)
        model = build_model(problem)
        items, bins = np.arange(model.items), np.arange(model.bins)
        allowed = model.allowed(items[:, None], bins[None, :])
        cost = np.where(allowed, model.pick_costs(items, bins), 1e12)
        rows, columns = linear_sum_assignment(cost)
        best = float(cost[rows, columns].sum())
        plan = solve(problem, time_limit_s=60)
        if best >= 1e12:
            assert plan.status == "infeasible"
        else:
            assert plan.status == "optimal"
            assert plan.objective_m_per_day == pytest.approx(best, rel=1e-6, abs=1e-6)
            assert is_legal(model, model.units(plan.assignment))


@pytest.mark.usefixtures("few_arcs")
def test_a_large_layout_whose_time_is_up_is_legal_and_says_how_far_it_may_be_off(warehouse: Warehouse) -> None:
    gaps = []
    for seed in range(6):
        problem = lived_in(warehouse, seed, several=False)
        model, best = build_model(problem), solve(problem, time_limit_s=60)
        plan = solve(problem, time_limit_s=0)
        assert plan.objective_m_per_day is not None
        assert plan.lower_bound_m_per_day is not None
        assert best.objective_m_per_day is not None
        assert is_legal(model, model.units(plan.assignment))
        assert plan.lower_bound_m_per_day <= best.objective_m_per_day + 1e-6
        assert best.objective_m_per_day <= plan.objective_m_per_day + 1e-6
        gaps.append(plan.objective_m_per_day - plan.lower_bound_m_per_day)
        assert (plan.status == "optimal") == (gaps[-1] <= 1e-6 * max(1.0, plan.objective_m_per_day))
    assert max(gaps) > 1e-3  # some were cut short


@pytest.mark.usefixtures("few_arcs")
@pytest.mark.parametrize("places", [1, 3], ids=["one item a bin", "three items a bin"])
def test_one_door_and_no_rules_is_a_sort_that_proves_itself(places: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No flow is solved; SciPy finds the same, and the prices of the sort bound it from below."""
    monkeypatch.setattr("tagdock_slotting.solvers.settling.Settler.settle", lambda *_: pytest.fail("a flow was solved"))
    for seed in range(4):
        random = Random(seed)
        ways = [random.choice([5.0, random.uniform(1, 90)]) for _ in range(40)]
        rates = [random.choice([0.0, random.paretovariate(1.1)]) for _ in range(35)]
        problem = Problem(
            doors=(Door(id="D", x_m=0.0, y_m=0.0),),
            bins=tuple(Bin(id=f"B{n}", x_m=way, y_m=0.0, items_at_most=places) for n, way in enumerate(ways)),
            items=tuple(Item(sku=f"S{n}", picks_per_day=rate) for n, rate in enumerate(rates)),
        )
        network = relaxed(problem)
        found = network.solve()
        assert found is not None
        cost = np.outer(rates, np.repeat(ways, places))
        best = float(cost[linear_sum_assignment(cost)].sum())
        assert network.cost(found.units) == pytest.approx(best, rel=1e-12)
        assert found.bound == pytest.approx(best, rel=1e-12)
        assert is_legal(network.bound.model, found.units)
