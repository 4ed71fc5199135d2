"""What an LLRP reader tells beside its reads: inputs, antennas, its buffer, its troubles. Pure but for the clock.

Source: EPCglobal LLRP 1.0.1 (2007), section 16.2.7.6 (events) and 16.2.6 (configuration), as sllurp decodes them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tagdock_contract import InputChange

from tagdock_edge.clock import SECOND_US, from_us
from tagdock_edge.inbox import ReaderNews, ReaderState
from tagdock_edge.readers.llrp_clock import ReaderClock

SLOW_AGAIN_US = 60 * SECOND_US
"""A reader whose reports come late, now and then in time, is told as slow once in this time."""
_HOT_WORDS = ("temperature", "overheat", "over-heat", "too hot", "thermal")
_UNKNOWN_INPUT = 2


class EventReader:
    """Turn one reader's events into input changes and news; remembers over connections what it told."""

    def __init__(
        self, reader: str, clock: ReaderClock, antennas: Iterable[int], inputs: Iterable[int], now_us: Callable[[], int]
    ) -> None:
        self._reader, self._clock, self._now_us = reader, clock, now_us
        self._antennas, self._inputs = frozenset(antennas), frozenset(inputs)
        self._off: set[int] = set()
        self._states: dict[int, bool] = {}
        self._is_slow = False
        self._slow_us = -SLOW_AGAIN_US

    @property
    def note(self) -> str:
        """Say which antennas are off, for the reader's status; empty when none is."""
        if not self._off:
            return ""
        many = "antennas" if len(self._off) > 1 else "antenna"
        return f"{many} {', '.join(map(str, sorted(self._off)))} not connected; check plug and cable"

    def compare_clocks(self, event: Mapping[str, Any]) -> None:
        """Compare the reader's clock with ours by the first event of a connection."""
        self._clock.compare(event, self._now_us())

    def changes_of(self, event: Mapping[str, Any]) -> list[InputChange]:
        """Turn an event into the input change that it tells of, if it does."""
        gpi = event.get("GPIEvent")
        if gpi is None:
            return []
        self._states[gpi["GPIPortNumber"]] = gpi["GPIEvent"]
        at = from_us(self._clock.event_us(event, self._now_us()))
        return [InputChange(at, self._reader, gpi["GPIPortNumber"], gpi["GPIEvent"])]

    def news_of(self, event: Mapping[str, Any]) -> list[ReaderNews]:
        """Turn an event into what it says of the reader's health."""
        at_us = self._clock.event_us(event, self._now_us())
        news = []
        antenna = event.get("AntennaEvent")
        if antenna is not None:
            news += self._antenna(antenna["AntennaID"], antenna["EventType"] == "Connected", at_us)
        if "ReportBufferOverflowErrorEvent" in event:
            news.append(self._news(at_us, "buffer_overflow", "the reader lost reports"))
        level = event.get("ReportBufferLevelWarning")
        if level is not None:
            full = level["ReportBufferPercentageFull"]
            news.append(self._news(at_us, "slow", f"the reader's report buffer is {full} % full"))
        trouble = event.get("ReaderExceptionEvent")
        if trouble is not None:
            text = trouble["Message"].decode(errors="replace").strip()
            is_hot = any(word in text.lower() for word in _HOT_WORDS)
            # The wire has no state for "works, but complains": slow is the one that does not say it is gone.
            news.append(self._news(at_us, "hot" if is_hot else "slow", f"the reader tells of a trouble: {text}"))
        return news

    def standing(self, config: Mapping[str, Any]) -> tuple[list[InputChange], list[ReaderNews]]:
        """Compare a GET_READER_CONFIG_RESPONSE with what was told: what changed while nobody listened is made up for.

        Only antennas and inputs that are used count.
        """
        now_us = self._now_us()
        news: list[ReaderNews] = []
        for row in config.get("AntennaProperties", ()):
            if row["AntennaID"] in self._antennas:
                news += self._antenna(row["AntennaID"], row["AntennaConnected"], now_us)
        return list(self._inputs_made_up(config, now_us)), news

    def punctuality(self) -> list[ReaderNews]:
        """Tell when reports begin to come late, and when they come in time again."""
        if self._clock.is_late == self._is_slow:
            return []
        now_us = self._now_us()
        if not self._is_slow and now_us - self._slow_us < SLOW_AGAIN_US:
            return []
        self._is_slow = not self._is_slow
        if self._is_slow:
            self._slow_us = now_us
            return [self._news(now_us, "slow", "its reports come late by more and less; look at its network and load")]
        return [self._news(now_us, "up", "its reports come in time again")]

    def _inputs_made_up(self, config: Mapping[str, Any], now_us: int) -> Iterator[InputChange]:
        for row in config.get("GPIPortCurrentState", ()):
            port, state = row["GPIPortNum"], row["GPIState"]
            if port in self._inputs and state != _UNKNOWN_INPUT and bool(state) != self._states.get(port, False):
                self._states[port] = bool(state)
                yield InputChange(from_us(now_us), self._reader, port, bool(state))

    def _antenna(self, antenna: int, connected: bool, at_us: int) -> list[ReaderNews]:
        if antenna not in self._antennas or connected == (antenna not in self._off):
            return []
        self._off ^= {antenna}
        return [ReaderNews(at_us, self._reader, "antenna_up" if connected else "antenna_down", antenna)]

    def _news(self, at_us: int, state: ReaderState, detail: str) -> ReaderNews:
        return ReaderNews(at_us, self._reader, state, detail=detail)
