"""What sites and persons are judged by: facts of the views, counted by hand, and the rows that reports make of them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tagdock_cloud.reports.kpis import KPI_NAMES
from tagdock_cloud.reports.running import asking, work_out
from tagdock_cloud.store import pool

Sql = Callable[..., list[dict[str, Any]]]
REPORT = {
    "name": "R", "kpis": list(KPI_NAMES), "sites": None, "by_person": True, "period": "month", "time_zone": "UTC",
    "language": "en", "formats": [], "send_to": [], "runs_at": time(6),
}  # fmt: skip

FILLED = Path(__file__).with_name("kpis.sql").read_text(encoding="utf-8")


def filled(sql: Sql, first: date = date(2026, 5, 1), **changes: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Work a report out on the filled database; its rows by figure, level and place."""
    if not sql("select site from sites"):
        sql(FILLED)
    report_id = uuid4()
    sql(
        "insert into reports (report_id, name, kpis, period, time_zone, runs_at, language, formats, next_day, next_at) "
        "values (%s, 'R', '{}', 'month', 'UTC', '06:00', 'en', '{}', '2026-01-01', 'infinity')",
        [report_id],
    )
    values = asking({**REPORT, "report_id": report_id, **changes}, first, "user:x", is_scheduled=False, is_sent=False)
    return {"report_id": report_id, **values}  # type: ignore[dict-item]


def rows_of(database: str, sql: Sql, **changes: Any) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    values = filled(sql, **changes)
    with pool.connect(database) as connection:
        connection.execute(
            "insert into report_results (report_id, sites, since, until, former_since, is_scheduled, is_sent, asked, "
            "asked_by) values (%(report_id)s, %(sites)s, %(since)s, %(until)s, %(former_since)s, %(is_scheduled)s, "
            "%(is_sent)s, %(asked)s::jsonb, %(asked_by)s)",
            values,
        )
    with pool.connect(database) as connection:
        work_out(connection)
    result = sql("select state, error, figures from report_results where report_id = %s", [values["report_id"]])[0]  # type: ignore[index]
    assert (result["state"], result["error"]) == ("done", None)
    return {
        (row["kpi"], row["level"], row["site"], row["person"], row["word"]): (row["value"], row["part"], row["whole"])
        for row in result["figures"]["rows"]
    }


def test_figures_are_what_one_counts_by_hand(database: str, sql: Sql) -> None:
    rows = rows_of(database, sql)

    def all_(kpi: str) -> tuple[Any, ...]:
        return rows[kpi, "all", None, None, None]

    def word(kpi: str, word: str) -> tuple[Any, ...]:
        return rows[kpi, "word", None, None, word]

    def person(kpi: str, site: str, name: str) -> tuple[Any, ...]:
        return rows[kpi, "person", site, name, None]

    assert all_("on_time_dispatch") == (3 / 5, 3, 5)
    assert rows["on_time_dispatch", "site", "s1", None, None] == (2 / 4, 2, 4)
    assert rows["on_time_dispatch", "site", "s2", None, None] == (1.0, 1, 1)
    assert rows["on_time_dispatch", "site", "s3", None, None] == (None, 0, 0)  # nothing was due, and it is said
    assert word("on_time_dispatch", "on_time") == (3 / 5, 3, 5) and word("on_time_dispatch", "overdue") == (1 / 5, 1, 5)
    assert person("on_time_dispatch", "s1", "user:mei") == (1 / 2, 1, 2)
    assert person("on_time_dispatch", "s1", "user:jun") == (1.0, 1, 1)
    assert all_("return_rate") == (8 / 40, 8, 40)  # R1's carton of six and two more, by A1, A2, A3, B1; no transfer
    assert rows["return_rate", "site", "s1", None, None] == (8 / 23, 8, 23)
    assert rows["return_rate", "site", "s3", None, None] == (None, 0, 0)
    assert word("return_rate", "defective") == (6 / 8, 6, 8)
    assert person("return_rate", "s1", "user:mei") == (6 / 22, 6, 22)
    assert all_("stock_accuracy") == (3 / 4, 3, 4)
    assert person("stock_accuracy", "s1", "user:mei") == (2 / 3, 2, 3)
    assert (
        "stock_accuracy",
        "person",
        "s1",
        "jun",
        None,
    ) not in rows  # a name without its kind is nobody in particular
    assert all_("time_in_state") == (7200.0, None, 3)  # 2 h, 1 h, 6 h; what is away does not count
    assert word("time_in_state", "returned") == (4 * 3600.0, None, 2)
    assert person("time_in_state", "s1", "user:mei") == (7200.0, None, 1)
    assert not [key for key in rows if key[3] and key[3].startswith("door:")]
    assert all_("repair_time") == (None, None, 0) and all_("first_time_fix") == (None, 0, 0)


