"""What is counted ahead for dashboards is what the record, the floor and the sessions say, whatever came when."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tagdock_cloud.counting.duties import count_ahead
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.rebuild import rebuild
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.store import pool
from tagdock_contract import Batch, Event, GatewayAddress, Movement

Sql = Callable[..., list[dict[str, Any]]]
Make = Callable[..., Movement]
NOW = datetime.now(UTC)
EPC = "urn:epc:id:sgtin:9521234.012345.{}"
COUNTED = """
select site, hour_at, door, gateway, sum(passages)::int as passages, sum(uncertain)::int as uncertain,
       max(slowest_s) as slowest_s
from lateness_v1 group by 1, 2, 3, 4 order by 1, 2, 3, 4
"""
PLAIN = """
select site, date_trunc('hour', observed_at, 'UTC') as hour_at, door, gateway, count(*)::int as passages,
       (count(*) filter (where direction = 'uncertain'))::int as uncertain,
       max(date_part('epoch', stored_at - observed_at)) as slowest_s
from movements where door is not null group by 1, 2, 3, 4 order by 1, 2, 3, 4
"""
BY_DAY = "select sum(passages)::int as n, count(distinct day_at)::int as days from lateness_days_v1"
_seq = itertools.count()


@pytest.fixture
def recorder(database: str) -> Iterator[Recorder]:
    recorder = Recorder(database, client_id="test", is_open=True)
    yield recorder
    recorder.close()


@pytest.fixture
def count(database: str) -> Callable[[], None]:
    """Do the duty once."""

    def do() -> None:
        with pool.connect(database) as connection:
            count_ahead(connection)

    return do


def store(recorder: Recorder, *events: Event, gateway: str = "g1") -> None:
    said = Batch(epoch=UUID(int=7), seq=next(_seq), sent_at=NOW, events=events)
    recorder.record([Accepted(GatewayAddress("s1", gateway), said, b"{}")], [], [])


def passages(make: Make, first: int, how_many: int, *, ago: timedelta, **changes: Any) -> list[Movement]:
    """Passages half an hour apart."""
    return [
        make(
            EPC.format(n % 5),
            event_id=UUID(int=n),
            observed_at=NOW - ago - timedelta(minutes=30 * (n - first)),
            direction=("in", "out", "uncertain")[n % 3],
            **changes,
        )
        for n in range(first, first + how_many)
    ]


def register(sql: Sql) -> None:
    sql("insert into sites (site) values ('s1') on conflict do nothing")


def test_before_anything_is_counted_and_after_it_the_sums_are_those_of_the_record(
    movement: Make, recorder: Recorder, sql: Sql, count: Callable[[], None]
) -> None:
    register(sql)
    store(recorder, *passages(movement, 1, 60, ago=timedelta(0)), *passages(movement, 100, 5, ago=timedelta(days=40)))
    assert sql(COUNTED) == sql(PLAIN)
    count()
    assert sql("select count(*) > 20 as many from lateness_hours") == [{"many": True}]
    assert sql(
        "select count(*) as n from lateness_hours where from_at >= (select counted_until from counted_ahead)"
    ) == [{"n": 0}]
    assert sql(COUNTED) == sql(PLAIN)
    assert sql(BY_DAY)[0]["n"] == 65


def test_what_comes_late_twice_or_is_corrected_is_counted_once(
    movement: Make, recorder: Recorder, sql: Sql, count: Callable[[], None], database: str
) -> None:
    register(sql)
    early = passages(movement, 1, 20, ago=timedelta(hours=3))
    store(recorder, *early)
    count()
    late = passages(movement, 30, 9, ago=timedelta(hours=5), door="D2")
    long_ago = passages(movement, 50, 3, ago=timedelta(days=20))
    for _ in range(2):
        store(recorder, *early, *late, *long_ago)
    store(recorder, *passages(movement, 60, 3, ago=timedelta(0)), gateway="g2")
    wrong = late[0]
    told = {
        "site": "s1",
        "observed_at": wrong.observed_at.isoformat(),
        "event_id": str(wrong.event_id),
        "kind": "decided",
    }
    rows = json.dumps([{**told, "direction": "none", "door": None, "by": "anna", "reason": "seen on video"}])
    sql("select correct_movements(%s::jsonb)", [rows])
    count()
    assert sql(COUNTED) == sql(PLAIN)
    assert sum(row["passages"] for row in sql(COUNTED)) == 35
    assert sql(BY_DAY)[0]["n"] == 35
    before = sql("select * from lateness_hours order by 1, 2, 3, 4, 5")
    sql("update lateness_hours set passages = 77")
    sql("delete from lateness_days")
    rebuild(database, lambda done: None)
    assert sql("select * from lateness_hours order by 1, 2, 3, 4, 5") == before
    assert sql(BY_DAY)[0]["n"] == 35


def test_what_comes_later_than_a_month_is_found_within_a_day(
    movement: Make, recorder: Recorder, sql: Sql, count: Callable[[], None]
) -> None:
    register(sql)
    store(recorder, *passages(movement, 1, 3, ago=timedelta(hours=3)))
    count()
    store(recorder, *passages(movement, 10, 3, ago=timedelta(days=60)))
    count()
    assert sum(row["passages"] for row in sql(COUNTED)) == 3
    sql("update counted_ahead set looked_back_until = looked_back_until - interval '25 hours'")
    count()
    assert sql(COUNTED) == sql(PLAIN)


def test_hours_that_were_counted_stay_when_their_movements_are_dropped(
    movement: Make, recorder: Recorder, sql: Sql, count: Callable[[], None], database: str
) -> None:
    register(sql)
    store(
        recorder, *passages(movement, 1, 4, ago=timedelta(days=70)), *passages(movement, 9, 4, ago=timedelta(hours=3))
    )
    count()
    counted = sql(COUNTED)
    sql("update retention set keep_days = 31 where series = 'movements'")
    sql("select drop_old_record()")
    assert sql("select count(*) as n from movements") == [{"n": 4}]
    rebuild(database, lambda done: None)
    sql("update counted_ahead set looked_back_until = '-infinity'")
    count()
    assert sql(COUNTED) == counted


def test_a_band_stands_for_what_took_at_most_an_eighth_more_or_less(
    movement: Make, recorder: Recorder, sql: Sql, count: Callable[[], None]
) -> None:
    register(sql)
    for number, late_s in enumerate((0.001, 0.2, 5.0, 86_400.0)):
        at = NOW - timedelta(hours=5 + number)
        store(recorder, movement(EPC.format(1), event_id=UUID(int=number + 1), observed_at=at))
        sql(
            "update movements set stored_at = observed_at + make_interval(secs => %s) where observed_at = %s",
            [late_s, at],
        )
    sql(
        "update movements set stored_at = stored_at - interval '1 hour' where event_id = %s", [UUID(int=1)]
    )  # its clock
    count()
    shown = sql("select late_s, slowest_s from lateness_v1 order by slowest_s")
    assert shown[0]["late_s"] == pytest.approx(0.00112, rel=0.01)
    assert shown[0]["slowest_s"] < 0
    for row in shown[1:]:
        assert row["late_s"] == pytest.approx(row["slowest_s"], rel=0.13)


READ = """
insert into bin_readings (site, observed_at, event_id, gateway, bin, quantity, value, quality)
select 's1', now() - n * interval '10 minutes' - %s::interval, gen_random_uuid(), 'g1', 'B1', quantity, n,
       case when n %% 9 = 0 then 'stale' else 'good' end
