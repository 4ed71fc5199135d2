"""How fast the questions that people ask are answered, while the record grows; and what a movement takes on disk.

    python benchmarks/cloud_store.py --movements 2000000
    python benchmarks/cloud_store.py --movements 20000000 --database postgresql://...   # an empty one, of any flavour

Each item lives ten days: it comes in by a door, is put away, moved twice, and leaves. The newest tenth of the record is
filled in and asked about, then the rest behind it, and the same questions are asked again. Beside the questions stands
`select 1`, the least that any takes on the same connection. On TimescaleDB chunks are then compressed, and histories
asked for once more as the interface asks: looking everywhere, and once a duty listed in which weeks each item moved.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import click
import psycopg
from cloud_api import _embedded
from psycopg.rows import TupleRow, tuple_row
from tagdock_cloud.inventory.record import MovementFilter, find_movements
from tagdock_cloud.keeping.weeks import list_weeks
from tagdock_cloud.store.migrate import migrate
from tagdock_cloud.store.pool import AsyncPool, connect
from tagdock_cloud.web.database import Database

SITES, DOORS, SKUS, BINS, STEPS = 4, 8, 3_000, 4_000, 8
DAYS, LIFE_DAYS = 365, 10
EPC = "urn:epc:id:sgtin:9521234.012345.{}"
LIMIT_MS = 50.0
BIG = 100_000
FLOOR = f"""
insert into sites (site) select 'site-' || n from generate_series(0, {SITES - 1}) n;
insert into skus (sku) select 'S' || n from generate_series(0, {SKUS - 1}) n;
insert into bins (site, bin, zone)
select 'site-' || s, 'B' || n, 'Z' || n % 5 from generate_series(0, {SITES - 1}) s, generate_series(0, {BINS - 1}) n;
"""
MOVEMENTS = """
insert into movements (site, observed_at, event_id, stored_at, gateway, epc, epc_hex, sku, door, bin, direction,
                       confidence, evidence)
select 'site-' || i %% {sites}, at, md5(i || '.' || step)::uuid, at + interval '1 second', 'gw-1',
       'urn:epc:id:sgtin:9521234.012345.' || i, '3034257BF7194E4' || lpad(to_hex(i), 9, '0'), 'S' || i %% {skus},
       case when step in (0, 7) then 'D' || i %% {doors} end,
       case when step not in (0, 7) then 'B' || (i * 7 + step) %% {bins} end,
       case when step = 0 or step %% 2 = 1 and step < 7 then 'in' else 'out' end, 0.97,
       '{{"reads": 12, "antennas": {{"1": [3, -52.5], "2": [9, -48.0]}}}}'
from generate_series(%(first)s::bigint, %(last)s::bigint) i
cross join generate_series(0, {steps} - 1) step
cross join lateral (select now() - (%(items)s - i) * (interval '{days} days' / %(items)s)
                    - interval '{life} days' * (7 - step) / 7.0 as at) moment
"""
ITEMS = """
insert into items (epc, gtin, sku, quantity, site, door, bin, state, since)
select 'urn:epc:id:sgtin:9521234.012345.' || i, null, 'S' || i %% {skus}, 6, 'site-' || i %% {sites},
       case when i < %(present)s then 'D' || i %% {doors} end,
       case when i >= %(present)s then 'B' || (i * 7) %% {bins} end,
       case when i < %(present)s then 'in_transit' else 'sellable_accessible' end,
       now() - (%(items)s - i) * (interval '{days} days' / %(items)s)
