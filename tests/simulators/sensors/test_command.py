"""The command `tagdock-sim sensors`, run as a user would."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from click.testing import CliRunner, Result
from paho.mqtt.enums import CallbackAPIVersion
from tagdock_simulators.commands import main
from tagdock_simulators.commands import sensors as command
from tagdock_simulators.fixtures.mosquitto import Mosquitto
from tagdock_simulators.sensors.formats.choice import FORMATS

PROGRAM = [sys.executable, "-c", "from tagdock_simulators.commands import main; main()", "sensors"]
DEADLINE_S = 20.0


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["sensors", *arguments], env=environment, prog_name="tagdock-sim")


@pytest.mark.parametrize("form", FORMATS)
def test_a_tape_and_its_truth_are_the_same_for_the_same_seed(form: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        files = ("--record", str(tmp_path / f"{name}.jsonl"), "--truth", str(tmp_path / f"{name}.truth"))
        done = run("--format", form, "--bins", "3", "--seed", "5", "--hours", "1", *files)
        assert done.exit_code == 0, done.output
        assert f"{len((tmp_path / f'{name}.jsonl').read_bytes().splitlines()):,} messages" in done.stdout
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    truth = [json.loads(line) for line in (tmp_path / "a.truth").read_text().splitlines()]
    assert {each["bin"] for each in truth} == {"A-01-1", "A-01-2", "A-01-3"}
    assert max(each["at"] for each in truth) < "2026-01-05T09"


def test_a_tape_can_be_packed_and_options_come_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "tape.jsonl.gz"
    done = run(TAGDOCK_FORMAT="plain", TAGDOCK_RECORD=str(file), TAGDOCK_BINS="2", TAGDOCK_HOURS="0.1")
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert {line["topic"] for line in lines} == {"bins/a-01-1", "bins/a-01-2"}


def test_faults_are_done_and_stand_in_the_truth(tmp_path: Path) -> None:
    faults = tmp_path / "faults.toml"
    faults.write_text('[[fault]]\nkind = "silent"\non = "A-01-1/mass_kg"\nat_s = 60\nfor_s = 120\n')
    files = ("--record", str(tmp_path / "t.jsonl"), "--truth", str(tmp_path / "truth.jsonl"), "--faults", str(faults))
    assert run("--format", "plain", "--bins", "1", "--hours", "0.1", *files).exit_code == 0
    masses = [line for line in (tmp_path / "t.jsonl").read_text().splitlines() if "mass_kg" in line]
    assert len(masses) == 36 - 12
    told = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    (fault,) = [each for each in told if "fault" in each]
    assert [each["at"] for each in told] == sorted(each["at"] for each in told)
    assert (fault["fault"], fault["on"], fault["at"]) == ("silent", "A-01-1/mass_kg", "2026-01-05T08:01:00.000000Z")


def test_the_truth_of_one_run_can_be_the_contents_of_another(tmp_path: Path) -> None:
    truths = [tmp_path / "a.truth.gz", tmp_path / "b.truth"]
    shared = ("--format", "plain", "--bins", "2", "--hours", "3", "--seed", "4")
    assert run(*shared, "--record", str(tmp_path / "a"), "--truth", str(truths[0])).exit_code == 0
    given = ("--contents", str(truths[0]), "--record", str(tmp_path / "b"), "--truth", str(truths[1]))
    done = run(*shared, *given)
    assert done.exit_code == 0, done.output
    assert truths[1].read_bytes() == gzip.decompress(truths[0].read_bytes())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_contents_that_cannot_be_are_refused_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "contents.jsonl"
    for text, reason in ((b"{}\n", "line 1: `at`"), (b"", "must have 1 to")):
        file.write_bytes(text)
        done = run("--contents", str(file), "--record", str(tmp_path / "x"))
        assert (done.exit_code, reason in done.stderr) == (2, True), done.output
    packed = tmp_path / "contents.jsonl.gz"
    packed.write_bytes(b"not packed")
    assert run("--contents", str(packed), "--record", str(tmp_path / "x")).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["--format", "modbus"], 2, "is not one of"),
        (["--bins", "0"], 2, "0 is not in the range"),
        (["--speed", "0"], 2, "0.0 is not in the range"),
        (["--broker", "127.0.0.1:1883"], 2, "mqtt://host:1883"),
        (["--broker", "mqtt://u:p@h"], 2, "use --user and TAGDOCK_BROKER_PASSWORD"),
        (["--ca-file", __file__], 2, "mqtts://"),
        (["--password-file", __file__], 2, "a password needs --user"),
        (["--record", "x.jsonl", "--truth", "./x.jsonl"], 2, "must be different files"),
        (["--record", "/nowhere/x.jsonl"], 1, "choose a place that can be written"),
        (["--faults", "/nowhere/x.toml"], 2, "give a file that can be read"),
    ],
    ids=["format", "bins", "speed", "address", "secret", "ca", "password", "same file", "no folder", "no faults"],
)
def test_a_users_mistake_is_one_clear_line(arguments: list[str], status: int, reason: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, reason in done.stderr) == (status, True), done.output
    assert "Traceback" not in done.output


def test_without_a_broker_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_FIRST_CONNECTION_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = run("--broker", f"mqtt://127.0.0.1:{port}", "--bins", "1")
    assert done.exit_code == 1
    assert "check that a broker listens there" in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_its_death_is_told_however_it_ends(ending: signal.Signals, mqtt_broker: Mosquitto) -> None:
    births, deaths, ready = threading.Event(), threading.Event(), threading.Event()

    def came(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if "/DDATA/" in message.topic:
            births.set()
        if "/NDEATH/" in message.topic:
            deaths.set()

    listener = paho.Client(CallbackAPIVersion.VERSION2)
    listener.on_connect = lambda client, *_: client.subscribe("spBv1.0/#", 1)
    listener.on_subscribe = lambda *_: ready.set()
    listener.on_message = came
    listener.connect("127.0.0.1", mqtt_broker.port)
    listener.loop_start()
    program = [*PROGRAM, "--format", "sparkplug", "--broker", f"mqtt://127.0.0.1:{mqtt_broker.port}", "--speed", "60"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    try:
        assert ready.wait(DEADLINE_S)
        with subprocess.Popen(
            program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            try:
                assert births.wait(DEADLINE_S)
                process.send_signal(ending)
                assert deaths.wait(DEADLINE_S)
                told, talk = process.communicate(timeout=DEADLINE_S)
            finally:
                process.kill()
    finally:
        listener.disconnect()
        listener.loop_stop()
    assert told == f"warehouse-rack-1 mqtt://127.0.0.1:{mqtt_broker.port}\n"
    assert process.returncode == (0 if ending is signal.SIGINT else -signal.SIGKILL)
    assert ("stopped: " in talk) is (ending is signal.SIGINT)
    assert "Traceback" not in talk


@pytest.mark.parametrize("form", FORMATS)
def test_a_gateways_configuration_names_every_quantity_of_every_bin(form: str, tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    files = ("--record", str(tmp_path / "tape.jsonl"), "--gateway-config", str(file))
    assert run("--format", form, "--bins", "2", "--hours", "0.1", *files).exit_code == 0
    told = tomllib.loads(file.read_text())
    assert told["gateway"] == {"id": "gw-1", "site": "lab", "broker": "mqtt://127.0.0.1:1883"}
    quantities = {"mass_kg", "distance_mm", "occupied", "temperature_c", "humidity_pct"}
    quantities |= set() if form == "tasmota" else {"battery_pct"}
    for bin_name in ("A-01-1", "A-01-2"):
        assert quantities <= {each["quantity"] for each in told["sensor"] if each["bin"] == bin_name}
    masses = [each for each in told["sensor"] if each["quantity"] == "mass_kg"]
    assert all(each["unit_mass_kg"] > 0 for each in masses)
