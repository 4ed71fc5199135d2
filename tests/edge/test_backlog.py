"""What a reader tells late: held until all of it is there, so that it gives the movements that it would have given."""

from collections.abc import Sequence

import pytest
from tagdock_contract import Record, TagRead
from tagdock_edge.clock import SECOND_US, from_us, to_us
from tagdock_edge.config import AntennaConfig, DoorConfig, PassageConfig
from tagdock_edge.passage import Detector
from tagdock_edge.readers.backlog import HELD_AT_MOST, HELD_FOR_US, QUIET_US, SILENT_US, Backlog

BEGIN = 1_767_600_000 * SECOND_US
LATE = 60 * SECOND_US
DOOR = DoorConfig("D1", (AntennaConfig("dock-1", 1, "outside"), AntennaConfig("dock-1", 2, "inside")))


def crossing(tag: int, begin_us: int = BEGIN) -> list[TagRead]:
    """A tag that comes in: the outside row's power falls while the inside row's rises."""
    return [
        TagRead(from_us(begin_us + step * 50_000 + antenna), "dock-1", antenna, f"{tag:024X}", -40.0 - abs(step - peak))
        for step in range(40)
        for antenna, peak in ((1, 15), (2, 25))
    ]


def read_at(at_us: int) -> TagRead:
    return TagRead(from_us(at_us), "dock-1", 1, "30" * 12, -50.0)


def told_late(reads: Sequence[Record], backlog: Backlog) -> list[tuple[str, str]]:
    """Tell reads one by one, all at once a minute late, as a gateway works on them."""
    detector, found = Detector((DOOR,), PassageConfig()), []
    now_us = to_us(reads[-1].at) + LATE

    def work(records: Sequence[Record]) -> None:
        for record in records:
            assert isinstance(record, TagRead)
            detector.add(record)
        found.extend((verdict.epc_hex, verdict.direction) for verdict in detector.advance(now_us))

    for read in reads:
        now_us += 100
        work(backlog.take((read,), now_us - to_us(read.at), 0, now_us))
    now_us += SILENT_US
    work(backlog.due(0, now_us))
    return sorted(found)


def test_goods_that_passed_while_the_reader_was_cut_off_are_judged_as_ever() -> None:
    reads = [read for tag in (1, 2, 3) for read in crossing(tag, BEGIN + tag * 5 * SECOND_US)]
    assert told_late(reads, Backlog()) == [(f"{tag:024X}", "in") for tag in (1, 2, 3)]


def test_what_is_punctual_goes_on_at_once() -> None:
    backlog = Backlog()
    reads = [read_at(BEGIN)]
    assert backlog.take(reads, SECOND_US // 2, 0, BEGIN) is reads
    assert backlog.waiting == 0


def test_live_reads_wait_behind_late_ones_so_that_the_order_stays() -> None:
    backlog = Backlog()
    old, new = read_at(BEGIN), read_at(BEGIN + LATE)
    assert backlog.take([old], LATE, 0, BEGIN + LATE) == ()
    assert backlog.take([new], 0, 0, BEGIN + LATE + 1) == ()
    assert backlog.waiting == 2
    assert backlog.due(0, BEGIN + LATE + QUIET_US - 1) == ()
    assert backlog.due(0, BEGIN + LATE + QUIET_US) == [old, new]


def test_a_pause_among_late_reads_is_no_end_of_them() -> None:
    backlog = Backlog()
    first, second = read_at(BEGIN), read_at(BEGIN + 1)
    assert backlog.take([first], LATE, 0, BEGIN + LATE) == ()
    assert backlog.due(0, BEGIN + LATE + 2 * QUIET_US) == ()
    assert backlog.take([second], LATE, 0, BEGIN + LATE + 3 * QUIET_US) == ()
    assert backlog.due(0, BEGIN + LATE + 3 * QUIET_US + SILENT_US) == [first, second]


def test_a_reader_that_never_catches_up_is_heard_in_pieces() -> None:
    backlog, out = Backlog(), 0
    for step in range(100):
        now_us = BEGIN + step * SECOND_US // 2
        out += len(backlog.take([read_at(now_us - LATE)], LATE, 0, now_us))
    assert out >= 50
    assert backlog.waiting <= HELD_FOR_US // (SECOND_US // 2)


def test_a_flood_is_held_up_to_a_bound() -> None:
    backlog = Backlog()
    reads = [read_at(BEGIN)] * (HELD_AT_MOST // 2)
    assert backlog.take(reads, LATE, 0, BEGIN + LATE) == ()
    assert len(backlog.take(reads, LATE, 0, BEGIN + LATE + 1)) == HELD_AT_MOST


@pytest.mark.parametrize(("offset_us", "at_us"), [(5 * SECOND_US, BEGIN + 5 * SECOND_US), (LATE * 2, BEGIN + LATE)])
def test_what_was_held_gets_the_time_by_what_is_known_of_the_clock_then(offset_us: int, at_us: int) -> None:
    backlog = Backlog()
    backlog.take([read_at(BEGIN)], LATE, 0, BEGIN + LATE)
    (read,) = backlog.release(offset_us, BEGIN + LATE)
    assert to_us(read.at) == at_us
