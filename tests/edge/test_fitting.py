"""Verdicts against the truth, the search for thresholds, and the command that fits them."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from tagdock_edge.cli import main
from tagdock_edge.clock import to_us
from tagdock_edge.config import JournalConfig, PassageConfig, Thresholds
from tagdock_edge.config.passage import RANGES
from tagdock_edge.config_file import load
from tagdock_edge.errors import TruthError
from tagdock_edge.fitting import Case, Claim, Fit, Tally, Truth, fit, judge_claims, read_truth
from tagdock_edge.fitting.fit import COST_MISSED, COST_WRONG, deal
from tagdock_edge.fitting.judging import ReadTimes
from tagdock_edge.fitting.search import search
from tagdock_edge.journal import Journal
from tagdock_edge.readers.recording import read_recording

S = 1_000_000
TAG, OTHER = "30AA", "30BB"
IN = Truth(TAG, "D1", "in", 100 * S)


def said(direction: str, at_s: float = 100, door: str = "D1", tag: str = TAG) -> Claim:
    return Claim(tag, door, direction, round(at_s * S))


def tally_of(truths: Sequence[Truth], claims: Sequence[Claim], read: Sequence[Truth] | None = None) -> Tally:
    times = ReadTimes(truths)
    for truth in truths if read is None else read:
        times.add(truth.epc_hex, truth.at_us)
    return Tally.total(one.tally for one in judge_claims(truths, claims, times))


@pytest.mark.parametrize(
    ("claims", "outcome", "right", "wrong"),
    [
        pytest.param([said("in")], "right", 1, 0, id="told once and right"),
        pytest.param([said("in"), said("in", 104)], "twice", 1, 1, id="twice is not once, and one of the two is wrong"),
        pytest.param([said("in"), said("out", 104)], "twice", 1, 1, id="right and then wrong"),
        pytest.param([said("in"), said("uncertain", 104)], "right", 1, 0, id="right, and a person is asked as well"),
        pytest.param([said("in", door="D2")], "wrong_door", 0, 1, id="wrong door"),
        pytest.param([said("out")], "wrong_way", 0, 1, id="wrong way"),
        pytest.param([said("out", door="D2")], "wrong_door", 0, 1, id="wrong door and way"),
        pytest.param([said("uncertain")], "uncertain", 0, 0, id="a person is asked"),
        pytest.param([said("pass")], "missed", 0, 0, id="said to have gone by"),
        pytest.param([], "missed", 0, 0, id="not told at all"),
        pytest.param([said("in", 131)], "missed", 0, 1, id="told too far away in time: missed, and one invented"),
        pytest.param([said("in", 129)], "right", 1, 0, id="told late, but near enough"),
        pytest.param([said("in", tag="30aa")], "right", 1, 0, id="hex in small letters"),
    ],
)
def test_a_crossing_has_one_outcome(claims: list[Claim], outcome: str, right: int, wrong: int) -> None:
    tally = tally_of([IN], claims)
    assert getattr(tally, outcome) == 1
    assert (
        sum(getattr(tally, each) for each in ("right", "twice", "wrong_door", "wrong_way", "uncertain", "missed")) == 1
    )
    assert (tally.claims_right, tally.wrong) == (right, wrong)
    assert tally.recall == (outcome == "right")


def test_only_crossings_with_a_read_count() -> None:
    unread = replace_truth(IN, epc_hex=OTHER)
    tally = tally_of([IN, unread], [said("in")], read=[IN])
    assert (tally.crossings, tally.unread, tally.recall) == (2, 1, 1.0)


def test_reads_belong_to_the_crossing_that_is_near() -> None:
    later = replace_truth(IN, at_us=200 * S, direction="out")
    times = ReadTimes([IN, later])
    times.add(TAG, 110 * S)
    assert times.read(IN)
    assert not times.read(later)
    times.add(TAG, 150 * S)
    assert not times.read(later)


def test_each_claim_belongs_to_the_nearest_crossing() -> None:
    """The first crossing was missed; what was told of the second must not be taken for it."""
    back = replace_truth(IN, at_us=120 * S, direction="out")
    tally = tally_of([IN, back], [said("out", 119)])
    assert (tally.right, tally.missed, tally.wrong) == (1, 1, 0)


def test_what_is_told_of_goods_that_stayed_is_invented() -> None:
    stayed = Truth(OTHER, "D1", None, 100 * S)
    tally = tally_of([IN, stayed], [said("in"), said("out", tag=OTHER), said("uncertain", tag=OTHER)])
    assert (tally.invented, tally.claims, tally.claims_right, tally.stayed, tally.asked) == (1, 2, 1, 1, 1)
    assert (tally.recall, tally.precision, tally.asking) == (1.0, 0.5, 1.0)


def test_tags_that_the_truth_does_not_name_are_nobodys() -> None:
    assert tally_of([IN], [said("in"), said("in", tag="30CC")]).claims == 1


def replace_truth(truth: Truth, **changes: object) -> Truth:
    values = {name: getattr(truth, name) for name in ("epc_hex", "door", "direction", "at_us")}
    return Truth(**{**values, **changes})  # type: ignore[arg-type]


LINE = '{"epc_hex": "30aa", "door": "D1", "at": "2026-01-05T08:00:00.5Z"%s}'


def test_truth_files_of_the_simulators_are_read() -> None:
    lines = [LINE % ', "direction": "in", "epc": "urn:x"', "", LINE % ', "direction": "pass"']
    lines.append(LINE % ', "nothing": true, "why": "turned round in the doorway"')
    truths = [*read_truth([line.encode() for line in lines], "t")]
    assert [truth.direction for truth in truths] == ["in", None, None]
    assert truths[0] == Truth("30AA", "D1", "in", 1767600000500000)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("nonsense", "t, line 1: .*write epc_hex, door, at"),
        (LINE % "", "t, line 1: has to say either a direction or nothing"),
        (LINE % ', "direction": "in", "nothing": true', "t, line 1: has to say either"),
        (LINE % ', "direction": "up"', "direction"),
        ('{"door": "D1", "at": "2026-01-05T08:00:00Z", "direction": "in"}', "epc_hex"),
        (LINE.replace("Z", "") % ', "direction": "in"', "at"),
        (LINE % (', "direction": "in", "more": "%s"' % ("x" * 5000)), "longer than 4096 bytes"),
    ],
    ids=["no JSON", "neither", "both", "unknown way", "no tag", "time without zone", "too long"],
)
def test_a_wrong_truth_is_named(line: str, problem: str) -> None:
    with pytest.raises(TruthError, match=problem):
        list(read_truth([line.encode()], "t"))


def test_the_search_finds_the_best_numbers_within_their_ranges() -> None:
    ranges = {"a": (0.1, 60.0), "b": (0.0, 1.0), "c": (1.0, 2.0)}
    seen = []

    def cost(values: dict[str, float]) -> float:
        seen.append(values)
        return abs(values["a"] - 7.0) / 7 + 3 * abs(values["b"] - 0.9) + (values["c"] - 5.0) ** 2

    *_, (_, best) = search({"a": 30.0, "b": 0.2, "c": 1.1}, ranges, cost, 300, seed=1)  # type: ignore[arg-type]
    assert best["a"] == pytest.approx(7.0, rel=0.05)
    assert best["b"] == pytest.approx(0.9, abs=0.02)
    assert best["c"] == 2.0
    assert all(low <= values[name] <= high for values in seen for name, (low, high) in ranges.items())


def test_the_search_keeps_to_its_trials_and_to_its_seed() -> None:
    def run(seed: int) -> list[object]:
        return [*search({"a": 1.0, "b": 1.0}, {"a": (0.5, 9.0), "b": (0.5, 9.0)}, lambda v: -v["a"] * v["b"], 9, seed)]

    assert run(3) == run(3)
    assert len(run(3)) == 10
    assert any(run(3) != run(seed) for seed in range(4, 9))


def test_tags_of_one_load_are_dealt_into_one_hand() -> None:
    loads = [
        [Truth(f"30{n:02X}{tag:02X}", "D1", "in", (60 * n + 1) * S + tag * S // 9) for tag in range(9)]
        for n in range(40)
    ]
    held = deal([truth for load in loads for truth in load], Random(1))
    shares = {sum(truth in held for truth in load) for load in loads}
    assert shares == {0, 9}


def loads_of(count: int) -> list[Truth]:
    return [Truth(f"30{n:04X}", "D1", "in", 60 * n * S) for n in range(count)]


def case_of(truths: list[Truth], right: object) -> Case:
    """`right(thresholds, truth)` says whether the crossing is told right; it is told as uncertain otherwise."""
    times = ReadTimes(truths)
    for truth in truths:
        times.add(truth.epc_hex, truth.at_us)

    def claims(thresholds: Thresholds) -> list[Claim]:
        ways = (("uncertain", "in")[right(thresholds, truth)] for truth in truths)  # type: ignore[operator]
        return [Claim(truth.epc_hex, "D1", way, truth.at_us) for truth, way in zip(truths, ways, strict=True)]

    return Case(truths, times, claims)


def fitted(case: Case, start: Thresholds | None = None, seed: int = 1) -> Fit:
    *_, result = fit([case], start or Thresholds(), trials=80, seed=seed)
    assert isinstance(result, Fit)
    return result


def test_thresholds_that_do_better_on_held_out_loads_are_recommended() -> None:
    truths = loads_of(60)
    result = fitted(case_of(truths, lambda thresholds, truth: thresholds.clear < 0.6), replace(Thresholds(), clear=0.8))
    assert result.better
    assert result.recommended.clear < 0.6
    assert (result.tally_before.recall, result.tally_after.recall) == (0.0, 1.0)
    assert 0 < result.tally_after.read < 60
    others = {name: value for name, value in vars_of(result.recommended).items() if name != "clear"}
    assert others.items() <= vars_of(Thresholds()).items(), "what changes nothing stays as it was"


def vars_of(thresholds: Thresholds) -> dict[str, float]:
    return {name: getattr(thresholds, name) for name in RANGES}


def test_what_only_fits_the_searched_loads_is_not_recommended() -> None:
    truths = loads_of(60)
    held = deal(truths, Random("1:0"))

    def right(thresholds: Thresholds, truth: Truth) -> bool:
        return (truth in held) == (thresholds.clear >= 0.6)

    result = fitted(case_of(truths, right), replace(Thresholds(), clear=0.7))
    assert result.after.clear < 0.6
    assert result.cost_after > result.cost_before
    assert not result.better
    assert result.recommended.clear == 0.7


def test_fewer_unsure_at_the_price_of_more_wrong_is_no_improvement() -> None:
    before, after = (
        Tally(crossings=100, right=80, asked=20, claims=80, claims_right=80),
        Tally(crossings=100, right=98, asked=0, claims=100, claims_right=98, wrong_way=2),
    )
    result = Fit(Thresholds(), replace(Thresholds(), clear=0.5), before, after, 20.0, 10.0, 1)
    assert not result.better


def test_a_wrong_booking_costs_more_than_a_passage_that_nobody_hears_of() -> None:
    assert COST_WRONG > COST_MISSED > 1


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
[passage]
left_after_s = 2.0
clear = 0.99
"""


