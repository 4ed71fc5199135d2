"""A report tells the figures that Grafana's panels show: same database, same period, same numbers."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from tagdock_cloud.reports import periods
from tagdock_cloud.reports.kpis import KPI_NAMES
from tagdock_cloud.reports.running import asking, work_out
from tagdock_cloud.store import pool
from tagdock_cloud.store.migrate import migrate
from tagdock_cloud.store.queries import load_queries
from tagdock_dashboards.database import connect
from tagdock_dashboards.macros import Choice, Setting, expand

ROOT = Path(__file__).parents[2]
ASK = load_queries("tagdock_cloud.reports")["ask"]
RETURNS = 40
REPORT = {
    "name": "All", "kpis": list(KPI_NAMES), "sites": None, "by_person": True, "period": "month",
    "time_zone": "Asia/Shanghai", "language": "en", "formats": [], "send_to": [],
}  # fmt: skip


@pytest.fixture
def database(postgresql: str) -> str:
    """A database as the cloud makes it, with twelve weeks of two sites; its address."""
    migrate(postgresql)
    text = (ROOT / "benchmarks" / "dashboards_fill.sql").read_text(encoding="utf-8")
    filling = text.partition("-- name: after_sales")[2].partition("-- name: ")[0]
    with psycopg.connect(postgresql) as connection:
        connection.execute("insert into sites (site) values ('hangzhou-1'), ('ningbo-1')")
        connection.execute(filling.format(cases=RETURNS))
    return postgresql


def told_of_last_month(database: str) -> dict[str, Any]:
    """Work out the last month that is over, as the clock of Shanghai has it."""
    report_id = uuid4()
    first = periods.last_over("month", "Asia/Shanghai", datetime.now(UTC))
    with pool.connect(database) as connection:
        connection.execute(
            "insert into reports (report_id, name, kpis, period, time_zone, runs_at, language, formats, next_day, "
            "next_at) values (%s, 'All', '{}', 'month', 'UTC', '06:00', 'en', '{}', '2026-01-01', 'infinity')",
            [report_id],
        )
        report = {**REPORT, "report_id": report_id}
        connection.execute(ASK, asking(report, first, "user:x", is_scheduled=False, is_sent=False))
        work_out(connection)
        result = connection.execute("select state, error, since, until, figures from report_results").fetchone()
    assert result is not None and result["state"] == "done", result
    return dict(result)


class Panels:
    """What the committed dashboards' panels answer for the period of a result."""

    def __init__(self, database: str, result: dict[str, Any]) -> None:
        self._setting = Setting(result["since"], result["until"] - timedelta(milliseconds=1), 60_000.0)
        self._database = database

    def rows(self, dashboard: str, title: str) -> list[dict[str, Any]]:
        board = json.loads((ROOT / "dashboards" / "generated" / f"{dashboard}.json").read_text(encoding="utf-8"))
        (panel,) = [one for one in board["panels"] if one["title"] == title]
        sites = Choice(("hangzhou-1", "ningbo-1"), "literals")
        with connect(self._database, query_timeout_s=30) as database:
            answer = database.run(expand(panel["targets"][0]["rawSql"], {"site": sites}, self._setting))
        names = [name for name, _ in answer.columns]
        return [dict(zip(names, row, strict=True)) for row in answer.rows]


def test_a_report_tells_what_the_panels_show(database: str) -> None:
    result = told_of_last_month(database)
    panels = Panels(database, result)
    rows = {
        (row["kpi"], row["level"], row["site"], row["person"], row["word"]): row for row in result["figures"]["rows"]
    }

    def told(kpi: str, level: str = "all", *, site: Any = None, person: Any = None, word: Any = None) -> Any:
        return rows[kpi, level, site, person, word]

    (promises,) = panels.rows("sites", "Promises")
    assert promises == {
        "on-time dispatch": told("on_time_dispatch")["value"], "stock accuracy": told("stock_accuracy")["value"],
        "return rate": told("return_rate")["value"],
    }  # fmt: skip
    assert all(0 < share < 1 for share in promises.values())  # there was something to compare
    for line in panels.rows("sites", "Sites"):
        for name, kpi in (("on-time dispatch", "on_time_dispatch"), ("stock accuracy", "stock_accuracy"),
                          ("return rate", "return_rate")):  # fmt: skip
            assert line[name] == told(kpi, "site", site=line["site"])["value"], (line["site"], name)
    (rate,) = panels.rows("after-sales", "Return rate")
    assert (rate["units back"], rate["units sent"]) == (told("return_rate")["part"], told("return_rate")["whole"])
    reasons = [line["units"] for line in panels.rows("after-sales", "Why goods come back (Pareto)")]
    words = [row["part"] for key, row in rows.items() if key[:2] == ("return_rate", "word")]
    assert reasons == [part for part in words if part] and len(reasons) > 2  # what came only in the period before is 0
    (repairs,) = panels.rows("after-sales", "Repairs closed")
    assert repairs["repair time"] == told("repair_time")["value"] and repairs["closed"] == told("repair_time")["whole"]
    assert repairs["first-time fix"] == told("first_time_fix")["value"] and repairs["closed"] > 0
    states = {line["state"]: line for line in panels.rows("after-sales", "Time in each state") if line["ended"]}
    assert len(states) > 2
    for state, line in states.items():
        row = told("time_in_state", "word", word=state)
        assert (line["ended"], line["median"], line["nine of ten"]) == (row["whole"], row["value"], row["nine_of_ten"])
    people = panels.rows("after-sales", "Figures by person")
    assert len(people) > 2
    for line in people:
        for name, kpi in (("stock accuracy", "stock_accuracy"), ("time in a state", "time_in_state"),
                          ("repair time", "repair_time"), ("first-time fix", "first_time_fix")):  # fmt: skip
            found = rows.get((kpi, "person", line["site"], line["person"], None), {"value": None})
            assert line[name] == found["value"], (line["person"], name)
