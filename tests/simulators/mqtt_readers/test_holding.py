"""What a reader holds back, swallows and slows down: pure, without a broker."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_contract import InputChange, TagRead
from tagdock_simulators.mqtt_readers.buffer import INPUTS_AT_MOST, Buffer
from tagdock_simulators.mqtt_readers.instants import ns_of
from tagdock_simulators.mqtt_readers.pace import Pace
from tagdock_simulators.mqtt_readers.repeats import Repeats


def test_records_leave_in_the_order_in_which_they_came(mq: SimpleNamespace) -> None:
    buffer = Buffer(10)
    records = [mq.read(0), mq.change(True), mq.read(1), mq.read(2), mq.change(False), mq.read(3)]
    for record in records:
        buffer.put(record)
    assert [buffer.pop() for _ in range(len(buffer))] == records


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 8))
def test_whatever_comes_nothing_is_unaccounted_and_order_is_kept(inputs: list[bool], room: int) -> None:
    buffer = Buffer(room)
    at = datetime(2026, 1, 5, tzinfo=UTC)
    records: list[TagRead | InputChange] = [
        InputChange(at, "r", place, True) if is_input else TagRead(at, "r", 1, f"{place:024X}", -50.0)
        for place, is_input in enumerate(inputs)
    ]
    for record in records:
        buffer.put(record)
    left = [buffer.pop() for _ in range(len(buffer))]
    reads = [record for record in records if not isinstance(record, InputChange)]
    kept = [record for record in left if not isinstance(record, InputChange)]
    assert kept == reads[-room:]
    assert buffer.reads_lost == len(reads) - len(kept)
    places = {id(record): place for place, record in enumerate(records)}
    order = [places[id(record)] for record in left]
    assert order == sorted(order)


def test_the_oldest_reads_go_first_and_are_told(mq: SimpleNamespace) -> None:
    buffer = Buffer(3)
    for number in range(5):
        buffer.put(mq.read(number))
    purge = buffer.purged()
    assert purge is not None
    assert (purge.purged, purge.remaining) == (2, 3)
    assert (purge.first_ns, purge.last_ns) == (ns_of(mq.read(0).at), ns_of(mq.read(1).at))
    assert buffer.purged() is None
    assert buffer.reads_lost == 2
    assert buffer.pop() == mq.read(2)


def test_a_flood_of_reads_never_pushes_a_photo_eye_out(mq: SimpleNamespace) -> None:
    buffer = Buffer(3)
    buffer.put(mq.change())
    for number in range(100):
        buffer.put(mq.read(number))
    assert buffer.pop() == mq.change()


def test_inputs_too_are_bounded(mq: SimpleNamespace) -> None:
    buffer = Buffer(3)
    for number in range(INPUTS_AT_MOST + 5):
        buffer.put(mq.change(gpi=number % 4))
    assert (len(buffer), buffer.inputs_lost) == (INPUTS_AT_MOST, 5)


def test_reads_that_waited_too_long_go(mq: SimpleNamespace) -> None:
    buffer = Buffer(10, keep_s=1.0)
    for number in (0, 500, 1500):
        buffer.put(mq.read(number))
    buffer.expire(ns_of(mq.read(2000).at))
    assert [buffer.pop() for _ in range(len(buffer))] == [mq.read(1500)]
    assert buffer.reads_lost == 2


def test_a_tag_that_stays_is_reported_again_with_what_was_swallowed(mq: SimpleNamespace) -> None:
    repeats = Repeats(1.0, 100)

    def seen(ms: int, dbm: float, antenna: int = 1) -> object:
        at = mq.AT + timedelta(milliseconds=ms)
        told = repeats.report(mq.read(epc="3034257BF7194E4000001A85", at=at, rssi_dbm=dbm, antenna=antenna))
        return None if told is None else (told.count, told.rssi_dbm)

    assert seen(0, -60.0) == (1, -60.0)
    assert seen(100, -50.0) is None
    assert seen(100, -70.0, antenna=2) == (1, -70.0)
    assert seen(900, -55.0) is None
    assert seen(1000, -58.0) == (3, -50.0)
    assert seen(1100, -58.0) is None
    assert seen(-5000, -58.0) == (2, -58.0)  # the clock jumped back: the tag is not silenced


def test_only_so_many_tags_are_remembered(mq: SimpleNamespace) -> None:
    repeats = Repeats(60.0, 2)
    told = [repeats.report(mq.read(epc=f"{tag:024X}", antenna=1)) is not None for tag in (1, 2, 1, 3, 2, 1)]
    assert told == [True, True, False, True, True, True]


@pytest.mark.parametrize("per_s", [5, 50, 1000])
def test_over_time_a_pace_allows_what_it_says(per_s: int) -> None:
    pace, sent = Pace(per_s, 0.0), 0
    for tick in range(10_001):
        allowed = pace.allowed(tick / 1000, 10**6)
        pace.took(allowed)
        sent += allowed
    assert per_s * 10 <= sent <= per_s * 10 + max(1, per_s // 5) + 1


def test_without_a_limit_all_may_go() -> None:
    assert Pace(0, 0.0).allowed(0.0, 12345) == 12345
