"""The rules of the house: what breaks them is named, and no plan does."""

from collections.abc import Callable
from typing import Any

import pytest
from tagdock_slotting.evaluate import evaluate
from tagdock_slotting.model import build_model
from tagdock_slotting.plan import Layout, Plan
from tagdock_slotting.problem import Problem
from tagdock_slotting.solve import solve
from tagdock_slotting.solvers.packing import Answer, Packer

Warehouse = Callable[..., Problem]

BINS: list[dict[str, Any]] = [
    {"id": "low", "x_m": 3, "y_m": 0, "z_m": 0.2, "height_m": 2.0, "zone": "warm", "aisle": 0, "items_at_most": 1},
    {"id": "high", "x_m": 1, "y_m": 0, "z_m": 1.9, "height_m": 0.5, "zone": "cold", "aisle": 0, "items_at_most": 1},
    {"id": "far", "x_m": 9, "y_m": 0, "z_m": 0.2, "height_m": 2.0, "zone": "cold", "aisle": 1, "items_at_most": 1},
    {"id": "next", "x_m": 9, "y_m": 1, "z_m": 0.2, "height_m": 2.0, "zone": "cold", "aisle": 1, "items_at_most": 1},
]


def house(warehouse: Warehouse, item: dict[str, Any], **rules: Any) -> Problem:
    """A warehouse whose nearest bin is `high`, and one item that would like to lie there."""
    goods = [{"sku": "S", "picks_per_day": 9} | item]
    return warehouse(1, **{"doors": [{"id": "D", "x_m": 0, "y_m": 0}], "bins": BINS, "items": goods} | rules)


def with_bin(index: int, **changes: Any) -> list[dict[str, Any]]:
    return [place | changes if number == index else place for number, place in enumerate(BINS)]


@pytest.mark.parametrize(
    ("item", "rules", "told"),
    [
        ({"height_m": 0.8}, {}, "height_m: 'S' is 0.8 m high and lies in 'high' of 0.5 m"),
        ({"zones": ["warm"]}, {}, "zones: 'S' may lie in warm and lies in 'high' of zone 'cold'"),
        ({"bins": ["low", "far"]}, {}, "bins: 'S' may lie in low, far only and lies in 'high'"),
        ({}, {"bins": with_bin(1, use="blocked")}, "use: 'S' lies in 'high', which is blocked"),
        ({}, {"bins": with_bin(1, use="held")}, "use: 'S' lies in 'high', which is held by an open task"),
        (
            {"mass_kg": 20},
            {"heavy_below": [{"over_kg": 15, "z_m_at_most": 1.4}]},
            "heavy_below: 'S' of 20 kg may lie up to 1.4 m and lies in 'high'",
        ),
    ],
    ids=["height", "zone", "fixed bins", "blocked", "held", "heavy below"],
)
def test_a_rule_takes_the_best_bin_away_and_is_named_when_broken(
    warehouse: Warehouse, item: dict[str, Any], rules: dict[str, Any], told: str
) -> None:
    assert solve(house(warehouse, {})).assignment == {"S": ("high",)}
    problem = house(warehouse, item, **rules)
    plan = solve(problem)
    assert (plan.status, plan.assignment) == ("optimal", {"S": ("low",)})
    assert evaluate(problem, plan.assignment).broken_rules == ()
    assert evaluate(problem, {"S": ("high",)}).broken_rules[0].startswith(told)


def test_what_a_task_holds_stays_though_a_better_bin_is_free(warehouse: Warehouse) -> None:
    problem = house(warehouse, {}, bins=with_bin(2, use="held"), current={"S": ["far"]})
    plan = solve(problem)
    assert (plan.assignment, plan.moves) == ({"S": ("far",)}, ())
    broken = evaluate(problem, {"S": ("low",)}).broken_rules
    assert broken[0].startswith("bins: 'S'") or broken[0].startswith("use: 'S' must stay in 'far'")


def test_what_lies_in_a_blocked_bin_has_to_leave(warehouse: Warehouse) -> None:
    plan = solve(house(warehouse, {}, bins=with_bin(2, use="blocked"), current={"S": ["far"]}))
    assert [(move.from_bin, move.to_bin) for move in plan.moves] == [("far", "high")]


