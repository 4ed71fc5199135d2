"""Starting the cloud: ports give way, those that were asked for do not, secrets stay out of command lines."""

import asyncio
import socket
import sys
from pathlib import Path

import pytest
from tagdock_simulators.demo import house as module
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.house import Addresses, House
from tagdock_simulators.demo.processes import Supervisor
from tagdock_simulators.demo.settings import DemoSettings

STAND_IN = """#!{python}
import json, os, socket, sys, time
asked = dict(zip(sys.argv, sys.argv[1:]))
ports = [int(asked.get(flag, 0)) for flag in ("--http-port", "--broker-port")]
try:
    held = [socket.create_server(("127.0.0.1", port)) for port in ports]
except OSError as error:
    sys.exit(f"the port is taken ({{error}})")
http, broker = (one.getsockname()[1] for one in held)
seen = " ".join(sys.argv) + " | " + os.environ.get("TAGDOCK_DATABASE", "")
told = {{"console": f"http://127.0.0.1:{{http}}/", "broker": f"mqtt://127.0.0.1:{{broker}}", "database": seen}}
print(json.dumps(told), flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that takes ports as the cloud does, and tells what it was started with."""
    program = tmp_path / "tagdock-cloud"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr(module, "find_program", lambda name: str(tmp_path / name))


def start(data: Path, settings: DemoSettings) -> Addresses:
    async def scene() -> Addresses:
        children = Supervisor(data / "logs")
        try:
            return await House(settings, children, data).start_cloud()
        finally:
            await children.stop()

    return asyncio.run(scene())


def settings(data: Path, **asked: object) -> DemoSettings:
    return DemoSettings(data=data, scenario="clean-two-row", seed=1, **asked)  # type: ignore[arg-type]


def test_a_taken_usual_port_gives_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(module, "_HTTP_PORT", port)
        addresses = start(tmp_path, settings(tmp_path))
    assert addresses.console != f"http://127.0.0.1:{port}/"


def test_a_port_that_is_taken_at_the_last_moment_gives_way_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def free_at_first(port: int) -> int:
        looks.append(port)
        return port if len(looks) <= 2 else 0

    monkeypatch.setattr(module, "give_way", free_at_first)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(module, "_HTTP_PORT", taken.getsockname()[1])
        assert start(tmp_path, settings(tmp_path)).console


def test_a_taken_port_that_was_asked_for_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DemoError, match=f"port {port} is taken.*--http-port"):
            start(tmp_path, settings(tmp_path, http_port=port))


def test_addresses_with_passwords_are_not_in_the_command_line(tmp_path: Path) -> None:
    told = start(tmp_path, settings(tmp_path, database="postgresql://me:secret@127.0.0.1/x")).database
    command, _, environment = told.partition(" | ")
    assert "secret" not in command
    assert "secret" in environment


def test_the_demos_own_settings_are_not_handed_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGDOCK_DATABASE", "postgresql://meant-for-somebody-else/")
    assert start(tmp_path, settings(tmp_path)).database.endswith(" | ")


def test_a_broker_that_does_not_answer_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"no broker answers at 127\.0\.0\.1:9; start it"):
        start(tmp_path, settings(tmp_path, broker="mqtt://127.0.0.1:9"))


def test_a_process_that_is_not_there_can_not_be_killed(tmp_path: Path) -> None:
    async def scene() -> None:
        House(settings(tmp_path), Supervisor(tmp_path / "logs"), tmp_path).pid("ingest")

    with pytest.raises(DemoError, match="names no process for ingest"):
        asyncio.run(scene())


def test_a_past_wants_a_folder_without_a_record(tmp_path: Path) -> None:
    (tmp_path / "cloud").mkdir()
    with pytest.raises(DemoError, match="--past wants a new folder"):
        House(settings(tmp_path), Supervisor.__new__(Supervisor), tmp_path).past_clock()


def test_the_cloud_goes_by_a_clock_when_it_is_given_one(tmp_path: Path) -> None:
    async def scene() -> Addresses:
        children = Supervisor(tmp_path / "logs")
        try:
            house = House(settings(tmp_path), children, tmp_path)
            return await house.start_cloud({"TAGDOCK_DATABASE": "by this clock"})
        finally:
            await children.stop()

    assert asyncio.run(scene()).database.endswith("| by this clock")
