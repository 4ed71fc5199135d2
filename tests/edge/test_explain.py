"""A movement explained: its story found by its id, as text and as a picture."""

import builtins
import json
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from tagdock_contract import Record, decode_record
from tagdock_edge.cli import main
from tagdock_edge.clock import to_us
from tagdock_edge.config import GatewayConfig
from tagdock_edge.config_file import load
from tagdock_edge.errors import ExplainError
from tagdock_edge.explain import Story, tell, write
from tagdock_edge.explain.text import ASCII, COLUMNS
from tagdock_edge.journal import Journal
from tagdock_edge.pipeline import replay

CONFIG = """
[gateway]
id = "gw-1"
site = "s1"
broker = "mqtt://127.0.0.1:1"
[[reader]]
name = "a-reader-with-a-long-name"
driver = "llrp"
host = "127.0.0.1"
"""
DOOR = """
[[door]]
name = "%s"
antennas = [
  { reader = "a-reader-with-a-long-name", antenna = %d, side = "outside" },
  { reader = "a-reader-with-a-long-name", antenna = %d, side = "inside" },
  { reader = "a-reader-with-a-long-name", antenna = %d, side = "inside" },
]
photo_eyes = { reader = "a-reader-with-a-long-name", outside_gpi = %d, inside_gpi = %d }
"""
EPC = "3074257BF7194E%02X"


def line(at_s: float, **what: object) -> str:
    return json.dumps({"at": f"2026-01-05T08:00:{at_s:09.6f}Z", "reader": "a-reader-with-a-long-name", **what})


def recorded() -> str:
    """Three tags come in through D1 one after the other; D2's outside antenna overhears the first of them at last."""
    lines = []
    for tag in range(3):
        for n in range(40):
            at_s = 10 + tag * 0.1 + n * 0.05
            for antenna, middle_s in ((1, 10.7), (2, 11.3)):
                rssi = round(-45.0 - 20 * (at_s - middle_s - tag * 0.1) ** 2, 1)
                lines.append(line(at_s + antenna / 1000, antenna=antenna, epc=EPC % tag, rssi_dbm=rssi))
    lines += [line(12.4, antenna=4, epc=EPC % 0, rssi_dbm=-70.5)]
    lines += [line(at_s, gpi=gpi, state=state) for at_s, gpi, state in EYES]
    return "\n".join(sorted(lines)) + "\n"


EYES = ((10.4, 1, True), (11.0, 2, True), (11.2, 1, False), (12.5, 2, False))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gateway.toml").write_text(CONFIG + DOOR % ("D1", 1, 2, 3, 1, 2) + DOOR % ("D2", 4, 5, 6, 3, 4))
    (tmp_path / "reads.jsonl").write_text(recorded())
    return tmp_path


@pytest.fixture
def config(folder: Path) -> GatewayConfig:
    return load(folder / "gateway.toml", {})


def records() -> list[Record]:
    return [decode_record(each.encode()) for each in recorded().splitlines()]


@pytest.fixture
def event_id(config: GatewayConfig) -> UUID:
    return next(each.event_id for each in replay(records(), config) if each.epc_hex == EPC % 0)


@pytest.fixture
def story(config: GatewayConfig, event_id: UUID) -> Story:
    return tell(records, config, event_id)


def test_the_story_holds_every_read_of_the_tag_by_antenna(story: Story) -> None:
    assert (story.movement.direction, story.movement.door) == ("in", "D1")
    rows = [(row.place, row.side, row.antenna, len(row.dots)) for row in story.rows]
    assert rows == [("D1", "outside", 1, 40), ("D1", "inside", 2, 40), ("D2", "outside", 4, 1)]
    assert [(row.place, row.antenna) for row in story.idle] == [("D1", 3)]
    assert story.rows[0].peak.at_us - story.first_us == pytest.approx(700_000, abs=60_000)
    assert [(mate.direction, mate.apart_us > 0) for mate in story.mates] == [("in", True), ("in", True)]


def test_the_text_shows_reads_eyes_mates_doors_and_the_decision(story: Story) -> None:
    text = write(story)
    rows = {each.split("│")[0].strip(): each.split("│")[1] for each in text.splitlines() if "│" in each}
    outside, inside = (next(cells for name, cells in rows.items() if name.endswith(f"/{n}")) for n in (1, 2))
    assert outside.index("█") < inside.index("█"), "the outside row heard it loudest first"
    eyes = [cells for name, cells in rows.items() if name.endswith("eye")]
    assert [cells.index("━") for cells in eyes] == sorted(cells.index("━") for cells in eyes)
    assert len({cells.index("━") for cells in eyes}) == 2
    for words in (
        "Came in through D1",
        "no read",
        "2 other tags at D1 within 3 s: 2 in",
        "D1 won over D2",
        "at the door",
    ):
        assert words in text
    assert story.evidence.reason.split(";")[0] in text
    assert len(eyes) == 2, "each beam once"
    assert [name[:2] for name in rows if name[:1] == "D"] == ["D1", "D2"], "each door once, the one that won first"


def test_no_line_is_too_long_for_a_terminal(story: Story) -> None:
    for text in (write(story), write(story, ASCII)):
        assert max(map(len, text.splitlines())) <= COLUMNS
    assert write(story, ASCII).isascii()


def run(folder: Path, event_id: object, *arguments: str, **more: object) -> Result:
    command = ["explain", str(event_id), "--config", str(folder / "gateway.toml"), *arguments]
    return CliRunner(**more).invoke(main, command)  # type: ignore[arg-type]


