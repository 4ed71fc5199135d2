"""How much the HTTP interface adds to the bare SQL, how fast lists are exported, and how soon a movement is visible.

Run: .venv/bin/python benchmarks/cloud_api.py [--movements 1000000] [--database URL]

Both sides run in this process on one database, in turn, over loopback: the interface under uvicorn with its pool and a
token, the bare side with one psycopg connection and the very same statements. Prints medians and their ratio; for the
export, rows a second beside a bare COPY of the same rows; for a new movement, from its commit to where it is seen.
"""

import json
import secrets
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import click
import httpx
import psycopg
import uvicorn
from psycopg.rows import dict_row
from tagdock_cloud.access.tokens import add_token
from tagdock_cloud.app import create_app
from tagdock_cloud.config import ApiConfig, Front
from tagdock_cloud.embedded.database import EmbeddedDatabase
from tagdock_cloud.store import pool
from tagdock_cloud.store.migrate import migrate
from tagdock_cloud.store.queries import load_queries

SITE, DOORS, SKUS, ITEMS = "bench", 8, 3_000, 100_000
FILL = f"""
insert into sites (site) values ('{SITE}');
insert into doors (site, door) select '{SITE}', 'D' || n from generate_series(1, {DOORS}) n;
insert into bins (site, bin, zone) select '{SITE}', 'B' || n, 'Z' || n % 5 from generate_series(1, {SKUS}) n;
insert into skus (sku) select 'S' || n from generate_series(1, {SKUS}) n;
insert into items (epc, sku, quantity, registered_at, site, bin, state, since)
select 'urn:epc:id:sgtin:9521234.000001.' || n, 'S' || n % {SKUS} + 1, 6, now(), '{SITE}', 'B' || n % {SKUS} + 1,
       'sellable_accessible', now() from generate_series(1, {ITEMS}) n;
select ensure_partitions(now() - interval '30 days', now());
insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, direction, confidence, evidence)
select '{SITE}', now() - n * (interval '30 days' / %(movements)s), gen_random_uuid(), 'gw',
       'urn:epc:id:sgtin:9521234.000001.' || (n * 7919::bigint) % {ITEMS} + 1, '30', 'S' || n % {SKUS} + 1,
       'D' || n % {DOORS} + 1, case n % 20 when 0 then 'in' else 'out' end, 0.97, '{{"reads": 12}}'
from generate_series(1, %(movements)s) n;
insert into bin_readings (site, observed_at, event_id, gateway, bin, quantity, value, quality)
select '{SITE}', now() - n * (interval '30 days' / %(movements)s * 10), gen_random_uuid(), 'gw', 'B' || n % {SKUS} + 1,
       'mass_kg', n % 100, 'good' from generate_series(1, %(movements)s / 10) n;
insert into flows select site, (observed_at at time zone 'UTC')::date, sku, door,
       count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out')
from movements group by 1, 2, 3, 4;
"""
ONE_MORE = f"""
insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, sku, door, direction, confidence)
values ('{SITE}', clock_timestamp(), %s, 'gw', 'urn:epc:id:sgtin:9521234.000001.1', '30', 'S1', 'D1', 'in', 1)
"""
_RECORD = load_queries("tagdock_cloud.inventory")
_DOORS = load_queries("tagdock_cloud.doors")
_NO_FILTER = dict.fromkeys(
    ("before_at", "before_id", "since", "until", "epcs", "door", "bin", "direction", "sku", "after_site", "after_sku",
     "after_zone", "after_state", "zone", "state", "sites", "quantity", "after_bin", "after_quantity")
)  # fmt: skip


@click.command()
@click.option("--movements", default=1_000_000, show_default=True, help="Movements to fill in, over 30 days.")
@click.option("--database", help="An empty PostgreSQL database instead of the embedded one.")
def main(movements: int, database: str | None) -> None:
    """Measure, then print one line a question."""
    with _embedded() if database is None else _given(database) as url:
        migrate(url)
        started = time.perf_counter()
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in filter(str.strip, FILL.replace("%(movements)s", str(movements)).split(";\n")):
                connection.execute(statement)
            connection.execute("vacuum analyze")
        click.echo(f"{movements:,} movements filled in {time.perf_counter() - started:.0f} s", err=True)
        with _serving(url) as client, psycopg.connect(url, row_factory=dict_row) as bare:
            _report(client, bare)


