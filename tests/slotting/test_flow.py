"""The core against SciPy's assignment on random instances: equal costs, valid bounds."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from tagdock_slotting.solvers.flow import Arcs, most_shipped, scale_bits, transport


def dense(cost: np.ndarray, allowed: np.ndarray | None = None) -> Arcs:
    source, sink = np.nonzero(np.ones_like(cost, dtype=bool) if allowed is None else allowed)
    ones = np.ones(len(source), dtype=np.int64)
    avoid = np.zeros(len(source), dtype=np.bool_)
    return Arcs(source.astype(np.int32), sink.astype(np.int32), ones, cost[source, sink], avoid)


@pytest.mark.parametrize("size", [1, 2, 5, 20, 60, 150, 400])
@pytest.mark.parametrize("kind", ["uniform", "product", "tiny", "huge", "integers"])
def test_the_optimum_equals_scipys(size: int, kind: str) -> None:
    random = np.random.default_rng(size)
    cost = {
        "uniform": lambda: random.uniform(0, 100, (size, size + 3)),
        "product": lambda: np.outer(random.pareto(1.2, size), random.uniform(1, 150, size + 3)),
        "tiny": lambda: random.uniform(0, 1e-7, (size, size + 3)),
        "huge": lambda: random.uniform(0, 1e9, (size, size + 3)),
        "integers": lambda: random.integers(0, 5, (size, size + 3)).astype(float),
    }[kind]()
    arcs = dense(cost)
    flow = transport(np.ones(size, dtype=np.int64), np.ones(size + 3, dtype=np.int64), arcs)
    assert flow is not None
    rows, columns = linear_sum_assignment(cost)
    best = cost[rows, columns].sum()
    found = float(arcs.cost @ flow.amount)
    assert found == pytest.approx(best, rel=1e-9, abs=1e-9 * cost.max())
    assert best - 1e-7 * max(best, cost.max()) <= flow.bound <= best


def test_what_is_impossible_is_none_and_as_much_as_possible_is_shipped() -> None:
    allowed = np.array([[True, False], [True, False], [False, True]])
    arcs = dense(np.ones((3, 2)), allowed)
    supply, capacity = np.ones(3, dtype=np.int64), np.array([1, 5], dtype=np.int64)
    assert transport(supply, capacity, arcs) is None
    assert most_shipped(supply, capacity, arcs).sum() == 2


def test_potentials_stay_within_64_bits() -> None:
    assert all(scale_bits(nodes) + 2 * np.log2(nodes + 1) <= 62 for nodes in (1, 100, 7_000, 100_000, 400_000))