def test_a_recording_and_the_journal_explain_alike(folder: Path, config: GatewayConfig, event_id: UUID) -> None:
    journal = Journal(config.journal)
    for each in records():
        journal.append([each], to_us(each.at))
    journal.close()
    results = [run(folder, event_id, "--recording", str(folder / "reads.jsonl")), run(folder, event_id)]
    assert [each.exit_code for each in results] == [0, 0]
    assert results[0].stdout == results[1].stdout
    assert "Came in through D1" in results[0].stdout


def test_a_terminal_that_knows_no_blocks_gets_plain_signs(folder: Path, event_id: UUID) -> None:
    result = run(folder, event_id, "--recording", str(folder / "reads.jsonl"), charset="ascii")
    assert result.exit_code == 0
    assert "|" in result.stdout
    assert "█" not in result.stdout


def test_the_picture_shows_the_reads(folder: Path, event_id: UUID) -> None:
    pytest.importorskip("matplotlib", reason="pip install 'tagdock-edge[pictures]' runs this test")
    from matplotlib.image import imread

    file = folder / "story.png"
    result = run(folder, event_id, "--recording", str(folder / "reads.jsonl"), "--png", str(file))
    assert result.exit_code == 0
    assert "Came in through D1" in result.stdout, "the text comes all the same"
    pixels = imread(file)[..., :3]
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):
        near = abs(pixels * 255 - colour).max(axis=2) < 3
        assert near.sum() > 200, "outside is blue, inside orange"


def test_without_matplotlib_the_remedy_is_named(folder: Path, event_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: object, **more: object) -> object:
        if name.split(".", maxsplit=1)[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "tagdock_edge.picture", raising=False)
    monkeypatch.setattr(builtins, "__import__", missing)
    result = run(folder, event_id, "--recording", str(folder / "reads.jsonl"), "--png", str(folder / "x.png"))
    assert result.exit_code == 1
    assert "pip install 'tagdock-edge[pictures]'" in result.stderr


NOBODY = UUID("019b8d5f-0000-7000-8000-000000000000")


@pytest.mark.parametrize(
    ("event_id", "given", "problem"),
    [
        (uuid4(), records, "these are of version 7"),
        (NOBODY, records, "first read at .*, and the records go from 2026-01-05 08:00:10 UTC"),
        (NOBODY, list, "not one record here"),
    ],
    ids=["no id of ours", "another time", "nothing recorded"],
)
def test_an_unknown_id_says_what_to_check(config: GatewayConfig, event_id: UUID, given: object, problem: str) -> None:
    with pytest.raises(ExplainError, match=problem):
        tell(given, config, event_id)  # type: ignore[arg-type]


def test_an_id_of_another_gateway_says_what_to_check(folder: Path, event_id: UUID) -> None:
    text = (folder / "gateway.toml").read_text()
    (folder / "gateway.toml").write_text(text.replace('"s1"', '"s2"'))
    result = run(folder, event_id, "--recording", str(folder / "reads.jsonl"))
    assert result.exit_code == 1
    assert "check that --config is the one of that gateway" in result.stderr


def test_an_id_that_is_none_is_wrong_usage(folder: Path) -> None:
    assert run(folder, "x", "--recording", str(folder / "reads.jsonl")).exit_code == 2


SHELVES = """
[[shelf]]
bin = "A-01-1"
antennas = [{ reader = "a-reader-with-a-long-name", antenna = 7 }]

[[shelf]]
bin = "A-01-2"
antennas = [
  { reader = "a-reader-with-a-long-name", antenna = 8 },
  { reader = "a-reader-with-a-long-name", antenna = 9 },
]
"""


def test_a_move_between_bins_is_explained_by_what_both_read(folder: Path) -> None:
    file = folder / "gateway.toml"
    file.write_text(file.read_text() + SHELVES)
    lines = [line(n / 10, antenna=7, epc=EPC % 0, rssi_dbm=-61.0) for n in range(1, 50)]
    lines += [line(5.5 + n / 10, antenna=8, epc=EPC % 0, rssi_dbm=-57.5) for n in range(5)]
    found = [decode_record(each.encode()) for each in lines]
    config = load(file, {})
    arrived, left, moved = replay(found, config)
    story = tell(lambda: found, config, moved.event_id)
    rows = [(row.place, row.antenna, len(row.dots)) for row in story.rows]
    assert rows == [("A-01-2", 8, 4), ("A-01-1", 7, 49)], "the fourth read was enough"
    assert [(row.place, row.antenna) for row in story.idle] == [("A-01-2", 9)]
    text = write(story)
    assert text.startswith("Came into A-01-2 at 2026-01-05 08:00:05 UTC, confidence over 99.9 %\n")
    assert "door" not in text and "None" not in text
    assert "because     moved from A-01-1 to A-01-2: 4 reads of -57.5 dBm on average are +3.5 dB" in text
    assert write(tell(lambda: found, config, left.event_id)).startswith("Left A-01-1 at")
    assert write(tell(lambda: found, config, arrived.event_id)).startswith("Came into A-01-1 at")
    (folder / "shelf.jsonl").write_text("\n".join(lines) + "\n")
    command = ["explain", str(moved.event_id), "--config", str(file), "--recording", str(folder / "shelf.jsonl")]
    pytest.importorskip("matplotlib", reason="wants tagdock-edge[pictures]")
    assert CliRunner().invoke(main, [*command, "--png", str(folder / "shelf.png")]).exit_code == 0
    assert (folder / "shelf.png").read_bytes()[1:4] == b"PNG"
