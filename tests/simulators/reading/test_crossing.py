"""Reads of a crossing: decidable where the scenario is clean, the same for the same seed, bounded in rate."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from tagdock_contract import TagRead, decode_record, encode
from tagdock_simulators.doors import Crossing, two_row
from tagdock_simulators.epc import sgtin96
from tagdock_simulators.radio import Radio
from tagdock_simulators.reading import crossing_reads

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
DOORS = [two_row(f"D{n}", f"dock-{n}", y_m=4.0 * n) for n in (1, 2, 3)]
OUTSIDE, INSIDE = 1, 2


def load(tags: int, direction: str = "in", first: int = 0, **more: float) -> Crossing:
    epcs = tuple(sgtin96("9521234", "012345", first + serial).hex for serial in range(tags))
    return Crossing(epcs, "D2", direction, AT, **more)  # type: ignore[arg-type]


def reads_of(crossing: Crossing, seed: int = 1) -> list[TagRead]:
    return crossing_reads(DOORS[1], crossing, seed, neighbours=(DOORS[0], DOORS[2]))


def centre_of_energy(reads: list[TagRead]) -> float:
    power = np.array([10 ** (read.rssi_dbm / 10) for read in reads])
    seconds = np.array([(read.at - AT).total_seconds() for read in reads])
    return float((power * seconds).sum() / power.sum())


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("tags", [1, 20, 60])
def test_every_tag_of_a_clean_load_can_be_decided(tags: int, direction: str) -> None:
    first, then = (OUTSIDE, INSIDE) if direction == "in" else (INSIDE, OUTSIDE)
    for seed in range(5):
        crossing = load(tags, direction, first=seed * 100)
        rows: dict[tuple[str, int], list[TagRead]] = defaultdict(list)
        energy: defaultdict[tuple[str, str], float] = defaultdict(float)
        for read in reads_of(crossing, seed):
            energy[read.epc, read.reader] += 10 ** (read.rssi_dbm / 10)
            if read.reader == "dock-2":
                rows[read.epc, read.antenna].append(read)
        for epc in crossing.epcs:
            assert min(len(rows[epc, OUTSIDE]), len(rows[epc, INSIDE])) >= 3
            assert centre_of_energy(rows[epc, first]) < centre_of_energy(rows[epc, then])
            assert all(energy[epc, "dock-2"] > energy[epc, other] for other in ("dock-1", "dock-3"))


def test_the_same_seed_gives_the_same_reads_and_another_others() -> None:
    assert reads_of(load(10), 1) == reads_of(load(10), 1)
    assert reads_of(load(10), 1) != reads_of(load(10), 2)


def test_neighbours_do_not_change_what_the_own_door_reads() -> None:
    alone = crossing_reads(DOORS[1], load(10), 1)
    assert [read for read in reads_of(load(10), 1) if read.reader == "dock-2"] == alone


def test_reads_come_in_order_within_the_crossing_and_keep_the_contract() -> None:
    crossing = load(30)
    reads = reads_of(crossing)
    assert all(a.at <= b.at for a, b in pairwise(reads))
    assert reads[0].at >= AT
    assert reads[-1].at <= crossing.ends_at
    assert [decode_record(encode(read)) for read in reads] == reads


def test_neighbours_read_a_little() -> None:
    readers = Counter(read.reader for seed in range(5) for read in reads_of(load(60, first=seed * 100), seed))
    strays = readers["dock-1"] + readers["dock-3"]
    assert 0 < strays < 0.3 * readers["dock-2"]


def test_the_tags_in_the_field_share_what_the_reader_can_do() -> None:
    """A tag takes its time, so no more than 1 / 0.76 ms are counted a second, however many there are."""
    few, many = (len(crossing_reads(DOORS[1], load(tags), 1)) for tags in (1, 60))
    assert few < many < 2.0 / Radio().mode.tag_s
    assert many / 60 < few


def test_a_load_that_passes_by_is_seen_by_the_outer_row() -> None:
    energy: defaultdict[int, float] = defaultdict(float)
    for read in reads_of(load(20, "pass")):
        energy[read.antenna] += 10 ** (read.rssi_dbm / 10) * (read.reader == "dock-2")
    assert energy[OUTSIDE] > 10 * energy[INSIDE]


def test_a_deaf_reader_reads_nothing() -> None:
    assert crossing_reads(DOORS[1], load(5), 1, radio=Radio(transmit_dbm=-30.0)) == []


def test_an_empty_load_has_no_reads() -> None:
    assert reads_of(load(0)) == []


def test_a_crossing_of_another_door_is_refused() -> None:
    with pytest.raises(ValueError, match="is at door 'D2', not at 'D1'"):
        crossing_reads(DOORS[0], load(1), 1)
