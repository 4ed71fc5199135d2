"""The worker against a real PostgreSQL: it solves, is killed, interrupted and cut off, and no plan is lost."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from tagdock_slotting.errors import SlottingError
from tagdock_slotting.worker import Pace, work

HASTE = Pace(heartbeat_s=0.3, stalled_after_s=1.5, poll_s=0.2, stop_within_s=1.0)


def fill(url: str, bins: int = 6) -> None:
    """Put one SKU into each of `bins` bins along a wall; the further from the door, the faster it moves."""
    with psycopg.connect(url) as connection:
        connection.execute("insert into doors_v1 (site, door, x_m, y_m) values ('s', 'D1', 0, 0)")
        connection.execute("insert into layouts_v1 (site, version) values ('s', 1)")
        for number in range(bins):
            sku = f"S{number}"
            connection.execute(
                "insert into bins_v1 (site, bin, x_m, y_m, items_at_most, skus) values ('s', %s, %s, 0, 1, %s)",
                [f"B{number}", number + 1.0, [sku]],
            )
            connection.execute("insert into skus_v1 (sku, bins_needed, zones) values (%s, 1, '{}')", [sku])
            flow = "insert into flows_v1 (site, sku, door, day, order_lines) values ('s', %s, 'D1', current_date, %s)"
            connection.execute(flow, [sku, number])


def ask(url: str, request: dict[str, Any] | None = None, site: str = "s") -> str:
    """Ask for a plan as the API does: plan and job in one transaction."""
    plan_id = str(uuid4())
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into plans_v1 (site, plan_id, request) values (%s, %s, %s)",
            [site, plan_id, json.dumps({"represents_days": 1.0} | (request or {}))],
        )
        connection.execute(
            "select procrastinate_defer_jobs_v1(array[row('plans', 'solve_plan', 0, null, null, "
            "jsonb_build_object('plan_id', %s::text), null)]::procrastinate_job_to_defer_v1[])",
            [plan_id],
        )
    return plan_id


def row(url: str, plan_id: str) -> dict[str, Any]:
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        found = connection.execute("select * from plans_v1 where plan_id = %s", [plan_id]).fetchone()
    assert found is not None
    return found


def wait_until(url: str, plan_id: str, states: set[str], within_s: float = 30.0) -> dict[str, Any]:
    deadline = time.monotonic() + within_s
    while (found := row(url, plan_id))["state"] not in states:
        assert time.monotonic() < deadline, f"still {found['state']} after {within_s} s: {found['error']}"
        time.sleep(0.05)
    return found


@pytest.fixture
def start() -> Any:
    """Start workers as an operator does; end those that are left over."""
    running: list[subprocess.Popen[str]] = []

    def start(url: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tagdock_slotting", "work", "--database", url, *arguments]
        running.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait(timeout=30)
        assert process.stderr is not None
        process.stderr.close()


def fill_large(url: str, bins: int = 8000) -> None:
    """Fill a site whose solution takes much longer than any test waits: every bin at another distance of two doors."""
    with psycopg.connect(url) as connection:
        connection.execute("insert into doors_v1 (site, door, x_m, y_m) values ('s', 'D1', 0, 0), ('s', 'D2', 500, 0)")
        connection.execute(
            "insert into bins_v1 (site, bin, x_m, y_m, items_at_most, skus) "
            "select 's', 'B' || n, (n * 7919) %% 5003 / 10.0, (n * 104729) %% 5009 / 10.0, 1, array['S' || n] "
            "from generate_series(1, %s) n",
            [bins],
        )
        connection.execute(
            "insert into flows_v1 (site, sku, door, day, order_lines) "
            "select 's', 'S' || n, 'D' || d, current_date, (n * d * 31) %% 97 "
            "from generate_series(1, %s) n, generate_series(1, 2) d",
            [bins],
        )


def test_a_plan_that_is_asked_for_is_solved_and_written(database: str) -> None:
    fill(database)
    plan_id = ask(database)
    asyncio.run(work(database, once=True, pace=HASTE))
    found = row(database, plan_id)
    assert found["state"] == "done"
    assert found["plan"]["status"] == "optimal"
    assert found["plan"]["assignment"]["S5"] == ["B0"]
    assert found["plan"]["objective_m_per_day"] < found["plan"]["current_m_per_day"]
    assert {item["sku"]: item["picks_per_day"] for item in found["problem"]["items"]}["S4"] == 4.0


def test_only_what_left_within_the_period_counts(database: str) -> None:
    fill(database)
    with psycopg.connect(database) as connection:
        connection.execute("update flows_v1 set day = '2026-01-02' where sku = 'S4'")
        connection.execute("update flows_v1 set day = '2026-01-03' where sku <> 'S4'")
        connection.execute(
            "insert into movements_v1 (site, observed_at, sku, door, direction) "
            "select 's', at::timestamptz, 'S1', 'D1', direction from (values "
            "('2026-01-01T11:59Z', 'out'), ('2026-01-01T12:00Z', 'out'), ('2026-01-01T13:00Z', 'in'), "
            "('2026-01-02T13:00Z', 'out'), ('2026-01-03T09:00Z', 'out'), ('2026-01-03T10:00Z', 'out')) v(at, direction)"
        )
    plan_id = ask(database, {"since": "2026-01-01T12:00:00Z", "until": "2026-01-03T10:00:00Z"})
    asyncio.run(work(database, once=True, pace=HASTE))
    rates = {item["sku"]: item["picks_per_day"] for item in row(database, plan_id)["problem"]["items"]}
    assert {sku: rate for sku, rate in rates.items() if rate} == {"S1": 2.0, "S4": 4.0}


def test_at_most_and_weights_of_the_request_are_kept(database: str) -> None:
    fill(database)
    plan_id = ask(database, {"at_most": 0})
    asyncio.run(work(database, once=True, pace=HASTE))
    plan = row(database, plan_id)["plan"]
    assert plan["moves"] == []
    assert plan["objective_m_per_day"] == pytest.approx(plan["current_m_per_day"])


def test_a_site_without_a_layout_fails_with_a_reason(database: str) -> None:
    plan_id = ask(database, site="nowhere")
    asyncio.run(work(database, once=True, pace=HASTE))
    found = row(database, plan_id)
    assert (found["state"], "import its layout first" in found["error"]) == ("failed", True)


def test_a_wrong_request_fails_with_the_field(database: str) -> None:
    fill(database)
    plan_id = ask(database, {"represents_days": 0})
    asyncio.run(work(database, once=True, pace=HASTE))
    assert "$.request.represents_days" in row(database, plan_id)["error"]


def test_an_infeasible_plan_is_done_and_names_its_rules(database: str) -> None:
    fill(database)
    with psycopg.connect(database) as connection:
        connection.execute("update skus_v1 set zones = '{cold}' where sku = 'S1'")
    plan_id = ask(database)
    asyncio.run(work(database, once=True, pace=HASTE))
    found = row(database, plan_id)
    assert (found["state"], found["plan"]["status"]) == ("done", "infeasible")
    assert "zones" in found["plan"]["broken_rules"][0]


def test_the_plan_of_a_killed_worker_is_taken_up_again(
    database: str, start: Callable[..., subprocess.Popen[str]]
) -> None:
    fill(database)
    plan_id = ask(database)
    with psycopg.connect(database) as lock:
        lock.execute("select from plans_v1 where plan_id = %s for update", [plan_id])  # holds it between read and start
        killed = start(database)
        deadline = time.monotonic() + 20
        with psycopg.connect(database, autocommit=True) as look:
            while look.execute("select from procrastinate_jobs where status = 'doing'").fetchone() is None:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        killed.kill()
        killed.wait(timeout=30)
    time.sleep(HASTE.stalled_after_s)
    asyncio.run(work(database, once=True, pace=HASTE))
    assert row(database, plan_id)["state"] == "done"


def test_a_plan_comes_with_its_rates_walks_and_pictures(database: str) -> None:
    fill(database)
    plan_id = ask(database)
    asyncio.run(work(database, once=True, pace=HASTE))
    found = row(database, plan_id)
    assert found["rates"]["items"]["S4"][0] == 4.0 and found["rates"]["method"] == "mean"
    steps = {move["step"]: move for move in found["plan"]["moves"]}
    place = {item["id"]: item["x_m"] for item in found["problem"]["bins"]}
    for walk in found["walks"]:
        move = steps[walk["step"]]
        if "carried" not in (move["from"], move["to"]):
            assert walk["doors"]["D1"] == [place[move["from"]], place[move["to"]]]
    saved = sum((walk["doors"]["D1"][0] - walk["doors"]["D1"][1]) * int(walk["sku"][1:]) for walk in found["walks"])
    assert saved == pytest.approx(found["plan"]["current_m_per_day"] - found["plan"]["objective_m_per_day"])
    with psycopg.connect(database) as connection:
        drawn = dict(connection.execute("select what, left(svg, 4) from plan_pictures").fetchall())
    assert drawn == dict.fromkeys(("flow", "regret", "before-after", "frontier", "moves"), "<svg")


def ship(url: str, sessions: int = 20) -> None:
    """Put the bins into one aisle; trucks take a near and a far SKU each, and one comes in."""
    with psycopg.connect(url) as connection:
        aisles = {"count": 1, "pitch_m": 3.0, "cells": 6, "cell_m": 1.0}
        connection.execute("update layouts_v1 set aisles = %s::jsonb", [json.dumps(aisles)])
        connection.execute("update doors_v1 set aisle = 0")
        connection.execute("update bins_v1 set aisle = 0, cell = substr(bin, 2)::integer")
        for number in range(sessions):
            kind = "inbound" if number == 0 else "outbound"
            insert = "insert into door_sessions_v1 values ('s', %s, %s, now() - make_interval(hours => %s))"
            connection.execute(insert, [number, kind, sessions - number])
            for sku, verdict in (("S5", "expected"), ("S4", "expected"), ("S0", "unexpected"), (None, "expected")):
                insert = "insert into session_goods_v1 values ('s', %s, %s, %s)"
                connection.execute(insert, [number, sku, verdict])


def test_a_plan_says_what_it_saves_on_the_tours_of_orders_it_saw_and_of_later_ones(database: str) -> None:
    fill(database)
    ship(database)
    plan_id = ask(database, {"what_if": {"policy": "s_shape"}})
    asyncio.run(work(database, once=True))
    found = row(database, plan_id)
    assert found["problem"]["orders"] == [["S4", "S5"]] * 13  # of nineteen that went out, the first seven tenths
    tours = found["plan"]["tours"]
    assert (tours["training_orders"], tours["held_out_orders"]) == (13, 6)
    for savings in (tours["training"], tours["held_out"]):
        assert [saving["policy"] for saving in savings] == ["s_shape", "exact"]
        assert all(0 < saving["low"] <= saving["saves"] <= saving["high"] < 1 for saving in savings)


def crowd(url: str, bins: int = 60) -> None:
    """Let several SKUs share each bin by volume, so that there is no proof and the search goes on."""
    with psycopg.connect(url) as connection:
        connection.execute("insert into doors_v1 (site, door, x_m, y_m) values ('s', 'D1', 0, 0), ('s', 'D2', 60, 0)")
        connection.execute(
            "insert into bins_v1 (site, bin, x_m, y_m, volume_m3, skus) "
            "select 's', 'B' || n, (n * 37) %% 61, n %% 7, 1.0, array['S' || n, 'T' || n] "
            "from generate_series(1, %s) n",
            [bins],
        )
        connection.execute(
            "insert into skus_v1 (sku, bins_needed, zones, volume_m3) "
            "select k || n, 1, '{}', 0.3 + (n * 13 %% 20) / 100.0 "
            "from generate_series(1, %s) n, unnest(array['S', 'T']) k",
            [bins],
        )
        connection.execute(
            "insert into flows_v1 (site, sku, door, day, order_lines) "
            "select 's', k || n, 'D' || d, current_date, (n * d * 31 + ascii(k)) %% 97 "
            "from generate_series(1, %s) n, generate_series(1, 2) d, unnest(array['S', 'T']) k",
            [bins],
        )


def test_the_best_so_far_is_shown_and_a_plan_that_is_called_off_ends_with_it(
    database: str, start: Callable[..., subprocess.Popen[str]]
) -> None:
    crowd(database)
    plan_id = ask(database, {"time_limit_s": 3600})
    start(database)
    deadline = time.monotonic() + 60
    while not (progress := row(database, plan_id)["progress"] or {}).get("objective_m_per_day"):
        assert time.monotonic() < deadline and row(database, plan_id)["state"] in ("asked", "solving")
        time.sleep(0.1)
    assert progress["lower_bound_m_per_day"] <= progress["objective_m_per_day"]
    with psycopg.connect(database) as connection:
        connection.execute("update plans_v1 set cancel_asked_at = now() where plan_id = %s", [plan_id])
    found = wait_until(database, plan_id, {"done", "failed"}, 60)
    assert (found["state"], found["plan"]["status"], found["plan"]["broken_rules"]) == ("done", "feasible", [])
    assert found["plan"]["objective_m_per_day"] <= progress["objective_m_per_day"] + 1e-6
    assert found["plan"]["seconds"] < 60, "it did not search to its limit"


def test_a_plan_that_was_called_off_before_it_was_begun_is_left_alone(database: str) -> None:
    fill(database)
    plan_id = ask(database)
    with psycopg.connect(database) as connection:
        connection.execute(
            "update plans_v1 set state = 'failed', cancel_asked_at = now() where plan_id = %s", [plan_id]
        )
    asyncio.run(work(database, once=True, pace=HASTE))
    assert row(database, plan_id)["state"] == "failed"


def test_several_workers_share_the_plans(database: str, start: Callable[..., subprocess.Popen[str]]) -> None:
    fill(database)
    plans = [ask(database, {"seed": seed}) for seed in range(2)]
    start(database)
    start(database)
    for plan_id in plans:
        wait_until(database, plan_id, {"done"}, 60)
    with psycopg.connect(database) as connection:
        rows = connection.execute("select status::text, attempts from procrastinate_jobs").fetchall()
    assert rows == [("succeeded", 1)] * 2, "none was done twice"


def test_a_worker_killed_while_it_solves_leaves_its_plan_to_another(
    database: str, start: Callable[..., subprocess.Popen[str]]
) -> None:
    fill_large(database)
    plan_id = ask(database, {"time_limit_s": 300, "at_most": 3})
    killed = start(database)
    wait_until(database, plan_id, {"solving"})
    killed.kill()
    killed.wait(timeout=30)
    with psycopg.connect(database) as connection:  # what is left of the site is solved at once
        connection.execute("delete from bins_v1 where substr(bin, 2)::integer > 8")
        connection.execute("delete from flows_v1 where substr(sku, 2)::integer > 8")
    time.sleep(HASTE.stalled_after_s)
    asyncio.run(work(database, once=True, pace=HASTE))
    assert row(database, plan_id)["state"] == "done"


def test_sigterm_ends_a_solving_worker_in_time_and_its_plan_goes_back(
    database: str, start: Callable[..., subprocess.Popen[str]]
) -> None:
    fill_large(database)
    plan_id = ask(database, {"time_limit_s": 300})
    worker = start(database)
    wait_until(database, plan_id, {"solving"})
    time.sleep(1.0)
    assert row(database, plan_id)["state"] == "solving", "the problem must outlast the test"
    asked_at = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0
    assert time.monotonic() - asked_at < 10
    with psycopg.connect(database) as connection:
        assert connection.execute("select status::text from procrastinate_jobs").fetchone() == ("todo",)


def test_a_second_delivery_leaves_a_finished_plan_as_it_is(database: str) -> None:
    fill(database)
    plan_id = ask(database)
    asyncio.run(work(database, once=True, pace=HASTE))
    first = row(database, plan_id)
    with psycopg.connect(database) as connection:
        connection.execute("update procrastinate_jobs set status = 'todo'")
    asyncio.run(work(database, once=True, pace=HASTE))
    assert row(database, plan_id) == first


def test_the_worker_survives_a_cut_connection(database: str, start: Callable[..., subprocess.Popen[str]]) -> None:
    fill(database)
    worker = start(database)
    first = ask(database)
    wait_until(database, first, {"done"})
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tagdock-slotting'"
        )
    second = ask(database)
    wait_until(database, second, {"done"})
    assert worker.poll() is None


@pytest.mark.parametrize(
    ("url", "word"),
    [("postgresql://127.0.0.1:1/x", "reached"), ("no url at all", "no usable URL")],
    ids=["unreachable", "malformed"],
)
def test_a_wrong_database_is_one_clear_error(url: str, word: str) -> None:
    with pytest.raises(SlottingError, match=word):
        asyncio.run(work(url, once=True))


def test_a_database_without_the_schema_names_the_remedy(postgres: str) -> None:
    with pytest.raises(SlottingError, match="tagdock-cloud migrate"):
        asyncio.run(work(postgres, once=True))
