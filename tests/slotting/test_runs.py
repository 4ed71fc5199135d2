"""A day's deliveries: no run breaks a rule, none is longer than going to the nearest, small days are at their best."""

import itertools
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_slotting.cli import main
from tagdock_slotting.runs.records import Day, Place, Roads, Runs, Stop, Vehicle
from tagdock_slotting.solvers.running import plan_runs

STARTS_AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def at(hours: float) -> datetime:
    return STARTS_AT + timedelta(hours=hours)


def stop(name: str, x_m: float, y_m: float = 0.0, **more: Any) -> Stop:
    return Stop(name, Place(x_m=x_m, y_m=y_m), **more)


def day(stops: list[Stop], *vehicles: Vehicle, **more: Any) -> Day:
    depot, kinds = Place(x_m=0.0, y_m=0.0), vehicles or (Vehicle("van"),)
    return Day(depot=depot, starts_at=STARTS_AT, stops=tuple(stops), vehicles=kinds, **more)


def planned(task: Day, limit_s: float = 0.3) -> Runs:
    return plan_runs(task, limit_s, 0, time.monotonic)


def check(task: Day, found: Runs) -> None:
    """Drive the runs with a watch and a scale."""
    stops, kinds = {each.id: each for each in task.stops}, {each.id: each for each in task.vehicles}
    places = {each.id: (each.place.x_m or 0.0, each.place.y_m or 0.0) for each in task.stops}
    assert sorted([*(v.stop for run in found.runs for v in run.visits), *found.left_out]) == sorted(stops)
    total_km = 0.0
    for run in found.runs:
        kind = kinds[run.vehicle]
        here, now, km = (0.0, 0.0), run.leaves_at, 0.0
        assert now >= (kind.starts_at or STARTS_AT)
        for visit in run.visits:
            wanted, there = stops[visit.stop], places[visit.stop]
            way_km = float(np.hypot(there[0] - here[0], there[1] - here[1])) / 1000 * task.roads.detour
            now += timedelta(hours=way_km / task.roads.speed_km_h)
            km, here = km + way_km, there
            assert abs(visit.arrives_at - now) < timedelta(seconds=2 * len(task.stops))
            assert visit.begins_at == max(visit.arrives_at, wanted.ready_at or visit.arrives_at)
            assert wanted.due_at is None or visit.begins_at <= wanted.due_at
            assert visit.leaves_at == visit.begins_at + timedelta(seconds=round(wanted.service_min * 60))
            now = visit.leaves_at
        assert kind.ends_at is None or run.returns_at <= kind.ends_at
        for room, amount in (("mass_kg", sum(stops[v.stop].mass_kg for v in run.visits)),
                             ("volume_m3", sum(stops[v.stop].volume_m3 for v in run.visits))):  # fmt: skip
            assert getattr(kind, room) is None or amount <= getattr(kind, room) + 1e-9
        km += float(np.hypot(*here)) / 1000 * task.roads.detour
        assert run.km == pytest.approx(km, abs=0.001 * (len(run.visits) + 1))
        total_km += run.km
    for kind in task.vehicles:
        assert sum(run.vehicle == kind.id for run in found.runs) <= kind.count
    assert found.km == pytest.approx(total_km)


