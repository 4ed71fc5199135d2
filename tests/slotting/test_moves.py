"""Moves in an order that can be executed, with reasons a person understands."""

import pytest
from msgspec.structs import replace
from tagdock_slotting.plan import CARRIED, Plan
from tagdock_slotting.problem import Bin, Door, Item, MoveRules, Problem
from tagdock_slotting.solve import solve


def row_of(count: int, occupied: int, **item: object) -> Problem:
    """Build bins along a wall from the door on; the fastest item lies furthest away."""
    bins = tuple(Bin(id=f"B{n}", x_m=n + 1.0, y_m=0, items_at_most=1) for n in range(count))
    items = tuple(Item(sku=f"S{n}", picks_per_day=10.0 * (n + 1)) for n in range(occupied))
    return Problem(
        doors=(Door(id="D1", x_m=0, y_m=0),),
        bins=bins,
        items=items,
        current={f"S{n}": (f"B{n}",) for n in range(occupied)},
    )


def steps(plan: Plan) -> list[tuple[str, str, str]]:
    return [(move.sku, move.from_bin, move.to_bin) for move in plan.moves]


def test_a_chain_starts_at_the_empty_bin() -> None:
    problem = replace(row_of(3, 2), current={"S0": ("B0",), "S1": ("B2",)})
    plan = solve(problem)
    assert steps(plan) == [("S0", "B0", "B1"), ("S1", "B2", "B0")]


def test_a_circle_waits_in_a_free_bin() -> None:
    plan = solve(row_of(3, 2))
    assert len(plan.moves) == 3
    waited = next(move for move in plan.moves if move.to_bin == "B2")
    assert plan.assignment == {"S0": ("B1",), "S1": ("B0",)}
    assert any(move.sku == waited.sku and move.from_bin == "B2" for move in plan.moves)


def test_a_circle_in_a_full_warehouse_is_carried() -> None:
    plan = solve(row_of(2, 2))
    assert len(plan.moves) == 3
    assert plan.moves[0].to_bin == CARRIED
    assert "is carried" in plan.moves[0].why
    assert plan.moves[-1].from_bin == CARRIED


def test_a_waiting_place_keeps_the_rules_of_its_zone() -> None:
    problem = row_of(3, 2)
    bins = (*(replace(place, zone="warm") for place in problem.bins[:2]), replace(problem.bins[2], zone="cold"))
    items = tuple(replace(item, zones=("warm",)) for item in problem.items)
    assert solve(replace(problem, bins=bins, items=items)).moves[0].to_bin == CARRIED


def test_reasons_name_flow_distance_and_door() -> None:
    problem = replace(row_of(19, 1), current={"S0": ("B18",)})
    plan = solve(problem)
    assert [move.why for move in plan.moves] == ["S0 sells 10 a day, moves 18 m nearer D1"]
    assert plan.moves[0].saves_m_per_day == pytest.approx(180.0)


def test_who_makes_room_says_for_whom() -> None:
    problem = replace(row_of(3, 2), current={"S0": ("B0",), "S1": ("B2",)})
    assert solve(problem).moves[0].why == "S0 makes room for S1; it sells 10 a day, moves 1 m away from D1"


def test_what_does_not_sell_has_no_door_to_be_near_to() -> None:
    problem = replace(row_of(3, 2), current={"S0": ("B0",), "S1": ("B2",)})
    idle = replace(problem.items[0], picks_per_day=0.0, door_share={})
    solved = solve(replace(problem, items=(idle, problem.items[1])))
    assert solved.moves[0].why == "S0 makes room for S1; it does not sell"


def test_a_circle_that_needs_three_steps_is_left_alone_with_two_moves() -> None:
    problem = replace(row_of(3, 2), moves=MoveRules(at_most=2))
    plan = solve(problem)
    assert len(plan.moves) <= 2
    assert plan.status == "feasible"


def test_an_item_in_a_forbidden_zone_must_leave() -> None:
    problem = replace(row_of(2, 1), current={"S0": ("B0",)})
    bins = (replace(problem.bins[0], zone="cold"), replace(problem.bins[1], zone="warm"))
    items = (replace(problem.items[0], zones=("warm",)),)
    plan = solve(replace(problem, bins=bins, items=items))
    assert [move.why for move in plan.moves] == ["S0 may not lie in B0"]


def test_a_circle_that_never_pays_for_its_waiting_step_is_left_alone() -> None:
    """Two moves at 4 m a day would pay for what the exchange saves; the three that it takes do not."""
    problem = row_of(3, 2)  # exchanging S0 and S1 saves 10 m a day
    for price, moves in ((3.0, 3), (4.0, 0)):
        plan = solve(replace(problem, moves=MoveRules(cost_m_per_move=price * 30)))
        assert (len(plan.moves), plan.status) == (moves, "optimal" if moves else "feasible")


def test_a_move_says_what_it_costs_and_when_its_chain_has_paid_for_itself() -> None:
    plan = solve(replace(row_of(3, 2), moves=MoveRules(cost_m_per_move=60)))
    assert [move.chain for move in plan.moves] == [1, 1, 1]
    assert [move.cost_m for move in plan.moves] == [60, 60, 60]
    assert [move.payback_days for move in plan.moves] == [pytest.approx(180 / 10)] * 3


def test_a_budget_is_never_exceeded_and_takes_the_best_chains() -> None:
    bins = tuple(Bin(id=f"B{n}", x_m=n + 1.0, y_m=0, items_at_most=1) for n in range(12))
    items = tuple(Item(sku=f"S{n}", picks_per_day=2.0**n) for n in range(6))
    problem = Problem(
        doors=(Door(id="D1", x_m=0, y_m=0),),
        bins=bins,
        items=items,
        current={f"S{n}": (f"B{11 - n}",) for n in range(6)},
    )
    worth = []
    for budget in range(8):
        plan = solve(replace(problem, moves=MoveRules(at_most=budget)))
        assert len(plan.moves) <= budget
        worth.append(plan.objective_m_per_day or 0)
    assert worth == sorted(worth, reverse=True)
    assert plan.status == "optimal"
