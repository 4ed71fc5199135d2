"""LLRP tag reports and events, as sllurp decodes them, to reads, input changes and news. Pure but for the clock.

A reader may leave out what did not change since its last tag report of the ROSpec (LLRP 1.0.1, 16.2.7.3), and may
stamp with its uptime instead of UTC: both are mended here.
"""

from collections.abc import Callable, Iterable
from typing import Any

from tagdock_contract import InputChange, TagRead

from tagdock_edge.clock import SECOND_US, from_us
from tagdock_edge.epc.decode import MAX_HEX_DIGITS
from tagdock_edge.inbox import ReaderNews

CLOCK_TOLERANCE_US = SECOND_US // 2
"""A UTC clock that is off by less is taken as right (NTP keeps it so); beyond it the reader's times are shifted."""
LATE_US = 60 * SECOND_US
"""A read that claims to be older than this came from a clock that jumped; it gets its time of arrival."""
FOLLOW_US = 2 * SECOND_US
"""When for so long every message's stamps are off, and alike, the clock was put forward or drifts."""
STEADY_US = SECOND_US // 5
"""A clock is off by the same for all messages; messages that wait on their way are late by more and less than this."""
_RSSI_DBM = (-128, 50)
_DEGREES_A_STEP = 360.0 / 4096
_HERTZ_A_STEP = 1.0 / 16


