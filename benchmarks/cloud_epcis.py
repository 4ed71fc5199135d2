"""How fast pages of EPCIS events are answered while the log of what was told grows, beside the same page in bare SQL.

    python benchmarks/cloud_epcis.py --events 2000000
    python benchmarks/cloud_epcis.py --events 20000000 --database postgresql://...   # an empty one

The newest tenth of the log is filled in and asked about, then the rest behind it, and the same questions are asked
again. A page is what the interface does for one: the question read, both statements, events written, JSON. `bare SQL`
is the narrowest statement that fetches the rows of the same page by the same index; `rows read` is how many rows of the
log the page's plan touched, for the 101 that it needs to show a hundred and know that there are more.
"""

import statistics
import time
from datetime import UTC, datetime
from typing import Any

import click
import psycopg
from cloud_api import _embedded, _given
from psycopg.rows import DictRow, dict_row
from pydantic_core import to_json
from tagdock_cloud.epcis.find import Span, find_plainly, statements
from tagdock_cloud.epcis.parameters import read_question
from tagdock_cloud.epcis.render import event_of, query_document
from tagdock_cloud.store.migrate import migrate

SITES, DOORS, BINS, STEPS = 4, 8, 4_000, 8
DAYS = 365
BIG = 100_000
ROWS = 100
Log = psycopg.Connection[DictRow]
BARE = "select recorded_at, number, site, observed_at, epc, place, step, digest, said_id from epcis_told"
SAID = """
insert into epcis_said (digest, said)
select sha256(n::text::bytea), jsonb_build_object('bizTransactionList', jsonb_build_array(jsonb_build_object(
       'type', 'po', 'bizTransaction', 'urn:tagdock:bt:site-1:outbound:' || n)))
from generate_series(1, 2000) n
"""
TOLD = f"""
insert into epcis_told (recorded_at, site, observed_at, movement_id, epc, place, step, digest, said_id)
select at + interval '2 seconds', 'site-' || (n / {STEPS}) %% {SITES}, at, md5(n::text)::uuid,
       'urn:epc:id:sgtin:9521234.012345.' || n / {STEPS},
       case when n %% {STEPS} in (0, 7) then 'door/D' || n %% {DOORS} else 'bin/B' || (n * 7) %% {BINS} end,
       (array['receiving', 'storing', 'picking', 'storing', 'picking', 'storing', 'picking', 'shipping'])
       [n %% {STEPS} + 1],
       sha256(n::text::bytea), case when n %% {STEPS} = 7 then 1 + (n / {STEPS}) %% 2000 end
from generate_series(%(first)s::bigint, %(last)s::bigint) n
cross join lateral (select now() - (%(events)s - n) * (interval '{DAYS} days' / %(events)s) as at) moment
"""
_PAGE = "order by {by} desc, number desc limit 101"


def questions(events: int, epc: int) -> dict[str, tuple[dict[str, Any], str]]:
    """Return each question as the interface takes it, and the same page in bare SQL."""
    urn = f"urn:epc:id:sgtin:9521234.012345.{epc}"
    by_time, by_record = _PAGE.format(by="observed_at"), _PAGE.format(by="recorded_at")
    door = "site = 'site-0' and place = 'door/D0'"
    return {
        "an EPC's events": ({"MATCH_epc": urn}, f"where epc = '{urn}' {by_time}"),
        "newest": ({}, by_time),
        "newest by record time": ({"orderBy": "recordTime"}, by_record),
        "an hour, three days ago": (_hour(3), f"where {_hour_sql(3)} {by_time}"),
        "an hour, 30 days ago": (_hour(30), f"where {_hour_sql(30)} {by_time}"),
        "a door's newest": ({"EQ_readPoint": "urn:tagdock:door:site-0:D0"}, f"where {door} {by_time}"),
        "what was shipped last": ({"EQ_bizStep": "shipping"}, f"where step = 'shipping' {by_time}"),
        "a site's newest": ({"WD_readPoint": "urn:tagdock:site:site-1"}, f"where site = 'site-1' {by_time}"),
        "a paper's events": (
            {"EQ_bizTransaction_po": "urn:tagdock:bt:site-1:outbound:7"}, f"where said_id = 7 {by_time}"
        ),
    }  # fmt: skip


