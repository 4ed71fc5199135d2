"""Passages: reads of invented but plain physics in, verdicts out; and what must not change a verdict."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from math import log10

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tagdock_contract import GatewayAddress, InputChange, TagRead, read_evidence
from tagdock_edge.clock import to_us
from tagdock_edge.config import AntennaConfig, DoorConfig, PassageConfig, PhotoEyesConfig
from tagdock_edge.passage import Detector, Verdict, movement

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
TAG = "3074257BF7194E4000001A85"
GATEWAY = GatewayAddress("s1", "gw-1")
DOORS = tuple(
    DoorConfig(
        f"D{n}",
        (AntennaConfig(f"dock-{n}", 1, "outside"), AntennaConfig(f"dock-{n}", 2, "inside")),
        PhotoEyesConfig(f"dock-{n}", 1, 2),
    )
    for n in (1, 2)
)


def walk(
    xs: Iterable[float], epc: str = TAG, *, door: int = 1, step_s: float = 0.05, loss_db: float = 0.0, seed: int = 1
) -> list[TagRead]:
    """Read a tag on its way: one place (metres, outside negative) a step, one read an antenna while it is in reach."""
    chance = random.Random(seed)
    return [
        TagRead(START + timedelta(seconds=step * step_s, microseconds=antenna), f"dock-{door}", antenna, epc, rssi)
        for step, x in enumerate(xs)
        for antenna, row_x in ((1, -1.0), (2, 1.0))
        if (rssi := round(-30 - 60 * log10(((x - row_x) ** 2 + 4) ** 0.5) + chance.gauss(0, 2) - loss_db, 1)) > -72
    ]


def line(begin: float, end: float, steps: int = 40) -> list[float]:
    return [begin + (end - begin) * step / (steps - 1) for step in range(steps)]


def verdicts(reads: Iterable[TagRead], detector: Detector | None = None) -> list[Verdict]:
    detector = detector or Detector(DOORS, PassageConfig())

    def each() -> Iterator[Verdict]:
        for read in reads:
            detector.add(read)
            yield from detector.advance(to_us(read.at))
        yield from detector.flush()

    return list(each())


WAYS = {
    "comes in": (line(-3, 3), ["in"]),
    "goes out": (line(3, -3), ["out"]),
    "comes in slowly": (line(-3, 3, 200), ["in"]),
    "comes in and stays inside": (line(-3, 2) + [2.0] * 600, ["in"]),
    "turns round in the doorway": (line(-3, 0) + [0.0] * 20 + line(0, -3), ["pass"]),
    "stands outside": ([-2.0] * 800, ["pass"]),
    "stands, then comes in": ([-2.0] * 400 + line(-2, 3), ["pass", "in"]),
    "goes by outside": ([-4.5 - abs(x) for x in line(-2, 2)], ["pass"]),
}


@pytest.mark.parametrize(("xs", "expected"), WAYS.values(), ids=WAYS)
def test_the_way_is_told(xs: list[float], expected: list[str]) -> None:
    told = verdicts(walk(xs))
    assert [verdict.direction for verdict in told] == expected
    assert {verdict.door for verdict in told} == {"D1"}


@pytest.mark.parametrize("inside_loss_db", [-20, 20])
def test_unequal_rows_do_not_matter(inside_loss_db: float) -> None:
    """A row may hear a tag 20 dB worse than the other: the goods are in between."""
    louder_db = {1: inside_loss_db / 2, 2: -inside_loss_db / 2}
    reads = [TagRead(r.at, r.reader, r.antenna, r.epc, r.rssi_dbm + louder_db[r.antenna]) for r in walk(line(-3, 3))]
    assert [verdict.direction for verdict in verdicts(reads)] == ["in"]


def test_the_stronger_door_wins_and_the_other_is_named() -> None:
    own, neighbour = walk(line(-3, 3), door=2), walk(line(-3, 3), door=1, loss_db=12, seed=2)
    (verdict,) = verdicts(sorted([*own, *neighbour], key=lambda read: read.at))
    assert (verdict.door, verdict.direction) == ("D2", "in")
    (lost,) = verdict.evidence.doors_lost
    assert lost.door == "D1"
    assert lost.reads == len(neighbour)
    assert 0 < lost.score < 0.5


def test_of_four_reads_alike_no_crossing_is_made() -> None:
    reads = [TagRead(START + timedelta(milliseconds=60 * n), "dock-1", 1 + n % 2, TAG, -60.0 - n % 3) for n in range(4)]
    (verdict,) = verdicts(reads)
    assert verdict.direction in ("uncertain", "pass")
    assert verdict.confidence < 0.9


def test_two_passages_are_two_movements() -> None:
    back = [TagRead(r.at + timedelta(seconds=30), r.reader, r.antenna, r.epc, r.rssi_dbm) for r in walk(line(3, -3))]
    first, second = verdicts([*walk(line(-3, 3)), *back])
    assert (first.direction, second.direction) == ("in", "out")
    assert movement(first, GATEWAY).event_id != movement(second, GATEWAY).event_id


def test_a_verdict_comes_when_the_tag_has_left_and_not_before() -> None:
    detector, reads = Detector(DOORS, PassageConfig(left_after_s=2.5)), walk(line(-3, 3))
    for read in reads:
        detector.add(read)
    left_us = to_us(reads[-1].at)
    assert detector.advance(left_us + 2_499_999) == []
    assert len(detector.advance(left_us + 2_500_000)) == 1
    assert detector.open_tags == detector.open_reads == 0


def test_goods_that_stop_in_the_field_are_told_within_fifteen_seconds() -> None:
    detector = Detector(DOORS, PassageConfig())
    told = []
    reads = walk(line(-3, 0.8, 30) + [0.8] * 1000)
    for read in reads:
        detector.add(read)
        told += [(to_us(read.at), verdict) for verdict in detector.advance(to_us(read.at))]
    at_us, _ = told[0]
    stopped_us = to_us(START) + 1_500_000
    assert at_us - stopped_us <= 16_100_000  # a look a second
    assert len(told) == 1


def test_parked_goods_are_told_once_and_fill_no_memory() -> None:
    detector, most, told = Detector(DOORS, PassageConfig()), 0, []
    for read in walk([-2.0] * 6000):
        detector.add(read)
        told += detector.advance(to_us(read.at))
        most = max(most, detector.open_reads)
    assert [verdict.direction for verdict in told] == ["pass"]
    assert most < 1000  # 6,000 steps in five minutes, but never more than some 15 s of them


def test_memory_is_bounded_by_tags_and_by_reads() -> None:
    detector = Detector(DOORS, PassageConfig(), tags_at_most=10, reads_at_most=50)
    told = []
    for number in range(40):
        for read in walk(line(-1, 1, 5), f"30{number:022X}"):
            detector.add(read)
            assert detector.open_tags <= 10
            assert detector.open_reads <= 50
    told += detector.flush()
    assert {verdict.epc_hex for verdict in told} == {f"30{number:022X}" for number in range(40)}
    assert detector.counts.decided_early > 0


def test_a_read_that_comes_after_its_verdict_changes_nothing() -> None:
    detector, reads = Detector(DOORS, PassageConfig()), walk(line(-3, 3))
    late = reads.pop(20)
    for read in reads:
        detector.add(read)
    (verdict,) = detector.advance(to_us(reads[-1].at) + 3_000_000)
    detector.add(late)
    assert detector.flush() == []
    assert detector.counts.late == 1
    whole = verdicts(walk(line(-3, 3)))[0]
    assert movement(verdict, GATEWAY).event_id == movement(whole, GATEWAY).event_id


def test_reads_of_other_antennas_are_only_counted() -> None:
    detector = Detector(DOORS, PassageConfig())
    detector.add(TagRead(START, "office", 1, TAG, -40.0))
    assert (detector.open_tags, detector.counts.elsewhere) == (0, 1)


def test_broken_beams_are_in_the_evidence() -> None:
    detector, reads = Detector(DOORS, PassageConfig()), walk(line(-3, 3))
    for seconds, gpi, state in ((0.5, 1, True), (0.9, 1, False), (0.6, 9, True), (1.2, 2, True), (1.3, 2, True)):
        detector.add_input(InputChange(START + timedelta(seconds=seconds), "dock-1", gpi, state))
    told = movement(verdicts(reads, detector)[0], GATEWAY)
    evidence = read_evidence(told)
    assert evidence is not None
    assert [(eye.side, eye.cleared_at is None) for eye in evidence.photo_eyes] == [("outside", False), ("inside", True)]


@settings(max_examples=40, deadline=None)
@given(
    chance=st.randoms(use_true_random=False),
    xs=st.sampled_from([line(-3, 3), line(3, -3), line(-3, 0, 20) + line(0, -3, 20)]),
)
def test_order_and_doubles_change_nothing(chance: random.Random, xs: list[float]) -> None:
    """Reads may come in any order as long as none is late by `left_after_s`; here all come within two seconds."""
    reads = walk(xs)
    mixed = [*reads, *chance.sample(reads, 10)]
    chance.shuffle(mixed)
    detector = Detector(DOORS, PassageConfig())
    for read in mixed:
        detector.add(read)
    assert [movement(v, GATEWAY) for v in detector.flush()] == [movement(v, GATEWAY) for v in verdicts(reads)]


@settings(max_examples=40, deadline=None)
@given(shift_us=st.integers(-(10**14), 10**14))
def test_a_shift_in_time_changes_only_times(shift_us: int) -> None:
    reads, shift = walk(line(-3, 3)), timedelta(microseconds=shift_us)
    moved = [TagRead(r.at + shift, r.reader, r.antenna, r.epc, r.rssi_dbm) for r in reads]
    (was,), (now,) = verdicts(reads), verdicts(moved)
    assert (now.door, now.direction, now.confidence) == (was.door, was.direction, was.confidence)
    assert now.observed_us - was.observed_us == now.first_us - was.first_us == shift_us
    assert now.evidence.reason == was.evidence.reason


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_mirrored_way_is_the_other_direction(seed: int) -> None:
    """Swap the rows of one passage: the same reads then tell the opposite, with the same confidence."""
    reads = walk(line(-3, 3), seed=seed)
    mirrored = [TagRead(r.at, r.reader, 3 - r.antenna, r.epc, r.rssi_dbm) for r in reads]
    (was,), (now,) = verdicts(reads), verdicts(mirrored)
    assert {was.direction, now.direction} == {"in", "out"}
    assert now.confidence == pytest.approx(was.confidence, abs=1e-3)


def test_many_tags_read_once_and_all_alike_tell_no_way() -> None:
    """A reader that tells no strength gives each read the same: nothing changes, and nothing may be divided by it."""
    reads = [
        TagRead(START + timedelta(milliseconds=2 * n), "dock-1", 1 + n % 2, f"30{n:022X}", -60.0) for n in range(1600)
    ]
    assert {verdict.direction for verdict in verdicts(reads)} <= {"pass", "uncertain"}


@pytest.mark.parametrize("together_s", [0.0, 0.2])
def test_single_tags_in_step_at_doors_that_do_not_hear_each_other_are_told_each_at_its_own(together_s: float) -> None:
    first = walk(line(-3, 3), "30" + "0" * 21 + "1", door=1)
    second = [
        msgspec.structs.replace(read, at=read.at + timedelta(seconds=together_s))
        for read in walk(line(-3, 3), "30" + "0" * 21 + "2", door=2, seed=2)
    ]
    told = verdicts(sorted([*first, *second], key=lambda read: read.at))
    assert {verdict.epc_hex[-1]: (verdict.door, verdict.direction) for verdict in told} == {
        "1": ("D1", "in"),
        "2": ("D2", "in"),
    }
