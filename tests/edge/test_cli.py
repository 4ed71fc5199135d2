"""The command line: results on stdout, one clear line on stderr, exit statuses."""

import json
import socket
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tagdock_contract import Ack, ReaderEvent, Refusal, content_uuid7, decode_record
from tagdock_edge.cli import main
from tagdock_edge.config import JournalConfig, OutboxConfig
from tagdock_edge.journal import Journal
from tagdock_edge.outbox import Outbox

CONFIG = """
[gateway]
id = "gw-1"
site = "s1"
broker = "mqtt://127.0.0.1:1"
[[reader]]
name = "dock-1"
driver = "llrp"
host = "127.0.0.1"
[[door]]
name = "D1"
antennas = [{ reader = "dock-1", antenna = 1, side = "outside" }, { reader = "dock-1", antenna = 2, side = "inside" }]
"""
READ = '{"at":"2026-01-05T08:00:%02d.%03dZ","reader":"dock-1","antenna":%d,"epc":"3074257BF7194E40","rssi_dbm":%d}'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.toml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "r.jsonl"
    lines = [READ % (n // 10, n % 10 * 100 + a, a, (-40 - n, -64 + n)[a - 1]) for n in range(20) for a in (1, 2)]
    file.write_text("\n".join(lines))
    return file


def test_replay_writes_the_same_movements_twice(config: Path, recording: Path) -> None:
    runs = [CliRunner().invoke(main, ["replay", str(recording), "--config", str(config)]) for _ in range(2)]
    assert runs[0].exit_code == 0
    assert runs[0].stdout == runs[1].stdout
    (line,) = runs[0].stdout.splitlines()
    movement = json.loads(line)
    assert (movement["type"], movement["direction"], movement["door"]) == ("movement", "in", "D1")
    assert movement["evidence"]["reads"] == 40


def test_replay_takes_a_journal_and_gives_what_the_recording_gives(
    config: Path, recording: Path, tmp_path: Path
) -> None:
    journal = Journal(JournalConfig(tmp_path / "journal"))
    for line in recording.read_text().splitlines():
        journal.append([decode_record(line)], 1)
    journal.close()
    of_journal, of_recording = (
        CliRunner().invoke(main, ["replay", str(source), "--config", str(config)])
        for source in (tmp_path / "journal", recording)
    )
    assert (of_journal.exit_code, of_journal.stdout) == (0, of_recording.stdout)


def test_replay_names_the_line_that_is_no_record(config: Path, recording: Path) -> None:
    recording.write_text(recording.read_text() + "\nnonsense\n")
    result = CliRunner().invoke(main, ["replay", str(recording), "--config", str(config)])
    assert result.exit_code == 1
    assert "line 41" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_bad_configuration_is_status_2_and_a_line_a_mistake(config: Path) -> None:
    config.write_text(CONFIG.replace('"s1"', '"s/1"').replace("host", "hots"))
    result = CliRunner().invoke(main, ["run", "--config", str(config)])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 3
    assert all(line.startswith("error: ") for line in result.stderr.splitlines())


def test_a_required_broker_that_is_not_there_is_status_1(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config.write_text(CONFIG.replace("127.0.0.1:1", f"127.0.0.1:{port}"))
    result = CliRunner().invoke(main, ["run", "--config", str(config), "--require-broker", "1s"])
    assert result.exit_code == 1
    assert "can't be reached" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("span", ["soon", "-1", "5h", ""])
def test_a_span_that_is_none_is_bad_usage(config: Path, span: str) -> None:
    result = CliRunner().invoke(main, ["run", "--config", str(config), "--require-broker", span])
    assert result.exit_code == 2


def test_epcs_are_decoded_a_line_each_and_failures_give_status_1() -> None:
    result = CliRunner().invoke(main, ["epc", "decode", "3074257BF7194E4000001A85", "00"])
    first, second = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert list(first) == list(second) == ["hex", "scheme", "pure_identity", "tag_uri", "digital_link", "error"]
    assert first["pure_identity"] == "urn:epc:id:sgtin:0614141.812345.6789"
    assert first["error"] is None
    assert "not programmed" in second["error"]
    assert CliRunner().invoke(main, ["epc", "decode", "3074257BF7194E4000001A85"]).exit_code == 0


def test_refused_batches_are_listed_and_shown(config: Path, tmp_path: Path) -> None:
    at = decode_record(READ % (0, 0, 1, -40)).at
    outbox = Outbox(OutboxConfig(tmp_path / "outbox.sqlite"))
    outbox.add([ReaderEvent(content_uuid7(1, "x"), at, "s1", "dock-1", "up")])
    assert outbox.form()
    outbox.settle([Ack(epoch=outbox.epoch, refused=(Refusal(1, "unknown gateway"),))])
    try:
        listed = CliRunner().invoke(main, ["outbox", "list", "--config", str(config)])
        as_json = CliRunner().invoke(main, ["outbox", "list", "--config", str(config), "--json"])
        shown = CliRunner().invoke(main, ["outbox", "show", "1", "--config", str(config)])
        missing = CliRunner().invoke(main, ["outbox", "show", "2", "--config", str(config)])
        nothing = CliRunner().invoke(main, ["outbox", "retry", "2", "--config", str(config)])
        unclear = CliRunner().invoke(main, ["outbox", "retry", "1", "--all", "--config", str(config)])
        again = CliRunner().invoke(main, ["outbox", "retry", "--all", "--config", str(config)])
        left = CliRunner().invoke(main, ["outbox", "list", "--config", str(config)])
    finally:
        outbox.close()  # a gateway may be running meanwhile
    assert "unknown gateway" in listed.stdout
    assert json.loads(as_json.stdout) == {"seq": 1, "events": 1, "reason": "unknown gateway"}
    assert json.loads(shown.stdout)["type"] == "reader_event"
    assert (missing.exit_code, nothing.exit_code, unclear.exit_code) == (1, 1, 2)
    assert (again.stdout, left.stdout) == ("1 batches will be sent again\n", "")


def commands(group: click.Group) -> list[click.Command]:
    """All commands, those of groups within too; the program imports each only when it is asked for."""
    context = click.Context(group)
    found = [group.get_command(context, name) for name in group.list_commands(context)]
    inner = [command for command in found if isinstance(command, click.Group)]
    alone = [command for command in found if command is not None and not isinstance(command, click.Group)]
    return alone + [command for one in inner for command in commands(one)]


def test_every_option_has_an_environment_twin_of_its_name() -> None:
    assert {"run", "decode", "explain", "fit"} <= {command.name for command in commands(main)}
    for command in commands(main):
        for option in command.params:
            if isinstance(option, click.Option) and option.name != "help":
                assert option.show_envvar
                assert option.envvar == "TAGDOCK_" + option.opts[0].lstrip("-").replace("-", "_").upper()
