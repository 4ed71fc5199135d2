"""The worker: duties done by one of several, whatever fails, hangs or goes away."""

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from tagdock_cloud.config import WorkConfig
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.work import duties as listed
from tagdock_cloud.work.duty import Duty
from tagdock_cloud.work.run import Worker

Wait = Callable[..., Any]


@contextmanager
def working(database: str, duties: Sequence[Duty]) -> Iterator[Worker]:
    worker = Worker(WorkConfig(database), duties)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(20)
        assert not thread.is_alive()


def counting(name: str, every_s: float = 0.05) -> Duty:
    def run(connection: Connection[DictRow]) -> None:
        connection.execute("insert into counted values (%s, clock_timestamp())", [name])

    return Duty(name, every_s, run)


@pytest.fixture
def counted(sql: Any) -> Callable[[str], int]:
    sql("create table counted (duty text, at timestamptz)")
    return lambda name: int(sql("select count(*) as n from counted where duty = %s", [name])[0]["n"])


def test_duties_are_done_again_and_again_and_noted(
    database: str, sql: Any, counted: Callable[[str], int], wait_until: Wait
) -> None:
    with working(database, [counting("a"), counting("b")]):
        wait_until(lambda: counted("a") > 3 and counted("b") > 3)
    rows = {row["duty"]: row for row in sql("select * from duties_v1")}
    assert set(rows) == {"a", "b"}
    assert all(row["done_at"] is not None and row["took_s"] >= 0 and row["failures"] == 0 for row in rows.values())


def test_several_workers_share_a_duty_instead_of_each_doing_it(
    database: str, sql: Any, counted: Callable[[str], int], wait_until: Wait
) -> None:
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(working(database, [counting("a", 0.3)]))
        wait_until(lambda: counted("a") >= 6)
    gaps = sql(
        "select min(gap) as shortest from "
        "(select extract(epoch from at - lag(at) over (order by at)) as gap from counted) gaps"
    )
    assert gaps[0]["shortest"] >= 0.9 * 0.3  # three workers on their own would come three times as often


def test_a_duty_runs_once_at_a_time(database: str, sql: Any, counted: Callable[[str], int], wait_until: Wait) -> None:
    at_once = threading.Semaphore(1)
    doubled = threading.Event()

    def run(connection: Connection[DictRow]) -> None:
        if not at_once.acquire(blocking=False):
            doubled.set()
            return
        time.sleep(0.05)
        at_once.release()
        counting("a").run(connection)

    with working(database, [Duty("a", 0.01, run)]), working(database, [Duty("a", 0.01, run)]):
        wait_until(lambda: counted("a") >= 5)
    assert not doubled.is_set()


def test_a_failing_duty_is_rolled_back_said_once_noted_and_harms_no_other(
    database: str, sql: Any, counted: Callable[[str], int], wait_until: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    is_mended = threading.Event()

    def fail(connection: Connection[DictRow]) -> None:
        counting("bad").run(connection)
        if not is_mended.is_set():
            connection.execute("select * from no_such_table")

    with working(database, [Duty("bad", 0.01, fail), counting("good")]):
        failures = "select failures, error from duties where duty = 'bad' and failures >= 2"
        (row,) = wait_until(lambda: sql(failures))
        assert 'relation "no_such_table" does not exist' in row["error"]
        assert counted("bad") == 0
        before = counted("good")
        wait_until(lambda: counted("good") > before + 2)
        said = [record for record in caplog.records if "duty=bad" in record.getMessage()]
        assert len(said) == 1 and said[0].exc_info is None  # one line: the statement at fault is named, no traceback
        is_mended.set()
        wait_until(lambda: counted("bad"))
        wait_until(lambda: any("duty=bad works again" in record.getMessage() for record in caplog.records))
    assert sql("select failures, error from duties where duty = 'bad'") == [{"failures": 0, "error": None}]


def test_a_bug_in_a_duty_is_logged_with_its_traceback_and_the_worker_lives(
    database: str, counted: Callable[[str], int], wait_until: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Connection[DictRow]) -> None:
        raise KeyError("bug")

    with working(database, [Duty("bad", 0.01, fail), counting("good")]):
        wait_until(lambda: counted("good") > 3)
        wait_until(lambda: any(record.exc_info for record in caplog.records))


def test_a_duty_that_hangs_ends_with_its_statements_deadline(database: str, sql: Any, wait_until: Wait) -> None:
    def hang(connection: Connection[DictRow]) -> None:
        connection.execute("select pg_sleep(60)")

    with working(database, [Duty("hanging", 0.01, hang, timeout_s=0.1)]):
        (row,) = wait_until(lambda: sql("select error from duties where duty = 'hanging' and failures >= 1"))
    assert "statement timeout" in row["error"]


def test_stopping_ends_the_statement_at_work(database: str, wait_until: Wait, sql: Any) -> None:
    def hang(connection: Connection[DictRow]) -> None:
        connection.execute("select pg_sleep(60) as sleeping_duty")

    sleeping = "select pid from pg_stat_activity where query like %s and query not like %s and state = 'active'"
    patterns = ["%sleeping_duty%", "%pg_stat_activity%"]
    with working(database, [Duty("hanging", 1.0, hang, timeout_s=60.0)]):
        wait_until(lambda: sql(sleeping, patterns))
    wait_until(lambda: not sql(sleeping, patterns))


def test_a_worker_goes_on_when_the_database_comes_back(own_postgres: Any, wait_until: Wait) -> None:
    done: list[float] = []
    with working(own_postgres.url, [Duty("a", 0.1, lambda _: done.append(time.monotonic()))]):
        wait_until(lambda: len(done) > 2)
        own_postgres.kill()
        count = len(done)
        own_postgres.start()
        wait_until(lambda: len(done) > count + 2, 60)


def test_the_program_says_when_it_is_ready_and_stops_when_asked(
    database: str, sql: Any, program: Callable[..., subprocess.Popen[bytes]], wait_until: Wait, wait_ready: Any
) -> None:
    process = program("work", database=database)
    wait_ready(process)
    wait_until(lambda: len(sql("select * from duties_v1")) == len(listed.DUTIES), 60)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, b"", b"")  # quiet when all is well


def test_without_a_database_it_says_what_to_give(program: Callable[..., subprocess.Popen[bytes]]) -> None:
    process = program("work")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert b"give --database URL" in err


def test_every_duty_has_a_name_of_its_own() -> None:
    names = [duty.name for duty in listed.DUTIES]
    assert len(names) == len(set(names))
