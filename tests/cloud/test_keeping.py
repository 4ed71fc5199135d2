"""How the record is kept: hours and stock that are counted as things change, retention as a person sets it."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from tagdock_cloud.keeping.duties import DUTIES, fold_stock, forget_empty_stock
from tagdock_cloud.store import pool
from tagdock_cloud.work.duties import DUTIES as ALL_DUTIES

Sql = Callable[..., list[dict[str, Any]]]
BY_ITEMS = """
select i.site, i.sku, b.zone, i.state, count(*) as items, sum(i.quantity) as quantity
from items i left join bins b using (site, bin) group by 1, 2, 3, 4 order by 1, 2, 3, 4
"""
STOCK = "select * from stock_v1 order by 1, 2, 3, 4"
ADD = """
insert into items (epc, sku, quantity, site, bin, state, since)
select 'e' || n, case when mod(n, 5) > 0 then 'S' || mod(n, 3) end, mod(n, 4), 's' || mod(n, 2),
       case when mod(n, 2) = 0 then 'B' || mod(n, 4) end,
       (array['sellable_accessible', 'in_progress', 'in_transit', 'unknown'])[mod(n, 4) + 1], now()
from generate_series(%s::int, %s::int) n
"""
CHANGES = (
    "update items set state = 'in_transit', bin = null where epc < 'e3'",
    "update items set since = now()",
    "update items set quantity = quantity + 1 where sku = 'S1'",
    "insert into items (epc, site, state, since) values ('e1', 's1', 'unknown', now()), ('e', 's1', 'unknown', now()) "
    "on conflict (epc) do update set sku = 'S2'",
    "delete from items where epc like 'e%5'",
    "update items set site = 's1' where site = 's0'",
)


@pytest.mark.parametrize("fold", [False, True], ids=["as-it-was-left", "folded-each-time"])
def test_the_stock_that_is_counted_is_that_of_the_items(database: str, sql: Sql, fold: bool) -> None:
    sql("insert into sites (site) values ('s0'), ('s1')")
    sql("insert into bins (site, bin, zone) values ('s0', 'B0', 'Z0'), ('s0', 'B2', 'Z0')")
    sql(ADD, [1, 60])
    for change in CHANGES:
        sql(change)
        if fold:
            with pool.connect(database) as connection:
                fold_stock(connection)
            assert sql("select count(*) as n from stock_deltas") == [{"n": 0}]
        assert sql(STOCK) == sql(BY_ITEMS), change


def test_places_where_nothing_is_left_are_forgotten(database: str, sql: Sql) -> None:
    sql(ADD, [1, 20])
    sql("delete from items")
    with pool.connect(database) as connection:
        fold_stock(connection)
        forget_empty_stock(connection)
    assert sql("select count(*) as n from stock_counts") == [{"n": 0}]
    assert sql(STOCK) == []


def test_the_worker_knows_the_duties() -> None:
    assert set(DUTIES) <= set(ALL_DUTIES)


MOVEMENT = """
insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, bin, direction, confidence)
values ('s', %s, gen_random_uuid(), 'g', 'e', '30', %s, %s, %s, 1)
"""


def test_passages_are_counted_by_door_and_hour_of_utc(sql: Sql) -> None:
    sql("set timezone = 'Asia/Kolkata'")  # half an hour off: its hours are not those of UTC
    sql("select ensure_partitions('2031-05-31Z', '2031-05-31Z')")
    for minute, door, direction in [(1, "D1", "in"), (59, "D1", "out"), (59, "D1", "in"), (30, "D2", "uncertain")]:
        sql(MOVEMENT, [f"2031-05-31T10:{minute:02}:00Z", door, None, direction])
    sql(MOVEMENT, ["2031-05-31T10:00:00Z", None, "B1", "in"])
    sql("set timezone = 'UTC'")
    rows = sql(
        'select door, to_char(hour_at, \'HH24:MI\') as hour, "in", "out", pass, uncertain from throughput_v1 order by 1'
    )
    assert [tuple(row.values()) for row in rows] == [("D1", "10:00", 2, 1, 0, 0), ("D2", "10:00", 0, 0, 0, 1)]


def test_retention_is_shown_and_set_by_its_command(
    database: str, program: Callable[..., subprocess.Popen[bytes]]
) -> None:
    def run(*words: str) -> tuple[int, bytes, bytes]:
        process = program("retention", *words, "--database", database)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    assert run("movements", "--days", "400")[0] == run("epcis", "--days", "90")[0] == 0
    status, out, _ = run("--json")
    kept = {row["series"]: row["keep_days"] for row in json.loads(out)["items"]}
    assert (status, kept) == (0, {"movements": 400, "bin_readings": None, "reader_events": None, "epcis": 90})
    assert run("movements", "--for-ever")[0] == 0
    assert run("movements", "--days", "7")[0] == 2
    assert run("movements")[0] == 2
    assert run("--for-ever")[0] == 2