def test_the_former_period_is_told_beside_it(database: str, sql: Sql) -> None:
    rows_of(database, sql)
    told = sql("select figures from report_results")[0]["figures"]["rows"]
    row = next(row for row in told if row["kpi"] == "on_time_dispatch" and row["level"] == "all")
    assert (row["former_value"], row["former_part"], row["former_whole"]) == (0.0, 0, 1)


def test_a_report_of_some_sites_tells_of_no_others(database: str, sql: Sql) -> None:
    rows = rows_of(database, sql, sites=["s2"])
    assert {site for _, level, site, _, _ in rows if level in ("site", "person")} == {"s2"}
    assert rows["on_time_dispatch", "all", None, None, None] == (1.0, 1, 1)


def test_a_border_belongs_to_the_period_that_it_begins(database: str, sql: Sql) -> None:
    """23:59:59 UTC on 31 May is June in Shanghai; the order due on 2 May at midnight UTC is May in both."""
    rows = rows_of(database, sql, time_zone="Asia/Shanghai")
    assert rows["return_rate", "all", None, None, None] == (6 / 40, 6, 40)
    june = rows_of(database, sql, first=date(2026, 6, 1))
    assert june["return_rate", "all", None, None, None] == (
        None,
        1,
        0,
    )  # R4 on the first instant of June, and nothing sent


@pytest.mark.parametrize("view", ["kpi_facts_v1", "kpi_people_v1"])
def test_one_figure_reads_what_it_is_told_from_and_nothing_else(sql: Sql, view: str) -> None:
    told = sql(f"explain select sum(part) from {view} where kpi = any (array['stock_accuracy', 'first_time_fix'])")
    plan = "\n".join(row["QUERY PLAN"] for row in told)
    assert "count_lines" in plan and "work_orders" in plan
    assert "life_steps" not in plan and "on orders" not in plan and "returns" not in plan


NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("orders", "first_time", "median_s"),
    [
        pytest.param("('a', 'repaired', 10, 9)", 1.0, 86_400.0, id="one that was enough"),
        pytest.param("('a', 'irreparable', 10, 9)", 0.0, 86_400.0, id="nothing to be done"),
        pytest.param("('a', 'repaired', 20, 19), ('a', 'repaired', 10, 7)", 0.0, 172_800.0, id="a repeat"),
        pytest.param("('a', 'repaired', 20, 19), ('a', 'open', 10, null)", 0.0, 86_400.0, id="a repeat that is open"),
        pytest.param("('a', 'repaired', 80, 79), ('a', 'repaired', 10, 9)", 1.0, 86_400.0, id="again after months"),
        pytest.param(
            "('a', 'repaired', 40, 39), ('a', 'repaired', 10, 9)", None, 86_400.0, id="only the repeat is here"
        ),
        pytest.param("('a', 'repaired', 20, 19), ('b', 'repaired', 10, 9)", 1.0, 86_400.0, id="two items"),
    ],
)
def test_a_repair_is_a_first_time_fix_when_no_other_follows_within_a_month(
    sql: Sql, orders: str, first_time: float | None, median_s: float
) -> None:
    sql("insert into sites (site) values ('s1')")
    sql(
        "with asked (epc, state, from_days, to_days) as (values "
        + orders
        + """), made as (
            insert into tasks (site, kind, role, epc, opened_at, assignee)
            select 's1', 'follow_up', 'manager', epc || from_days, %(now)s, 'user:li' from asked returning task_id, epc
        )
        insert into work_orders (task_id, site, epc, state, opened_at, closed_at)
        select m.task_id, 's1', a.epc, a.state, %(now)s - a.from_days * interval '1 day',
               %(now)s - a.to_days * interval '1 day'
        from asked a join made m on m.epc = a.epc || a.from_days""",
        {"now": NOW},
    )
    period = "at >= %(now)s - interval '28 days' and at < %(now)s"
    for view, of in (("kpi_facts_v1", ""), ("kpi_people_v1", " and person = 'user:li'")):
        told = sql(
            "select (sum(part) filter (where kpi = 'first_time_fix'))::float8 / nullif(sum(whole) "
            "filter (where kpi = 'first_time_fix'), 0) as fixed, percentile_cont(0.5) within group (order by seconds) "
            f"filter (where kpi = 'repair_time') as took from {view} where {period}{of}",
            {"now": NOW},
        )[0]
        assert (told["fixed"], told["took"]) == (first_time, median_s)
