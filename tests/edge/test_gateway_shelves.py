"""Shelves in the whole gateway, as its own process: what is in the bins outlives a restart."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tagdock_contract import TagRead, encode

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
TAGS = [f"3034257BF7194E40000000{number:02X}" for number in range(3)]
CONFIG = """
[gateway]
id = "gw-1"
site = "s1"
broker = "mqtt://127.0.0.1:1"

[[reader]]
name = "shelf-1"
driver = "recording"
file = "reads.jsonl"
speed = 20

[[shelf]]
bin = "A-01-1"
antennas = [{ reader = "shelf-1", antenna = 1 }]

[[shelf]]
bin = "A-01-2"
antennas = [{ reader = "shelf-1", antenna = 2 }]
"""

PROGRAM = """
import signal, sys
from pathlib import Path
from tagdock_edge.config_file import load
from tagdock_edge.gateway import Gateway
from tagdock_edge.journal import Journal
from tagdock_edge.outbox import Outbox

config = load(Path(sys.argv[1]), {})
gateway = Gateway(config, Outbox(config.outbox), Journal(config.journal))
signal.signal(signal.SIGTERM, lambda *_: gateway.stop())
gateway.run()
"""
# The command keeps no journal of recordings, which can be played anew; this gateway keeps one, as that of readers.


def seen(tag: int, antenna: int, start_s: float, seconds: int = 4) -> list[TagRead]:
    """A tag read twice a second."""
    times = [START + timedelta(seconds=start_s + half / 2 + tag / 100) for half in range(2 * seconds)]
    return [TagRead(at, "shelf-1", antenna, TAGS[tag], -55.0 - antenna) for at in times]


def told(folder: Path) -> list[tuple[str, str, str]]:
    """Return (tag, direction, bin) of what is in the outbox; there is no broker."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/outbox.sqlite?mode=ro", uri=True)) as db:
        try:
            bodies = [json.loads(row[0]) for row in db.execute("SELECT body FROM events ORDER BY number")]
        except sqlite3.OperationalError:  # the gateway is about to make its tables
            return []
    return [(body["epc_hex"], body["direction"], body["bin"]) for body in bodies if body["type"] == "movement"]


def run_until(
    folder: Path, reads: Sequence[TagRead], movements: int, ending: signal.Signals
) -> list[tuple[str, str, str]]:
    """Play reads to a gateway until it told so many movements in all, and end it."""
    reads = sorted(reads, key=lambda read: read.at)
    (folder / "reads.jsonl").write_bytes(b"".join(encode(read) + b"\n" for read in reads))
    (folder / "gateway.toml").write_text(CONFIG)
    command = [sys.executable, "-c", PROGRAM, str(folder / "gateway.toml")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 20
        while not (folder / "outbox.sqlite").exists() or len(told(folder)) < movements:
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.05)
        process.send_signal(ending)
        process.wait(30)
    return told(folder)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_makes_nothing_arrive_again(tmp_path: Path, ending: signal.Signals) -> None:
    arrived = [(epc, "in", "A-01-1") for epc in TAGS[:2]]
    evening = seen(0, 1, 0) + seen(1, 1, 0)
    assert run_until(tmp_path, evening, 2, ending) == arrived
    morning = seen(0, 1, 36_000) + seen(1, 2, 36_000) + seen(2, 2, 36_002)
    moved = [(TAGS[1], "out", "A-01-1"), (TAGS[1], "in", "A-01-2"), (TAGS[2], "in", "A-01-2")]
    assert run_until(tmp_path, morning, 5, signal.SIGTERM) == arrived + moved
