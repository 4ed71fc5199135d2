"""Goods that halt, creep or wait before they go through: booked once; goods that only stand or turn: never."""

import random
from datetime import UTC, datetime, timedelta
from math import log10

import pytest
from tagdock_contract import TagRead
from tagdock_edge.clock import to_us
from tagdock_edge.config import AntennaConfig, DoorConfig, PassageConfig
from tagdock_edge.passage import Detector

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
DOOR = DoorConfig("D1", (AntennaConfig("dock-1", 1, "outside"), AntennaConfig("dock-1", 2, "inside")))
STEPS_A_S = 20


def walk(xs: list[float], seed: int) -> list[TagRead]:
    """Read a tag on its way: a place (metres, outside negative) a step, one read an antenna while it is in reach."""
    chance = random.Random(seed)
    return [
        TagRead(START + timedelta(seconds=step / STEPS_A_S, microseconds=antenna), "dock-1", antenna, "30" * 12, rssi)
        for step, x in enumerate(xs)
        for antenna, row_x in ((1, -1.0), (2, 1.0))
        if (rssi := round(-30 - 60 * log10(((x - row_x) ** 2 + 4) ** 0.5) + chance.gauss(0, 2), 1)) > -72
    ]


def line(begin: float, end: float, steps: int = 40) -> list[float]:
    return [begin + (end - begin) * step / (steps - 1) for step in range(steps)]


def stand(x: float, seconds: float) -> list[float]:
    return [x] * round(seconds * STEPS_A_S)


HALTS = {
    "halts outside the door for seconds": (line(-3, -0.6) + stand(-0.6, 7) + line(-0.6, 3), "in"),
    "waits half a minute, then goes through": (line(-3, -2.2) + stand(-2.2, 30) + line(-2.2, 3), "in"),
    "waits half a minute, then goes out": (line(3, 2.2) + stand(2.2, 30) + line(2.2, -3), "out"),
    "waits, goes through, and lingers behind the door": (
        line(-3, -2.2) + stand(-2.2, 25) + line(-2.2, 1.5, 60) + stand(1.5, 9) + line(1.5, 3, 20),
        "in",
    ),
    "creeps through in 20 s": (line(-3, 3, 20 * STEPS_A_S), "in"),
    "comes in and is set down": (line(-3, 1.5) + stand(1.5, 60), "in"),
    "comes, stands and goes back": (line(-3, -1.2) + stand(-1.2, 40) + line(-1.2, -3), None),
    "halts in the doorway and turns round": (line(-3, 0.2) + stand(0.2, 6) + line(0.2, -3), None),
    "halts behind the door and turns round": (line(-3, 0.6) + stand(0.6, 4) + line(0.6, -3), None),
    "stands for minutes": (stand(-1.5, 120), None),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("xs", "way"), HALTS.values(), ids=HALTS)
def test_goods_that_go_through_are_booked_once_however_long_they_halt(
    xs: list[float], way: str | None, seed: int
) -> None:
    detector, told = Detector([DOOR], PassageConfig()), []
    for read in walk(xs, seed):
        detector.add(read)
        told += detector.advance(to_us(read.at))
    told += detector.flush()
    assert [one.direction for one in told if one.direction != "pass"] == ([] if way is None else [way])


PIECES = {
    "creeps in, hidden in the doorway": (line(-3, 3, 24 * STEPS_A_S), "in"),
    "creeps out, hidden in the doorway": (line(3, -3, 24 * STEPS_A_S), "out"),
    "creeps to the door, hidden there, and back": (
        line(-3, 0.6, 12 * STEPS_A_S) + line(0.6, -3, 12 * STEPS_A_S),
        None,
    ),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("xs", "way"), PIECES.values(), ids=PIECES)
def test_goods_heard_in_pieces_are_told_by_how_they_came_and_went(xs: list[float], way: str | None, seed: int) -> None:
    """Neither piece changes much; a restart between them changes nothing."""
    reads = [read for read in walk(xs, seed) if abs(xs[step_of(read)]) > 0.8]
    detector, told = Detector([DOOR], PassageConfig()), []
    for read in reads:
        kept = detector.snapshot()
        detector = Detector([DOOR], PassageConfig())
        detector.restore(kept)
        detector.add(read)
        told += detector.advance(to_us(read.at))
    told += detector.flush()
    assert [one.direction for one in told if one.direction != "pass"] == ([] if way is None else [way])


def step_of(read: TagRead) -> int:
    return round((read.at - START).total_seconds() * STEPS_A_S)
