"""Reads that waited on their way, held until all of them are there. Pure: times come in as microseconds.

A passage is over when its tag was not read for a moment, by the clock. Of a passage that lies in the past each message
would be one of its own, with a verdict on a read or two: a minute of goods, told a minute late and read by read, gives
thousands of verdicts. Told at once it gives the same movements as told in time.
"""

from collections.abc import Sequence

from msgspec.structs import replace
from tagdock_contract import Record

from tagdock_edge.clock import SECOND_US, from_us, to_us

LATE_US = SECOND_US
"""A message that is older has waited; passages wait longer for a tag's next read (`left_after_s`, 2.8 s)."""
QUIET_US = SECOND_US
"""When punctual messages come, and no late one came for so long, the reader has caught up."""
SILENT_US = 5 * SECOND_US
"""When no message at all came for so long, there is no more: longer than a cut reader's first pauses."""
HELD_FOR_US = 30 * SECOND_US
"""What came so far goes on after so long: verdicts must not wait for ever on a reader that never catches up."""
HELD_AT_MOST = 50_000
"""Records that are held at most: some 20 MB."""


class Backlog:
    """What one reader told late, until it has caught up."""

    def __init__(self) -> None:
        self._held: list[tuple[int, Record]] = []
        self._since_us = self._late_at_us = 0
        self._punctual = False

    @property
    def waiting(self) -> int:
        """Count the records that are held."""
        return len(self._held)

    def take(self, records: Sequence[Record], late_us: int, offset_us: int, now_us: int) -> Sequence[Record]:
        """Take a message's records; returns what goes on now.

        `late_us`: by how much the message was late; `offset_us`: what the reader's clock was corrected by.
        """
        if late_us > LATE_US:
            self._late_at_us, self._punctual = now_us, False
            if not self._held:
                self._since_us = now_us
        elif not self._held:
            return records
        else:
            self._punctual = True
        self._held += [(offset_us, record) for record in records]
        return self.due(offset_us, now_us)

    def due(self, offset_us: int, now_us: int) -> Sequence[Record]:
        """Return what is held once nothing late came for a while, or it was held for too long, or is too much."""
        caught_up = now_us - self._late_at_us >= (QUIET_US if self._punctual else SILENT_US)
        if caught_up or now_us - self._since_us >= HELD_FOR_US or len(self._held) >= HELD_AT_MOST:
            return self.release(offset_us, now_us)
        return ()

    def release(self, offset_us: int, now_us: int) -> Sequence[Record]:
        """Return all that is held, by what is known of the reader's clock now."""
        held, self._held, self._since_us = self._held, [], now_us
        return [
            _moved(record, offset_us - then_us, now_us) if offset_us != then_us else record for then_us, record in held
        ]


def _moved(record: Record, by_us: int, now_us: int) -> Record:
    return replace(record, at=from_us(min(to_us(record.at) + by_us, now_us)))
