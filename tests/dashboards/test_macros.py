"""SQL as Grafana would send it: variables first, macros after."""

from datetime import UTC, datetime, timedelta

import pytest
from tagdock_dashboards.errors import QueryError
from tagdock_dashboards.macros import Choice, Setting, expand

SINCE = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PLAIN = Setting(SINCE, SINCE + timedelta(hours=6), interval_ms=60_000)
TIMESCALE = Setting(SINCE, SINCE + timedelta(hours=6), interval_ms=60_000, timescaledb=True)
SPAN = "'2026-01-05T08:00:00Z' AND '2026-01-05T14:00:00Z'"


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        pytest.param("$__timeFilter(at)", f"at BETWEEN {SPAN}", id="filter"),
        pytest.param("$__timeFrom() $__timeTo()", "'2026-01-05T08:00:00Z' '2026-01-05T14:00:00Z'", id="from and to"),
        pytest.param("$__time(at)", 'at AS "time"', id="time"),
        pytest.param("$__timeEpoch(at)", 'extract(epoch from at) as "time"', id="epoch"),
        pytest.param("$__timeGroup(at,'5m')", "floor(extract(epoch from at)/300)*300", id="group"),
        pytest.param("$__timeGroup(at , '5m')", "floor(extract(epoch from at)/300)*300", id="blanks are trimmed"),
        pytest.param(
            "$__timeGroup(at,'5m'), n", 'floor(extract(epoch from at)/300)*300 AS "time", n', id="group before a comma"
        ),
        pytest.param(
            "$__timeGroupAlias(at,5m,0)", 'floor(extract(epoch from at)/300)*300 AS "time"', id="alias, filled"
        ),
        pytest.param(
            "$__timeGroupAlias(at, $__interval)",
            'floor(extract(epoch from at)/60)*60 AS "time"',
            id="group by interval",
        ),
        pytest.param("$__unixEpochFilter(t)", "t >= 1767600000 AND t <= 1767621600", id="epoch filter"),
        pytest.param("$__unixEpochFrom()-$__unixEpochTo()", "1767600000-1767621600", id="epoch ends"),
        pytest.param("$__interval $__interval_ms", "1m 60000", id="interval"),
        pytest.param("$__from ${__to}", "1767600000000 1767621600000", id="period as milliseconds"),
        pytest.param("'${__from:date}'", "'2026-01-05T08:00:00.000Z'", id="period as ISO"),
        pytest.param("${__to:date:seconds}", "1767621600", id="period as seconds"),
        pytest.param("$unknown ${other}", "$unknown ${other}", id="unknown names stay"),
    ],
)
def test_what_is_sent_to_a_plain_postgresql(sql: str, sent: str) -> None:
    assert expand(sql, {}, PLAIN) == sent


@pytest.mark.parametrize(
    ("length", "bucket"),
    [("5m", "300.000s"), ("12d", "1036800.000s"), ("20ms", "0.020s")],
)
def test_groups_become_time_buckets_on_timescaledb(length: str, bucket: str) -> None:
    assert expand(f"$__timeGroup(at, '{length}')", {}, TIMESCALE) == f"time_bucket('{bucket}',at)"


def test_a_macro_ends_at_the_first_bracket_as_in_grafana() -> None:
    sent = expand("$__timeFilter(coalesce(at, since))", {}, PLAIN)
    assert sent == f"coalesce(at BETWEEN {SPAN})", "a nested call cannot work there, so it must not work here"


@pytest.mark.parametrize(
    ("sql", "choice", "sent"),
    [
        pytest.param("IN ($site)", Choice(("a", "b"), style="literals"), "IN ('a','b')", id="many"),
        pytest.param("IN ($site)", Choice("a", style="literals"), "IN ('a')", id="one of a multi-value variable"),
        pytest.param("= '$site'", Choice("a"), "= 'a'", id="single-value: no quotes"),
        pytest.param("= '$site'", Choice("o'a"), "= 'o''a'", id="single-value: quotes doubled"),
        pytest.param("IN ($site)", Choice(("o'a",), style="literals"), "IN ('o''a')", id="many: quotes doubled"),
        pytest.param("ARRAY[$site]::text[]", Choice((), style="literals"), "ARRAY[]::text[]", id="none"),
        pytest.param("= ANY (ARRAY[$site])", Choice("'x'||site", "raw"), "= ANY (ARRAY['x'||site])", id="own All"),
        pytest.param("${site:raw}", Choice(("a", "b"), style="literals"), "a,b", id="raw"),
        pytest.param("${site:csv}", Choice(("a", "b"), style="literals"), "a,b", id="csv"),
        pytest.param("${site:sqlstring}", Choice("a"), "'a'", id="sqlstring"),
        pytest.param("[[site]] ${site}", Choice("a"), "a a", id="other spellings"),
        pytest.param("$sites", Choice("a"), "$sites", id="a longer name is another name"),
    ],
)
def test_variables_are_put_in_as_the_browser_does(sql: str, choice: Choice, sent: str) -> None:
    assert expand(sql, {"site": choice}, PLAIN) == sent


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        pytest.param("$__timeGrup(at, 5m)", "no macro $__timeGrup", id="unknown macro"),
        pytest.param("$__timeGroup(at)", "needs a time column and an interval", id="no interval"),
        pytest.param("$__timeGroup(at, five)", "'five' is no length of time", id="no length"),
        pytest.param("$__timeGroup(at, 5m, zero)", "cannot fill with 'zero'", id="unknown fill"),
        pytest.param("${site:pipe}", ":pipe is not for SQL", id="a format for other sources"),
        pytest.param("${__from:date:YYYY}", ":date:YYYY is not known", id="unknown date format"),
    ],
)
def test_what_grafana_refuses_is_refused(sql: str, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        expand(sql, {"site": Choice("a")}, PLAIN)
    assert says in str(caught.value)
