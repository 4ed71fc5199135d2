"""What users and their enemies give to the commands: one clear line, the right status, and nothing is overwritten."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tagdock_simulators.commands import main

PROGRAM = [sys.executable, "-c", "from tagdock_simulators.commands import main; main()"]
UNUSED = "mqtt://127.0.0.1:1"


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment, prog_name="tagdock-sim")


def refused(done: Result, reason: str, status: int = 2) -> None:
    assert done.exit_code == status, done.output
    assert reason in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("record -o", "is empty; give the name of a file"),
        ("record -o x --set =1", "--set =1: write KEY=VALUE"),
        ("record -o x --set radio.turn_s=0", "radio.turn_s: 0.0 must lie in 0.005..10"),
        ("record -o x --set radio.transmit_dbm=1e308", "radio.transmit_dbm: 1e+308 must lie in -30..36"),
        ("record -o x --set radio.beam_exponent=0", "radio.beam_exponent: 0.0 must lie in 0.1..40"),
        ("reader --port 65534", "--port 65534 leaves too few for this scenario's readers; 65532 is the highest"),
        ("reader --host", "is empty; give an address, 0.0.0.0 for every network"),
        ("proxy --to 127.0.0.1:0", "is no address"),
        ("proxy --to 127.0.0.1:٣", "is no address"),
        ("proxy --to 127.0.0.1:1 --name", "--name is empty"),
        (f"mqtt-reader --broker {UNUSED} --batch nan", "is no number"),
        (f"mqtt-reader --broker {UNUSED} --fields ,", "--fields names none"),
        (f"mqtt-reader --broker {UNUSED} --topic $nobody", "only $reader can stand there"),
        (f"mqtt-reader --broker {UNUSED} --kind mapped --shape /dev/zero", "has more than 16,384 bytes"),
        ("sensors --format plain --record x --hours nan", "is no number"),
        ("sensors --format plain --record x --speed nan", "is no number"),
        ("sensors --format sparkplug --record x --primary-host a/#", "it is a name without /, + and #"),
        ("sensors --format plain --record x --primary-host a", "--primary-host goes with --format sparkplug"),
    ],
)
def test_nonsense_is_refused_before_anything_starts(
    arguments: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = arguments.split(" ")
    if words[-1].startswith("-"):
        words.append("")
    monkeypatch.chdir(tmp_path)
    refused(run(*words), reason)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("record -o a --faults a", "--output and --faults must be different files"),
        ("reader --faults a --fault-log ./a", "--faults and --fault-log must be different files"),
        ("proxy --to 127.0.0.1:1 --faults a --log a", "--faults and --log must be different files"),
        ("sensors --format plain --contents a --record a", "--contents and --record must be different files"),
        ("warehouse --orders a --events a", "--orders and --events must be different files"),
    ],
)
def test_what_is_read_is_never_written_over(
    arguments: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_text("precious")
    refused(run(*arguments.split()), reason)
    assert Path("a").read_text() == "precious"


@pytest.mark.parametrize("url", ["mqtt://u:ge%heim@[", "mqtt://u:geheim@h:x", "mqtt://h:geheim", "mqtt://u:geheim@h"])
def test_a_password_in_an_address_is_not_repeated(url: str) -> None:
    done = run("mqtt-reader", "--broker", url)
    assert done.exit_code == 2
    assert "heim" not in done.output


def test_a_gateways_configuration_that_cannot_be_written_is_known_before_the_recording(tmp_path: Path) -> None:
    done = run("record", "-o", str(tmp_path / "a"), "--loads", "1", "--gateway-config", str(tmp_path / "none" / "b"))
    refused(done, f"{tmp_path}/none/b: No such file or directory; choose a place that can be written", status=1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command",
    ["record --scenario rush-hour --loads 100000 -o", "sensors --format plain --bins 500 --hours 8000 --record"],
)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 1)], ids=["SIGTERM", "SIGINT"])
def test_who_ends_a_command_early_finds_nothing_half_written(
    command: str, number: signal.Signals, status: int, tmp_path: Path
) -> None:
    arguments = [*PROGRAM, *command.split(), str(tmp_path / "a")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 30
            while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(number)
            told, talk = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, told) == (status, "")
    assert "Traceback" not in talk
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, -2)], ids=["SIGTERM", "SIGINT"])
def test_an_end_that_is_asked_for_in_a_finalizer_comes_all_the_same(number: signal.Signals, status: int) -> None:
    program = f"""
import os, signal, time
from tagdock_simulators.commands.options import writing

class Last:
    def __del__(self):
        os.kill(os.getpid(), {int(number)})

with writing():
    Last()
    time.sleep(60)
"""
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.DEVNULL, timeout=30, check=False)
    assert done.returncode == status


@pytest.mark.parametrize("command", ["scenarios", "warehouse --days 1 --events -", "record --loads 1 -o recording"])
def test_a_full_disk_behind_stdout_is_told_in_one_line(command: str, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *command.split()],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "the output: No space left on device" in line


def test_a_reader_that_has_enough_ends_the_command_without_a_word() -> None:
    command = [*PROGRAM, "warehouse", "--days", "2", "--events", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.read(10)
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(60) == 1
        finally:
            process.kill()


def test_a_short_answer_that_nobody_reads_ends_the_command_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [*PROGRAM, "scenarios", "--json"]
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_file_of_faults_may_begin_with_an_editors_byte_order_mark(tmp_path: Path) -> None:
    faults = tmp_path / "faults.toml"
    faults.write_bytes(b"\xef\xbb\xbfseed = 1\n")
    done = run("record", "-o", str(tmp_path / "a"), "--loads", "1", "--faults", str(faults))
    assert done.exit_code == 0, done.stderr
