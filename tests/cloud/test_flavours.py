"""The same schema, the same ingest and the same questions on every flavour of database that is installed here.

Plain PostgreSQL is the embedded one and always there; TimescaleDB and Citus are looked for in /usr/lib/postgresql.
"""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row
from starlette.testclient import TestClient
from tagdock_cloud.access.tokens import add_token
from tagdock_cloud.app import create_app
from tagdock_cloud.backup.dump import back_up
from tagdock_cloud.backup.load import restore
from tagdock_cloud.config import ApiConfig
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.rebuild import rebuild
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.inventory.stream import MOVEMENTS
from tagdock_cloud.keeping.duties import drop_old, make_partitions
from tagdock_cloud.keeping.retention import keep
from tagdock_cloud.keeping.weeks import MOST_WEEKS, list_weeks
from tagdock_cloud.life.following import follow_doors
from tagdock_cloud.plans.stream import TASKS
from tagdock_cloud.sessions.stream import SESSIONS
from tagdock_cloud.store import pool
from tagdock_cloud.store.errors import StoreError
from tagdock_cloud.store.migrate import migrate
from tagdock_cloud.tasks.stream import FLOOR
from tagdock_cloud.work.duties import DUTIES
from tagdock_contract import Batch, BinReading, GatewayAddress

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
Flavour = dict[str, str]
NOW = datetime.now(UTC)
EPC = "urn:epc:id:sgtin:9521234.012345.{}"
FLAVOURS = ["plain", "timescaledb", "timescaledb-apache", "citus"]


def programs_with(library: str) -> Path:
    """Find the newest Debian PostgreSQL that has the extension: its folder of programs."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/lib/{library}.so"), key=lambda file: int(file.parts[4]))
    if not found:
        pytest.skip(f"no PostgreSQL with {library} in /usr/lib/postgresql: install the extension for one of them")
    return found[-1].parent.parent / "bin"


@contextmanager
def debian_server(library: str, *settings: str) -> Iterator[str]:
    """Run a server that has loaded the library; yields the URL of an empty database."""
    programs = programs_with(library)
    owner = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name  # postgres refuses root
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "server"
        home.mkdir()
        run_as: dict[str, Any] = {"env": {**os.environ, "HOME": str(home)}, "timeout": 60, "cwd": "/"}
        if os.geteuid() == 0:
            shutil.chown(home, owner)
            run_as["user"] = owner
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        initdb = [programs / "initdb", "-D", home / "data", "-A", "trust", "-U", "tagdock", "--no-sync"]
        subprocess.run(initdb, capture_output=True, check=True, **run_as)
        said = [f"port={port}", f"unix_socket_directories={home}", "listen_addresses=127.0.0.1", "fsync=off"]
        said += [f"shared_preload_libraries={library}", *settings]
        control = [str(programs / "pg_ctl"), "-D", str(home / "data"), "-w", "-l", str(home / "log")]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **run_as}
        subprocess.run([*control, "-o", " ".join(f"-c {setting}" for setting in said), "start"], check=True, **quiet)
        try:
            yield f"postgresql://tagdock@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet)


@contextmanager
def citus_cluster() -> Iterator[str]:
    """Run a coordinator and a worker."""
    settings = ("wal_level=logical", "citus.shard_count=4", "citus.node_conninfo=sslmode=prefer")
    settings = (*settings, "citus.enable_statistics_collection=off")
    with debian_server("citus", *settings) as url, debian_server("citus", *settings) as worker:
        for each in (url, worker):
            with psycopg.connect(each, autocommit=True) as connection:
                connection.execute("create extension citus")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("select citus_set_coordinator_host('127.0.0.1', %s)", [urlsplit(url).port])
            connection.execute("select citus_add_node('127.0.0.1', %s)", [urlsplit(worker).port])
        yield url


@pytest.fixture(scope="module")
def servers(postgres: Any) -> Iterator[Callable[[str], str]]:
    """A function that runs a flavour's server once and returns the URL of a migrated database."""
    quiet = "timescaledb.telemetry_level=off"
    with ExitStack() as stack:
        known: dict[str, str] = {}

        def url_of(flavour: str) -> str:
            if flavour not in known:
                if flavour == "citus":
                    known[flavour] = stack.enter_context(citus_cluster())
                else:
                    licence = "apache" if flavour.endswith("apache") else "timescale"
                    settings = (quiet, f"timescaledb.license={licence}")
                    known[flavour] = stack.enter_context(debian_server("timescaledb", *settings))
                migrate(known[flavour])
            return known[flavour]

        yield url_of


