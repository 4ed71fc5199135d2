"""From view rows to a problem: rates, doors, and everything that real tables lack."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_slotting.errors import ProblemError
from tagdock_slotting.problem import Problem
from tagdock_slotting.views import Request, Rows, problem_from_views, read_request, span

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PLACE = {"x_m": None, "y_m": None, "z_m": None, "aisle": None, "cell": None, "zone": None}
ROOM = {"volume_m3": None, "mass_kg": None, "items_at_most": 1}


def a_bin(name: str, skus: list[str], **values: Any) -> dict[str, Any]:
    return PLACE | ROOM | {"bin": name, "skus": skus, "x_m": 1.0, "y_m": 2.0} | values


def a_door(name: str, **values: Any) -> dict[str, Any]:
    return {"door": name, "x_m": 0.0, "y_m": 0.0, "aisle": None, "aisle_end": None, "gap_m": None} | values


def flow(sku: str | None, door: str, lines: int) -> dict[str, Any]:
    return {"sku": sku, "door": door, "order_lines": lines}


def rows(**tables: Any) -> Rows:
    site = {"bins": [a_bin("A", ["x"]), a_bin("B", [])], "doors": [a_door("D1"), a_door("D2")], "skus": [], "flows": []}
    return Rows(**(site | {"layouts": []} | tables))


def problem_of(found: Rows, request: Request, asked_at: datetime) -> Problem:
    return problem_from_views(found, request, asked_at).problem


def test_rates_are_lines_over_days_and_doors_are_shares() -> None:
    flows = [flow("x", "D1", 30), flow("x", "D2", 10)]
    problem = problem_of(rows(flows=flows), Request(represents_days=8.0), NOON)
    assert problem.items[0].picks_per_day == pytest.approx(5.0)
    assert problem.items[0].door_share == {"D1": 0.75, "D2": 0.25}


def test_the_default_period_is_the_span_and_an_hour_at_least() -> None:
    flows = [flow("x", "D1", 48)]
    week = Request(since=datetime(2026, 1, 1, 12, tzinfo=UTC), until=datetime(2026, 1, 3, 12, tzinfo=UTC))
    assert problem_of(rows(flows=flows), week, NOON).items[0].picks_per_day == pytest.approx(24.0)
    moment = Request(since=NOON, until=NOON)
    assert problem_of(rows(flows=flows), moment, NOON).items[0].picks_per_day == pytest.approx(48 * 24)


def test_a_sku_without_movement_keeps_rate_zero() -> None:
    problem = problem_of(rows(), Request(), NOON)
    assert [(item.sku, item.picks_per_day) for item in problem.items] == [("x", 0.0)]


def test_a_sku_that_moved_but_lies_nowhere_is_to_be_put_away() -> None:
    problem = problem_of(rows(flows=[flow("new", "D1", 5)]), Request(represents_days=1.0), NOON)
    assert [item.sku for item in problem.items] == ["new", "x"]
    assert problem.current == {"x": ("A",)}


def test_lines_through_a_door_that_the_layout_lacks_still_count() -> None:
    flows = [flow("x", "D1", 5), flow("x", "gone", 5), flow(None, "D1", 99)]
    item = problem_of(rows(flows=flows), Request(represents_days=1.0), NOON).items[0]
    assert (item.picks_per_day, item.door_share) == (10.0, {"D1": 1.0})


def test_a_sku_in_more_bins_than_its_record_says_keeps_them() -> None:
    bins = [a_bin("A", ["x"]), a_bin("B", ["x"])]
    skus = [{"sku": "x", "bins_needed": 1, "zones": ["warm"], "volume_m3": 0.5, "keep_apart": None}]
    item = problem_of(rows(bins=bins, skus=skus), Request(), NOON).items[0]
    assert (item.bins_needed, item.zones, item.volume_m3, item.keep_apart) == (2, ("warm",), 0.5, ())


def test_layouts_and_wishes_are_taken_over() -> None:
    layout = {"aisles": {"count": 2, "pitch_m": 3, "cells": 5, "cell_m": 1}, "bin_door_m": None, "bin_bin_m": None}
    bins = [a_bin("A", ["x"], aisle=0, cell=1), a_bin("B", [], aisle=1, cell=4)]
    doors = [a_door("D1", aisle=1, aisle_end="back", gap_m=2.0)]
    request = read_request({"at_most": 3, "weights": {"ergonomics": 1}, "cost_m_per_move": 5, "asked_by": "me"})
    problem = problem_of(rows(layouts=[layout], bins=bins, doors=doors), request, NOON)
    assert problem.aisles is not None
    assert (problem.aisles.cells, problem.doors[0].end, problem.moves.at_most) == (5, "back", 3)
    assert (problem.weights.ergonomics, problem.weights.travel, problem.moves.cost_m_per_move) == (1.0, 1.0, 5.0)


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"bins": []}, "import its layout first"),
        ({"doors": []}, "import its layout first"),
        ({"bins": [a_bin("A", [])]}, "no SKU lies in this site's bins"),
        ({"bins": [a_bin("A", ["x"], x_m=None)]}, "$.bins[0]: 'A'"),
        ({"layouts": [{"aisles": {"count": 0}}]}, "$.aisles"),
    ],
    ids=["no bins", "no doors", "nothing stored", "no distance", "bad aisles"],
)
def test_what_is_missing_is_said_with_the_remedy(tables: dict[str, Any], told: str) -> None:
    with pytest.raises(ProblemError) as caught:
        problem_of(rows(**tables), Request(), NOON)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"at_most": "many"}, "$.request.at_most"),
        ({"weights": {"travel": -1}}, "$.request.weights.travel"),
        ([], "$.request"),
    ],
)
def test_a_wrong_request_names_its_field(request_: object, field: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read_request(request_)
    assert str(caught.value).startswith(field)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "days", "rests"),
    [
        pytest.param("2026-01-01T09:00", "2026-01-01T10:00", [], [("09:00", "10:00")], id="within a day"),
        pytest.param("2026-01-01T00:00", "2026-01-03T00:00", ["01", "02"], [], id="whole days"),
        pytest.param(
            "2026-01-01T09:00", "2026-01-02T10:00", [], [("09:00", "00:00"), ("00:00", "10:00")], id="over midnight"
        ),
        pytest.param(
            "2026-01-01T09:00", "2026-01-03T10:00", ["02"], [("09:00", "00:00"), ("00:00", "10:00")], id="both"
        ),
        pytest.param("2026-01-01T00:00", "2026-01-01T10:00", [], [("00:00", "10:00")], id="from midnight"),
    ],
)
def test_a_period_is_cut_into_whole_days_and_rests(
    since: str, until: str, days: list[str], rests: list[tuple[str, str]]
) -> None:
    cut = span(at(since), at(until))
    count = (cut.end_day - cut.first_day).days
    assert [f"{(cut.first_day + timedelta(days=n)).day:02}" for n in range(count)] == days
    both = [(cut.head_from, cut.head_until), (cut.tail_from, cut.tail_until)]
    assert [(f"{a:%H:%M}", f"{b:%H:%M}") for a, b in both if a < b] == rests
    covered = sum((b - a for a, b in both), timedelta(days=count))
    assert covered == at(until) - at(since)


def test_a_period_without_ends_covers_every_day() -> None:
    cut = span(None, None)
    assert (cut.first_day.year, cut.end_day.year) == (2000, 2101)
    assert cut.head_from == cut.head_until and cut.tail_from == cut.tail_until


MONTHS = Request(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 3, 26, tzinfo=UTC))


def daily(sku: str, every: int, lines: float) -> dict[str, Any]:
    days = list(range(0, 84, every))
    return {"sku": sku, "days": days, "lines": [lines] * len(days)}


def test_four_weeks_or_more_are_forecast_with_an_interval_and_fewer_are_averaged() -> None:
    flows = [flow("x", "D1", 168), flow("y", "D1", 12)]
    found = problem_from_views(rows(flows=flows, daily=[daily("x", 1, 2.0), daily("y", 7, 1.0)]), MONTHS, NOON)
    rate, low, high = found.rates.items["x"]
    assert (found.rates.method, str(found.rates.first_day), str(found.rates.end_day)) == (
        "forecast",
        "2026-01-01",
        "2026-03-26",
    )
    assert rate == pytest.approx(2.0, rel=0.1) and low < rate < high
    assert {item.sku: item.picks_per_day for item in found.problem.items}["x"] == rate
    short = Request(since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 3, 11, tzinfo=UTC))
    averaged = problem_from_views(rows(flows=[flow("x", "D1", 50)]), short, NOON).rates
    assert (averaged.method, averaged.items["x"][0]) == ("mean", 5.0)
    assert averaged.items["x"][1] < 5.0 < averaged.items["x"][2]


def test_forecast_rates_are_a_business_day_where_the_request_counts_those() -> None:
    found = rows(flows=[flow("x", "D1", 168)], daily=[daily("x", 1, 2.0)])
    days = Request(since=MONTHS.since, until=MONTHS.until, represents_days=42.0)
    assert problem_of(found, days, NOON).items[0].picks_per_day == pytest.approx(4.0, rel=0.1)


def test_bins_under_an_open_task_are_held_unless_the_planner_wants_otherwise() -> None:
    found = rows(flows=[flow("x", "D1", 1)], tasks=[{"from_bin": "carried", "to_bin": "B"}])
    assert [place.use for place in problem_of(found, Request(represents_days=1.0), NOON).bins] == ["open", "held"]
    anew = read_request({"hold_tasks": False, "represents_days": 1})
    assert [place.use for place in problem_of(found, anew, NOON).bins] == ["open", "open"]


def test_what_would_be_is_laid_over_what_was_measured() -> None:
    request = read_request({"represents_days": 1, "what_if": {"scale": {"x": 3.0}}})
    found = problem_from_views(rows(flows=[flow("x", "D1", 4)]), request, NOON)
    assert (found.problem.items[0].picks_per_day, found.rates.items["x"][0]) == (12.0, 4.0)
    with pytest.raises(ProblemError, match=r"scale\.gone"):
        problem_of(rows(), read_request({"what_if": {"scale": {"gone": 2}}}), NOON)
