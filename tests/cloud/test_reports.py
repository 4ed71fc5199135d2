"""Reports are asked for once a period and told once, whatever is killed; one that fails holds up no other."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from tagdock_cloud.alerts.duties import LOOKS, look
from tagdock_cloud.reports import running
from tagdock_cloud.reports.running import ask_due, tidy, work_out
from tagdock_cloud.store import pool

Sql = Callable[..., list[dict[str, Any]]]
NOW = datetime(2026, 5, 10, 7, tzinfo=UTC)
FILES = ["csv", "pdf"]


@pytest.fixture
def webhook(sql: Sql) -> Callable[..., UUID]:
    """Add a webhook to which nothing is sent for now: what waits for it can be counted."""

    def add(url: str = "mailto://127.0.0.1?from=a@b.example&to=c@d.example", **changes: Any) -> UUID:
        values = {"topics": ["report"], "sites": None, **changes}
        row = sql(
            "insert into webhooks (name, url, topics, sites, resume_at) "
            "values ('w', %(url)s, %(topics)s, %(sites)s, 'infinity') returning webhook_id",
            {"url": url, **values},
        )[0]
        return UUID(str(row["webhook_id"]))

    return add


@pytest.fixture
def report(sql: Sql) -> Callable[..., UUID]:
    """Add a daily report whose next period began on 9 May 2026."""

    def add(*send_to: UUID, next_day: date = date(2026, 5, 9), **changes: Any) -> UUID:
        report_id = uuid4()
        values = {"sites": None, "kpis": ["on_time_dispatch"], "is_active": True, **changes}
        sql(
            "insert into reports (report_id, name, kpis, sites, period, time_zone, runs_at, language, formats, "
            "send_to, is_active, next_day, next_at) values (%(report_id)s, 'Days', %(kpis)s, %(sites)s, 'day', 'UTC', "
            "'06:00', 'en', '{csv,pdf}', %(send_to)s, %(is_active)s, %(next_day)s, %(next_day)s + interval '30 hours')",
            {"report_id": report_id, "send_to": list(send_to), "next_day": next_day, **values},
        )
        return report_id

    return add


def do(database: str, duty: Callable[..., None], *values: Any) -> None:
    with pool.connect(database) as connection:
        duty(connection, *values)


def told(sql: Sql) -> list[dict[str, Any]]:
    return sql(
        "select since::date::text as day, state, error, is_scheduled, asked_by from report_results order by since"
    )


def test_a_period_is_asked_for_once_when_it_is_due(database: str, sql: Sql, report: Any) -> None:
    report()
    report(is_active=False)
    do(database, ask_due, NOW - timedelta(hours=1, seconds=1))
    assert told(sql) == []
    for _ in range(3):
        do(database, ask_due, NOW)
    assert [(row["day"], row["asked_by"]) for row in told(sql)] == [("2026-05-09", "tagdock")]
    (row,) = sql("select next_day::text as next_day, next_at from reports where is_active")
    assert (row["next_day"], row["next_at"]) == ("2026-05-10", datetime(2026, 5, 11, 6, tzinfo=UTC))


def test_what_was_missed_is_asked_for_and_a_clock_that_went_back_asks_nothing_twice(
    database: str, sql: Sql, report: Any
) -> None:
    report(next_day=date(2026, 5, 7))
    do(database, ask_due, NOW)
    assert [row["day"] for row in told(sql)] == ["2026-05-07", "2026-05-08", "2026-05-09"]
    sql("update reports set next_day = '2026-05-08', next_at = '2026-05-09'")
    do(database, ask_due, NOW)
    assert [row["day"] for row in told(sql)] == ["2026-05-07", "2026-05-08", "2026-05-09"]


def test_several_workers_ask_and_tell_once(database: str, sql: Sql, report: Any, webhook: Any) -> None:
    report(webhook())
    ready = threading.Barrier(4)

    def go() -> None:
        ready.wait(30)
        do(database, ask_due, NOW)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(told(sql)) == 1
    for _ in range(2):
        do(database, work_out)
    assert sql("select topic, state from deliveries") == [{"topic": "report", "state": "waiting"}]


def test_a_mail_has_the_files_and_others_have_the_figures(database: str, sql: Sql, report: Any, webhook: Any) -> None:
    mail, http, deaf = webhook(), webhook("https://erp.example/"), webhook(topics=["alert"])
    elsewhere = webhook(sites=["s2"])
    sql("insert into sites (site) values ('s1'), ('s2')")
    report(mail, http, deaf, elsewhere, sites=["s1"])
    do(database, ask_due, NOW)
    do(database, work_out)
    bodies = {UUID(str(row["webhook_id"])): row["body"] for row in sql("select webhook_id, body from deliveries")}
    assert set(bodies) == {mail, http}  # neither who does not listen, nor who does not hear of this site
    assert [file["name"].rpartition(".")[2] for file in bodies[mail]["files"]] == FILES
    assert "On-time dispatch: no data" in bodies[mail]["text"]
    assert [row["level"] for row in bodies[http]["rows"]] == ["all", "site"]


def test_a_killed_worker_has_told_nothing_and_the_next_one_tells_once(
    database: str, sql: Sql, report: Any, webhook: Any, program: Any, wait_until: Any
) -> None:
    receiver = webhook()
    report(receiver)
    do(database, ask_due, NOW)
    with psycopg.connect(database) as holder:
        holder.execute("select from webhooks for update")  # telling waits for it, when the figures are written already
        worker = program("work", database=database)
        wait_until(lambda: sql(WAITS_FOR_A_LOCK), timeout_s=60)
        worker.kill()
        worker.wait(30)
        holder.rollback()
    wait_until(lambda: not sql(IS_THERE), timeout_s=60)  # the server has noticed that nobody is left to commit
    assert [row["state"] for row in told(sql) if row["day"] == "2026-05-09"] == ["waiting"]
    assert sql("select delivery_id from deliveries") == []
    worker = program("work", database=database)
    wait_until(lambda: {row["state"] for row in told(sql)} == {"done"}, timeout_s=60)
    asked = len(told(sql))  # the worker's clock is today's: it asks for what was missed since then, too
    count = sql("select count(*) as n, count(distinct body ->> 'message') as periods from deliveries")[0]
    assert (count["n"], count["periods"]) == (asked, asked)


IS_THERE = """
select pid from pg_stat_activity where datname = current_database() and application_name like 'tagdock-cloud work%'
"""
WAITS_FOR_A_LOCK = f"{IS_THERE} and wait_event_type = 'Lock'"


def test_one_that_fails_is_tried_again_and_given_up_and_holds_up_no_other(database: str, sql: Sql, report: Any) -> None:
    broken, whole = report(), report()
    do(database, ask_due, NOW)
    sql('update report_results set asked = asked || \'{"kpis": ["weather"]}\' where report_id = %s', [broken])

    def state(report_id: UUID) -> tuple[Any, ...]:
        (row,) = sql("select state, attempts, error from report_results where report_id = %s", [report_id])
        return row["state"], row["attempts"], row["error"]

    do(database, work_out)
    assert state(whole) == ("done", 1, None)
    assert state(broken) == ("waiting", 1, "KeyError: 'weather'")
    do(database, work_out)
    assert state(broken)[1] == 1  # it waits
    for _ in running.WAITS_S:
        sql("update report_results set next_at = now()")
        do(database, work_out)
    assert state(broken)[:2] == ("failed", len(running.WAITS_S) + 1)


def look_at(database: str, sql: Sql) -> list[tuple[Any, ...]]:
    """Look once for alerts of reports, and return those that are open."""
    what = next(each for each in LOOKS if each.name == "reports")
    do(database, look, what)
    rows = sql("select site, kind, originator, message, detail from alerts where cleared_at is null order by kind")
    return [(row["site"], row["kind"], row["originator"], row["message"], row["detail"]) for row in rows]


def test_one_that_failed_raises_an_alert_until_it_is_worked_out(database: str, sql: Sql, report: Any) -> None:
    sql("insert into sites (site) values ('s2'), ('s1'), ('s0')")
    broken = report(sites=["s2", "s1"])
    do(database, ask_due, NOW)
    told_as = "update report_results set asked = asked || %s::jsonb, next_at = now() where state = 'waiting'"
    for attempt in range(len(running.WAITS_S) + 1):
        assert look_at(database, sql) == [], f"it is tried again, {attempt} times until now"
        sql(told_as, ['{"kpis": ["weather"]}'])
        do(database, work_out)
    ((site, kind, originator, message, detail),) = look_at(database, sql)
    assert (site, kind, originator) == ("s1", "report_failed", f"report/{broken}")
    assert message.startswith("The report Days") and detail["error"] == "KeyError: 'weather'"
    assert len(look_at(database, sql)) == 1, "one alert, however often it is looked at"
    sql("update report_results set state = 'waiting', ended_at = null")
    sql(told_as, ['{"kpis": ["on_time_dispatch"]}'])
    do(database, work_out)
    assert look_at(database, sql) == [] and len(sql("select alert_id from alerts")) == 1


def test_one_that_does_not_arrive_raises_an_alert_until_one_does(
    database: str, sql: Sql, report: Any, webhook: Any
) -> None:
    sql("insert into sites (site) values ('s1')")
    receiver = webhook()
    report(receiver)
    do(database, ask_due, NOW)
    do(database, work_out)
    assert look_at(database, sql) == [], "it waits to be sent"
    sql("update deliveries set state = 'dead', ended_at = now(), error = 'mailto://user:secret@host: refused'")
    ((site, kind, originator, message, detail),) = look_at(database, sql)
    assert (site, kind, originator) == ("s1", "report_undelivered", f"webhook/{receiver}")
    assert message == "A report for w could not be delivered" and "secret" not in str(detail)
    sql("update deliveries set state = 'done', ended_at = clock_timestamp()")
    assert look_at(database, sql) == []


def test_results_are_kept_so_long_and_so_many(
    database: str, sql: Sql, report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "KEEP_MOST", 3)
    first, other = report(next_day=date(2026, 5, 5)), report()
    do(database, ask_due, NOW)
    do(database, work_out)
    do(database, tidy)
    assert sql("select count(*) as n from report_results where report_id = %s", [first])[0]["n"] == 3
    sql("update report_results set asked_at = now() - interval '401 days' where report_id = %s", [other])
    do(database, tidy)
    assert sql("select report_id from report_results where report_id = %s", [other]) == []
    sql("delete from reports")
    assert sql("select result_id from report_results") == []