def _report(client: httpx.Client, bare: psycopg.Connection[dict[str, Any]]) -> None:
    one = {**_NO_FILTER, "site": SITE}
    epc = "urn:epc:id:sgtin:9521234.000001.77"
    epcs = [f"urn:epc:id:sgtin:9521234.000001.{n * 97 % ITEMS + 1}" for n in range(1000)]
    month_ago = datetime.now(UTC) - timedelta(days=15)
    page, door, sku = {**one, "rows": 101}, {**one, "door": "D3", "rows": 101}, {**one, "sku": "S42", "rows": 101}
    where = {"places": list(range(1000)), "forms": epcs, "sites": None}
    past = {**one, "at": month_ago, "epcs": _epcs_of(bare, "S42")}
    questions = [
        ("movements, page of 100", f"/api/v1/movements?site={SITE}", "movements", page),
        ("movements, page of 1,000", f"/api/v1/movements?site={SITE}&limit=1000", "movements", {**one, "rows": 1001}),
        ("movements of one door", f"/api/v1/movements?site={SITE}&door=D3", "movements", door),
        (
            "history of one item",
            f"/api/v1/items/{epc}/history",
            "movements_of_item",
            {**page, "site": None, "epc": epc},
        ),
        ("where is one item", f"/api/v1/items/{epc}", "where_is", {"epcs": [epc], "sites": None}),
        ("where are 1,000 items", epcs, "where_are", where),
        ("stock, first 100 rows", f"/api/v1/stock?site={SITE}", "stock_by_sku", page),
        ("stock of one SKU", f"/api/v1/stock?site={SITE}&sku=S42", "stock", sku),
        ("the same 15 days ago", f"/api/v1/stock?site={SITE}&sku=S42&at={_text(month_ago)}", "stock_at", past),
        ("latest readings of 100 bins", f"/api/v1/bin-readings/latest?site={SITE}", "latest_readings", page),
    ]
    click.echo(f"{'question':28} {'HTTP ms':>9} {'SQL ms':>9} {'ratio':>7}")
    for name, asked, query, values in questions:
        over_http, alone = _medians(partial(_ask, client, asked), partial(_select, bare, _RECORD[query], values))
        click.echo(f"{name:28} {over_http:9.2f} {alone:9.2f} {over_http / alone:7.2f}")
    doors = partial(_ask, client, f"/api/v1/sites/{SITE}/doors")
    over_http, alone = _medians(doors, partial(_select, bare, _DOORS["doors"], {"site": SITE}))
    click.echo(f"{'doors with today':28} {over_http:9.2f} {alone:9.2f} {over_http / alone:7.2f}")
    whole = partial(_ask, client, f"/api/v1/stock?site={SITE}&at={_text(month_ago)}")
    click.echo(f"{'stock 15 days ago, 100 rows':28} {_medians(whole, whole, 5)[0]:9.2f}")
    _report_export(client, bare)
    _report_latency(client, bare)


def _epcs_of(bare: psycopg.Connection[dict[str, Any]], sku: str) -> list[str]:
    return [row["epc"] for row in bare.execute("select epc from items where sku = %s", [sku])]


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _report_export(client: httpx.Client, bare: psycopg.Connection[dict[str, Any]]) -> None:
    """Export everything as NDJSON and as CSV, and copy the rows of the very same query out bare.

    The CPU time is that of the interface and of the client here, which counts lines; PostgreSQL's is not in it.
    """
    values = dict.fromkeys(("sites", "epcs", "since", "until", "door", "bin", "zone", "direction", "sku"))
    query = psycopg.ClientCursor(bare).mogrify(_RECORD["movements_of_site"], {**values, "site": SITE}).rstrip(";")
    for media in ("application/x-ndjson", "text/csv"):
        started, worked = time.perf_counter(), time.process_time()
        with client.stream("GET", "/api/v1/movements", headers={"Accept": media}) as answer:
            rows = sum(chunk.count(b"\n") for chunk in answer.iter_raw())
        rate, cpu_us = rows / (time.perf_counter() - started), (time.process_time() - worked) / rows * 1e6
        started = time.perf_counter()
        with bare.cursor().copy(f"copy ({query}) to stdout") as copy:
            copied = sum(bytes(chunk).count(b"\n") for chunk in copy)
        copy_rate = copied / (time.perf_counter() - started)
        click.echo(f"export as {media:20} {rate:9,.0f} rows/s, {cpu_us:.1f} us of CPU a row; "
                   f"COPY {copy_rate:9,.0f}; ratio {rate / copy_rate:.2f}")  # fmt: skip


def _report_latency(client: httpx.Client, bare: psycopg.Connection[dict[str, Any]], rounds: int = 40) -> None:
    """Commit single movements, and time until a listener of the stream has each, and until the page shows it."""
    streamed, shown = [], []
    bare.rollback()
    with client.stream("GET", f"/api/v1/stream/movements?site={SITE}") as answer:
        lines = answer.iter_lines()
        while "beat" not in next(lines):
            pass
        for _ in range(rounds):
            event_id = str(uuid4())
            bare.execute(ONE_MORE, [event_id])
            bare.commit()
            committed = time.perf_counter()
            page = client.get(f"/api/v1/movements?site={SITE}&limit=5").json()["items"]
            assert event_id in {row["event_id"] for row in page}
            shown.append(time.perf_counter() - committed)
            while True:
                line = next(lines)
                if line.startswith("data: ") and json.loads(line[6:]).get("event_id") == event_id:
                    break
            streamed.append(time.perf_counter() - committed)
    click.echo(f"commit -> page {statistics.median(shown) * 1000:6.1f} ms; commit -> stream "
               f"{statistics.median(streamed) * 1000:6.1f} ms (polled every 200 ms)")  # fmt: skip


def _medians(first: Callable[[], Any], second: Callable[[], Any], rounds: int = 40) -> tuple[float, float]:
    """Time two things in turn and return both medians in milliseconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for thing, spent in zip((first, second), times, strict=True):
            started = time.perf_counter()
            thing()
            spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


def _select(connection: psycopg.Connection[dict[str, Any]], sql: LiteralString, values: dict[str, Any]) -> None:
    connection.execute(sql, values, prepare=False).fetchall()


def _ask(client: httpx.Client, asked: str | list[str]) -> None:
    if isinstance(asked, str):
        client.get(asked).raise_for_status()
    else:
        client.post("/api/v1/items/where-is", json={"epcs": asked}).raise_for_status()


@contextmanager
def _serving(url: str) -> Iterator[httpx.Client]:
    with pool.connect(url) as connection:
        token = add_token(connection, f"bench-{secrets.token_hex(4)}", "viewer")
    port = _free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(ApiConfig(url, port=port, front=Front(rate_per_s=100_000))), port=port, log_level="error"
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def _embedded() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="tagdock-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        database = EmbeddedDatabase(Path(folder) / "pg", _free_port(), secrets.token_hex(8))
        database.prepare()
        process = subprocess.Popen(database.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            database.wait(30, lambda: None)
            yield database.url
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def _given(url: str) -> Iterator[str]:
    yield url


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main()
