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
        process.wait(timeout=10)
        assert process.stderr is not None
        process.stderr.close()


def fill_large(url: str, bins: int = 2500) -> None:
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
        killed.wait(timeout=10)
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
    assert worker.wait(timeout=15) == 0
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
