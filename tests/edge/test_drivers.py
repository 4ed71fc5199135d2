"""Drivers that are not ours: the one that the guide builds, and some that do everything wrong."""

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tagdock_edge.driver import find_driver
from tagdock_edge.errors import DriverError

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "write-a-driver.md"
BLOCKS = re.findall(r"^```(python|toml|text)\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
LINE, (DRIVER, TEST), (PROJECT, CONFIG) = (
    next(body for kind, body in BLOCKS if kind == "text").strip(),
    [body for kind, body in BLOCKS if kind == "python"],
    [body for kind, body in BLOCKS if kind == "toml"],
)
ROGUES = """
import sys, threading
from datetime import UTC, datetime, timedelta
from tagdock_contract import ReaderStatus, TagRead
from tagdock_edge.driver import Driver
from tagdock_edge.inbox import Inbox, ReaderNews

def read(at, epc="30" * 12, antenna=1):
    return TagRead(at, "dock-1", antenna, epc, -50.0)

class Rogue:
    def __init__(self, name, does):
        self.name, self.does = name, does
        if does == "can not be made":
            raise RuntimeError("no such board")

    def status(self):
        if self.does == "has no status":
            raise LookupError("lost it")
        return {"state": "fine"} if self.does == "delivers rubbish" else ReaderStatus(self.name, "up")

    def run(self, inbox, stop):
        if self.does == "raises":
            raise KeyError("antenna")
        if self.does == "leaves":
            sys.exit(3)
        if self.does == "delivers rubbish":
            now = datetime.now(UTC)
            inbox.deliver([None, 7, "read", read("now"), read(now, epc=b"30"), read(now, antenna="1")])
            inbox.deliver([read(now + timedelta(days=3650)), read(now - timedelta(days=3650)), read(datetime.now())])
            inbox.report("up")
            inbox.report(ReaderNews(-1, None, "burning"))
            inbox.measure([42])
        if self.does == "delivers a million":
            inbox.deliver([read(datetime.now(UTC), "31" * 12, 9)] * 1_000_000)
        stop.wait()
        if self.does == "never ends":
            threading.Event().wait()

def settings(table, station):
    does = table.take("does", str, "what it does")
    if does == "can not read":
        raise ZeroDivisionError("settings")
    return does

DRIVER = Driver(settings, Rogue)
NO_DRIVER = "driver"
"""
DOES = (
    *("can not be made", "has no status", "raises", "leaves"),
    *("delivers rubbish", "delivers a million", "never ends"),
)


@dataclass(frozen=True)
class Site:
    """A folder with packages as pip would have installed them."""

    folder: Path

    def install(self, name: str, module: str, entry_points: dict[str, str]) -> None:
        (self.folder / f"{name}.py").write_text(module)
        info = self.folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"{key} = {value}" for key, value in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[tagdock_edge.drivers]", *lines]) + "\n")

    def start(self, code: str, *arguments: str | Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
        path = os.pathsep.join(filter(None, (str(self.folder), os.environ.get("PYTHONPATH"))))
        environ = {**os.environ, "PYTHONPATH": path}
        return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    one = Site(tmp_path / "site")
    one.folder.mkdir()
    one.install("line_reader", DRIVER, tomllib.loads(PROJECT)["project"]["entry-points"]["tagdock_edge.drivers"])
    one.install("rogues", ROGUES, {"rogue": "rogues:DRIVER", "none": "rogues:NO_DRIVER", "gone": "rogues:GONE"})
    return one


@pytest.fixture
def lines() -> Iterator[tuple[int, Any]]:
    """A converter that writes what `say` is given to whoever connects last."""
    listener = socket.create_server(("127.0.0.1", 0))
    clients: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                clients.append(listener.accept()[0])

    def say(text: str) -> None:
        clients[-1].sendall(text.encode())

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield listener.getsockname()[1], (clients, say)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for each in clients:
        each.close()
    thread.join(30)


def configured(folder: Path, port: int, *rogues: str) -> Path:
    """Write the guide's configuration, with the converter's port and more readers."""
    more = "".join(
        f'[[reader]]\nname = "rogue {n}"\ndriver = "rogue"\ndoes = "{does}"\n' for n, does in enumerate(rogues)
    )
    file = folder / "gateway.toml"
    file.write_text(CONFIG.replace("port = 4001", f"port = {port}") + more + "[passage]\nleft_after_s = 0.5\n")
    return file


def movements(folder: Path) -> list[dict[str, Any]]:
    with contextlib.closing(sqlite3.connect(f"file:{folder}/outbox.sqlite?mode=ro", uri=True)) as db:
        try:
            events = [json.loads(body) for (body,) in db.execute("SELECT body FROM events")]
        except sqlite3.OperationalError:
            return []
    return [event for event in events if event["type"] == "movement"]


def until(done: Any, within_s: float = 20.0) -> None:
    end_s = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end_s
        time.sleep(0.02)


GATEWAY = "from tagdock_edge import cli, crew; crew.JOIN_S = 0.5; cli.main()"


def test_the_guides_own_test_passes(site: Site) -> None:
    (site.folder / "guide_test.py").write_text(TEST)
    ended = site.start("import guide_test; guide_test.test_a_line_is_a_read()")
    assert ended.communicate(timeout=30)[1] == ""
    assert ended.returncode == 0


@pytest.mark.slow
def test_the_guides_driver_reads_beside_drivers_that_do_everything_wrong(
    site: Site, tmp_path: Path, lines: tuple[int, Any]
) -> None:
    port, (clients, say) = lines
    config = configured(tmp_path, port, *DOES)
    with site.start(GATEWAY, "run", "--config", config) as gateway:
        until(lambda: clients or gateway.poll() is not None)
        for step in range(12):  # the outside row's power falls while the inside row's rises
            say(f"{LINE.split(',')[0]},1,{-45 - 2 * step}\n{LINE.split(',')[0]},2,{-69 + 2 * step}.5\n")
            time.sleep(0.1)
        until(lambda: any(each["epc_hex"] == LINE.split(",")[0] for each in movements(tmp_path)))
        gateway.send_signal(signal.SIGTERM)
        said = gateway.communicate(timeout=20)[1]
    assert gateway.returncode == 0, said
    until(lambda: movements(tmp_path))  # the file may be locked for a moment by whoever closed it last
    (moved,) = [each for each in movements(tmp_path) if each["epc_hex"] == LINE.split(",")[0]]
    assert (moved["door"], moved["direction"]) == ("D1", "in")
    assert "RuntimeError: no such board" in said
    assert "KeyError: 'antenna'" in said
    assert "SystemExit: 3" in said
    assert "reader rogue 4: refused what it delivered: NoneType is neither TagRead nor InputChange" in said
    assert "reader rogue 6: its driver did not stop" in said


def test_a_driver_that_can_not_read_its_settings_is_a_mistake_of_the_configuration(site: Site, tmp_path: Path) -> None:
    ended = site.start(GATEWAY, "run", "--config", configured(tmp_path, 4001, "can not read"))
    assert "reader[1].driver: 'rogue' can't read its settings (ZeroDivisionError: settings)" in ended.communicate()[1]
    assert ended.returncode == 2


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nowhere", "'nowhere' is no driver; installed are .*llrp, .*recording"),
        ("none", "'none': rogues:NO_DRIVER is no tagdock_edge.driver.Driver"),
        ("gone", "'gone' can't be loaded from rogues:GONE .AttributeError"),
    ],
)
def test_what_is_no_driver_is_told(site: Site, monkeypatch: pytest.MonkeyPatch, name: str, problem: str) -> None:
    monkeypatch.syspath_prepend(str(site.folder))
    with pytest.raises(DriverError, match=problem):
        find_driver(name)
    sys.modules.pop("rogues", None)
