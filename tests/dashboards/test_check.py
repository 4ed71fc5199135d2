"""Checking dashboards against a real database: what passes, and each way to fail."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tagdock_dashboards import alarms, build
from tagdock_dashboards.check import Checker, Finding, Terms, check_alarms
from tagdock_dashboards.database import connect
from tagdock_dashboards.model import read

Board = Callable[..., dict[str, Any]]
VIEWS = Path(__file__).with_name("views.sql")
EMPTY_IS_GOOD_NEWS = {
    *("Uncertain passages to decide", "Below, above or near a limit", "Sensors to look at", "Refused batches"),
    *("Open alerts", "Open alerts of sensors and bins", "What readers reported", "Alerts raised", "Moves to do"),
    *("Door sessions in progress", "Waiting at the doors", "Batches refused, by hour", "Cases that wait longest"),
    *("Open alerts of lives, tasks and shipments", "Orders without a site", "Transfers on the way"),
    *("Shipments with exceptions", "Runs of vehicles"),
    *("variable zone", "marks"),
}
"""Lists of what is out of order, the count of alerts, and choices and marks that there need not be."""
COUNT = "SELECT count(*) AS n FROM movements_v1 WHERE $__timeFilter(observed_at)"


EMPTIED = "".join(
    f"ALTER VIEW {view} RENAME TO full_{view}; CREATE VIEW {view} AS SELECT * FROM full_{view} WHERE false;"
    for view in re.findall(r"CREATE VIEW (\w+)", VIEWS.read_text())
)


def run(url: str, board: dict[str, Any], *, query_timeout_s: float = 10.0, **terms: Any) -> Sequence[Finding]:
    with connect(url, query_timeout_s=query_timeout_s) as database:
        return list(Checker(read(board), Terms(datetime.now(UTC), **terms), database).run())


def the_problem(findings: Sequence[Finding]) -> str:
    (problem,) = [problem for finding in findings for problem in finding.problems]
    return problem


def test_the_projects_dashboards_show_data_on_a_filled_database(filled_url: str) -> None:
    for board in build.dashboards().values():
        findings = run(filled_url, board)
        assert len(findings) > len(board["panels"]) / 2
        assert [(finding.place, finding.problems) for finding in findings if finding.problems] == []


def test_every_panel_of_the_projects_dashboards_fails_on_empty_views(database_with: Callable[[str], str]) -> None:
    """A check that passes on an empty database would say nothing."""
    url = database_with(EMPTIED)
    findings = [finding for board in build.dashboards().values() for finding in run(url, board)]
    passed = {finding.panel for finding in findings if not finding.problems}
    assert passed == EMPTY_IS_GOOD_NEWS, "only a list of exceptions or a count of them has good news to tell"
    said = {problem for finding in findings for problem in finding.problems}
    assert said == {"returns no data", "offers nothing to choose"}, "an empty database must not be a syntax error"


def test_a_missing_column_is_named(database_with: Callable[[str], str]) -> None:
    url = database_with("ALTER VIEW plans_v1 RENAME COLUMN objective_m_per_day TO aim;")
    failed = {finding.panel for finding in run(url, build.dashboards()["slotting"]) if finding.problems}
    assert failed == {"Objective of the newest plan", "Promised saving", "Plans"}


def test_a_missing_view_is_named(filled_url: str, board: Board) -> None:
    assert 'relation "gone_v1" does not exist' in the_problem(run(filled_url, board("SELECT * FROM gone_v1")))


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        pytest.param("SELEC 1 AS n", "syntax error", id="syntax"),
        pytest.param("SELECT $nobody AS n", "syntax error", id="a variable that is not there"),
        pytest.param("SELECT $__nothing(1) AS n", "no macro $__nothing", id="a macro that is not there"),
        pytest.param("SELECT 1 AS n WHERE false", "returns no data", id="no rows"),
        pytest.param("SELECT NULL::int AS n", "returns no data", id="only nulls"),
        pytest.param("SELECT 'a' AS n", "no number to show", id="text where a number is needed"),
        pytest.param("SELECT 1 AS n; SELECT 2 AS n", "cannot insert multiple commands", id="two statements"),
        pytest.param("CREATE TABLE mine (n int)", "syntax error", id="no SELECT"),
        pytest.param("SELECT generate_series(1, 2000000000) AS n", "more than 20,000 rows", id="a flood"),
    ],
)
def test_what_a_tile_cannot_show(filled_url: str, board: Board, sql: str, says: str) -> None:
    assert says in the_problem(run(filled_url, board(sql, "stat")))


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        pytest.param("SELECT now() AS at, 1 AS n", 'no column "time"', id="no time"),
        pytest.param("SELECT now()::text AS time, 1 AS n", "is text", id="time as text"),
        pytest.param("SELECT NULL::timestamptz AS time, 1 AS n", "nulls", id="null time"),
        pytest.param(
            "SELECT now() - n * interval '1s' AS time, n FROM generate_series(1, 2) n", "order", id="unordered"
        ),
        pytest.param("SELECT now() AS time, 'a' AS metric", "no number", id="no value"),
    ],
)
def test_what_a_time_series_cannot_show(filled_url: str, board: Board, sql: str, says: str) -> None:
    assert any(
        says in problem
        for finding in run(filled_url, board(sql, "timeseries", shape="time_series"))
        for problem in finding.problems
    )


def test_a_slow_query_is_stopped(filled_url: str, board: Board) -> None:
    findings = run(filled_url, board("SELECT pg_sleep(30)", "table"), query_timeout_s=0.2)
    assert the_problem(findings) == "took longer than the time limit"


def test_a_function_that_writes_is_stopped(database_with: Callable[[str], str], board: Board) -> None:
    url = database_with(
        "CREATE TABLE t (n int);"
        "CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING n';"
    )
    assert "read-only" in the_problem(run(url, board("SELECT sneak() AS n")))


def test_one_bad_query_does_not_spoil_the_next(filled_url: str, board: Board) -> None:
    trial = board("SELEC 1")
    trial["panels"].append(board(COUNT, "stat")["panels"][0] | {"title": "Two"})
    first, second = run(filled_url, trial)
    assert first.problems and not second.problems


def test_a_panel_may_be_allowed_to_be_empty(filled_url: str, board: Board) -> None:
    trial = board("SELECT 1 AS n WHERE false", "stat")
    assert not run(filled_url, trial, may_be_empty=frozenset({"One"}))[0].problems


def test_a_list_of_exceptions_may_be_empty_because_it_says_so_itself(filled_url: str, board: Board) -> None:
    trial = board("SELECT 1 AS n WHERE false", "table")
    trial["panels"][0].setdefault("fieldConfig", {}).setdefault("defaults", {})["noValue"] = "None: all is decided"
    assert not run(filled_url, trial)[0].problems
    trial["panels"][0]["fieldConfig"]["defaults"]["noValue"] = "no data"
    assert the_problem(run(filled_url, trial)) == "returns no data"


def test_the_period_may_be_given(filled_url: str, board: Board) -> None:
    trial = board(COUNT + " HAVING count(*) > 0", "stat")
    assert not run(filled_url, trial)[0].problems
    assert the_problem(run(filled_url, trial, since="now-2y", until="now-1y")) == "returns no data"


def test_a_choice_that_only_works_with_all_is_found(filled_url: str, board: Board) -> None:
    trial = board("SELECT 1 AS n WHERE $door IS NOT NULL", "stat")
    variable = {"type": "query", "name": "door", "query": "SELECT door FROM doors_v1 ORDER BY 1", "includeAll": True}
    trial["templating"]["list"] = [variable | {"allValue": "(SELECT 'x')"}]
    assert not [finding for finding in run(filled_url, trial) if finding.problems]
    trial["templating"]["list"] = [variable | {"allValue": "1"}]
    trial["panels"][0]["targets"][0]["rawSql"] = "SELECT 1 AS n WHERE $door = 1"
    assert "invalid input syntax" in the_problem(run(filled_url, trial))


def test_later_choices_are_asked_with_the_earlier_ones(filled_url: str, board: Board) -> None:
    trial = board("SELECT count(*) AS n FROM doors_v1 WHERE door = ANY (ARRAY[$door]::text[])", "stat")
    sites = {"type": "query", "name": "site", "query": "SELECT 'elsewhere'", "multi": True}
    doors = {"type": "query", "name": "door", "query": "SELECT door FROM doors_v1 WHERE site IN ($site)", "multi": True}
    trial["templating"]["list"] = [sites, doors]
    assert the_problem(run(filled_url, trial)) == "offers nothing to choose"


def alarm_findings(url: str, *changed: alarms.Alarm) -> Sequence[Finding]:
    with connect(url, query_timeout_s=10.0) as database:
        return list(check_alarms(changed or alarms.ALARMS, Terms(datetime.now(UTC)), database))


def test_every_alert_rule_runs_and_fires_on_what_is_out_of_order(filled_url: str) -> None:
    findings = {finding.panel: finding for finding in alarm_findings(filled_url)}
    assert {title: finding.problems for title, finding in findings.items() if finding.problems} == {}
    assert [title for title, finding in findings.items() if not finding.rows] == []


def test_where_nobody_tells_anything_a_rule_speaks_up_or_rightly_does_not(database_with: Callable[[str], str]) -> None:
    findings = {finding.panel: finding for finding in alarm_findings(database_with(EMPTIED))}
    assert {finding.rows for finding in findings.values()} == {0}
    # No gateway at all, or nobody who ever did due work, is a fault; no refusal, no movement and no open alert are not.
    built = {alarm.title: alarms.rule(alarm, "tagdock", None)["noDataState"] for alarm in alarms.ALARMS}
    assert {title for title, state in built.items() if state == "NoData"} == {"Gateway silent", "Due work stands still"}
    assert set(built.values()) == {"NoData", "OK"}


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        pytest.param("SELECT 1 AS value", "no text", id="nothing to tell alerts apart"),
        pytest.param("SELECT 'a' AS site, 1 AS n", "one number, `value`", id="another name"),
        pytest.param("SELECT 'a' AS site, 1 AS value, 2 AS more", "it returns value, more", id="two numbers"),
        pytest.param("SELECT site FROM gone_v1", "does not exist", id="no such view"),
    ],
)
def test_what_an_alert_rule_cannot_use(filled_url: str, sql: str, says: str) -> None:
    (finding,) = alarm_findings(filled_url, replace(alarms.ALARMS[0], sql=sql))
    assert says in finding.problems[0]


def test_marks_need_a_time_and_words(filled_url: str, board: Board) -> None:
    trial = board("SELECT 1 AS n", "stat")
    trial["annotations"] = {"list": [{"name": "M", "target": {"rawSql": "SELECT now() AS at", "refId": "M"}}]}
    (finding,) = [finding for finding in run(filled_url, trial) if finding.panel == "marks"]
    assert finding.problems == ('has no column "text", which a mark needs', 'has no column "time", which a mark needs')


def test_a_map_needs_two_coordinates_and_a_figure_that_are_there(filled_url: str, board: Board) -> None:
    trial = board("SELECT 1.0 AS x_m, 2.0 AS y_m, 'a' AS bin", "xychart")
    axes = {axis: {"matcher": {"id": "byName", "options": name}} for axis, name in (("x", "x_m"), ("color", "filled"))}
    trial["panels"][0]["options"] = {"series": [axes]}
    problems = run(filled_url, trial)[0].problems
    assert "two coordinates and a figure" in problems[0] and '"filled", which the query does not return' in problems[1]
