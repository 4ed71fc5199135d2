"""First-time fix: which repairs were enough, which were repeats, and how long they took."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tagdock_dashboards.database import connect
from tagdock_dashboards.macros import Choice, Setting, expand
from tagdock_dashboards.periods import moment
from tagdock_dashboards.pieces import repairs

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
BESIDE = {"site": Choice(("s1",), "literals")}
CHANGED = """
DROP VIEW work_orders_v1;
CREATE TABLE work_orders_v1 (work_order_id uuid DEFAULT gen_random_uuid(), site text DEFAULT 's1', epc text, state text,
    technician text, opened_at timestamptz, closed_at timestamptz);
INSERT INTO work_orders_v1 (epc, state, opened_at, closed_at)
SELECT epc, state, '2026-06-30 12:00Z'::timestamptz - from_days * interval '1 day',
       '2026-06-30 12:00Z'::timestamptz - to_days * interval '1 day'
FROM (VALUES """


@pytest.mark.parametrize(
    ("orders", "first_time", "median_s"),
    [
        pytest.param("('a', 'repaired', 10, 9)", 1.0, 86_400.0, id="one that was enough"),
        pytest.param("('a', 'irreparable', 10, 9)", 0.0, 86_400.0, id="nothing to be done"),
        pytest.param("('a', 'repaired', 20, 19), ('a', 'repaired', 10, 7)", 0.0, 172_800.0, id="a repeat"),
        pytest.param("('a', 'repaired', 20, 19), ('a', 'open', 10, NULL)", 0.0, 86_400.0, id="a repeat that is open"),
        pytest.param("('a', 'repaired', 80, 79), ('a', 'repaired', 10, 9)", 1.0, 86_400.0, id="again after months"),
        pytest.param(
            "('a', 'repaired', 40, 39), ('a', 'repaired', 10, 9)", None, 86_400.0, id="only the repeat is here"
        ),
        pytest.param("('a', 'repaired', 20, 19), ('b', 'repaired', 10, 9)", 1.0, 86_400.0, id="two items"),
    ],
)
def test_a_repair_is_a_first_time_fix_when_no_other_follows_within_a_month(
    database_with: Callable[[str], str], orders: str, first_time: float | None, median_s: float
) -> None:
    url = database_with(f"{CHANGED} {orders}) AS o (epc, state, from_days, to_days);")
    sql = f"SELECT {repairs.FIRST_TIME} AS fixed, {repairs.MEDIAN_S} AS took FROM {repairs.ends()}"
    with connect(url, query_timeout_s=20) as database:
        answer = database.run(expand(sql, BESIDE, Setting(moment("now-28d", NOW), NOW, 60_000.0)))
    assert tuple(answer.rows[0]) == (first_time, median_s)
