"""The same schema, the same ingest and the same questions on every flavour of database that is installed here.

Plain PostgreSQL is the embedded one and always there; TimescaleDB and Citus are looked for in /usr/lib/postgresql.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
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
from tagdock_cloud.backup.dump import back_up
from tagdock_cloud.backup.load import restore
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.rebuild import rebuild
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.keeping.duties import drop_old, make_partitions
from tagdock_cloud.keeping.retention import keep
from tagdock_cloud.store import pool
from tagdock_cloud.store.migrate import migrate
from tagdock_contract import Batch, BinReading, GatewayAddress

Make = Callable[..., Any]
Flavour = dict[str, str]
NOW = datetime.now(UTC)
GATEWAY = GatewayAddress("s1", "g1")
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
    "stock_counts, stock_deltas, movements, bin_readings, reader_events, items, "
    "skus, flows, kept_steps, gateways, ingests, corrections"
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
    return {"name": request.param, "url": url}


def ask(flavour: Flavour, statement: str, values: Any = None) -> list[dict[str, Any]]:
    with psycopg.connect(flavour["url"], row_factory=dict_row) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def record(flavour: Flavour, *events: Any) -> None:
    batch = Accepted(GATEWAY, Batch(epoch=UUID(int=9), seq=1, sent_at=NOW, events=events), b"")
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


def test_ingest_is_exact_and_a_second_delivery_changes_nothing(flavour: Flavour, months: list[Any]) -> None:
    for _ in range(2):
        record(flavour, *months)
    assert ask(flavour, "select store_flavour() as name") == [{"name": flavour["name"]}]
    assert ask(flavour, "select count(*) as n from movements_v1") == [{"n": 8}]
    assert ask(flavour, "select count(*) as n from bin_readings_v1") == [{"n": 1}]
    assert ask(flavour, "select count(*) as n from items_v1 where state = 'in_transit'") == [{"n": 3}]
    assert ask(flavour, 'select sum("out")::int as n from flows_v1') == [{"n": 8}]
    assert (
        ask(flavour, 'select sum("out")::int as n, count(distinct hour_at)::int as hours from throughput_v1')[0]["n"]
        == 8
    )


def test_the_same_questions_get_the_same_answers(flavour: Flavour, months: list[Any]) -> None:
    record(flavour, *months)
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
    restore(flavour["url"], tmp_path / "b.zip", lambda text: None, is_forced=True)
    for question in (
        "select epc, state from items_v1",
        'select "out" from throughput_v1',
        "select items from stock_v1",
    ):
        assert ask(flavour, question) == ask({"url": database}, question)
    assert ask(flavour, "select store_flavour() as name") == [{"name": flavour["name"]}]
