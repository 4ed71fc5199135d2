"""A door's hill of power: goods that hide a tag make it lower, hardly narrower, so its width tells the nearer door."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from math import exp, log10

import pytest
from tagdock_contract import TagRead
from tagdock_edge.config import AntennaConfig, DoorConfig, PassageConfig
from tagdock_edge.passage import Detector
from tagdock_edge.passage.hill import HILL_NATS, farther
from tagdock_edge.passage.looks import Look

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
ROWS = (1, "outside", -1.0), (2, "inside", 1.0)
DOORS = [
    DoorConfig(f"D{door + 1}", tuple(AntennaConfig(f"dock-{door + 1}", port, side) for port, side, _ in ROWS))
    for door in range(2)
]


def hill(width_s: float, looks: int = 30, at_dbm: float = -50.0, apart_s: float = 0.1) -> list[Look]:
    """An antenna's looks at a tag that passes it, so wide (standard deviation of power over time)."""
    times = [(n - (looks - 1) / 2) * apart_s for n in range(looks)]
    powers = [10 ** (at_dbm / 10) * exp(-0.5 * (at_s / width_s) ** 2) for at_s in times]
    return [Look(round(at_s * 1e6), power, 10 * log10(power)) for at_s, power in zip(times, powers, strict=True)]


def test_the_door_with_the_narrower_hill_is_the_nearer_one_however_weak_it_is() -> None:
    less = farther({0: hill(0.4, at_dbm=-70.0), 1: hill(0.6, at_dbm=-50.0)}, (0, 1))
    assert less[0] == 0.0
    assert 1.0 < less[1] <= HILL_NATS


def test_hills_of_one_width_say_nothing() -> None:
    assert max(farther({0: hill(0.5), 1: hill(0.5, at_dbm=-65.0)}, (0, 1)).values()) == pytest.approx(0.0)


def test_few_looks_say_less_than_many() -> None:
    many = farther({0: hill(0.4), 1: hill(0.5)}, (0, 1))[1]
    few = farther({0: hill(0.4, looks=5, apart_s=0.25), 1: hill(0.5, looks=5, apart_s=0.25)}, (0, 1))[1]
    assert 0.0 < few < many


def test_no_hill_says_more_than_its_most() -> None:
    assert farther({0: hill(0.1), 1: hill(5.0)}, (0, 1))[1] == HILL_NATS


@pytest.mark.parametrize(
    "seen", [{}, {0: hill(0.4)}, {0: hill(0.4), 1: hill(0.6, looks=1)}], ids=["nothing", "one door", "one look"]
)
def test_a_door_that_saw_no_hill_is_not_compared(seen: dict[int, list[Look]]) -> None:
    assert farther(seen, (0, 1)) == {}


def test_antennas_of_a_door_have_hills_of_their_own_times() -> None:
    later = [Look(look.at_us + 3_000_000, *look[1:]) for look in hill(0.4)]
    assert farther({0: hill(0.4), 1: later, 2: hill(0.6)}, (0, 0, 1))[0] == 0.0


def hidden_load(tags: int, hidden_db: float, seed: int) -> list[TagRead]:
    """Let a load pass D1 whose goods take so much of what D1's antennas hear; D2 is 3 m beside it, both 3 m high."""
    chance, reads = random.Random(seed), []
    for tag in range(tags):
        ahead = chance.uniform(-0.5, 0.5)
        for step in range(100):
            x = -4.0 + 0.08 * step + ahead
            for door, lost_db in ((0, hidden_db), (1, 0.0)):
                for port, _, row_x in ROWS:
                    far_m = ((x - row_x) ** 2 + (3.0 * door) ** 2 + 9.0) ** 0.5
                    rssi = round(10.0 - 120.0 * log10(far_m) - lost_db + chance.gauss(0, 2), 1)
                    if rssi > -85.0:
                        at = START + timedelta(seconds=step / 20, microseconds=10 * tag + port)
                        reads.append(TagRead(at, f"dock-{door + 1}", port, f"{0x30 << 88 | tag:024X}", rssi))
    return sorted(reads, key=lambda read: read.at)


@pytest.mark.parametrize("seed", range(3))
def test_a_load_that_its_goods_hide_from_its_own_door_is_told_there(seed: int) -> None:
    detector = Detector(DOORS, PassageConfig())
    for read in hidden_load(12, 20.0, seed):
        detector.add(read)
    assert Counter((one.door, one.direction) for one in detector.flush()) == {("D1", "in"): 12}
