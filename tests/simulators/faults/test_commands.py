"""`--faults` of the commands that play and record."""

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tagdock_simulators.commands import main

FAULTS = """
[[fault]]
kind = "dead_antenna"
on = "dock-1"
at_s = 0.0
for_s = inf
amount = 1
[[fault]]
kind = "clock_jump"
on = "dock-2"
at_s = 5.0
for_s = 2.0
amount = 100.0
[[fault]]
kind = "cut"
on = "*"
at_s = 1.0
"""


@pytest.fixture
def faults(tmp_path: Path) -> str:
    file = tmp_path / "faults.toml"
    file.write_text(FAULTS)
    return str(file)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def recorded(folder: Path, *more: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    files = folder / "reads.jsonl", folder / "truth.jsonl"
    arguments = ("record", "--loads", "6", "-o", str(files[0]), "--truth", str(files[1]), *more)
    done = CliRunner().invoke(main, arguments, prog_name="tagdock-sim")
    assert done.exit_code == 0, done.output
    return lines(files[0]), lines(files[1]), done.stderr


def test_a_recording_has_the_faults_of_reads_and_its_truth_tells_them(tmp_path: Path, faults: str) -> None:
    clean, truth, _ = recorded(tmp_path)
    reads, told, talk = recorded(tmp_path, "--faults", faults)
    assert "fault 3, cut is done elsewhere (wire): left out" in talk
    assert told[: len(truth)] == truth
    assert [(line["fault"], line["on"], line["until"]) for line in told[len(truth) :]] == [
        ("dead_antenna", "dock-1", None),
        ("clock_jump", "dock-2", "2026-01-05T08:00:07.000000Z"),
    ]
    assert not any(read["reader"] == "dock-1" and read.get("antenna") == 1 for read in reads)
    assert any(read["reader"] == "dock-1" and read.get("antenna") == 1 for read in clean)
    begin = datetime.fromisoformat("2026-01-05T08:00:00Z")
    kept = {json.dumps(read) for read in reads}
    for read in clean:
        seconds = (datetime.fromisoformat(read["at"]) - begin).total_seconds()
        if read["reader"] == "dock-2" and 5.0 <= seconds < 7.0:
            assert json.dumps(read) not in kept
        elif read["reader"] != "dock-1":
            assert json.dumps(read) in kept
    assert recorded(tmp_path, "--faults", faults)[:2] == (reads, told)


def test_a_live_reader_stands_behind_a_proxy_that_does_its_faults(tmp_path: Path, faults: str) -> None:
    log = tmp_path / "done.jsonl"
    program = [sys.executable, "-c", "from tagdock_simulators.commands import main; main()", "reader", "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*program, "--doors", "2", "--faults", faults, "--fault-log", str(log)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            ports = [int(process.stdout.readline().rsplit(":", 1)[1]) for _ in range(2)]
            with socket.create_connection(("127.0.0.1", ports[0]), 5) as client:
                assert client.recv(2)[1:] == b"\x3f"  # READER_EVENT_NOTIFICATION
                with pytest.raises(ConnectionResetError):
                    while client.recv(65536):
                        pass
            process.send_signal(signal.SIGINT)
            _, talk = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, talk
    told = lines(log)
    assert {(line["fault"], line["on"]) for line in told if "fault" in line} >= {
        ("dead_antenna", "dock-1"),
        ("cut", "dock-1"),
        ("cut", "dock-2"),
    }
    assert [line["on"] for line in told if line.get("did") == "reset"] == ["dock-1"]


def test_a_log_without_faults_is_a_mistake(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ("reader", "--fault-log", str(tmp_path / "log")), prog_name="tagdock-sim")
    assert done.exit_code == 2
    assert "--fault-log goes with --faults" in done.stderr
