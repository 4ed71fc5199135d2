"""The command `tagdock-sim mqtt-reader`, run as a user would."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tagdock_simulators.commands import main
from tagdock_simulators.fixtures.mosquitto import Mosquitto

PROGRAM = [sys.executable, "-c", "from tagdock_simulators.commands import main; main()", "mqtt-reader"]
Listen = Callable[[int], Any]


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    everything = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
    with subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=everything
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ends(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=40)
    return process.returncode, out, err


def wait_for(true: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end_s, "it did not happen in time"
        time.sleep(0.02)


def test_a_scenario_is_published_until_ctrl_c(mqtt_broker: Mosquitto, listen: Listen) -> None:
    listener = listen(mqtt_broker.port)
    broker = f"mqtt://127.0.0.1:{mqtt_broker.port}"
    with running(
        "--broker", broker, "--set", "gap_s=0.1..0.2", "--qos", "1", "--fields", "epcHex,antennaPort"
    ) as process:
        wait_for(lambda: sum(b"tagInventory" in each.payload for each in listener.messages) > 2)
        status, out, err = ends(process)
    assert (status, "Traceback" in err) == (0, False)
    assert out.splitlines()[0] == f"dock-1 {broker} impinj/dock-1/events impinj/dock-1/status"
    assert "stopped: " in err
    assert ", 0 lost" in err
    events = [json.loads(each.payload) for each in listener.messages if each.topic.endswith("/events")]
    (fields,) = {tuple(event["tagInventoryEvent"]) for event in events if event["eventType"] == "tagInventory"}
    assert fields == ("epcHex", "antennaPort")


def test_who_pulls_the_plug_leaves_a_will_behind(mqtt_broker: Mosquitto, listen: Listen) -> None:
    listener = listen(mqtt_broker.port)
    with running("--broker", f"mqtt://127.0.0.1:{mqtt_broker.port}") as process:
        wait_for(lambda: listener.on("impinj/dock-1/status") == [b"connected"])
        process.kill()
        wait_for(lambda: listener.on("impinj/dock-1/status") == [b"connected", b"connection lost"])


def test_an_unreachable_broker_is_told_once_a_reader_and_ends_in_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with running("--broker", f"mqtt://127.0.0.1:{port}", "--kind", "zebra") as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        while "can't be reached" not in told:
            told = process.stderr.readline()
        time.sleep(1.1)  # it tries again meanwhile, in silence
        status, _, err = ends(process)
    assert "check that a broker listens there; trying again" in told
    assert status == 1
    assert err.count("can't be reached") <= 3
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--broker", "http://x"], "mqtt://"),
        (["--broker", "mqtt://user:secret@x"], "use --user and TAGDOCK_BROKER_PASSWORD"),
        (["--password-file", __file__], "a password needs --user"),
        (["--password-file", os.devnull, "--user", "x"], "--password-file"),
        (["--ca-file", __file__], "--ca-file goes with"),
        (["--shape", __file__], "--shape goes with --kind mapped"),
        (["--kind", "mapped", "--shape", __file__], "is no TOML"),
        (["--fields", "nope"], "field 'nope' is unknown"),
        (["--topic", "a/#"], "is no topic to publish to"),
        (["--qos", "3"], "3 is not in the range"),
        (["--batch", "-1"], "-1.0 is not in the range"),
        (["--kind", "alien"], "'alien' is not one of"),
    ],
    ids=lambda each: " ".join(each)[:40] if isinstance(each, list) else None,
)
def test_a_users_mistake_is_one_clear_line(arguments: list[str], reason: str) -> None:
    done = CliRunner().invoke(main, ["mqtt-reader", *arguments], prog_name="tagdock-sim")
    assert done.exit_code == 2
    assert reason in done.stderr
    assert "Traceback" not in done.output
    assert "secret" not in done.output


def test_the_password_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tagdock_simulators.commands.broker import _password

    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("TAGDOCK_BROKER_PASSWORD", "from the environment")
    assert _password(tmp_path / "secret") == "from the file"
    assert _password(None) == "from the environment"
    monkeypatch.delenv("TAGDOCK_BROKER_PASSWORD")
    assert _password(None) is None
