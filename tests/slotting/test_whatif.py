"""What would be if: changed problems, and layouts compared on the orders they were made for and on others."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tagdock_slotting.cli import main
from tagdock_slotting.errors import ProblemError
from tagdock_slotting.evaluate import evaluate
from tagdock_slotting.problem import Bin, Problem
from tagdock_slotting.reading import decode_problem
from tagdock_slotting.solve import solve
from tagdock_slotting.whatif import Scenario, changed, compare

PROBLEM: dict[str, Any] = {
    "doors": [{"id": "D", "aisle": 0}],
    "bins": [{"id": f"B{a}{c}", "aisle": a, "cell": c, "items_at_most": 1} for a in range(3) for c in range(4)],
    "items": [{"sku": f"S{n}", "picks_per_day": n + 1} for n in range(8)],
    "aisles": {"count": 3, "pitch_m": 3, "cells": 4, "cell_m": 1},
    "current": {f"S{n}": [f"B{n // 4}{n % 4}"] for n in range(8)},
    "orders": [["S7", "S6"], ["S7"], ["S0", "S7"], ["S5", "S6"]],
    "routing": {"policy": "s_shape"},
}


def problem(**overrides: Any) -> Problem:
    return decode_problem(json.dumps(PROBLEM | overrides).encode())


def test_a_layout_is_compared_under_the_sites_policy_and_on_shortest_tours() -> None:
    asked = problem()
    found = compare(asked, {"today": asked.current, "plan": solve(asked).assignment}, [["S7", "S5"], ["S6"]])
    today, plan = found.rows
    assert (
        [saving.policy for saving in plan.training]
        == [saving.policy for saving in plan.held_out]
        == ["s_shape", "exact"]
    )
    assert plan.training[0].mean_tour_m >= plan.training[1].mean_tour_m
    assert today.training[0].saves == 0 and plan.training[0].saves > 0
    assert today.training[0].low == today.training[0].high == 0, "both meet the same drawn orders"
    assert plan.saves_m_per_day == pytest.approx(today.objective_m_per_day - plan.objective_m_per_day)
    assert plan.objective_m_per_day == evaluate(asked, solve(asked).assignment).objective_m_per_day
    assert plan.training[0].low <= plan.training[0].saves <= plan.training[0].high


def test_the_interval_is_the_same_for_the_same_seed_and_shrinks_with_more_orders() -> None:
    few, many = problem(), problem(orders=PROBLEM["orders"] * 25)
    layouts = {"today": few.current, "plan": solve(few).assignment}
    wide, narrow = compare(few, layouts).rows[1].training[0], compare(many, layouts).rows[1].training[0]
    assert compare(few, layouts) == compare(few, layouts)
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)
    assert narrow.saves == pytest.approx(wide.saves)


def test_orders_of_unknown_skus_are_left_out_and_counted() -> None:
    asked = problem()
    found = compare(asked, {"today": asked.current}, [["S7", "new"], ["new"]])
    assert (found.held_out_orders, found.held_out_lines_left_out) == (1, 2)


def test_without_aisles_there_are_no_tours_but_still_an_objective() -> None:
    bins = [{"id": f"B{n // 4}{n % 4}", "x_m": n, "y_m": 0, "items_at_most": 1} for n in range(8)]
    asked = problem(aisles=None, bins=bins, doors=[{"id": "D", "x_m": 0, "y_m": 0}], routing={}, orders=[])
    (row,) = compare(asked, {"today": asked.current}, [["S1"]]).rows
    assert row.objective_m_per_day > 0 and row.training == row.held_out == ()


def test_rates_policy_and_weights_are_changed_and_nothing_else() -> None:
    asked = problem()
    after = changed(
        asked, Scenario(rates={"S0": 50.0}, scale={"S0": 2.0, "S1": 0.0}, policy="return", weights={"travel": 3.0})
    )
    assert [item.picks_per_day for item in after.items][:3] == [100.0, 0.0, 3.0]
    assert (after.routing.policy, after.weights.travel, after.weights.affinity) == ("return", 3.0, 1.0)
    assert changed(asked, Scenario()) == asked


def test_a_closed_aisle_takes_nothing_any_more_and_a_new_rack_does() -> None:
    closed = solve(changed(problem(), Scenario(close_aisles=(1,))))
    used = {place for places in closed.assignment.values() for place in places}
    assert closed.objective_m_per_day is not None and not any(place.startswith("B1") for place in used)
    rack = (Bin(id="new", aisle=0, cell=0, items_at_most=4),)
    opened = solve(changed(problem(), Scenario(add_bins=rack)))
    assert opened.objective_m_per_day is not None and opened.objective_m_per_day < closed.objective_m_per_day
    assert "new" in {place for places in opened.assignment.values() for place in places}


def test_a_new_rack_may_stand_in_an_aisle_behind_the_last() -> None:
    asked = changed(problem(), Scenario(add_bins=(Bin(id="N", aisle=3, cell=0, items_at_most=1),)))
    assert asked.aisles is not None and asked.aisles.count == 4
    with pytest.raises(ProblemError, match=r"bins\[12\]\.cell: cell 9"):
        changed(problem(), Scenario(add_bins=(Bin(id="N", aisle=3, cell=9),)))


@pytest.mark.parametrize(
    ("scenario", "field"),
    [
        (Scenario(rates={"gone": 1.0}), "$.rates.gone"),
        (Scenario(scale={"gone": 1.0}), "$.scale.gone"),
        (Scenario(close_aisles=(9,)), "$.close_aisles"),
        (Scenario(weights={"beauty": 1.0}), "$.weights.beauty"),
        (Scenario(add_bins=(Bin(id="B00", aisle=0, cell=0),)), "$.bins[12].id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_of_what_is_not_there_names_its_field(scenario: Scenario, field: str) -> None:
    with pytest.raises(ProblemError) as caught:
        changed(problem(), scenario)
    assert str(caught.value).startswith(field)


def run(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env=environment)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "problem.json").write_text(json.dumps(PROBLEM))
    assert run("solve", tmp_path / "problem.json", "-o", tmp_path / "better.json").exit_code == 0
    (tmp_path / "later.json").write_text(json.dumps([["S7", "S6"], ["S5"]]))
    return tmp_path


def test_the_command_prints_a_table_and_json(files: Path) -> None:
    arguments = ("compare", files / "problem.json", "--plan", files / "better.json", "--orders", files / "later.json")
    told = run(*arguments)
    assert told.exit_code == 0 and "mean tour on 2 held-out orders" in told.stdout
    rows = json.loads(run(*arguments, "--json").stdout)["rows"]
    assert [row["name"] for row in rows] == ["today", "better"]
    assert rows[1]["held_out"][0]["policy"] == "s_shape"


def test_the_command_solves_what_would_be(files: Path) -> None:
    told = run("compare", files / "problem.json", "--close-aisle", 1, "--scale", "S0=9,S1=2.5", "--solve", "--json")
    today, best = json.loads(told.stdout)["rows"]
    assert today["broken_rules"] and not best["broken_rules"]


def test_the_command_draws_and_says_what_is_missing(files: Path) -> None:
    target = files / "moves.svg"
    drawn = run("draw", files / "problem.json", "--plan", files / "better.json", "--what", "moves", "-o", target)
    assert drawn.exit_code == 0 and target.read_text().startswith("<svg")
    assert run("draw", files / "problem.json", "--what", "moves").exit_code == 2


@pytest.mark.parametrize(
    "wrong", [("--scale", "S0"), ("--scale", "S0=-1"), ("--weights", "travel=x"), ("--close-aisle", "-1")], ids=str
)
def test_wrong_options_are_bad_usage(files: Path, wrong: tuple[str, str]) -> None:
    assert run("compare", files / "problem.json", *wrong).exit_code == 2


def test_every_option_of_the_new_commands_has_an_environment_twin(files: Path) -> None:
    for command in ("compare", "draw"):
        text = run(command, "--help").stdout
        assert text.count("TAGDOCK_") == text.count("  -") - 1  # all but --help
    told = run("compare", files / "problem.json", "--json", TAGDOCK_POLICY="return")
    assert json.loads(told.stdout)["rows"][0]["training"][0]["policy"] == "return"