TABLES = (
    "lateness_hours, lateness_days, stock_counts, stock_deltas, movements, bin_readings, reader_events, items, "
    "skus, flows, kept_steps, gateways, ingests, corrections, hours_moved, orders"
)


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest) -> Flavour:
    """Each flavour in turn: its name, and the URL of a migrated database without data."""
    if request.param == "plain":
        return {"name": "plain", "url": request.getfixturevalue("database")}
    url = request.getfixturevalue("servers")(request.param)
    with psycopg.connect(url) as connection:
        connection.execute(f"truncate {TABLES} cascade")
        if request.param == "timescaledb-apache":
            connection.execute("truncate hours")
        connection.execute("update retention set keep_days = null, begins_at = null")
    flavour = {"name": request.param, "url": url}
    count_hours(flavour)  # what was materialised outlives what it was made of
    return flavour


def count_hours(flavour: Flavour) -> None:
    """Do what TimescaleDB's policy does within ten minutes: until then no sum holds what came late."""
    if flavour["name"] != "timescaledb":
        return
    deadline = time.monotonic() + 60
    with psycopg.connect(flavour["url"], autocommit=True) as connection:
        while True:
            try:
                connection.execute("call refresh_continuous_aggregate('hours', null, null)")
                return
            except (psycopg.errors.ObjectInUse, psycopg.errors.LockNotAvailable):  # the policy itself is at it
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


def ask(flavour: Flavour, statement: str, values: Any = None) -> list[dict[str, Any]]:
    with psycopg.connect(flavour["url"], row_factory=dict_row) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def record(flavour: Flavour, *events: Any, gateway: str = "g1") -> None:
    batch = Accepted(GatewayAddress("s1", gateway), Batch(epoch=UUID(int=9), seq=1, sent_at=NOW, events=events), b"")
    recorder = Recorder(flavour["url"], client_id="test", is_open=True)
    try:
        assert recorder.record([batch], [], []).committed == [batch]
    finally:
        recorder.close()


