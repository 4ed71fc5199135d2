"""The command `tagdock-sim`, run as a user would."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tagdock_simulators.commands import COMMANDS, main
from tagdock_simulators.llrp.profiles import PROFILES
from tagdock_simulators.scenarios import SCENARIOS

PROGRAM = [sys.executable, "-c", "from tagdock_simulators.commands import main; main()"]


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment, prog_name="tagdock-sim")


def test_scenarios_are_listed_with_what_is_hard() -> None:
    listed = run("scenarios").stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(SCENARIOS)
    told = [json.loads(line) for line in run("scenarios", "--json").stdout.splitlines()]
    assert [each["hard_about"] for each in told] == [scenario.hard_about for scenario in SCENARIOS.values()]
    assert all(each["loads"] and each["radio"]["transmit_dbm"] for each in told)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_record_writes_reads_truth_and_a_gateways_configuration(suffix: str, tmp_path: Path) -> None:
    names = [f"a{suffix}", f"b{suffix}"]
    for name in names:
        files = ("-o", str(tmp_path / name), "--truth", str(tmp_path / "truth.jsonl"))
        done = run("record", "--loads", "8", "--seed", "3", *files, "--gateway-config", str(tmp_path / "gateway.toml"))
        assert done.exit_code == 0, done.output
        assert re.fullmatch(r".*: [\d,]+ reads of [\d,]+ tags in 8 loads\n", done.stdout)
    first, second = ((tmp_path / name).read_bytes() for name in names)
    assert first == second
    config = tomllib.loads((tmp_path / "gateway.toml").read_text())
    assert [(reader["name"], reader["port"]) for reader in config["reader"]] == [
        ("dock-1", 5084),
        ("dock-2", 5085),
        ("dock-3", 5086),
        ("dock-4", 5087),
    ]
    assert [antenna["side"] for antenna in config["door"][0]["antennas"]] == ["outside", "inside"]
    assert len((tmp_path / "truth.jsonl").read_text().splitlines()) > 100


def test_options_can_come_from_the_environment(tmp_path: Path) -> None:
    environment = {"OUTPUT": str(tmp_path / "a.jsonl"), "SCENARIO": "pass-by", "SEED": "9", "LOADS": "3"}
    assert run("record", **{f"TAGDOCK_{name}": value for name, value in environment.items()}).exit_code == 0
    assert (
        run("record", "-o", str(tmp_path / "b.jsonl"), "--scenario", "pass-by", "--seed", "9", "--loads", "3").exit_code
        == 0
    )
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_a_scenario_can_be_shaped(tmp_path: Path) -> None:
    truth, config = tmp_path / "truth.jsonl", tmp_path / "gateway.toml"
    files = ("-o", str(tmp_path / "a.jsonl"), "--truth", str(truth), "--gateway-config", str(config))
    shape = ("--loads", "6", "--doors", "3", "--tags", "2..2", "--set", "doors_a_reader=3", "--set", "behaviours=turn")
    done = run("record", *shape, *files)
    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in truth.read_text().splitlines()]
    assert len(told) == 12
    assert {each["door"] for each in told} == {"D1", "D2", "D3"}
    assert {each["why"] for each in told} == {"turned round in the doorway"}
    assert [reader["name"] for reader in tomllib.loads(config.read_text())["reader"]] == ["dock-1"]


def command_of(name: str) -> click.Command:
    assert isinstance(main, click.Group)
    command = main.get_command(click.Context(main), name)
    assert command is not None
    return command


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"demo"}))
def test_every_option_shows_its_twin_in_the_environment(command: str) -> None:
    options = [option for option in command_of(command).params if option.name]
    shown = re.sub(r"\s+", " ", run(command, "--help").stdout)
    for option in options:
        flag = max(option.opts, key=len).removeprefix("--")
        twin = {"output": "TAGDOCK_OUTPUT"}.get(flag, f"TAGDOCK_{flag.upper().replace('-', '_')}")
        assert f"env var: {twin}" in shown


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["record"], 2, "Missing option '-o' / '--output'"),
        (["record", "-o", "x.jsonl", "--scenario", "nope"], 2, "is not one of"),
        (["record", "-o", "x.jsonl", "--seed", "-1"], 2, "-1 is not in the range"),
        (["record", "-o", "x.jsonl", "--truth", "./x.jsonl"], 2, "must be different files"),
        (["record", "-o", "/nowhere/x.jsonl"], 1, "choose a place that can be written"),
        (["record", "-o", "x.jsonl", "--loads", "few"], 2, "loads: 'few' is not a whole number"),
        (["record", "-o", "x.jsonl", "--set", "doors"], 2, "--set doors: write KEY=VALUE"),
        (["picture", "-o", "x.pdf"], 2, "must end in .svg or .png"),
        (["reader", "--port", "70000"], 2, "70000 is not in the range"),
        (["demo", "--past", "8"], 2, "'8' is no number of weeks; write something like 8w (26w at most)"),
        (["demo", "--past", "27w"], 2, "'27w' is no number of weeks"),
        (["demo", "--past", "0w"], 2, "'0w' is no number of weeks"),
        (["demo", "--past", "8w", "--database", "postgresql://x/y"], 2, "leave --database out"),
    ],
    ids=[
        *("no output", "no scenario", "seed", "same file", "no folder", "no number", "no value", "no picture", "port"),
        *("weeks without a unit", "too many weeks", "no week", "another's clock"),
    ],
)
def test_a_users_mistake_is_one_clear_line(arguments: list[str], status: int, reason: str) -> None:
    done = run(*arguments)
    assert done.exit_code == status
    assert reason in done.stderr
    assert "Traceback" not in done.output


def test_reader_listens_prints_its_addresses_and_stops_at_ctrl_c(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    command = [*PROGRAM, "reader", "--port", "0", "--gateway-config", str(config)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            ports = [int(process.stdout.readline().rsplit(":", 1)[1]) for _ in range(4)]
            with socket.create_connection(("127.0.0.1", ports[0]), 5) as client:
                assert client.recv(2) == b"\x04\x3f"  # version 1, READER_EVENT_NOTIFICATION
            process.send_signal(signal.SIGINT)
            _, talk = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Traceback" not in talk
    assert "stopped: 0 tag reports sent" in talk
    assert [reader["port"] for reader in tomllib.loads(config.read_text())["reader"]] == ports


def test_reader_says_when_its_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [*PROGRAM, "reader", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "choose another --port, or 0 for any" in line


def test_reader_says_in_a_line_what_each_product_is_like() -> None:
    told = run("reader", "--help").stdout
    assert all(f"{profile.name:18} {profile.summary}" in told for profile in PROFILES.values())


@pytest.mark.parametrize("how", ["option", "environment"])
def test_reader_plays_no_product_that_lacks_what_the_doors_need(how: str) -> None:
    """The Sargas has two antennas; a portal with one row needs four."""
    wanted = ("--profile", "thingmagic-sargas") if how == "option" else ()
    environment = {} if how == "option" else {"TAGDOCK_PROFILE": "thingmagic-sargas"}
    done = run("reader", "--port", "0", "--scenario", "single-row", *wanted, **environment)
    assert done.exit_code == 2
    assert "thingmagic-sargas has 2 and 2: choose another --profile or --scenario" in done.stderr
