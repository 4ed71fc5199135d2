"""Faults in what readers read."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from tagdock_contract import InputChange, Record, TagRead
from tagdock_simulators.faults.feed import TroubledFeed
from tagdock_simulators.faults.kinds import Kind
from tagdock_simulators.faults.reads import disturbed
from tagdock_simulators.faults.schedule import Fault, Schedule

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
EPC = "3034257BF7194E4000001A85"


def read(at_s: float, reader: str = "dock-1", antenna: int = 1, epc: str = EPC) -> TagRead:
    return TagRead(START + timedelta(seconds=at_s), reader, antenna, epc, -52.5, 123.0, -1.5, 5)


def under(records: list[Record], *faults: Fault, seed: int = 1) -> list[Record]:
    return list(disturbed(records, Schedule(faults, seed), START))


TEN = [read(number / 10) for number in range(10)]


def test_without_faults_records_are_what_they_were() -> None:
    assert under([*TEN]) == TEN


def test_only_the_named_reader_is_disturbed_and_only_in_its_time() -> None:
    mute = Fault(Kind.MUTE, "dock-1", 0.2, 0.3)
    records: list[Record] = [*TEN, *(read(1 + number / 10, "dock-2") for number in range(10))]
    assert under(records, mute) == [*TEN[:2], *TEN[5:], *records[10:]]


def test_a_mute_reader_tells_no_inputs_either() -> None:
    eye = InputChange(START, "dock-1", 1, True)
    assert under([eye], Fault(Kind.MUTE, "*", 0.0, 1.0)) == []


def test_a_dead_antenna_reads_nothing_and_the_others_go_on() -> None:
    other = read(0.0, antenna=2)
    eye = InputChange(START, "dock-1", 1, True)
    assert under([read(0.0), other, eye], Fault(Kind.DEAD_ANTENNA, "dock-1", 0.0, 1.0, 1)) == [other, eye]


@pytest.mark.parametrize(
    ("fault", "wrong_s"),
    [
        (Fault(Kind.CLOCK_JUMP, "dock-1", 0.0, 100.0, -3600.0), [-3600.0, -3600.0]),
        (Fault(Kind.CLOCK_SKEW, "dock-1", 10.0, 90.0, 200.0), [0.0, 0.008]),
    ],
    ids=["jump", "skew grows"],
)
def test_a_wrong_clock_is_seen_in_the_times_alone(fault: Fault, wrong_s: list[float]) -> None:
    records: list[Record] = [read(10.0), InputChange(START + timedelta(seconds=50), "dock-1", 2, False)]
    told = under(records, fault)
    assert [(b.at - a.at).total_seconds() for a, b in zip(records, told, strict=True)] == wrong_s
    (first, second) = told
    assert isinstance(first, TagRead)
    assert isinstance(second, InputChange)
    assert (first.epc, first.rssi_dbm, first.phase_deg, first.doppler_hz, first.channel) == (EPC, -52.5, 123.0, -1.5, 5)
    assert (second.gpi, second.state) == (2, False)


def test_duplicates_are_the_same_read_again() -> None:
    assert under([read(0.0)], Fault(Kind.DUPLICATE_READS, "*", 0.0, 1.0, 3)) == [read(0.0)] * 3


def test_a_burst_reads_the_same_tags_ten_times_as_often_in_between_and_in_order() -> None:
    other = [read(number / 10 + 0.03, antenna=2, epc="30" * 12) for number in range(10)]
    records: list[Record] = sorted([*TEN, *other], key=lambda each: each.at)
    told = under(records, Fault(Kind.BURST, "dock-1", 0.0, 10.0))
    assert len(told) == 200
    assert [each.at for each in told] == sorted(each.at for each in told)
    mine = [each for each in told if isinstance(each, TagRead) and each.epc == EPC]
    assert {each.antenna for each in mine} == {1}
    gaps_s = {round((b.at - a.at).total_seconds(), 6) for a, b in pairwise(mine)}
    assert gaps_s == {0.01}
    assert max(abs(each.rssi_dbm + 52.5) for each in mine) == 0.5


def test_faults_add_up() -> None:
    faults = Fault(Kind.BURST, "*", 0.0, 5.0, 4), Fault(Kind.CLOCK_JUMP, "*", 0.0, 5.0, 2.0)
    told = under([read(0.0)], *faults)
    assert [(each.at - START).total_seconds() for each in told] == [2.0, 2.025, 2.05, 2.075]


def test_the_same_seed_gives_the_same_reads() -> None:
    burst = Fault(Kind.BURST, "*", 0.0, 5.0)
    assert under([*TEN], burst) == under([*TEN], burst) != under([*TEN], burst, seed=2)


class Fed:
    """A reader of any kind, as far as feeding goes."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def feed(self, *records: Record) -> None:
        self.records += records


def test_any_reader_can_be_fed_with_faults() -> None:
    fed = Fed()
    feed = TroubledFeed(fed, Schedule((Fault(Kind.DUPLICATE_READS, "dock-1", 0.5, 1.0, 2),)), START)
    feed.feed(*TEN)
    assert fed.records == [*TEN[:5], *(read for each in TEN[5:] for read in (each, each))]