@pytest.fixture
def months(movement: Make) -> list[Any]:
    """Movements of three items over three months, and a bin reading."""
    events = [
        movement(EPC.format(n % 3), event_id=UUID(int=n), observed_at=NOW - timedelta(days=40 * (n // 3), minutes=n))
        for n in range(1, 9)
    ]
    reading = {"site": "s1", "bin": "B1", "quantity": "count", "value": 3.0, "quality": "good"}
    return [*events, BinReading(event_id=UUID(int=99), observed_at=NOW, **reading)]


def test_ingest_is_exact_and_a_second_delivery_changes_nothing(
    flavour: Flavour, months: list[Any], movement: Make
) -> None:
    for _ in range(2):
        record(flavour, *months)
    now_all_step = [movement(EPC.format(n), event_id=UUID(int=20 + n), observed_at=NOW) for n in range(3)]
    for _ in range(2):
        record(flavour, *now_all_step)
    assert ask(flavour, "select store_flavour() as name") == [{"name": flavour["name"]}]
    assert ask(flavour, "select count(*) as n from movements_v1") == [{"n": 11}]
    assert ask(flavour, "select count(*) as n from bin_readings_v1") == [{"n": 1}]
    assert ask(flavour, "select count(*) as n from items_v1 where state = 'in_transit'") == [{"n": 3}]
    assert ask(flavour, 'select sum("out")::int as n from flows_v1') == [{"n": 11}]
    count_hours(flavour)
    assert (
        ask(flavour, 'select sum("out")::int as n, count(distinct hour_at)::int as hours from throughput_v1')[0]["n"]
        == 11
    )


def test_no_statement_is_compiled(flavour: Flavour) -> None:
    assert ask(flavour, "show jit") == [{"jit": "off"}]


def test_the_same_questions_get_the_same_answers(flavour: Flavour, months: list[Any]) -> None:
    record(flavour, *months)
    count_hours(flavour)
    history = "select event_id from movements_v1 where epc = %s order by observed_at desc"
    assert [row["event_id"].int for row in ask(flavour, history, [EPC.format(1)])] == [1, 4, 7]
    where = ask(flavour, "select site, door, state from items_v1 where epc = any (%s)", [[EPC.format(1)]])
    assert [(row["site"], row["door"], row["state"]) for row in where] == [("s1", "D1", "in_transit")]
    week = "select count(*) as hours from throughput_v1 where site = 's1' and hour_at >= now() - interval '7 days'"
    assert ask(flavour, week)[0]["hours"] in (1, 2)


def test_a_rebuild_gives_the_projections_that_ingest_left(flavour: Flavour, months: list[Any]) -> None:
    record(flavour, *months)
    projections = ("select * from items_v1 order by epc", "select * from flows_v1 order by day, door")
    before = [ask(flavour, each) for each in projections]
    with psycopg.connect(flavour["url"]) as connection:
        connection.execute("update items set state = 'unknown', door = null")
        connection.execute("update flows set out_count = 77")
        connection.execute("delete from items where epc like '%1'")
    assert rebuild(flavour["url"], lambda done: None) == 3
    assert [ask(flavour, each) for each in projections] == before


def test_retention_drops_whole_months_and_items_stay_where_they_were(flavour: Flavour, months: list[Any]) -> None:
    record(flavour, *months)
    count_hours(flavour)
    items = ask(flavour, "select * from items_v1 order by epc")
    hours = ask(flavour, "select * from throughput_v1 order by hour_at")
    with pool.connect(flavour["url"]) as connection:
        drop_old(connection)  # nobody asked for it
    assert ask(flavour, "select count(*) as n from movements_v1") == [{"n": 8}]
    with psycopg.connect(flavour["url"], autocommit=True) as connection:
        if flavour["name"] == "timescaledb":  # as its policy does from time to time
            connection.execute("call refresh_continuous_aggregate('hours', null, now() - interval '2 hours')")
    with pool.connect(flavour["url"]) as connection:
        keep(connection, "movements", 31)
        drop_old(connection)
        drop_old(connection)
    assert ask(flavour, "select min(observed_at) >= now() - interval '63 days' as is_short from movements")[0][
        "is_short"
    ]
    with psycopg.connect(flavour["url"]) as connection:
        connection.execute("select project_items(array(select epc from items))")
    assert ask(flavour, "select * from items_v1 order by epc") == items
    if flavour["name"] != "citus":  # where hours are counted when somebody asks
        assert ask(flavour, "select * from throughput_v1 order by hour_at") == hours


def test_an_item_whose_movements_were_all_dropped_is_known_by_what_was_kept(flavour: Flavour, movement: Make) -> None:
    long_ago = NOW - timedelta(days=200)
    record(
        flavour,
        movement(EPC.format(1), direction="out", event_id=UUID(int=1), observed_at=long_ago),
        movement(EPC.format(1), direction="in", event_id=UUID(int=2), observed_at=long_ago + timedelta(hours=1)),
        movement(EPC.format(2), direction="uncertain", event_id=UUID(int=3), observed_at=long_ago),
        movement(EPC.format(2), direction="uncertain", event_id=UUID(int=4), observed_at=long_ago + timedelta(days=1)),
    )
    items = ask(flavour, "select * from items_v1 order by epc")
    assert [item["state"] for item in items] == ["returned", "unknown"]
    with pool.connect(flavour["url"]) as connection:
        keep(connection, "movements", 31)
        drop_old(connection)
    assert ask(flavour, "select count(*) as n from movements") == [{"n": 0}]
    late = movement(EPC.format(1), direction="in", event_id=UUID(int=5), observed_at=long_ago - timedelta(days=9))
    record(flavour, late)
    with psycopg.connect(flavour["url"]) as connection:
        connection.execute("select project_items(array(select epc from items))")
    assert ask(flavour, "select * from items_v1 order by epc") == items


def test_what_is_counted_ahead_is_what_the_record_says(flavour: Flavour) -> None:
    ask(flavour, "insert into sites (site) values ('s1') on conflict do nothing")
    ask(flavour, "update counted_ahead set counted_until = null")
    ask(
        flavour,
        "insert into movements (site, observed_at, event_id, gateway, epc, epc_hex, door, direction, confidence) "
        "select 's1', now() - n * interval '20 minutes', gen_random_uuid(), 'g1', 'e', '30', 'D1', 'uncertain', 1 "
        "from generate_series(1, 200) n",
    )
    hourly = "select sum(passages)::int as n, sum(uncertain)::int as uncertain from lateness_v1"
    daily = "select sum(passages)::int as n, sum(uncertain)::int as uncertain from lateness_days_v1 where site = 's1'"
    for _ in range(2):
        assert ask(flavour, hourly) == ask(flavour, daily) == [{"n": 200, "uncertain": 200}]
        assert ask(flavour, "select count_ahead() as is_done") == [{"is_done": True}]
    assert ask(flavour, "select count(*) > 60 as many from lateness_hours")[0]["many"]
    evidence = "select count(evidence)::int as n from passage_evidence_v1 where site = any (array['s1', 's2'])"
    assert ask(flavour, evidence) == [{"n": 200}]


READER = """
do $$
declare
    one text;
begin
    if not exists (select from pg_roles where rolname = 'reads_views') then
        create role reads_views login;
    end if;
    for one in select viewname from pg_views where schemaname = 'public' and viewname like '%\\_v1'
               union all select unnest(array['movements', 'bin_readings', 'reader_events'])
               where store_flavour() = 'citus' loop
        execute format('grant select on %I to reads_views', one);
    end loop;
end
$$
"""


def test_who_may_read_the_views_and_no_table_can_read_them(flavour: Flavour) -> None:
    if flavour["name"] == "plain":
        pytest.skip("the embedded database's owner may not make roles")
    ask(flavour, SETTING)
    ask(flavour, READER)
    views = "select viewname as name from pg_views where schemaname = 'public' and viewname like '%\\_v1' order by 1"
    refused = {}
    for view in ask(flavour, views):
        try:
            with psycopg.connect(flavour["url"], options="-c role=reads_views") as connection:
                connection.execute(f"select * from {view['name']} limit 1")
        except psycopg.Error as error:
            refused[view["name"]] = str(error)
    assert refused == {}
    assert len(ask(flavour, "select * from door_sessions_v1")) == 1


def test_a_day_replayed_into_compressed_chunks_changes_nothing(flavour: Flavour, months: list[Any]) -> None:
    if flavour["name"] != "timescaledb":
        pytest.skip("only TimescaleDB's community edition compresses")
    record(flavour, *months)
    with psycopg.connect(flavour["url"], autocommit=True) as connection:
        connection.execute("select compress_chunk(chunk) from show_chunks('movements') as chunk")
    record(flavour, *months)
    counted = "select number_compressed_chunks as n from hypertable_compression_stats('movements')"
    assert ask(flavour, "select count(*) as n from movements") == [{"n": 8}]
    assert ask(flavour, counted)[0]["n"] > 1


def test_partitions_are_made_ahead_and_nobody_who_reads_waits(flavour: Flavour) -> None:
    if flavour["name"].startswith("timescaledb"):
        pytest.skip("hypertables make their own chunks")
    with psycopg.connect(flavour["url"]) as reader:
        reader.execute("select count(*) from movements")  # and holds its lock
        with pool.connect(flavour["url"]) as connection:
            connection.execute("set lock_timeout = '1s'")
            connection.execute("select ensure_partitions('2019-05-01Z', '2019-06-30Z')")
        reader.execute("select count(*) from movements where observed_at < '2019-07-01'")
    names = "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'movements'::regclass"
    assert {"movements_2019_05", "movements_2019_06"} <= {row["name"] for row in ask(flavour, names)}
    with pool.connect(flavour["url"]) as connection:
        make_partitions(connection)
    ahead = f"movements_{(NOW.replace(day=1) + timedelta(days=62)):%Y_%m}"
    assert ahead in {row["name"] for row in ask(flavour, names)}


def test_a_backup_of_any_flavour_is_restored_into_plain_postgresql(
    flavour: Flavour, months: list[Any], empty_database: str, tmp_path: Path
) -> None:
    record(flavour, *months)
    count_hours(flavour)
    back_up(flavour["url"], tmp_path / "b.zip", lambda text: None)
    restore(empty_database, tmp_path / "b.zip", lambda text: None)
    there = {"name": "plain", "url": empty_database}
    for question in (
        "select * from movements_v1 order by observed_at, event_id",
        "select * from items_v1 order by epc",
        "select * from stock_v1 order by sku, state",
        "select * from throughput_v1 order by hour_at, door",
    ):
        assert ask(there, question) == ask(flavour, question)


def test_a_backup_is_restored_into_every_flavour(
    flavour: Flavour, movement: Make, database: str, tmp_path: Path
) -> None:
    record({"url": database}, movement(EPC.format(1), event_id=UUID(int=1), observed_at=NOW - timedelta(days=70)))
    back_up(database, tmp_path / "b.zip", lambda text: None)
    if flavour["name"] == "citus":  # its workers are joined in one database: a wiped schema takes no worker along
        pytest.skip("restoring needs a fresh database of the cluster, which this fixture has not")
    triggers = "select tgrelid::regclass::text as name, tgname, pg_get_triggerdef(oid) from pg_trigger order by 1, 2"
    before = ask(flavour, triggers)
    restore(flavour["url"], tmp_path / "b.zip", lambda text: None, is_forced=True)
    after = {row["pg_get_triggerdef"] for row in ask(flavour, triggers) if "movements" in row["name"]}
    assert {row["pg_get_triggerdef"] for row in before if row["name"] == "movements"} <= after
    count_hours(flavour)
    for question in (
        "select epc, state from items_v1",
        'select "out" from throughput_v1',
        "select items from stock_v1",
    ):
        assert ask(flavour, question) == ask({"url": database}, question)
    assert ask(flavour, "select store_flavour() as name") == [{"name": flavour["name"]}]


ROUTES = re.findall(r"^\| GET \| `([^`]+)`", (Path(__file__).parents[2] / "docs/access.md").read_text(), re.MULTILINE)
SAID: dict[str, Any] = {
    "site": "s1", "epc": EPC.format(1), "value": EPC.format(1), "name": "SimpleEventQuery", "gateway": "g1",
    "sku": "K1", "bin": "B1", "zone": "Z1", "door": "D1", "id": "O-1",
    "q": EPC.format(1),
    "observed_at": (NOW - timedelta(minutes=1)).isoformat(), "event_id": UUID(int=1), "place": "D1",
    "at": (NOW - timedelta(days=1)).isoformat(), "since": (NOW - timedelta(days=200)).isoformat(), "to": "/",
    "until": NOW.isoformat(), "limit": 2, "kind": None, "state": None, "cursor": None, "family": "f", "partner": "p",
    "quantity": "count", "order": "O-1", "direction": "out", "subject": "x", "action": "x", "who": "x",
}  # fmt: skip
"""What a path or a query says by a name; None: nothing."""
SETTING = """
insert into sites (site) values ('s1') on conflict do nothing;
insert into skus (sku) values ('K1') on conflict do nothing;
insert into bins (site, bin, zone) values ('s1', 'B1', 'Z1') on conflict do nothing;
insert into doors (site, door) values ('s1', 'D1') on conflict do nothing;
insert into orders (site, kind, order_id, door) select 's1', kind, 'O-1', 'D1'
from unnest(array['outbound', 'inbound']) kind on conflict do nothing;
insert into order_lines (site, kind, order_id, line, epc)
values ('s1', 'outbound', 'O-1', 1, 'urn:epc:id:sgtin:9521234.012345.1') on conflict do nothing;
insert into door_sessions (site, session_id, kind, order_id, door, opened_at, opened_by)
values ('s1', '00000000-0000-4000-8000-000000000001', 'outbound', 'O-1', 'D1', now() - interval '1 day', 'x')
on conflict do nothing;
insert into plans (plan_id, site, asked_by, request, state)
values ('00000000-0000-4000-8000-000000000001', 's1', 'x',
        '{"site": "s1", "since": "2031-01-01T00:00:00Z", "until": "2031-02-01T00:00:00Z"}', 'asked')
on conflict do nothing;
insert into moves (plan_id, step, sku, to_bin, why)
values ('00000000-0000-4000-8000-000000000001', 1, 'K1', 'B1', '') on conflict do nothing;
insert into tasks (task_id, site, kind, role, epc)
values ('00000000-0000-4000-8000-000000000001', 's1', 'follow_up', 'manager', null),
       ('00000000-0000-4000-8000-000000000002', 's1', 'repair', 'technician', 'urn:epc:id:sgtin:9521234.012345.1')
on conflict do nothing;
"""
KNOWN_ID = "00000000-0000-4000-8000-000000000001"


def said(name: str) -> Any:
    return SAID.get(name, KNOWN_ID if name.endswith("_id") else "none")


def addresses(client: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every address that is read from, first plainly, then with all that it can be asked for."""
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    for route in ROUTES:
        if "stream" in route or "login" in route:
            continue  # a stream never ends: its queries are asked apart; a login reads nothing
        address = re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: str(said(match[1])), route)
        if not route.startswith(("/api/", "/epcis/")):
            yield address, {name: said(name) for name in ("site", "q")}
            continue
        parameters = paths.get(re.sub(r":\w+\}", "}", route), {}).get("get", {}).get("parameters", ())
        queries = [one for one in parameters if one["in"] == "query"]
        asked = {one["name"] for one in queries}
        required = {one["name"] for one in queries if one.get("required")}
        yield address, {name: said(name) for name in required}
        if asked - required:
            yield address, {name: SAID[name] for name in asked if SAID.get(name) is not None}


def test_whatever_can_be_read_over_http_is_answered(flavour: Flavour, months: list[Any]) -> None:
    """No route knows what the store is; what one of them cannot be asked shows here."""
    record(flavour, *months)
    ask(flavour, SETTING)
    with pool.connect(flavour["url"]) as connection:
        token = add_token(connection, f"test-{NOW.timestamp()}", "admin")
    answers: dict[str, int] = {}
    app = create_app(ApiConfig(flavour["url"]))
    how: dict[str, Any] = {"follow_redirects": False, "raise_server_exceptions": False}
    with TestClient(app, headers={"Authorization": f"Bearer {token}"}, **how) as client:
        for address, query in addresses(client):
            answer = client.get(address, params=query)
            answers[f"{address} {query}"] = answer.status_code
        body = {"epcs": [EPC.format(1)]}
        assert client.post("/api/v1/items/where-is", json=body).json()["items"][0]["item"]["door"] == "D1"
        for name in ("movements", "bin-readings", "stock?state=in_transit"):
            rows = client.get(f"/api/v1/{name}", headers={"Accept": "text/csv"}).text.splitlines()
            assert len(rows) > 1, name
    assert not {asked: status for asked, status in answers.items() if status >= 500}
    assert not {asked: status for asked, status in answers.items() if status in (401, 403)}
    assert len([status for status in answers.values() if status == 200]) > 90


@pytest.mark.parametrize("topic", [MOVEMENTS, SESSIONS, TASKS, FLOOR], ids=lambda topic: topic.event)
def test_whatever_is_streamed_is_answered(flavour: Flavour, months: list[Any], topic: Any) -> None:
    record(flavour, *months)
    ask(flavour, SETTING)
    since = {"after": NOW - timedelta(days=1), "seen": [UUID(int=1)], "rows": 100}
    lately = ask(flavour, topic.lately, {**since, "sites": ["s1", "s2"]})
    assert lately and lately == ask(flavour, topic.of_site, {**since, "site": "s1"})
    assert lately == sorted(lately, key=lambda row: (row[topic.at], row[topic.key]))
    rest = {**since, "seen": [UUID(int=1), *(row[topic.key] for row in lately)], "sites": ["s1"]}
    assert ask(flavour, topic.lately, rest) == []


RULES = """
insert into alert_rules (kind, name, severity, after_s, high, at_least)
select kind, 'x', 'info', 600, 0.1, 1 from unnest(array['unordered_exit', 'unknown_tags', 'read_quality', 'dwell']) kind
where not exists (select from alert_rules where name = 'x')
"""


def run_duties(flavour: Flavour) -> None:
    """Do all that is due, and let each that fails say so."""
    ask(flavour, "update follow_marks set stored_at = now() - interval '1 hour'")
    failed = {}
    for duty in DUTIES:
        try:
            with pool.connect(flavour["url"]) as connection:
                duty.run(connection)
        except (StoreError, psycopg.Error) as error:
            failed[duty.name] = str(error)
    assert failed == {}


def test_what_follows_from_the_record_follows(flavour: Flavour, movement: Make) -> None:
    """A door session, a decision, what two gateways tell of one passage, alerts."""
    ask(flavour, SETTING)
    ask(flavour, RULES)
    ask(flavour, "insert into gateways (site, gateway) values ('s1', 'g1'), ('s1', 'g2') on conflict do nothing")
    ago = NOW - timedelta(minutes=2)
    weak = movement(EPC.format(2), event_id=UUID(int=2), observed_at=ago, confidence=0.6)
    strong = movement(EPC.format(2), event_id=UUID(int=3), observed_at=ago, door="D2", confidence=0.99)
    unsure = movement(EPC.format(3), event_id=UUID(int=4), observed_at=ago, direction="uncertain")
    record(flavour, movement(EPC.format(1), event_id=UUID(int=1), observed_at=ago), weak, unsure)
    record(flavour, strong, gateway="g2")
    run_duties(flavour)
    seen = ask(flavour, "select epc, door, verdict from session_goods_v1")
    assert {"epc": EPC.format(1), "door": "D1", "verdict": "expected"} in seen
    lost = ask(flavour, "select event_id, kind from corrections")
    assert [(row["event_id"].int, row["kind"]) for row in lost] == [(2, "lost")]
    decision = {"site": "s1", "observed_at": ago.isoformat(), "event_id": str(UUID(int=4)), "kind": "decided"}
    said = {**decision, "direction": "in", "door": "D1", "by": "x"}
    assert ask(flavour, "select correct_movements(%s::jsonb) as told", [json.dumps([said])]) == [{"told": 1}]
    count_hours(flavour)
    hours = ask(flavour, 'select door, "in", "out", pass, uncertain from throughput_v1 order by door')
    settled = ask(
        flavour,
        """select door, count(*) filter (where direction = 'in') as "in",
                  count(*) filter (where direction = 'out') as "out",
                  count(*) filter (where direction = 'pass') as pass,
                  count(*) filter (where direction = 'uncertain') as uncertain
           from settled_movements group by site, door order by door""",
    )
    assert (
        hours
        == settled
        == [
            {"door": "D1", "in": 1, "out": 1, "pass": 0, "uncertain": 0},
            {"door": "D2", "in": 0, "out": 1, "pass": 0, "uncertain": 0},
        ]
    )
    rebuild(flavour["url"], lambda done: None)
    assert ask(flavour, 'select door, "in", "out", pass, uncertain from throughput_v1 order by door') == hours
    run_duties(flavour)


DAYS = [0, 3, 9, 20, 21, 60, 61, 130, 190]
"""How many days ago the first item moved."""
LONG_TAG = "3674257BF7194E4000001A85000000000000000000000000"


@pytest.fixture
def kept_long(flavour: Flavour, movement: Make) -> Flavour:
    """A record of half a year, with a tag whose bits do not tell what it is called."""
    ask(flavour, "truncate item_weeks, named_bits")
    ask(flavour, "update weeks_listed set before_week = null")
    moved = [
        movement(EPC.format(item), event_id=UUID(int=1000 * item + days), observed_at=NOW - timedelta(days=days))
        for item, all_days in {1: DAYS, 2: [40]}.items()
        for days in all_days
    ]
    long = [
        movement(
            EPC.format(3), event_id=UUID(int=3000 + days), observed_at=NOW - timedelta(days=days), epc_hex=LONG_TAG
        )
        for days in (1, 100)
    ]
    record(flavour, *moved, *long)
    return flavour


def list_all(flavour: Flavour) -> None:
    for _ in range(2 + 200 // (7 * MOST_WEEKS)):
        with pool.connect(flavour["url"]) as connection:
            list_weeks(connection)


def days_of(flavour: Flavour, epc: str, **query: Any) -> list[int]:
    """Return how many days ago an item moved as its history tells it, page by page."""
    with pool.connect(flavour["url"]) as connection:
        token = add_token(connection, f"test-{time.monotonic()}", "admin")
    path, found = f"/api/v1/items/{epc}/history", []
    with TestClient(create_app(ApiConfig(flavour["url"])), headers={"Authorization": f"Bearer {token}"}) as client:
        while path:
            answer = client.get(path, params=query or None)
            assert answer.status_code == 200, answer.text
            found += [row["observed_at"] for row in answer.json()["items"]]
            path, query = answer.links.get("next", {}).get("url", ""), {}
    return [round((NOW - datetime.fromisoformat(at)).total_seconds() / 86400) for at in found]


def test_a_history_is_whole_however_much_of_it_is_listed(kept_long: Flavour) -> None:
    some = {name: (NOW - timedelta(days=days)).isoformat() for name, days in {"since": 100, "until": 20.5}.items()}
    for _ in range(2):
        for limit in (2, 100):
            assert days_of(kept_long, EPC.format(1), limit=limit) == DAYS
            assert days_of(kept_long, EPC.format(1), limit=limit, **some) == [21, 60, 61]
        assert days_of(kept_long, LONG_TAG.lower()) == [1, 100]
        list_all(kept_long)
    (mark,) = ask(kept_long, "select before_week, week_of(now()) as week from weeks_listed")
    assert mark["before_week"] == (mark["week"] - 2 if kept_long["name"] == "timescaledb" else None)


def test_what_comes_back_after_months_begins_a_life_and_what_is_new_does_not(
    kept_long: Flavour, movement: Make
) -> None:
    moved = [
        movement(EPC.format(item), event_id=UUID(int=100 * item), observed_at=NOW - timedelta(days=60), **told)
        for item, told in {
            81: {"direction": "out"}, 83: {"direction": "out"}, 84: {"direction": "in", "door": None, "bin": "B1"},
        }.items()
    ]  # fmt: skip
    record(kept_long, *moved)
    list_all(kept_long)
    came = [
        movement(EPC.format(item), event_id=UUID(int=8101 + item), observed_at=NOW, direction="in", **told)
        for item, told in [(81, {}), (82, {}), *((item, {"door": None, "bin": "B2"}) for item in (83, 84, 85))]
    ]
    record(kept_long, *came)
    ask(kept_long, "update follow_marks set stored_at = now() - interval '1 hour' where follower = 'lives'")
    with pool.connect(kept_long["url"]) as connection:
        follow_doors(connection)
    epcs = [EPC.format(item) for item in range(81, 86)]
    lives = ask(kept_long, "select epc, state, contradictions from lives where epc = any (%s) order by epc", [epcs])
    assert lives == [
        {"epc": EPC.format(81), "state": "returned", "contradictions": 0},
        {"epc": EPC.format(83), "state": "shipped", "contradictions": 1},  # seen in a bin, and no door saw it come
    ]


def test_a_compressed_history_opens_the_weeks_that_are_listed_and_what_comes_late_is(
    kept_long: Flavour, movement: Make
) -> None:
    """What is taken off the list is not found: so nothing else was looked at."""
    if kept_long["name"] != "timescaledb":
        pytest.skip("only TimescaleDB's community edition compresses")
    list_all(kept_long)
    with psycopg.connect(kept_long["url"], autocommit=True) as connection:
        connection.execute(
            "select compress_chunk(chunk) from show_chunks('movements', older_than => now() - interval '30 days') chunk"
        )
    assert days_of(kept_long, EPC.format(1)) == DAYS
    ask(kept_long, "delete from item_weeks where week = week_of(%s)", [NOW - timedelta(days=130)])
    assert days_of(kept_long, EPC.format(1)) == [days for days in DAYS if days != 130]
    late = [
        movement(
            EPC.format(4), event_id=UUID(int=4000 + days), observed_at=NOW - timedelta(days=days), epc_hex=LONG_TAG
        )
        for days in (0, 8, 15, 75, 131)
    ]
    record(kept_long, *late)
    assert days_of(kept_long, EPC.format(4)) == [0, 8, 15, 75, 131]
    assert days_of(kept_long, LONG_TAG) == [0, 1, 8, 15, 75, 100, 131]
    rebuild(kept_long["url"], lambda done: None)
    for _ in range(2):
        assert days_of(kept_long, EPC.format(1)) == DAYS
        list_all(kept_long)
    with pool.connect(kept_long["url"]) as connection:
        keep(connection, "movements", 62)
        drop_old(connection)
    assert days_of(kept_long, EPC.format(1)) == [days for days in DAYS if days < 100]
    assert ask(kept_long, "select min(week) >= week_of(now() - interval '94 days') as is_short from item_weeks") == [
        {"is_short": True}
    ]


SCANNED = """
select week_of(i.range_start) as week
from timescaledb_information.chunks i
join _timescaledb_catalog.chunk c on (c.schema_name, c.table_name) = (i.chunk_schema, i.chunk_name)
left join _timescaledb_catalog.chunk packed on packed.id = c.compressed_chunk_id
where i.hypertable_name = 'movements' and exists (
    select from pg_stat_xact_all_tables s
    where s.relname in (c.table_name, packed.table_name) and coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) > 0)
order by 1
"""


def test_what_comes_late_to_a_compressed_record_opens_the_weeks_in_which_its_item_moved(
    kept_long: Flavour, movement: Make
) -> None:
    if kept_long["name"] != "timescaledb":
        pytest.skip("only TimescaleDB's community edition compresses")
    days = [1, 40, 130, 190]
    record(
        kept_long,
        *[
            movement(EPC.format(92), event_id=UUID(int=9200 + ago), observed_at=NOW - timedelta(days=ago))
            for ago in days
        ],
    )
    list_all(kept_long)
    with psycopg.connect(kept_long["url"], autocommit=True) as connection:
        connection.execute(
            "select compress_chunk(chunk, true) from show_chunks('movements', older_than => now() - interval '30 days')"
            " chunk"
        )
    with psycopg.connect(kept_long["url"]) as connection:  # a new one: it counts nothing yet
        connection.execute("select project_items(%s)", [[EPC.format(92)]])
        opened = {week for (week,) in connection.execute(SCANNED)}
    weeks = "select week_of(%s - ago * interval '1 day') as week from unnest(%s::int[]) ago"
    moved = {row["week"] for row in ask(kept_long, weeks, [NOW, days])}
    (listed,) = ask(kept_long, "select before_week as week from weeks_listed")
    assert {week for week in opened if week < listed["week"]} == {week for week in moved if week < listed["week"]}


@pytest.mark.parametrize("is_listed", [False, True])
def test_what_comes_late_moves_an_item_as_a_rebuild_does(kept_long: Flavour, movement: Make, is_listed: bool) -> None:
    if is_listed:
        list_all(kept_long)
    late = [
        movement(EPC.format(91), event_id=UUID(int=9100 + days), observed_at=NOW - timedelta(days=days), direction=way)
        for days, way in ((90, "out"), (20, "in"), (45, "out"), (150, "in"), (2, "uncertain"))
    ]
    for one in late:
        record(kept_long, one)
    place = "select site, door, bin, state, since from items where epc = %s"
    moved = ask(kept_long, place, [EPC.format(91)])
    assert moved[0]["since"] == NOW - timedelta(days=20)
    rebuild(kept_long["url"], lambda done: None)
    assert ask(kept_long, place, [EPC.format(91)]) == moved