class ReportReader:
    """Turn one reader's reports into reads; remembers what the reader may leave out, and how its clock is off."""

    def __init__(self, reader: str, now_us: Callable[[], int]) -> None:
        self.reads = 0
        self.last_us = 0
        self.unreadable = 0
        """Messages and reports that made no sense, since the start."""
        self.clock_note = ""
        self._reader, self._now_us = reader, now_us
        self.begin_connection()

    def begin_connection(self) -> None:
        """Forget what belonged to the last connection: its ROSpec is gone, the reader may have been restarted."""
        self._last: dict[str, Any] = {}
        self._offset_us: dict[str, int] = {}
        self._stamp = _STAMPS[0]  # the one that this reader gives
        self._newest_us = 0  # of the last message
        self._late: tuple[int, int, int] | None = None  # since when, the least and the most that messages were late
        self.clock_note = ""

    def note_clock(self, event: dict[str, Any]) -> None:
        """Compare the reader's clock with ours, once a connection: its first event comes without a queue before it."""
        for stamp, kind, _ in _EVENT_STAMPS:
            if stamp in event and kind not in self._offset_us:
                self._compare(kind, event[stamp]["Microseconds"], self._now_us())

    def reads_of(self, reports: Iterable[dict[str, Any]]) -> list[TagRead]:
        """Turn a message's tag reports into reads; one that can't be read is counted and left out."""
        now_us = self._now_us()
        reports = list(reports)
        if not self._is_punctual(reports, now_us):
            self._watch_clock(reports, now_us)
        reads = []
        for report in reports:
            try:
                reads.append(self._read(report, now_us))
            except (KeyError, TypeError, ValueError, OverflowError):
                self.unreadable += 1
        self.reads += len(reads)
        return reads

    def changes_of(self, event: dict[str, Any]) -> list[InputChange]:
        """Turn an event into the input change that it tells of, if it does."""
        gpi = event.get("GPIEvent")
        if gpi is None:
            return []
        return [InputChange(from_us(self._event_us(event)), self._reader, gpi["GPIPortNumber"], gpi["GPIEvent"])]

    def news_of(self, event: dict[str, Any]) -> list[ReaderNews]:
        """Turn an event into what it says of the reader's health."""
        at_us, news = self._event_us(event), []
        antenna = event.get("AntennaEvent")
        if antenna is not None:
            state = "antenna_up" if antenna["EventType"] == "Connected" else "antenna_down"
            news.append(ReaderNews(at_us, self._reader, state, antenna["AntennaID"]))  # type: ignore[arg-type]
        if "ReportBufferOverflowErrorEvent" in event:
            news.append(ReaderNews(at_us, self._reader, "buffer_overflow", detail="the reader lost reports"))
        level = event.get("ReportBufferLevelWarning")
        if level is not None:
            news.append(
                ReaderNews(at_us, self._reader, "slow", detail=f"the reader's report buffer is filling: {level}")
            )
        return news

    def _read(self, report: dict[str, Any], now_us: int) -> TagRead:
        last = self._last
        last.update(report)
        epc = last["EPC"].decode().upper()
        if not 2 <= len(epc) <= MAX_HEX_DIGITS:
            raise ValueError("EPC")
        rssi_dbm = last["ImpinjPeakRSSI"] / 100 if "ImpinjPeakRSSI" in last else float(last["PeakRSSI"])
        if not _RSSI_DBM[0] <= rssi_dbm <= _RSSI_DBM[1]:
            raise ValueError("RSSI")
        phase, doppler = report.get("ImpinjRFPhaseAngle"), report.get("ImpinjRFDopplerFrequency")
        at_us = self._stamp_us(last, now_us)
        self.last_us = max(self.last_us, at_us)
        return TagRead(
            from_us(at_us),
            self._reader,
            last["AntennaID"],
            epc,
            rssi_dbm,
            None if phase is None else phase * _DEGREES_A_STEP,
            None if doppler is None else doppler * _HERTZ_A_STEP,
            last.get("ChannelIndex"),
            max(report.get("TagSeenCount", 1), 1),
        )

    def _stamp_us(self, report: dict[str, Any], now_us: int) -> int:
        """Tell when the tag was seen, by our clock; a reader's stamp never lies in the future or long ago."""
        for key, kind in _STAMPS:
            stamp = report.get(key)
            if stamp is not None:
                at_us: int = stamp + self._offset(kind, stamp, now_us)
                return at_us if now_us - LATE_US <= at_us <= now_us else now_us
        return now_us

    def _offset(self, kind: str, stamp_us: int, now_us: int) -> int:
        if kind not in self._offset_us:
            self._compare(kind, stamp_us, now_us)
        return self._offset_us[kind]

    def _is_punctual(self, reports: list[dict[str, Any]], now_us: int) -> bool:
        """Tell by its last report, cheaply, that a message came soon after it was sent; then nothing is wrong."""
        key, kind = self._stamp
        stamp_us = reports[-1].get(key) if reports else None
        offset_us = self._offset_us.get(kind)
        if stamp_us is None or offset_us is None or abs(now_us - stamp_us - offset_us) > CLOCK_TOLERANCE_US:
            return False
        self._newest_us, self._late = stamp_us, None
        return True

    def _watch_clock(self, reports: list[dict[str, Any]], now_us: int) -> None:
        """Notice, by a message's newest stamp, a clock that was set back, put forward or drifts."""
        for key, kind in _STAMPS:
            newest_us = max((report[key] for report in reports if key in report), default=None)
            if newest_us is None:
                continue
            if (key, kind) != self._stamp:
                self._stamp, self._newest_us, self._late = (key, kind), newest_us, None
            if newest_us < self._newest_us - CLOCK_TOLERANCE_US:
                # Messages keep their order, so the clock does not: compare it anew.
                self._offset_us.pop(kind, None)
                self._late = None
            self._newest_us = newest_us
            late_us = now_us - newest_us - self._offset(kind, newest_us, now_us)
            if abs(late_us) > CLOCK_TOLERANCE_US:
                self._follow(kind, late_us, now_us)
            return

    def _follow(self, kind: str, late_us: int, now_us: int) -> None:
        """Shift the offset by what messages were early, or all alike late, for a while without a punctual one.

        Nothing arrives before it was sent, but much may wait on its way: what is late by more and less has waited.
        """
        since_us, least_us, most_us = self._late or (now_us, late_us, late_us)
        least_us, most_us = min(least_us, late_us), max(most_us, late_us)
        self._late = since_us, least_us, most_us
        if now_us - since_us < FOLLOW_US:
            return
        self._late = None
        if least_us < 0 or most_us - least_us < STEADY_US:
            self._offset_us[kind] += least_us
            self.clock_note = (
                f"the reader's clock went off by {-least_us / SECOND_US:+.1f} s and is followed; set its NTP"
            )

    def _compare(self, kind: str, stamp_us: int, now_us: int) -> None:
        off_us = now_us - stamp_us
        if kind == "UTC" and abs(off_us) <= CLOCK_TOLERANCE_US:
            off_us = 0
        if kind == "UTC" and off_us:
            self.clock_note = f"the reader's clock is off by {-off_us / SECOND_US:+.1f} s and is corrected; set its NTP"
        elif kind == "Uptime":
            self.clock_note = "the reader has no UTC clock; its uptime is translated"
        self._offset_us[kind] = off_us

    def _event_us(self, event: dict[str, Any]) -> int:
        now_us = self._now_us()
        stamps = {key: event[stamp]["Microseconds"] for stamp, _, key in _EVENT_STAMPS if stamp in event}
        return self._stamp_us(stamps, now_us)


_EVENT_STAMPS = (
    ("UTCTimestamp", "UTC", "LastSeenTimestampUTC"),
    ("Uptime", "Uptime", "LastSeenTimestampUptime"),
)
_STAMPS = (
    ("LastSeenTimestampUTC", "UTC"),
    ("FirstSeenTimestampUTC", "UTC"),
    ("LastSeenTimestampUptime", "Uptime"),
    ("FirstSeenTimestampUptime", "Uptime"),
)
