"""The command `tagdock-sim proxy`, run as a user would."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tagdock_simulators.commands import main

PROGRAM = [sys.executable, "-c", "from tagdock_simulators.commands import main; main()", "proxy"]


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Start a proxy; gives it and its port."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline().split(" -> ")[0].rsplit(":", 1)[1])
        finally:
            process.kill()


def ended(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["proxy", *arguments], prog_name="tagdock-sim")


def test_a_schedule_is_done_and_logged_and_the_end_tells_what_was_done(tmp_path: Path, echo: Any) -> None:
    (tmp_path / "faults.toml").write_text('[[fault]]\nkind = "cut"\non = "broker"\nat_s = 0.3\nevery_s = 0.2\n')
    files = ("--faults", str(tmp_path / "faults.toml"), "--log", str(tmp_path / "log.jsonl"))
    with running("--to", str(echo.port), "--name", "broker", *files) as (process, port):
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(b"hello")
            assert client.recv(5) == b"hello"
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "stopped: 1 connections, 0 turned away, 0 did not reach the server; 5 bytes to it, 5 to clients" in talk
    assert "faults done: 1 cut" in talk
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert {"fault", "on", "at", "until", "amount"} == lines[0].keys()
    reset = next(line for line in lines if line.get("did") == "reset")
    assert (reset["connection"], reset["bytes_to_client"], reset["bytes_to_server"]) == (1, 5, 5)
    assert lines[0]["at"] <= reset["at"]


def test_the_table_of_faults_is_printed_without_a_server() -> None:
    done = ended("--kinds")
    assert done.exit_code == 0
    assert "| `half_open` | wire |" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "Missing option '--to'"),
        (("--to", "reader"), "'reader' is no address; write it like 127.0.0.1:5084"),
        (("--to", "a:99999"), "is no address"),
        (("--to", "5084", "--faults", "/nowhere.toml"), "--faults /nowhere.toml: No such file"),
        (("--to", "5084", "--faults", "{bad}"), "fault 1: kind = 'cutt' is not known"),
        (("--to", "5084", "--faults", "{binary}"), "is no UTF-8 text"),
    ],
    ids=["no server", "no port", "port", "no file", "bad file", "binary"],
)
def test_a_users_mistake_is_status_2_and_says_what_to_do(
    arguments: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    files = {"{bad}": tmp_path / "bad.toml", "{binary}": tmp_path / "binary.toml"}
    files["{bad}"].write_text('[[fault]]\nkind = "cutt"')
    files["{binary}"].write_bytes(b"\xff\xfe")
    done = ended(*(str(files.get(argument, argument)) for argument in arguments))
    assert done.exit_code == 2
    assert reason in done.stderr
    assert "Traceback" not in done.output


def test_a_port_that_is_taken_is_status_1_and_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = ended("--to", "5084", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert "choose another --listen, or port 0 for any" in line


def test_faults_for_others_are_left_out_with_a_word(tmp_path: Path, echo: Any) -> None:
    (tmp_path / "faults.toml").write_text('[[fault]]\nkind = "mute"\non = "*"\nat_s = 0\nfor_s = inf\n')
    with running("--to", str(echo.port), "--faults", str(tmp_path / "faults.toml")) as (process, _):
        process.send_signal(signal.SIGINT)
        _, talk = process.communicate(timeout=30)
    assert "fault 1, mute is done elsewhere (llrp, reader): left out" in talk
