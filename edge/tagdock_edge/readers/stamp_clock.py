"""How the clock of a reader behind a broker stands against ours, and what its stamps mean by ours. Pure.

Between such a reader and us there are two stores: its own buffer, and the broker's session. So, unlike with a reader on
a connection of its own (`llrp_clock`), the first message may be the oldest, and old need not mean a wrong clock:

- Nothing arrives before it was sent. A stamp from the future means a clock that is ahead; it is shifted at once.
- What waited is late by more and less. A clock that is behind is late by the same in every message, on and on.
- Nothing waits for days. A stamp as old as that comes from a clock that was never set.

Until a clock is known to be wrong its stamps are believed: a read that waited keeps its true time, and is settled, or
counted as late, by the passage that it belongs to.
"""

from tagdock_edge.clock import SECOND_US

TOLERANCE_US = SECOND_US // 2
"""A clock that is off by less is taken as right; NTP keeps a reader within tens of milliseconds."""
FOLLOW_US = 20 * SECOND_US
"""For so long all messages must be late alike before the clock is held to be behind. Zebra's readers send what waited
at 500 events a second, which is about what a busy door reads: for a few seconds that looks like a clock. Late reads are
held meanwhile (`backlog`) and get their time by what is known in the end."""
STEADY_US = SECOND_US // 5
"""Alike means within this; the lateness of a buffer that is being emptied changes by more."""
UNSET_US = 24 * 3600 * SECOND_US
"""What is older was not stored: at ten reads a second the largest documented buffer (150,000) holds four hours."""
MEASURE_US = 30 * SECOND_US
"""The offset that is shown is taken anew so often, from the message that came quickest."""
_NEVER = 1 << 62


class StampClock:
    """One reader's clock; it outlives connections, as the reader's clock does."""

    def __init__(self) -> None:
        self.offset_us = 0
        """What is added to the reader's stamps."""
        self.note = ""
        """What a person should know of the clock; empty when it is right."""
        self.late_us = 0
        """How long the last message was on its way, as far as is known."""
        self._since_us, self._least_us, self._most_us = 0, _NEVER, -_NEVER
        self._measured_us: int | None = None
        self._quickest_us, self._measuring_since_us = _NEVER, 0

    @property
    def offset_s(self) -> float | None:
        """Return by how much the reader's clock is ahead of ours; None until a message came that had not waited.

        The least difference within half a minute: wrong by no more than the way of the quickest message.
        """
        return None if self._measured_us is None else -self._measured_us / SECOND_US

    def watch(self, stamp_us: int, now_us: int) -> None:
        """Look at the newest stamp of a message that has just come."""
        late_us = self.late_us = now_us - stamp_us - self.offset_us
        if -TOLERANCE_US <= late_us <= TOLERANCE_US:
            self._least_us, self._most_us = _NEVER, -_NEVER
            self._measure(now_us - stamp_us, now_us)
        elif late_us < 0 or late_us > UNSET_US:
            self._shift(late_us)
        else:
            self._follow(late_us, now_us)

    def at_us(self, stamp_us: int, now_us: int) -> int:
        """Tell by our clock when something was: never in the future; what claims to be too old was when it came."""
        at_us = stamp_us + self.offset_us
        return at_us if now_us - UNSET_US <= at_us <= now_us else now_us

    def _measure(self, way_us: int, now_us: int) -> None:
        if self._measured_us is None or now_us - self._measuring_since_us >= MEASURE_US:
            self._measured_us = min(way_us, self._quickest_us)
            self._quickest_us, self._measuring_since_us = _NEVER, now_us
        elif way_us < self._quickest_us:
            self._quickest_us = way_us

    def _follow(self, late_us: int, now_us: int) -> None:
        if self._most_us < self._least_us:
            self._since_us = now_us
        self._least_us, self._most_us = min(self._least_us, late_us), max(self._most_us, late_us)
        if self._most_us - self._least_us > STEADY_US:
            self._since_us, self._least_us, self._most_us = now_us, late_us, late_us
        elif now_us - self._since_us >= FOLLOW_US:
            self._shift(self._least_us)

    def _shift(self, by_us: int) -> None:
        self.offset_us += by_us
        self._measured_us, self._quickest_us, self.late_us = self.offset_us, _NEVER, 0
        self._least_us, self._most_us = _NEVER, -_NEVER
        off_us = -self.offset_us
        if abs(off_us) <= TOLERANCE_US:
            self.offset_us, self.note = 0, ""
        else:
            self.note = f"the reader's clock is off by {off_us / SECOND_US:+.1f} s and is corrected; set its NTP"