@pytest.fixture
def door(tmp_path: Path) -> Path:
    """A gateway with one door, 12 loads of one tag each that went in or out, and their truth."""
    rng, reads, truths = Random(5), [], []
    for minute in range(12):
        way, epc = ("in", "out")[minute % 2], f"3074257BF7194E{minute:02X}"
        for n in range(40):
            at_s = n * 0.05
            for antenna, middle_s in ((1, 0.8), (2, 1.2)) if way == "in" else ((1, 1.2), (2, 0.8)):
                rssi = round(-45 - 14 * (at_s - middle_s) ** 2 + rng.gauss(0, 2.5), 1)
                at = f"2026-01-05T08:{minute:02}:{at_s + antenna / 1000:06.3f}Z"
                reads.append({"at": at, "reader": "dock-1", "antenna": antenna, "epc": epc, "rssi_dbm": rssi})
        truths.append({"epc_hex": epc, "door": "D1", "direction": way, "at": f"2026-01-05T08:{minute:02}:01Z"})
    (tmp_path / "reads.jsonl").write_text("".join(json.dumps(each) + "\n" for each in reads))
    (tmp_path / "truth.jsonl").write_text("".join(json.dumps(each) + "\n" for each in truths))
    (tmp_path / "gateway.toml").write_text(CONFIG)
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    files = [str(folder / "reads.jsonl"), "--truth", str(folder / "truth.jsonl")]
    command = ["fit", *files, "--config", str(folder / "gateway.toml"), "--trials", "12", *arguments]
    result = CliRunner().invoke(main, command)
    return result.exit_code, result.stdout, result.stderr