from generate_series(1, 60) n, unnest(array['temperature_c', 'occupied']) quantity
"""


def test_readings_are_counted_when_they_come_late_too(sql: Sql, count: Callable[[], None]) -> None:
    register(sql)
    plain = "select count(*)::int as n, sum(value) as total from bin_readings where quantity = 'temperature_c' "
    for back in ("0", "1 day", "10 minutes"):
        sql(READ, [back])
        count()
        counted = sql("select sum(readings)::int as n, sum(total) as total from reading_hours_v1")
        assert counted == sql(plain + "and quality = 'good'"), back
    assert sql("select count(*) > 10 as many from reading_hours") == [{"many": True}]


FLOOR = """
insert into sites (site, aisles, bin_door_m) values
    ('plain', null, null),
    ('aisles', '{"count": 3, "pitch_m": 5, "cells": 10, "cell_m": 2, "front_gap_m": 1, "back_gap_m": 3,
                 "cross_aisles": [{"after_cell": 4, "width_m": 6}]}', null),
    ('matrix', null, '{"bins": ["B2", "B1"], "doors": ["D1"], "rows": [[7], [40]]}');
insert into doors (site, door, x_m, y_m, aisle, aisle_end, gap_m)
select site, 'D1', 1, 2, 0, case when site = 'aisles' then 'back' else 'front' end, 4 from sites;
insert into bins (site, bin, x_m, y_m, aisle, cell) select site, 'B1', 11, 5, 2, 3 from sites
union all select site, 'B2', 2, 2, 0, 9 from sites;
insert into bin_skus (site, bin, sku) select site, 'B1', 'K1' from sites union all select site, 'B2', 'K1' from sites
union all select site, 'B2', 'K2' from sites;
update bin_sku_spans set from_at = '-infinity';
insert into flows (site, day, sku, door, out_count) select site, (now() at time zone 'UTC')::date, sku, door, n
from sites, (values ('K1', 'D1', 3), ('K2', 'D1', 1), ('K2', 'D9', 2), ('K3', 'D1', 5)) f (sku, door, n)
"""
WAYS_M = {
    # B1 (10 + 3) and B2 (1 + 0) keep K1; only B2 keeps K2
    "plain": {"B1": 13.0, "B2": 1.0},
    # the back is at 1 + 9 * 2 + 6 + 3 = 28; B1 stands at 1 + 3 * 2 = 7, two aisles off; B2 at 1 + 9 * 2 + 6 = 25
    "aisles": {"B1": 21.0 + 10.0 + 4.0, "B2": 3.0 + 4.0},
    "matrix": {"B1": 40.0, "B2": 7.0},
}


def test_a_day_s_walks_are_measured_as_slotting_measures(sql: Sql, count: Callable[[], None]) -> None:
    sql(FLOOR)
    count()
    shown = {row["site"]: row for row in sql("select * from picks_v1")}
    for site, way_m in WAYS_M.items():
        walked_m = 3 * (way_m["B1"] + way_m["B2"]) / 2 + 1 * way_m["B2"]
        assert (site, shown[site]["order_lines"], shown[site]["placed_lines"]) == (site, 11, 4)
        assert shown[site]["walk_m"] == pytest.approx(walked_m), site


def test_a_day_gone_by_keeps_the_floor_that_it_had(sql: Sql, count: Callable[[], None]) -> None:
    sql(FLOOR)
    sql("update flows set day = day - 3")
    sql("insert into pick_days_due select distinct site, day from flows")
    sql("delete from bin_skus where sku = 'K2'")
    sql("insert into bin_skus (site, bin, sku) select site, 'B1', 'K2' from sites")
    count()
    [shown] = sql("select walk_m from picks_v1 where site = 'matrix' and order_lines > 0")
    assert shown["walk_m"] == pytest.approx(3 * 23.5 + 7)
    sql("update flows set day = day + 3")
    sql("update counted_ahead set stock_at = '-infinity'")
    count()
    today = "select walk_m from picks_v1 where site = 'matrix' and day = (now() at time zone 'UTC')::date"
    assert sql(today) == [{"walk_m": pytest.approx(3 * 23.5 + 40)}]


def test_an_import_that_brings_back_what_it_took_leaves_one_span(sql: Sql, database: str) -> None:
    sql(FLOOR)
    with pool.connect(database) as connection:
        connection.execute("delete from bin_skus where site = 'plain'")
        connection.execute("insert into bin_skus (site, bin, sku) values ('plain', 'B1', 'K1'), ('plain', 'B1', 'K9')")
    kept = "select sku, bin, until_at = 'infinity' as is_kept from bin_sku_spans where site = 'plain' order by 1, 2"
    assert [tuple(row.values()) for row in sql(kept)] == [
        ("K1", "B1", True),
        ("K1", "B2", False),
        ("K2", "B2", False),
        ("K9", "B1", True),
    ]


SESSION = """
insert into sites (site) values ('s1');
insert into doors (site, door) values ('s1', 'D1');
insert into orders (site, kind, order_id) values ('s1', 'outbound', 'O1'), ('s1', 'outbound', 'O2');
insert into order_lines (site, kind, order_id, line, sku, quantity) values ('s1', 'outbound', 'O1', 1, 'K1', 5);
insert into items (epc, sku, quantity, site, state, since) values ('e1', 'K1', 2, 's1', 'in_transit', now());
insert into door_sessions (site, session_id, kind, order_id, door, opened_at, opened_by, state, until_at, closed_at)
values ('s1', '00000000-0000-4000-8000-000000000001', 'outbound', 'O1', 'D1', now() - interval '1 hour', 'x', 'closed',
        now() - interval '20 minutes', now());