def test_doors_that_an_item_may_use_draw_it(warehouse: Warehouse) -> None:
    doors = [{"id": "D", "x_m": 0, "y_m": 0}, {"id": "E", "x_m": 9, "y_m": 0}]
    goods = [{"sku": "S", "picks_per_day": 9, "doors": ["E"]}]
    plan = solve(warehouse(1, doors=doors, bins=BINS, items=goods, weights={}))
    assert (plan.assignment, plan.objective_m_per_day) == ({"S": ("far",)}, 0.0)


def family(warehouse: Warehouse, within: str, **more: Any) -> Problem:
    goods = [{"sku": f"S{n}", "picks_per_day": 9 - n, "family": "lamps"} for n in range(2)]
    return warehouse(
        1,
        doors=[{"id": "D", "x_m": 0, "y_m": 0}],
        bins=BINS,
        items=goods,
        together=[{"family": "lamps", "within": within}],
        **more,
    )


def test_a_family_stays_in_one_zone_or_one_aisle(warehouse: Warehouse) -> None:
    by_zone, by_aisle = solve(family(warehouse, "zone")), solve(family(warehouse, "aisle"))
    assert by_zone.assignment == {"S0": ("high",), "S1": ("far",)}
    assert by_aisle.assignment == {"S0": ("high",), "S1": ("low",)}
    told = evaluate(family(warehouse, "zone"), by_aisle.assignment).broken_rules
    assert told == ("together: family 'lamps' lies in several zones: warm, cold",)
    assert bounded(by_zone)
    assert bounded(by_aisle)


def bounded(plan: Plan) -> bool:
    return (plan.lower_bound_m_per_day or 0) <= (plan.objective_m_per_day or 0) and plan.broken_rules == ()


def test_a_scattered_family_is_brought_together_and_a_close_one_may_stay(warehouse: Warehouse) -> None:
    scattered = solve(family(warehouse, "aisle", current={"S0": ["high"], "S1": ["far"]}))
    assert [(move.sku, move.to_bin) for move in scattered.moves] == [("S1", "low")]
    settled = {"current": {"S0": ["far"], "S1": ["next"]}, "moves": {"cost_m_per_move": 1e6}}
    assert solve(family(warehouse, "aisle", **settled)).moves == ()


@pytest.mark.parametrize(
    ("item", "rules", "told"),
    [
        ({"height_m": 2.5}, {}, "height_m: 'S' needs 1 places and may use 0"),
        ({"bins": ["high"], "height_m": 0.8}, {}, "height_m + bins: 'S' needs 1 places and may use 0"),
        ({"bins": ["high"]}, {"bins": with_bin(1, use="blocked")}, "use + bins: 'S' needs 1 places and may use 0"),
        (
            {"zones": ["cold"], "mass_kg": 3, "bins_needed": 3},
            {"heavy_below": [{"over_kg": 2, "z_m_at_most": 1.0}]},
            "zones + heavy_below: 'S' needs 3 places and may use 2",
        ),
    ],
    ids=["height", "height and bins", "blocked and fixed", "zone and weight"],
)
def test_rules_that_contradict_each_other_are_named(
    warehouse: Warehouse, item: dict[str, Any], rules: dict[str, Any], told: str
) -> None:
    plan = solve(house(warehouse, item, **rules))
    assert plan.status == "infeasible"
    assert plan.broken_rules[0].startswith(told)


def test_what_a_task_holds_counts_as_placed_where_room_has_to_be_proven(warehouse: Warehouse) -> None:
    """Two items that share no bin, one of them held: the exact packing may not forbid what lies there already."""
    bins = [place | {"items_at_most": None, "volume_m3": 1.0} for place in with_bin(2, use="held")[1:3]]
    goods = [{"sku": f"S{n}", "volume_m3": 0.6, "picks_per_day": 1} for n in range(2)]
    settled = {"S0": ["far"], "S1": ["high"]}
    plan = solve(house(warehouse, {}, bins=bins, items=goods, current=settled))
    assert plan.assignment == {"S0": ("far",), "S1": ("high",)}
    assert packed_layout(house(warehouse, {}, bins=bins, items=goods, current=settled)) == plan.assignment


def packed_layout(problem: Problem) -> Layout | Answer:
    model = build_model(problem)
    found = Packer(model, 0, 20.0).pack()
    return found if isinstance(found, Answer) else model.layout(found)
