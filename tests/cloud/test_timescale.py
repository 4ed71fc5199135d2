"""The same schema and the same ingest on TimescaleDB, where a server with the extension is installed."""

import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tagdock_cloud.ingest.admit import Accepted
from tagdock_cloud.ingest.record import Recorder
from tagdock_cloud.store.migrate import migrate
from tagdock_contract import Batch, GatewayAddress

Make = Callable[..., Any]
NOW = datetime.now(UTC)
GATEWAY = GatewayAddress("s1", "g1")


def _server() -> Path | None:
    """Find the newest Debian PostgreSQL that has the extension: its folder of programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/lib/timescaledb.so"), key=lambda file: int(file.parts[4]))
    return found[-1].parent.parent / "bin" if found else None


@pytest.fixture(scope="module")
def timescale() -> Iterator[str]:
    """The URL of an empty database on a server that has loaded TimescaleDB."""
    programs = _server()
    if programs is None:
        pytest.skip("no PostgreSQL with TimescaleDB in /usr/lib/postgresql: install the extension for one of them")
    owner = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name  # postgres refuses root
    run_as = {"user": owner} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        Path(folder).chmod(0o755)
        home = Path(folder) / "server"
        home.mkdir()
        if run_as:
            os.chown(home, pwd.getpwnam(owner).pw_uid, -1)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data = str(home / "data")
        initdb = [programs / "initdb", "-D", data, "-A", "trust", "-U", "tagdock", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, timeout=60, cwd="/", **run_as)
        settings = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
        settings += " -c shared_preload_libraries=timescaledb -c timescaledb.telemetry_level=off"
        control = [str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(home / "log")]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": 60, "cwd": "/"}
        subprocess.run([*control, "-o", settings, "start"], check=True, **quiet, **run_as)
        try:
            yield f"postgresql://tagdock@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet, **run_as)


def test_the_time_series_are_hypertables_and_ingest_is_as_exact_there(timescale: str, movement: Make) -> None:
    migrate(timescale)
    months = [NOW - timedelta(days=days) for days in (0, 40, 80)]
    events = tuple(
        movement(f"urn:epc:id:sgtin:9521234.012345.{n}", event_id=UUID(int=n), observed_at=at)
        for n, at in enumerate(months, start=1)
    )
    batch = Accepted(GATEWAY, Batch(epoch=UUID(int=9), seq=1, sent_at=NOW, events=events), b"")
    recorder = Recorder(timescale, client_id="test", is_open=True)
    try:
        for _ in range(2):
            assert recorder.record([batch], [], []).committed == [batch]
    finally:
        recorder.close()
    with psycopg.connect(timescale) as connection:
        tables = connection.execute("select hypertable_name, num_chunks from timescaledb_information.hypertables")
        assert dict(tables.fetchall()) == {"movements": 3, "bin_readings": 0, "reader_events": 0}
        assert connection.execute("select count(*) from movements_v1").fetchone() == (3,)
        assert connection.execute("select count(*) from items_v1 where state <> 'unknown'").fetchone() == (3,)
        assert connection.execute('select sum("in" + "out") from flows_v1').fetchone() == (3,)