insert into session_goods (site, session_id, epc, door, observed_at, event_id)
values ('s1', '00000000-0000-4000-8000-000000000001', 'e1', 'D1', now(), gen_random_uuid())
"""


def test_a_session_s_end_is_noted_and_forgotten_when_it_opens_again(sql: Sql, count: Callable[[], None]) -> None:
    sql(SESSION)
    count()
    [ended] = sql("select *, closed_at - opened_at as stood from session_ends_v1")
    assert (ended["units_expected"], ended["units_missing"], ended["items_seen"]) == (5, 3, 1)
    assert ended["stood"] == timedelta(minutes=40)
    sql("update door_sessions set state = 'reopened', changed_at = clock_timestamp()")
    count()
    assert sql("select * from session_ends_v1") == []


def test_more_sessions_than_a_page_are_all_noted(sql: Sql, count: Callable[[], None]) -> None:
    sql(SESSION)
    sql(
        "insert into door_sessions (site, kind, order_id, door, opened_at, opened_by, state, until_at, changed_at) "
        "select 's1', 'outbound', 'O2', 'D1', now() - n * interval '1 hour', 'x', 'closed', "
        "now() - n * interval '50 minutes', "
        "now() - n * interval '1 second' from generate_series(2, 450) n"
    )
    count()
    assert sql("select count(*) as n from session_ends_v1") == [{"n": 450}]


def test_stock_is_counted_by_age_and_by_the_door_where_it_waits(sql: Sql, count: Callable[[], None]) -> None:
    sql("insert into sites (site) values ('s1')")
    sql(
        "insert into items (epc, sku, quantity, site, bin, door, state, since) values "
        "('a', 'K1', 2, 's1', 'B1', null, 'sellable_accessible', now() - interval '2 hours'), "
        "('b', 'K1', 3, 's1', 'B1', null, 'sellable_accessible', now() - interval '8 days'), "
        "('c', 'K1', 4, 's1', null, 'D1', 'in_progress', now() - interval '2 hours'), "
        "('d', 'K1', 5, 's1', null, 'D1', 'in_transit', now() - interval '2 hours'), "
        "('e', null, 6, 's1', 'B1', 'D1', 'returned', now() - interval '200 days')"
    )
    count()
    shown = sql("select sku, door, age, items, units from stock_ages_v1 order by age, door nulls first")
    assert [tuple(row.values()) for row in shown] == [
        ("K1", None, 0, 1, 2),
        ("K1", "D1", 0, 1, 4),
        ("K1", None, 2, 1, 3),
        (None, None, 4, 1, 6),
    ]
