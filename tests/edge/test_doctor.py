"""The doctor: what is wrong is found and told with its remedy; what runs is not disturbed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tagdock_contract import Ack, ReaderEvent, Refusal, content_uuid7
from tagdock_edge import doctor
from tagdock_edge.cli import main
from tagdock_edge.config_file import load
from tagdock_edge.doctor import clock as clock_check
from tagdock_edge.doctor.clock import look_at_clock
from tagdock_edge.doctor.disk import look_at_disk
from tagdock_edge.doctor.doors import look_at_doors
from tagdock_edge.outbox import Outbox

READS = "".join(
    f'{{"at":"2026-01-05T08:00:{n:02d}Z","reader":"dock-1","antenna":1,"epc":"3034257BF7194E4000001A85","rssi_dbm":-52}}\n'
    for n in range(20)
)
TWO_ROWS = '{ reader = "dock-1", antenna = 1, side = "outside" }, { reader = "dock-1", antenna = 2, side = "inside" }'
ONE_ROW = TWO_ROWS.replace('"outside"', '"inside"')


def configured(folder: Path, port: int, reader: str, antennas: str = TWO_ROWS, more: str = "") -> Path:
    file = folder / "gateway.toml"
    file.write_text(
        f'[gateway]\nid = "gw-1"\nsite = "s1"\nbroker = "mqtt://127.0.0.1:{port}"\n'
        f'[[reader]]\nname = "dock-1"\n{reader}\n[[door]]\nname = "D1"\nantennas = [{antennas}]\n{more}'
    )
    return file


def played(folder: Path, port: int) -> Path:
    (folder / "reads.jsonl").write_text(READS)
    return configured(folder, port, 'driver = "recording"\nfile = "reads.jsonl"\nspeed = 0')


def seen(file: Path, *more: str) -> tuple[Result, dict[str, list[dict[str, str]]]]:
    result = CliRunner().invoke(main, ["doctor", "--config", str(file), "--json", "--for", "1s", *more])
    findings: dict[str, list[dict[str, str]]] = {}
    for line in result.stdout.splitlines():
        finding = json.loads(line)
        findings.setdefault(finding["subject"], []).append(finding)
    return result, findings


def test_a_gateway_that_can_work_is_told_so(tmp_path: Path, broker: Any) -> None:
    result, findings = seen(played(tmp_path, broker.port))
    assert result.exit_code == 0
    assert [each["verdict"] for each in findings["broker"]] == ["ok", "ok"]
    assert findings["reader dock-1"][0]["detail"].startswith("works, 20 reads")
    assert not (tmp_path / "outbox.sqlite").exists()


def test_a_broker_that_is_away_and_a_reader_that_is_away_are_named(tmp_path: Path) -> None:
    file = configured(tmp_path, 1, 'driver = "llrp"\nhost = "127.0.0.1"\nport = 1')
    result, findings = seen(file)
    assert result.exit_code == 1
    assert "can't be reached" in findings["broker"][0]["detail"]
    assert "127.0.0.1:1 can't be reached" in findings["reader dock-1"][0]["detail"]


def test_each_right_at_the_broker_is_tried(tmp_path: Path, guarded_broker: Any) -> None:
    file = played(tmp_path, guarded_broker.port)
    guarded_broker.allow("read tagdock/v1/s1/gw-1/ack")
    _, findings = seen(file)
    assert [each["verdict"] for each in findings["broker"]] == ["ok", "bad"]
    assert "publishing is refused" in findings["broker"][1]["detail"]
    assert findings["broker"][1]["remedy"] == "allow it to write tagdock/v1/s1/gw-1/#"


def test_a_gateway_that_runs_is_left_alone(tmp_path: Path, broker: Any) -> None:
    file = played(tmp_path, broker.port)
    outbox = Outbox(load(file, {}).outbox)  # as a running gateway holds it
    result, findings = seen(file)
    outbox.close()
    assert result.exit_code == 0
    assert findings["gateway"][0]["verdict"] == "skipped"
    assert "broker" not in findings
    assert "reader dock-1" not in findings


def test_an_antenna_at_which_nothing_answers_is_named(tmp_path: Path, broker: Any, peer: Any) -> None:
    file = configured(tmp_path, broker.port, f'driver = "llrp"\nhost = "127.0.0.1"\nport = {peer.port}')
    _, findings = seen(file)
    assert findings["reader dock-1"][0]["verdict"] == "ok"
    assert "no tag was read at antenna 1, 2" in findings["reader dock-1"][1]["detail"]


def test_a_reader_that_refuses_is_told_with_its_own_words(tmp_path: Path, broker: Any, peer: Any) -> None:
    peer.attempt = 1
    file = configured(tmp_path, broker.port, f'driver = "llrp"\nhost = "127.0.0.1"\nport = {peer.port}')
    result, findings = seen(file)
    assert result.exit_code == 1
    assert "refused the connection" in findings["reader dock-1"][0]["detail"]


def test_parked_batches_are_mentioned(tmp_path: Path) -> None:
    config = load(played(tmp_path, 1), {})
    outbox = Outbox(config.outbox)
    outbox.add([ReaderEvent(content_uuid7(1, "a"), datetime(2026, 1, 5, 8, tzinfo=UTC), "s1", "dock-1", "up")])
    (batch,) = outbox.form()
    outbox.settle([Ack(epoch=outbox.epoch, refused=(Refusal(batch.seq, "no such site"),))])
    outbox.close()
    findings = {each.subject: each for each in look_at_disk(config)}
    assert findings["outbox"].verdict == "warning"
    assert findings["outbox"].detail == "the cloud refused 1 batches"


def test_a_folder_that_cannot_be_written_is_bad(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    finding, *others = look_at_disk(load(played(tmp_path, 1), {}, tmp_path / "data"))
    assert finding.verdict == "bad"
    assert finding.remedy
    assert not others


DOORS = {
    "two rows": (TWO_ROWS, "", "ok", "two rows"),
    "one row": (ONE_ROW, "", "warning", "only if they are turned"),
    "one row and eyes": (
        ONE_ROW,
        'photo_eyes = { reader = "dock-1", outside_gpi = 1, inside_gpi = 2 }\n',
        "ok",
        "photo-eyes, which tell the way",
    ),
    "one row and one eye": (
        ONE_ROW,
        'photo_eyes = { reader = "dock-1", outside_gpi = 1 }\n',
        "warning",
        "only if they are turned",
    ),
}


@pytest.mark.parametrize(("antennas", "more", "verdict", "words"), DOORS.values(), ids=DOORS)
def test_a_door_is_judged_by_what_tells_the_way(
    tmp_path: Path, antennas: str, more: str, verdict: str, words: str
) -> None:
    config = load(configured(tmp_path, 1, 'driver = "llrp"\nhost = "127.0.0.1"', antennas, more), {})
    finding = next(look_at_doors(config))
    assert finding.verdict == verdict
    assert words in finding.detail


def test_verdicts_that_would_come_late_are_mentioned(tmp_path: Path) -> None:
    more = "[passage]\nleft_after_s = 4\n"
    config = load(configured(tmp_path, 1, 'driver = "llrp"\nhost = "127.0.0.1"', TWO_ROWS, more), {})
    assert [each.subject for each in look_at_doors(config)] == ["door D1", "passage.left_after_s"]


@pytest.mark.parametrize(("kept", "verdict"), [(True, "ok"), (False, "warning"), (None, "skipped")])
def test_the_clock_is_judged_by_the_kernel(monkeypatch: pytest.MonkeyPatch, kept: bool | None, verdict: str) -> None:
    monkeypatch.setattr(clock_check, "_is_kept", lambda: kept)
    assert look_at_clock().verdict == verdict


def test_a_clock_in_the_past_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_check.time, "time", lambda: 0.0)
    assert look_at_clock().verdict == "bad"


def test_what_is_shown_names_the_remedy_on_a_line_of_its_own() -> None:
    finding = doctor.Finding("disk", "bad", "is full", "free some")
    assert doctor.shown(finding) == "BAD  disk: is full\n       -> free some"
