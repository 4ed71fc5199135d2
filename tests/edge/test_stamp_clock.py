"""The clock of a reader behind a broker: what is corrected, what is believed, and what only waited."""

import pytest
from tagdock_edge.clock import SECOND_US
from tagdock_edge.readers.stamp_clock import StampClock

NOW = 1_767_600_000 * SECOND_US


def heard(clock: StampClock, lates_s: list[float], every_s: float = 0.1, begin_us: int = NOW) -> int:
    """Let messages come, each so many seconds after its stamp; returns when the last one came."""
    now_us = begin_us
    for late_s in lates_s:
        now_us += round(every_s * SECOND_US)
        clock.watch(now_us - round(late_s * SECOND_US), now_us)
    return now_us


def test_a_punctual_clock_is_believed() -> None:
    clock = StampClock()
    now_us = heard(clock, [0.02, 0.3, 0.01])
    assert clock.at_us(now_us - 300_000, now_us) == now_us - 300_000
    assert clock.note == ""


def test_a_clock_that_is_ahead_is_shifted_at_once() -> None:
    clock = StampClock()
    now_us = heard(clock, [-3600.0])
    assert clock.at_us(now_us + 3600 * SECOND_US, now_us) == now_us
    assert "off by +3600.0 s" in clock.note


@pytest.mark.parametrize("year_us", [0, 12 * SECOND_US], ids=["1970", "uptime as UTC"])
def test_a_clock_that_was_never_set_is_shifted_at_once(year_us: int) -> None:
    clock = StampClock()
    clock.watch(year_us, NOW)
    assert clock.at_us(year_us + SECOND_US, NOW + SECOND_US) == NOW + SECOND_US
    assert "set its NTP" in clock.note


def test_a_clock_that_is_behind_is_followed_after_a_while() -> None:
    clock = StampClock()
    now_us = heard(clock, [5.0] * 15, every_s=1.0)
    assert clock.offset_us == 0
    now_us = heard(clock, [5.05, 5.0] * 5, every_s=1.0, begin_us=now_us)
    assert clock.at_us(now_us - 5 * SECOND_US, now_us) == now_us
    assert "off by -5.0 s" in clock.note


def test_a_buffer_that_is_being_emptied_is_no_wrong_clock() -> None:
    clock = StampClock()
    now_us = heard(clock, [600.0 - step * 0.4 for step in range(1500)], every_s=0.01)
    assert clock.offset_us == 0
    assert clock.at_us(now_us - 60 * SECOND_US, now_us) == now_us - 60 * SECOND_US


def test_a_buffer_that_is_emptied_as_fast_as_tags_are_read_is_no_wrong_clock() -> None:
    clock = StampClock()
    heard(clock, [4.0] * 1500 + [0.1], every_s=0.01)
    assert (clock.offset_us, clock.note) == (0, "")


def test_a_clock_that_was_put_right_needs_no_correction_any_more() -> None:
    clock = StampClock()
    now_us = heard(clock, [5.0] * 25, every_s=1.0)
    assert clock.offset_us
    heard(clock, [0.0], begin_us=now_us)
    assert (clock.offset_us, clock.note) == (0, "")


def test_one_stamp_out_of_the_blue_does_not_stay() -> None:
    clock = StampClock()
    heard(clock, [0.0, -100 * 365 * 86_400.0])
    now_us = heard(clock, [0.0], begin_us=NOW + SECOND_US)
    assert clock.at_us(now_us, now_us) == now_us
    assert clock.note == ""


@pytest.mark.parametrize("stamp_us", [0, NOW - 2 * 86_400 * SECOND_US, NOW + 10 * SECOND_US, 1 << 60])
def test_a_stamp_that_makes_no_sense_becomes_the_arrival(stamp_us: int) -> None:
    assert StampClock().at_us(stamp_us, NOW) == NOW


def test_the_offset_that_is_shown_is_that_of_the_quickest_message() -> None:
    clock = StampClock()
    assert clock.offset_s is None
    now_us = heard(clock, [600.0, 300.0])
    assert clock.offset_s is None  # those waited
    now_us = heard(clock, [0.3, 0.02, 0.4], every_s=16.0, begin_us=now_us)
    assert clock.offset_s == pytest.approx(-0.02)
    heard(clock, [-90.0], begin_us=now_us)
    assert clock.offset_s == pytest.approx(90.0)
