"""`serve`: one command runs everything, whatever is killed comes back, and nothing is left behind."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg
import pytest
from tagdock_cloud.config import parse_broker
from tagdock_contract import GatewayAddress, Movement

Serve = Callable[..., "Served"]
Make = Callable[..., Movement]
WORKS = ("select epc, site, door, bin, state, since from items order by epc", "select * from flows order by 1, 2, 3, 4")


class Served:
    """A running `serve`."""

    def __init__(self, process: subprocess.Popen[bytes], data: Path) -> None:
        self.process, self.data = process, data
        assert process.stdout is not None
        self.addresses: dict[str, str] = json.loads(process.stdout.readline())

    @property
    def processes(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.data / "processes.json").read_text())
        return found

    @property
    def broker_port(self) -> int:
        return parse_broker(self.addresses["broker"]).port

    def stop(self) -> str:
        """Stop it and return what it said on stderr."""
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0
        return err.decode()


@pytest.fixture
def serve(program: Callable[..., subprocess.Popen[bytes]], tmp_path: Path) -> Serve:
    def serve(*, is_open: bool = True, **settings: str) -> Served:
        data = tmp_path / "data"
        ports = {"http_port": "0", "broker_port": "0", "data": str(data), "open": str(int(is_open)), "json": "1"}
        return Served(program("serve", **{**ports, **settings}), data)

    return serve


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_kill_everything_once_and_nothing_is_lost_or_doubled(
    serve: Serve, program: Any, gateway: Callable[..., Any], movement: Make, wait_until: Callable[..., Any]
) -> None:
    served = serve()
    with urlopen(served.addresses["console"] + "healthz", timeout=5) as answer:
        assert answer.status == 200
    _, err = program("serve", data=str(served.data), open="1").communicate(timeout=30)
    assert err.count(b"\n") == 1 and b"stop it, or give another --data" in err

    sender = gateway(served.broker_port)
    events = [movement(f"urn:epc:id:sgtin:9521234.012345.{n % 40}", direction=("in", "out")[n % 2]) for n in range(200)]
    for number, event in enumerate(events):
        sender.send(event)
        time.sleep(0.005)
        if number % 40 == 20:
            name = ("ingest", "broker", "database", "api", "ingest")[number // 40]
            victim = wait_until(lambda: served.processes[name], 30)  # noqa: B023  # it may be on its way back up
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda: served.processes.get(name) not in (None, victim), 30)  # noqa: B023

    def arrived() -> bool:
        sender.send_again()
        time.sleep(1)
        return not sender.unacked

    wait_until(arrived, 60)
    with psycopg.connect(served.addresses["database"], autocommit=True) as reader:
        found = [str(row[0]) for row in reader.execute("select event_id from movements")]
        assert sorted(found) == sorted(str(event.event_id) for event in events)
        moved = [reader.execute(query).fetchall() for query in WORKS]
        out, _ = program("rebuild", data=str(served.data)).communicate(timeout=60)
        assert out == b"rebuilt 40 items, the flows and 0 lives\n"
        assert [reader.execute(query).fetchall() for query in WORKS] == moved
    wait_until(lambda: is_running(served.processes["api"]))
    processes = served.processes
    started_s = time.monotonic()
    said = served.stop()
    assert time.monotonic() - started_s < 10
    assert not any(is_running(process) for process in processes.values())
    secrets = json.loads((served.data / "secrets.json").read_text())
    assert not any(secret in said for secret in secrets.values())

    again = serve()
    assert again.addresses == served.addresses
    with psycopg.connect(again.addresses["database"]) as reader:
        assert reader.execute("select count(*) from movements").fetchone() == (200,)
    again.stop()


@pytest.mark.slow
def test_a_killed_server_takes_its_programs_with_it_and_the_next_one_takes_over(
    serve: Serve, gateway: Callable[..., Any], movement: Make, wait_until: Callable[..., Any]
) -> None:
    served = serve()
    processes = served.processes
    assert set(processes) == {"database", "broker", "ingest", "api", "work"}
    assert (served.data / "secrets.json").stat().st_mode & 0o777 == 0o600
    served.process.kill()
    wait_until(lambda: not any(is_running(process) for process in processes.values()), 15)
    again = serve()
    sender = gateway(again.broker_port)
    sender.send(movement())
    sender.wait_for_all()
    again.stop()


@pytest.mark.slow
def test_with_a_database_and_a_broker_given_it_brings_neither(
    empty_database: str, mosquitto: Any, serve: Serve, program: Any, gateway: Callable[..., Any], movement: Make
) -> None:
    served = serve(is_open=False, database=empty_database, broker=mosquitto.url)
    assert set(served.processes) == {"ingest", "api", "work"}
    program("gateways", "add", "s1/g1", data=str(served.data)).communicate(timeout=30)
    sender, stranger = gateway(mosquitto.port), gateway(mosquitto.port, address=GatewayAddress("s1", "g2"))
    taken, refused = sender.send(movement()), stranger.send(movement())
    sender.wait_for_all()
    stranger.wait_for_all()
    assert taken in sender.committed and refused in stranger.refused
    served.stop()


@pytest.mark.parametrize(
    ("settings", "status", "says"),
    [
        pytest.param({"host": "0.0.0.0", "open": "1"}, 2, "--open lets anybody in", id="lab-mode-for-all-the-world"),
        pytest.param({"http_port": "TAKEN"}, 1, "choose another with --http-port", id="console-port-taken"),
        pytest.param({"broker_port": "TAKEN"}, 1, "choose another with --broker-port", id="broker-port-taken"),
        pytest.param({"database": "postgresql://u:geheim@127.0.0.1:1/x"}, 1, "is the server up", id="no-database"),
        pytest.param({"database": "postgres//u:geheim@x"}, 2, "--database is no PostgreSQL URL", id="no-database-url"),
        pytest.param({"broker": "mqtt:/u:geheim@x"}, 2, "--broker must look like", id="no-broker-url"),
        pytest.param({"data": "/dev/null/data"}, 1, "--data /dev/null/data cannot be used", id="no-folder"),
    ],
)
def test_what_it_cannot_start_with_is_one_clear_line(
    program: Any, tmp_path: Path, settings: dict[str, str], status: int, says: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = {"http_port": "0", "broker_port": "0", "data": str(tmp_path / "data"), **settings}
        port = str(taken.getsockname()[1])
        process = program("serve", **{name: port if value == "TAKEN" else value for name, value in given.items()})
        out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert out == b"" and says in err.decode() and err.count(b"\n") == 1
    assert b"geheim" not in err and b"Traceback" not in err


@pytest.mark.slow
def test_a_broker_that_cannot_be_reached_is_one_clear_line(empty_database: str, program: Any, tmp_path: Path) -> None:
    process = program("serve", database=empty_database, broker="mqtt://127.0.0.1:1", data=str(tmp_path), http_port="0")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"the broker at mqtt://127.0.0.1:1 is not available" in err and b"Traceback" not in err
