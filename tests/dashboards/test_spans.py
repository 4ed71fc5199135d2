"""A period's length says where figures are read from, and every panel shows something of each length."""

from datetime import UTC, datetime

import pytest
from tagdock_dashboards import build
from tagdock_dashboards.check import Checker, Terms
from tagdock_dashboards.database import connect
from tagdock_dashboards.macros import Choice, Setting, expand
from tagdock_dashboards.model import read
from tagdock_dashboards.periods import moment
from tagdock_dashboards.pieces import spans

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BESIDE = {"site": Choice(("s1",), "literals"), "door": Choice("'*'", "raw")}


@pytest.mark.parametrize("since", ["now-7d", "now-90d"])
def test_every_panel_shows_weeks_and_months(filled_url: str, since: str) -> None:
    terms = Terms(datetime.now(UTC), since=since)
    with connect(filled_url, query_timeout_s=20) as database:
        findings = [f for board in build.dashboards().values() for f in Checker(read(board), terms, database).run()]
    assert {finding.place: finding.problems for finding in findings if finding.problems} == {}


@pytest.mark.parametrize(
    ("since", "source"),
    [("now-1h", "movements_v1"), ("now-26h", "movements_v1"), ("now-27h", "lateness_v1"), ("now-35d", "lateness_v1"),
     ("now-36d", "lateness_days_v1")],
)  # fmt: skip
def test_one_source_is_read_and_the_others_are_dropped_by_the_plan(filled_url: str, since: str, source: str) -> None:
    tagged = {"movements_v1": 1, "lateness_v1": 2, "lateness_days_v1": 3}
    sql = f"SELECT count(*) AS n FROM {spans.lateness()}"
    for name in tagged:
        sql = sql.replace(f"FROM {name} ", f"FROM (SELECT '{name}' AS told, * FROM {name}) AS it ")
    sql = sql.replace("SELECT count(*) AS n", "SELECT string_agg(DISTINCT told, ',') AS told")
    sql = sql.replace("SELECT site,", "SELECT told, site,")
    setting = Setting(moment(since, NOW), NOW, 60_000.0)
    expanded = expand(sql, BESIDE, setting).replace("site = ANY (ARRAY['s1']::text[])", "true")
    expanded = expanded.replace("BETWEEN", "NOT BETWEEN")  # the views' rows are of today
    with connect(filled_url, query_timeout_s=20) as database:
        assert database.run(expanded).rows[0][0] == source


def test_a_point_is_never_shorter_than_what_is_counted(filled_url: str) -> None:
    with connect(filled_url, query_timeout_s=20) as database:
        for since, least_ms in (("now-6h", 60_000), ("now-2d", 3_600_000), ("now-60d", 86_400_000)):
            setting = Setting(moment(since, NOW), NOW, 60_000.0)
            assert database.run(expand(f"SELECT {spans.STEP_MS} AS n", {}, setting)).rows[0][0] == least_ms, since