def test_the_block_is_one_that_the_gateway_loads(door: Path) -> None:
    status, out, _ = run(door, "-o", str(door / "passage.toml"))
    assert status == 0
    assert out == (door / "passage.toml").read_text()
    assert "# before" in out
    assert "# after" in out
    head = CONFIG[: CONFIG.index("[passage]")]
    (door / "gateway.toml").write_text(head + out)
    passage = load(door / "gateway.toml", {}).passage
    assert passage.left_after_s == 2.0
    assert passage != PassageConfig(), "the block says more than the defaults"


def test_a_copy_of_a_journal_fits_as_its_reads_do(door: Path) -> None:
    _, expected, _ = run(door)
    records = list(read_recording(door / "reads.jsonl"))
    journal = Journal(JournalConfig(door / "journal", sync="none"))
    journal.append(records, to_us(records[-1].at))
    journal.close()
    (door / "reads.jsonl").unlink()
    (door / "journal").rename(door / "reads.jsonl")
    status, out, _ = run(door)
    assert (status, out) == (0, expected)


def test_the_same_seed_fits_the_same(door: Path) -> None:
    assert run(door, "--json")[:2] == run(door, "--json")[:2]
    told = json.loads(run(door, "--json")[1])
    assert told["thresholds"].keys() == RANGES.keys()
    assert told["held_out"]["before"]["crossings"] > 0


def test_every_recording_needs_its_truth(door: Path) -> None:
    status, _, err = run(door, "--truth", str(door / "truth.jsonl"))
    assert status == 2
    assert "1 recordings need as many --truth, not 2" in err


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("D1", "D9"), "names door 'D9'; --config has D1"),
        (("2026", "2027"), "not one crossing of the truth has a read near it"),
        (('"door"', '"dock"'), "line 1: .*door"),
    ],
    ids=["another door", "another time", "no truth file"],
)
def test_a_truth_that_does_not_belong_is_refused(door: Path, change: tuple[str, str], problem: str) -> None:
    truth = door / "truth.jsonl"
    truth.write_text(truth.read_text().replace(*change))
    status, _, err = run(door)
    assert status == 1
    assert re.search(problem, err)