def _hour(days: int) -> dict[str, Any]:
    at = datetime.now(UTC).timestamp() - days * 86400
    ends = [datetime.fromtimestamp(at + seconds, UTC).isoformat() for seconds in (-3600, 0)]
    return {"GE_eventTime": ends[0], "LT_eventTime": ends[1]}


def _hour_sql(days: int) -> str:
    bounds = _hour(days)
    return f"observed_at >= '{bounds['GE_eventTime']}' and observed_at < '{bounds['LT_eventTime']}'"


@click.command()
@click.option("--events", default=2_000_000, show_default=True)
@click.option("--database", help="An empty database instead of the embedded one; it is left as it is filled.")
@click.option("--rounds", default=25, show_default=True, help="How often each question is asked.")
def main(events: int, database: str | None, rounds: int) -> None:
    """Fill, ask, fill, ask; print one line a question."""
    young = events - events // 10
    with _embedded() if database is None else _given(database) as url:
        migrate(url)
        with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
            connection.execute("set statement_timeout = 0")
            connection.execute(SAID)
            _fill(connection, young, events, events)
            first = _ask(connection, events, rounds)
            _fill(connection, 0, young, events)
            second = _ask(connection, events, rounds)
            click.echo(f"{'question, a page of 100':26}{'page':>9}{'':>9}{'bare SQL':>9}{'':>9}{'rows read':>12}")
            click.echo(f"{'':26}{events // 10:>9,}{events:>9,}{events // 10:>9,}{events:>9,}   ms, median; at the end")
            for name, before in first.items():
                after = second[name]
                click.echo(f"{name:26}{before[0]:9.2f}{after[0]:9.2f}{before[1]:9.2f}{after[1]:9.2f}{after[2]:12,.0f}")


def _fill(connection: Log, first: int, end: int, events: int) -> None:
    started = time.perf_counter()
    for start in range(first, end, BIG):
        last = min(start + BIG, end) - 1
        connection.execute(TOLD, {"first": start, "last": last, "events": events})
        click.echo(f"{last + 1 - first:,} of {end - first:,} events", err=True)
    connection.execute("vacuum (analyze) epcis_told, epcis_said, epcis_captured")
    click.echo(f"filled in {time.perf_counter() - started:.0f} s", err=True)


def _ask(connection: Log, events: int, rounds: int) -> dict[str, tuple[float, float, float]]:
    """Return milliseconds of a page and of bare SQL, and rows read; page and SQL take turns."""
    found = {}
    for name, (query, sql) in questions(events, (events - 1) // STEPS).items():
        pages, bare = [], []
        for _ in range(rounds + 3):
            pages.append(_timed(lambda query=query: _page(connection, query)))
            bare.append(_timed(lambda sql=sql: connection.execute(f"{BARE} {sql}").fetchall()))
        found[name] = (statistics.median(pages[3:]), statistics.median(bare[3:]), _read(connection, query))
    return found


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _page(connection: Log, query: dict[str, Any]) -> bytes:
    rows = find_plainly(connection, read_question(query), None, Span(ROWS + 1))
    events = [event_of(row, "Always_GS1_Digital_Link") for row in rows[:ROWS]]
    return to_json(query_document(events, datetime.now(UTC), name="SimpleEventQuery"))


def _read(connection: Log, query: dict[str, Any]) -> float:
    """Return how many rows of the log the page's plan touched. Raises RuntimeError where it read all of it."""
    sql, values = next(iter(statements(read_question(query), None, Span(ROWS + 1))))
    row = connection.execute(f"explain (analyze, format json) {sql.rstrip().rstrip(';')}", values).fetchone()
    assert row is not None  # an explanation is one row
    return sum(_rows(row["QUERY PLAN"][0]["Plan"]))


def _rows(plan: dict[str, Any]) -> list[float]:
    own = []
    if plan.get("Relation Name") == "epcis_told":
        if plan["Node Type"] == "Seq Scan":
            raise RuntimeError("the whole log is read")
        own = [(plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]]
    return own + [rows for child in plan.get("Plans", []) for rows in _rows(child)]


if __name__ == "__main__":
    main()
