"""The time that passages are measured by: that of the reads, carried on, and held back while reports come late. Pure.

A passage is over when its tag was not read for a moment. Where a reader's reports take seconds to come (a busy radio
link, a machine with too much to do), that moment has passed before the tag's next read is here, and one passage would
be told as two. So the gateway waits as much longer as reports were late of late.
"""

from collections import deque

from tagdock_edge.clock import SECOND_US

USUAL_US = SECOND_US // 2
"""Readers gather reads before they report them; `left_after_s` has room for that."""
WAITED_FOR_US = 5 * SECOND_US
"""Verdicts wait so much longer at most: whoever unloads a truck still stands at the door. What is later comes out of a
reader's memory after it was cut off; no wait helps it."""
REMEMBERED_S = 60.0
"""Lateness comes in waves; after a quiet minute verdicts come in time again."""


class ReadClock:
    """The time of the newest read, carried on by the time that went by since."""

    def __init__(self) -> None:
        """Start without a time: nothing was read yet."""
        self._newest_us, self._since_s = 0, 0.0
        self._late: deque[tuple[float, int]] = deque()
        """When something was late and by how much, falling: what is later and later than another hides it."""

    def note(self, at_us: int, taken_s: float) -> None:
        """Take note of a delivery whose newest read is of `at_us`, taken at `taken_s` by a monotonic clock."""
        ahead_us = at_us - self.at(taken_s)
        if ahead_us > 0:
            self._newest_us, self._since_s = at_us, taken_s
        else:
            self._note_late(-ahead_us - USUAL_US, taken_s)

    def at(self, taken_s: float) -> int:
        """Return the time; 0 as long as nothing was read."""
        if not self._newest_us:
            return 0
        return self._newest_us + int((taken_s - self._since_s) * 1e6)

    def waits_us(self, taken_s: float) -> int:
        """Return how much longer verdicts wait now, 0..`WAITED_FOR_US`."""
        while self._late and taken_s - self._late[0][0] > REMEMBERED_S:
            self._late.popleft()
        return self._late[0][1] if self._late else 0

    def _note_late(self, late_us: int, taken_s: float) -> None:
        if not 0 < late_us <= WAITED_FOR_US:
            return
        while self._late and self._late[-1][1] <= late_us:
            self._late.pop()
        self._late.append((taken_s, late_us))