from generate_series(%(first)s::bigint, %(last)s::bigint) i
"""
QUESTIONS = {
    "select 1": "select 1",
    "an item's history": "select * from movements_v1 where epc = %(epc)s order by observed_at desc limit 100",
    "an old item's history": "select * from movements_v1 where epc = %(old)s order by observed_at desc limit 100",
    "newest 100 of a site": "select * from movements_v1 where site = 'site-1' order by observed_at desc limit 100",
    "stock of a site": "select * from stock_v1 where site = 'site-1' and state not in ('in_transit', 'unknown')",
    "throughput by hour, a week": """
        select hour_at, sum("in"), sum("out") from throughput_v1
        where site = 'site-1' and hour_at >= now() - interval '7 days' group by 1 order by 1""",
    "where are 1,000 items": "select epc, site, door, bin, state, since from items_v1 where epc = any (%(epcs)s)",
}


@click.command()
@click.option("--movements", default=2_000_000, show_default=True)
@click.option("--database", help="An empty database instead of the embedded one; it is left as it is filled.")
@click.option("--rounds", default=25, show_default=True, help="How often each question is asked.")
def main(movements: int, database: str | None, rounds: int) -> None:
    """Fill, ask, fill, ask; print one line a question."""
    items = movements // STEPS
    young = items - items // 10
    with _embedded() if database is None else _given(database) as url:
        migrate(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("set statement_timeout = 0")
            connection.execute(FLOOR)
            _fill(connection, young, items, items)
            first = _ask(connection, items, young, rounds)
            _fill(connection, 0, young, items)
            second = _ask(connection, items, 0, rounds)
            _report(connection, movements, first, second)
            if _flavour(connection) == "timescaledb":
                _report_histories(url, {"item's": items - 1, "old item's": 0}, rounds)


def _fill(connection: psycopg.Connection[TupleRow], first: int, end: int, items: int) -> None:
    """Store items with their movements; indexes that only reading needs are made again afterwards."""
    started = time.perf_counter()
    values = {"items": items, "present": items - max(items // 20, 1)}
    span = {"first_at": f"{DAYS + LIFE_DAYS + 1} days"}
    connection.execute("select ensure_partitions(now() - %(first_at)s::interval, now())", span)
    numbers = {
        "sites": SITES,
        "skus": SKUS,
        "doors": DOORS,
        "bins": BINS,
        "steps": STEPS,
        "days": DAYS,
        "life": LIFE_DAYS,
    }
    for start in range(first, end, BIG):
        some = {**values, "first": start, "last": min(start + BIG, end) - 1}
        connection.execute(MOVEMENTS.format(**numbers), some)
        connection.execute(ITEMS.format(**numbers), some)
        click.echo(f"{(some['last'] + 1 - first) * STEPS:,} of {(end - first) * STEPS:,} movements", err=True)
    connection.execute("select fold_stock()")
    connection.execute("vacuum (analyze) movements, items, stock_counts, stock_deltas")
    click.echo(f"filled in {time.perf_counter() - started:.0f} s", err=True)


def _ask(connection: psycopg.Connection[TupleRow], items: int, oldest: int, rounds: int) -> dict[str, float]:
    """Return the median of each question in milliseconds, warm; the questions take turns."""
    spent: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    for turn in range(rounds + 3):
        epc = EPC.format
        some = [epc(oldest + n * 9973 % (items - oldest)) for n in range(1000)]  # the same each time: warm
        values: dict[str, Any] = {"epc": epc(items - 1 - turn % 3), "old": epc(oldest + turn % 3), "epcs": some}
        for name, question in QUESTIONS.items():
            started = time.perf_counter()
            connection.execute(question, values if "%(" in question else None, prepare=False).fetchall()
            spent[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(times[3:]) for name, times in spent.items()}


def _report(
    connection: psycopg.Connection[TupleRow], movements: int, first: dict[str, float], second: dict[str, float]
) -> None:
    click.echo(f"{'question':34}{f'{movements // 10:,}':>14}{f'{movements:,}':>14}   ms, median")
    for name, before in first.items():
        verdict = "" if second[name] < LIMIT_MS else f"   over {LIMIT_MS:.0f} ms"
        click.echo(f"{name:34}{before:14.2f}{second[name]:14.2f}{verdict}")
    for name, size in _sizes(connection).items():
        click.echo(f"{name:34}{size / movements:14.1f} bytes a movement")


def _sizes(connection: psycopg.Connection[TupleRow]) -> dict[str, int]:
    """Return what movements take on disk, indexes and all; where chunks can be compressed, before and after."""
    flavour = _flavour(connection)
    parts = "from pg_inherits where inhparent = 'movements'::regclass"
    size = {
        "plain": f"select sum(pg_total_relation_size(inhrelid)) {parts}",
        "citus": f"select sum(citus_total_relation_size(inhrelid)) {parts}",
    }.get(flavour, "select hypertable_size('movements')")
    sizes = {f"{flavour}, as stored": _number(connection, size)}
    if flavour == "timescaledb":
        connection.execute(
            "select compress_chunk(chunk) from show_chunks('movements', older_than => now() - interval '30 days') chunk"
        )
        sizes[f"{flavour}, compressed after 30 days"] = _number(connection, size)
    return sizes


def _report_histories(url: str, wanted: dict[str, int], rounds: int) -> None:
    """Ask for histories in a compressed record as the interface does, before weeks are listed and after."""
    before = asyncio.run(_histories(url, wanted, rounds))
    started, listed = time.perf_counter(), -1
    with connect(url, name="benchmark") as connection:
        while listed != (listed := _number(connection, "select coalesce(before_week, 0) from weeks_listed")):
            list_weeks(connection)
        size = _number(connection, "select pg_total_relation_size('item_weeks')")
    click.echo(f"weeks listed in {time.perf_counter() - started:.0f} s, {size / 1e6:,.0f} MB", err=True)
    after = asyncio.run(_histories(url, wanted, rounds))
    click.echo(f"{'compressed':34}{'everywhere':>14}{'listed':>14}   ms, median")
    for name, spent in before.items():
        click.echo(f"{f'an {name} history':34}{spent:14.2f}{after[name]:14.2f}")


async def _histories(url: str, wanted: dict[str, int], rounds: int) -> dict[str, float]:
    spent: dict[str, list[float]] = {name: [] for name in wanted}
    async with AsyncPool(url, name="benchmark") as pool:
        database = Database(pool)
        for _ in range(rounds + 3):
            for name, item in wanted.items():
                started = time.perf_counter()
                rows = await find_movements(database, MovementFilter(sites=None, epcs=[EPC.format(item)]), 101)
                spent[name].append((time.perf_counter() - started) * 1000)
                if len(rows) != STEPS:
                    raise RuntimeError(f"{len(rows)} movements of {STEPS}")
    return {name: statistics.median(times[3:]) for name, times in spent.items()}


def _flavour(connection: psycopg.Connection[TupleRow]) -> str:
    row = connection.execute("select store_flavour()").fetchone()
    return "" if row is None else str(row[0])


def _number(connection: psycopg.Connection[Any], statement: LiteralString) -> int:
    row = connection.cursor(row_factory=tuple_row).execute(statement).fetchone()
    return 0 if row is None else int(row[0])


@contextmanager
def _given(url: str) -> Iterator[str]:
    yield url


if __name__ == "__main__":
    main()
