"""How much the HTTP interface adds to the bare SQL: the movements page, where-is, stock and doors on a filled database.

Run: .venv/bin/python benchmarks/cloud_api.py [--movements 1000000] [--database URL]

Both sides run in this process on one database, in turn, over loopback: the interface under uvicorn with its pool and a
token, the bare side with one psycopg connection and the very same statements. Prints medians and their ratio.
"""

import secrets
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, LiteralString

import click
import httpx
import psycopg
import uvicorn
from psycopg.rows import dict_row
from tagdock_cloud.access.tokens import add_token
from tagdock_cloud.app import create_app
from tagdock_cloud.config import ApiConfig
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
insert into flows select site, (observed_at at time zone 'UTC')::date, sku, door,
       count(*) filter (where direction = 'in'), count(*) filter (where direction = 'out')
from movements group by 1, 2, 3, 4;
"""
_RECORD = load_queries("tagdock_cloud.inventory")
_DOORS = load_queries("tagdock_cloud.doors")
_NO_FILTER = dict.fromkeys(
    ("before_at", "before_id", "since", "until", "epcs", "door", "bin", "direction", "sku", "after_site", "after_sku",
     "after_zone", "after_state", "zone", "state")
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
    questions = [
        ("movements, page of 100", f"/api/v1/movements?site={SITE}", _RECORD["movements"], {**one, "rows": 101}),
        ("movements, page of 1,000", f"/api/v1/movements?site={SITE}&limit=1000", _RECORD["movements"],
         {**one, "rows": 1001}),
        ("movements of one door", f"/api/v1/movements?site={SITE}&door=D3", _RECORD["movements"],
         {**one, "door": "D3", "rows": 101}),
        ("history of one item", f"/api/v1/items/{epc}/history", _RECORD["movements"],
         {**_NO_FILTER, "site": None, "epcs": [epc], "rows": 101}),
        ("where is one item", f"/api/v1/items/{epc}", _RECORD["where_is"], {"epcs": [epc]}),
        ("stock, first 100 SKUs", f"/api/v1/stock?site={SITE}", _RECORD["stock"], {**one, "rows": 101}),
        ("stock of one SKU", f"/api/v1/stock?site={SITE}&sku=S42", _RECORD["stock"],
         {**one, "sku": "S42", "rows": 101}),
        ("doors with today's counts", f"/api/v1/sites/{SITE}/doors", _DOORS["doors"], {"site": SITE}),
    ]  # fmt: skip
    click.echo(f"{'question':28} {'HTTP ms':>9} {'SQL ms':>9} {'ratio':>7}")
    for name, path, sql, values in questions:
        over_http, alone = _medians(partial(_get, client, path), partial(_select, bare, sql, values))
        click.echo(f"{name:28} {over_http:9.2f} {alone:9.2f} {over_http / alone:7.2f}")


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


def _get(client: httpx.Client, path: str) -> None:
    client.get(path).raise_for_status()


@contextmanager
def _serving(url: str) -> Iterator[httpx.Client]:
    with pool.connect(url) as connection:
        token = add_token(connection, "bench", "viewer")
    port = _free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(ApiConfig(url, port=port)), port=port, log_level="error"))
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