STOPS = st.builds(
    lambda name, x_m, y_m, mass_kg, hour, hours, service_min: stop(
        str(name), x_m, y_m, mass_kg=mass_kg, ready_at=at(hour), due_at=at(hour + hours), service_min=service_min
    ),
    st.integers(0, 10**9), st.floats(-30_000, 30_000), st.floats(-30_000, 30_000), st.floats(0, 60),
    st.integers(0, 6), st.integers(1, 8), st.floats(0, 15),
)  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(st.lists(STOPS, min_size=1, max_size=12, unique_by=lambda each: each.id))
def test_no_run_breaks_a_rule_and_none_is_worse_than_going_to_the_nearest(stops: list[Stop]) -> None:
    task = day(stops, Vehicle("van", 2, mass_kg=100, ends_at=at(10)), Vehicle("bike", 1, mass_kg=20, starts_at=at(1)))
    found = planned(task, 0.2)
    check(task, found)
    assert len(found.left_out) < found.nearest_left_out or (
        len(found.left_out) == found.nearest_left_out and found.km <= found.nearest_km + 1e-9
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_small_day_is_at_its_best(seed: int) -> None:
    """Try every way to cut every order of the stops into two runs."""
    random = np.random.default_rng(seed)
    points = random.uniform(-20_000, 20_000, (6, 2))
    stops = [
        stop(str(n), float(x), float(y), mass_kg=float(random.integers(10, 40))) for n, (x, y) in enumerate(points)
    ]
    task = day(stops, Vehicle("van", 2, mass_kg=100))
    around = np.vstack([[0.0, 0.0], points])
    metres = np.hypot(*(around[:, None] - around[None]).transpose(2, 0, 1)) * task.roads.detour

    def length(path: tuple[int, ...]) -> float:
        if sum(stops[place].mass_kg for place in path) > 100:
            return float("inf")
        whole = [0, *(place + 1 for place in path), 0]
        return float(sum(metres[here, there] for here, there in itertools.pairwise(whole)))

    best = min(length(way[:cut]) + length(way[cut:]) for way in itertools.permutations(range(6)) for cut in range(4))
    assert planned(task).km == pytest.approx(best / 1000, abs=0.01)


def test_a_vehicle_leaves_no_earlier_than_it_has_to() -> None:
    task = day([stop("a", 10_000, ready_at=at(4), due_at=at(5))], roads=Roads(detour=1.0, speed_km_h=40))
    run = planned(task).runs[0]
    assert run.leaves_at == at(3.75) and run.visits[0].arrives_at == run.visits[0].begins_at == at(4)
    assert run.returns_at == at(4.25)


@pytest.mark.parametrize(
    ("stops", "left_out"),
    [
        pytest.param([stop("far", 400_000, due_at=at(1))], ("far",), id="out-of-reach"),
        pytest.param(
            [stop("heavy", 1000, mass_kg=101.0), stop("light", 1000, mass_kg=99.0)], ("heavy",), id="too-heavy"
        ),
        pytest.param([], (), id="nothing-to-do"),
    ],
)
def test_what_no_run_can_serve_is_named(stops: list[Stop], left_out: tuple[str, ...]) -> None:
    task = day(stops, Vehicle("van", 1, mass_kg=100))
    found = planned(task)
    assert found.left_out == left_out
    check(task, found)


def test_given_ways_win_over_places() -> None:
    stops = [Stop("a", Place()), Stop("b", Place())]
    roads = Roads(km=((0, 1, 9), (9, 0, 1), (1, 9, 0)), minutes=((0, 5, 5), (5, 0, 5), (5, 5, 0)))
    found = planned(
        Day(depot=Place(), starts_at=STARTS_AT, stops=tuple(stops), vehicles=(Vehicle("van"),), roads=roads)
    )
    assert [visit.stop for visit in found.runs[0].visits] == ["a", "b"] and found.km == pytest.approx(3)


def test_places_on_the_earth_are_measured_over_it() -> None:
    stops = (Stop("shanghai", Place(lat_deg=31.23, lon_deg=121.47)),)
    hangzhou = Place(lat_deg=30.25, lon_deg=120.17)
    task = Day(depot=hangzhou, starts_at=STARTS_AT, stops=stops, vehicles=(Vehicle("van"),), roads=Roads(detour=1.0))
    assert planned(task).km == pytest.approx(2 * 165.2, rel=0.01)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"stops": [{"id": "a", "place": {"x_m": 1, "y_m": 1}}] * 2}, "$.stops[1].id: 'a' stands there twice"),
        ({"stops": [{"id": "a", "place": {"lat_deg": 1, "lon_deg": 1}}]}, "$.stops[0].place: give all places"),
        ({"stops": [{"id": "a", "place": {}}]}, "$.stops[0].place: give lat_deg"),
        ({"vehicles": []}, "$.vehicles"),
        ({"vehicles": [{"id": "v", "ends_at": "2026-03-02T07:00:00Z"}]}, "$.vehicles[0].ends_at"),
        ({"roads": {"km": [[0, 1]]}}, "$.roads.km: must have 1 rows of 1"),
        ({"roads": {"speed_km_h": 0}}, "$.roads.speed_km_h"),
        ({"stops": [{"id": "a", "place": {"x_m": 1, "y_m": 1}, "ready_at": "2026-03-02T10:00:00Z",
                     "due_at": "2026-03-02T09:00:00Z"}]}, "$.stops[0].due_at"),
    ],
    ids=["twice", "mixed-places", "no-place", "no-vehicles", "ends-early", "matrix-shape", "standing", "window"],
)  # fmt: skip
def test_a_bad_day_is_one_line_with_its_field(change: dict[str, Any], says: str) -> None:
    whole = {"depot": {"x_m": 0, "y_m": 0}, "starts_at": "2026-03-02T08:00:00Z", "stops": [], "vehicles": [{"id": "v"}]}
    run = CliRunner().invoke(main, ["runs", "-"], input=json.dumps({**whole, **change}))
    assert run.exit_code == 2 and says in run.stderr and len(run.stderr.strip().splitlines()) == 1


def test_the_command_prints_json_and_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = msgspec.json.encode(day([stop("a", 3000), stop("b", -3000)], Vehicle("van", 2)))
    run = CliRunner().invoke(main, ["runs", "-", "--time-limit", "200ms"], input=payload)
    assert run.exit_code == 0 and json.loads(run.stdout)["km"] == pytest.approx(15.6, abs=0.01)
    assert "km; going to the nearest next" in run.stderr
    monkeypatch.setitem(sys.modules, "pyvrp", None)
    run = CliRunner().invoke(main, ["runs", "-"], input=payload)
    assert run.exit_code == 1 and "install tagdock-slotting[runs]" in run.stderr
