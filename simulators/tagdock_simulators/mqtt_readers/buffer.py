"""What a reader holds back while the broker can't take it: bounded, in order, the oldest reads go first.

Order of loss when it is full: the oldest read, always; input changes have a place of their own, so that a flood of
reads never pushes out a photo-eye; of more than that place holds the oldest goes too. Status messages are never here:
they are written when they are due.
"""

from collections import deque

from tagdock_contract import InputChange, TagRead

from tagdock_simulators.mqtt_readers.instants import ns_of
from tagdock_simulators.mqtt_readers.messages import Purged

INPUTS_AT_MOST = 1_000


class Buffer:
    """Reads and input changes in the order in which they came."""

    def __init__(self, reads_at_most: int, keep_s: float = 0.0) -> None:
        self._reads: deque[TagRead] = deque()
        self._inputs: deque[tuple[int, InputChange]] = deque()
        self._reads_at_most, self._keep_ns = reads_at_most, round(keep_s * 1e9)
        self._gone = 0  # reads that left so far, whichever way: it tells where an input stands among them
        self._purged: tuple[int, int, int] | None = None
        self.reads_lost = 0
        self.inputs_lost = 0

    def __len__(self) -> int:
        return len(self._reads) + len(self._inputs)

    @property
    def reads(self) -> int:
        """Return how many reads wait."""
        return len(self._reads)

    def put(self, record: TagRead | InputChange) -> None:
        """Take a record in; never refuses, see the order of loss above."""
        if isinstance(record, InputChange):
            self._inputs.append((self._gone + len(self._reads), record))
            if len(self._inputs) > INPUTS_AT_MOST:
                self._inputs.popleft()
                self.inputs_lost += 1
            return
        self._reads.append(record)
        if len(self._reads) > self._reads_at_most:
            self._purge()

    def pop(self) -> TagRead | InputChange:
        """Give the next record away. Raises IndexError when there is none."""
        if self._inputs and (not self._reads or self._inputs[0][0] <= self._gone):
            return self._inputs.popleft()[1]
        read = self._reads.popleft()
        self._gone += 1
        return read

    def expire(self, now_ns: int) -> None:
        """Forget reads that waited longer than they may."""
        while self._keep_ns and self._reads and now_ns - ns_of(self._reads[0].at) > self._keep_ns:
            self._purge()

    def clear(self) -> None:
        """Give everything up."""
        self.reads_lost += len(self._reads)
        self.inputs_lost += len(self._inputs)
        self._reads.clear()
        self._inputs.clear()

    def purged(self) -> Purged | None:
        """Tell what was lost since this was asked last, if anything."""
        if self._purged is None:
            return None
        first_ns, last_ns, count = self._purged
        self._purged = None
        return Purged(first_ns, last_ns, count, len(self._reads))

    def _purge(self) -> None:
        self._gone += 1
        self.reads_lost += 1
        at_ns = ns_of(self._reads.popleft().at)
        first_ns, _, count = self._purged or (at_ns, at_ns, 0)
        self._purged = first_ns, at_ns, count + 1
