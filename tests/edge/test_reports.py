"""Whose clock a read is stamped by: the reader's, as far as it can be believed."""

from collections.abc import Iterator

import pytest
from tagdock_contract import TagRead
from tagdock_edge.clock import SECOND_US, to_us
from tagdock_edge.readers.reports import ReportReader

START_US = 1_767_600_000 * SECOND_US
EPC = b"3034257bf7194e4000001a85"


class Stamped:
    """A reader that stamps reads by a clock of its own, and what the gateway makes of it."""

    def __init__(self, key: str = "LastSeenTimestampUTC", ahead_us: int = 0) -> None:
        self.now_us = START_US
        self.ahead_us = ahead_us
        self._key = key
        self.reports = ReportReader("dock-1", lambda: self.now_us)
        event = {"UTCTimestamp" if key.endswith("UTC") else "Uptime": {"Microseconds": self.now_us + ahead_us}}
        self.reports.clock.compare(event, self.now_us)

    def late_s(self, waited_s: float = 0.0) -> float:
        """Let a read arrive that waited so long; returns how much older than that the gateway takes it to be."""
        stamp_us = self.now_us + self.ahead_us - round(waited_s * SECOND_US)
        report = {"EPC": EPC, "AntennaID": 1, "PeakRSSI": -50, self._key: stamp_us}
        (read,) = self.reports.reads_of([report])
        assert isinstance(read, TagRead)
        return (self.now_us - to_us(read.at)) / SECOND_US - waited_s

    def over(self, seconds: float, step_s: float = 0.1, waited_s: float = 0.0) -> Iterator[float]:
        for _ in range(round(seconds / step_s)):
            self.now_us += round(step_s * SECOND_US)
            yield self.late_s(waited_s)


@pytest.mark.parametrize("key", ["LastSeenTimestampUTC", "LastSeenTimestampUptime"])
@pytest.mark.parametrize("jump_s", [3.0, 20.0, 3600.0])
def test_a_clock_that_is_put_forward_in_the_middle_of_a_connection_is_followed(jump_s: float, key: str) -> None:
    clock = Stamped(key)
    assert max(clock.over(5.0)) == 0.0
    clock.ahead_us += round(jump_s * SECOND_US)
    list(clock.over(4.1))
    assert [round(late_s, 3) for late_s in clock.over(3.0)] == [0.0] * 30
    assert f"{jump_s:+.1f} s" in clock.reports.clock.note


@pytest.mark.parametrize("key", ["LastSeenTimestampUTC", "LastSeenTimestampUptime"])
@pytest.mark.parametrize("back_s", [1.0, 20.0, 3600.0])
def test_a_clock_that_is_set_back_is_noticed_with_the_next_read(back_s: float, key: str) -> None:
    clock = Stamped(key)
    list(clock.over(5.0))
    clock.ahead_us -= round(back_s * SECOND_US)
    assert [round(late_s, 3) for late_s in clock.over(3.0)] == [0.0] * 30


def test_a_clock_that_drifts_is_never_off_by_much() -> None:
    clock = Stamped("LastSeenTimestampUptime")
    worst_s = 0.0
    for _ in range(24 * 360):  # a day of a clock that loses 200 millionths, a read every ten seconds
        clock.ahead_us -= 2000
        (late_s,) = clock.over(10.0, 10.0)
        worst_s = max(worst_s, late_s)
    assert worst_s < 0.6


def test_reads_that_waited_on_their_way_do_not_move_the_clock() -> None:
    clock = Stamped()
    list(clock.over(5.0))
    clock.now_us += 10 * SECOND_US
    assert [clock.late_s(waited_s) for waited_s in (10.0, 9.0, 5.0, 3.0, 1.0)] == [0.0] * 5
    assert list(clock.over(5.0)) == [0.0] * 50
    assert clock.reports.clock.note == ""


def test_reads_that_wait_longer_and_shorter_for_a_while_do_not_move_the_clock_either() -> None:
    clock = Stamped()
    list(clock.over(5.0))
    clock.now_us += SECOND_US  # nothing comes for a second; then the line is behind, now more, now less, for ten
    waits_s = [1.0 + 0.7 * (n % 10) / 10 for n in range(100)]
    assert [round(next(clock.over(0.1, waited_s=waited_s)), 3) for waited_s in waits_s] == [0.0] * 100
    assert list(clock.over(5.0)) == [0.0] * 50
    assert clock.reports.clock.note == ""


def test_a_read_is_never_of_the_future_nor_long_ago() -> None:
    clock = Stamped()
    clock.ahead_us = 100 * SECOND_US
    assert clock.late_s() == 0.0
    clock.ahead_us = -100 * SECOND_US
    assert clock.late_s() == 0.0
