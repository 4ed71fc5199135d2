"""The bound on layouts with affinity: never above the best of all layouts, and worth more than none."""

from itertools import permutations
from random import Random

import numpy as np
import pytest
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.lawler import affinity_bound
from tagdock_slotting.model import Units, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Bin, BinBinMatrix, Door, Item, MoveRules, Problem, Weights
from tagdock_slotting.rules import is_legal
from tagdock_slotting.solve import solve


def house(seed: int, *, slots: int, one_way: bool) -> Problem:
    """Five items in six bins, each pair with some chance; ways that may be longer back than forth."""
    random = Random(seed)
    bins = tuple(Bin(id=f"B{n}", x_m=random.uniform(0, 9), y_m=0.0, items_at_most=slots) for n in range(6))
    ways = np.array([[random.uniform(1, 9) for _ in bins] for _ in bins])
    ways = ways if one_way else (ways + ways.T) / 2
    np.fill_diagonal(ways, 0.0)
    names = [f"S{n}" for n in range(5)]
    pairs = [(a, b, random.uniform(0, 9)) for a in names for b in names if a != b and random.random() < 0.5]
    return Problem(
        doors=(Door(id="D", x_m=0.0, y_m=0.0),),
        bins=bins,
        items=tuple(Item(sku=name, picks_per_day=random.uniform(0, 3)) for name in names),
        bin_bin_m=BinBinMatrix(bins=tuple(place.id for place in bins), rows=tuple(map(tuple, ways.tolist()))),
        affinity=tuple(pairs),
        current={name: (f"B{n}",) for n, name in enumerate(names)},
        moves=MoveRules(cost_m_per_move=random.choice([0.0, 90.0])),
        weights=Weights(travel=random.choice([0.0, 1.0])),
    )


@pytest.mark.parametrize("one_way", [False, True], ids=["both ways alike", "one way longer"])
@pytest.mark.parametrize("slots", [1, 2], ids=["one item a bin", "two items a bin"])
def test_no_layout_costs_less_than_the_bound(slots: int, one_way: bool) -> None:
    for seed in range(3):
        model = build_model(house(seed, slots=slots, one_way=one_way))
        objective = Objective(model)
        places = [place for place in range(model.bins) for _ in range(slots)]
        layouts = dict.fromkeys(permutations(places[:6], model.items))
        units = [Units(np.arange(model.items), np.array(layout)) for layout in layouts]
        best = min(objective.terms(layout).total() for layout in units if is_legal(model, layout))
        assert affinity_bound(objective, linear_bound(model)) <= best * (1 + 1e-9)


def test_the_bound_is_exact_where_one_item_is_at_the_heart_of_all_pairs() -> None:
    """A star of pairs leaves no freedom but which bin is the heart: the strongest pairs go the shortest ways."""
    ways = tuple(tuple(float(abs(a - b)) for b in range(5)) for a in range(5))
    problem = Problem(
        doors=(Door(id="D", x_m=0.0, y_m=0.0),),
        bins=tuple(Bin(id=f"B{n}", x_m=0.0, y_m=0.0, items_at_most=1) for n in range(5)),
        items=tuple(Item(sku=f"S{n}") for n in range(5)),
        bin_bin_m=BinBinMatrix(bins=tuple(f"B{n}" for n in range(5)), rows=ways),
        affinity=tuple(("S0", f"S{n}", 2.0) for n in range(1, 5)),
        weights=Weights(travel=0.0),
    )
    plan = solve(problem, time_limit_s=5.0)
    assert plan.objective_m_per_day == pytest.approx(2.0 * (1 + 1 + 2 + 2))
    assert plan.lower_bound_m_per_day is not None
    assert plan.lower_bound_m_per_day > 8.0 + 1e-3  # every pair one bin apart would be 8
