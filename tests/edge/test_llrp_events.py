"""What a reader tells beside its reads, and how late it tells it."""

from typing import Any

import pytest
from tagdock_edge.clock import SECOND_US
from tagdock_edge.readers.llrp_events import SLOW_AGAIN_US, EventReader
from tagdock_edge.readers.reports import ReportReader

START_US = 1_767_600_000 * SECOND_US


class Told:
    """A reader's events and reports by one clock."""

    def __init__(self) -> None:
        self.now_us = self.read_us = START_US
        self.reports = ReportReader("dock-1", lambda: self.now_us)
        self.events = EventReader("dock-1", self.reports.clock, (1, 2), (1,), lambda: self.now_us)
        self.events.compare_clocks(self.event())

    def event(self, **what: Any) -> dict[str, Any]:
        return {"UTCTimestamp": {"Microseconds": self.now_us}, **what}

    def news(self, **what: Any) -> list[tuple[str, int | None, str]]:
        return [(one.state, one.antenna, one.detail) for one in self.events.news_of(self.event(**what))]

    def read(self, waited_s: float) -> list[tuple[str, str]]:
        """Let a tag be read, a tenth of a second after the last one, and the report wait so long on its way."""
        self.read_us += SECOND_US // 10
        self.now_us = self.read_us + round(waited_s * SECOND_US)
        report = {"EPC": b"3034257bf7194e4000001a85", "AntennaID": 1, "PeakRSSI": -50}
        self.reports.reads_of([{**report, "LastSeenTimestampUTC": self.read_us}])
        return [(one.state, one.detail) for one in self.events.punctuality()]


@pytest.mark.parametrize(
    ("what", "news"),
    [
        (
            {"ReaderExceptionEvent": {"Message": b"PA temperature above 85 C, duty cycle reduced"}},
            [("hot", None, "the reader tells of a trouble: PA temperature above 85 C, duty cycle reduced")],
        ),
        (
            {"ReaderExceptionEvent": {"Message": b"synthesizer unlocked \xff"}},
            [("slow", None, "the reader tells of a trouble: synthesizer unlocked \N{REPLACEMENT CHARACTER}")],
        ),
        (
            {"ReportBufferLevelWarning": {"ReportBufferPercentageFull": 80}},
            [("slow", None, "the reader's report buffer is 80 % full")],
        ),
        ({"ReportBufferOverflowErrorEvent": {}}, [("buffer_overflow", None, "the reader lost reports")]),
        ({"AntennaEvent": {"AntennaID": 2, "EventType": "Disconnected"}}, [("antenna_down", 2, "")]),
        ({"AntennaEvent": {"AntennaID": 4, "EventType": "Disconnected"}}, []),
        ({"AntennaEvent": {"AntennaID": 1, "EventType": "Connected"}}, []),
        ({"HoppingEvent": {}}, []),
    ],
    ids=["hot", "trouble", "buffer fills", "overflow", "antenna", "unused antenna", "was never off", "no news"],
)
def test_an_event_says_how_the_reader_is(what: dict[str, Any], news: list[tuple[str, int | None, str]]) -> None:
    assert Told().news(**what) == news


def test_a_reader_whose_reports_wait_more_and_less_is_slow_until_they_come_in_time() -> None:
    told = Told()
    assert [told.read(0.0) for _ in range(10)] == [[]] * 10
    late = [news for n in range(30) for news in told.read(1.0 + 0.7 * (n % 10) / 10)]
    assert [state for state, _ in late] == ["slow"]
    assert told.read(0.0) == [("up", "its reports come in time again")]


def test_a_reader_that_is_slow_again_and_again_is_told_once_a_minute() -> None:
    told = Told()
    states = []
    for n in range(SLOW_AGAIN_US // SECOND_US * 20):  # for two minutes, in time for a moment every four seconds
        states += [state for state, _ in told.read(0.0 if n % 40 == 0 else 1.0 + 0.7 * (n % 10) / 10)]
    assert states == ["slow", "up"] * 2


def test_the_offset_is_that_of_the_quickest_message() -> None:
    told = Told()
    assert told.reports.clock.offset_s == 0.0
    for n in range(400):
        told.read(0.030 + 0.010 * (n % 7))
    assert told.reports.clock.offset_s == pytest.approx(-0.030)
