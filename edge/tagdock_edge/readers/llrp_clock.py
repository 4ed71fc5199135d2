"""How an LLRP reader's clock stands against the gateway's, and what its stamps mean by ours. Pure: `now_us` comes in.

A reader stamps with UTC or with its uptime (LLRP 1.0.1, 16.2.2). Its clock may be off, set while it reads, or drift.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tagdock_edge.clock import SECOND_US

CLOCK_TOLERANCE_US = SECOND_US // 2
"""A UTC clock that is off by less is taken as right (NTP keeps it so); beyond it the reader's times are shifted."""
LATE_US = 60 * SECOND_US
"""A read that claims to be older than this came from a clock that jumped; it gets its time of arrival."""
FOLLOW_US = 2 * SECOND_US
"""When for so long every message's stamps are off, and alike, the clock was put forward or drifts."""
STEADY_US = SECOND_US // 5
"""A clock is off by the same for all messages; messages that wait on their way are late by more and less than this."""
MEASURE_US = 30 * SECOND_US
"""The offset that is shown is taken anew so often, from the message that came quickest."""


class ReaderClock:
    """One reader's clock over one connection after the other."""

    def __init__(self) -> None:
        self.note = ""
        """What a person should know of the clock; empty when it is right."""
        self.is_late = False
        """Messages come late, and not because the clock is off: reader or network can't keep up."""
        self.begin_connection()

    def begin_connection(self) -> None:
        """Forget what belonged to the last connection: the reader may have been restarted."""
        self.note, self.is_late = "", False
        self._offset_us: dict[str, int] = {}
        self._stamp = _STAMPS[0]  # the one that this reader gives
        self._newest_us = 0  # of the last message
        self._late: tuple[int, int, int] | None = None  # since when, the least and the most that messages were late
        self._measured_s: float | None = None
        self._quickest_us, self._measuring_since_us = _NEVER_US, 0

    @property
    def offset_s(self) -> float | None:
        """Return by how much the reader's UTC clock is ahead of ours; None where it has none or has not told yet.

        The least difference within half a minute: wrong by no more than the way of the quickest message.
        """
        return self._measured_s

    def compare(self, event: Mapping[str, Any], now_us: int) -> None:
        """Compare the clocks by an event, once a connection: the first one comes without a queue before it."""
        for stamp, kind, _ in _EVENT_STAMPS:
            if stamp in event and kind not in self._offset_us:
                self._compare(kind, event[stamp]["Microseconds"], now_us)

    def event_us(self, event: Mapping[str, Any], now_us: int) -> int:
        """Tell when an event was, by our clock."""
        return self.at_us(
            {key: event[stamp]["Microseconds"] for stamp, _, key in _EVENT_STAMPS if stamp in event}, now_us
        )

    def at_us(self, report: Mapping[str, Any], now_us: int) -> int:
        """Tell when a tag was seen, by our clock; a reader's stamp never lies in the future or long ago."""
        key, kind = self._stamp  # the usual one: this is asked of each read
        stamp_us, offset_us = report.get(key), self._offset_us.get(kind)
        if stamp_us is None or offset_us is None:
            return self._at_us_by_any(report, now_us)
        at_us: int = stamp_us + offset_us
        return at_us if now_us - LATE_US <= at_us <= now_us else now_us

    def watch(self, reports: Sequence[Mapping[str, Any]], now_us: int) -> None:
        """Look at a message's stamps; closely, only when it was not punctual: most are, and this is done for each."""
        key, kind = self._stamp
        stamp_us = reports[-1].get(key) if reports else None
        offset_us = self._offset_us.get(kind)
        if stamp_us is not None and offset_us is not None:
            late_us = now_us - stamp_us - offset_us
            if -CLOCK_TOLERANCE_US <= late_us <= CLOCK_TOLERANCE_US:
                self._newest_us, self._late, self.is_late = stamp_us, None, False
                self._quickest_us = min(self._quickest_us, late_us)
                if now_us - self._measuring_since_us >= MEASURE_US:
                    self._measure(kind, now_us)
                return
        self._look_closer(reports, now_us)

    def _at_us_by_any(self, report: Mapping[str, Any], now_us: int) -> int:
        for key, kind in _STAMPS:
            stamp_us = report.get(key)
            if stamp_us is not None:
                at_us: int = stamp_us + self._offset(kind, stamp_us, now_us)
                return at_us if now_us - LATE_US <= at_us <= now_us else now_us
        return now_us

    def _measure(self, kind: str, now_us: int) -> None:
        if kind == "UTC":
            self._measured_s = -(self._offset_us[kind] + self._quickest_us) / SECOND_US
        self._quickest_us, self._measuring_since_us = _NEVER_US, now_us

    def _offset(self, kind: str, stamp_us: int, now_us: int) -> int:
        if kind not in self._offset_us:
            self._compare(kind, stamp_us, now_us)
        return self._offset_us[kind]

    def _look_closer(self, reports: Sequence[Mapping[str, Any]], now_us: int) -> None:
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
            self._quickest_us = _NEVER_US
            if kind == "UTC":
                self._measured_s = -self._offset_us[kind] / SECOND_US
            self.note = f"the reader's clock went off by {-least_us / SECOND_US:+.1f} s and is followed; set its NTP"
        else:
            self.is_late = True

    def _compare(self, kind: str, stamp_us: int, now_us: int) -> None:
        off_us = now_us - stamp_us
        if kind == "UTC":
            self._measured_s, self._measuring_since_us = -off_us / SECOND_US, now_us
            if abs(off_us) <= CLOCK_TOLERANCE_US:
                off_us = 0
            else:
                off_s = -off_us / SECOND_US
                self.note = f"the reader's clock is off by {off_s:+.1f} s and is corrected; set its NTP"
        else:
            self.note = "the reader has no UTC clock; its uptime is translated"
        self._offset_us[kind] = off_us


_NEVER_US = 1 << 62
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
