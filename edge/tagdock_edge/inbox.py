"""Where readers put what they have and the gateway takes it: a queue between threads that never blocks a reader.

It is bounded by reads. When the gateway can't keep up, the oldest delivery goes first: what is in the doorway now can
still be told, what is seconds old is half lost already. News of readers (up, down) is kept apart and goes last.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tagdock_contract import Record

ReaderState = Literal["up", "down", "slow", "hot", "antenna_up", "antenna_down", "buffer_overflow"]
READS_AT_MOST = 200_000
NEWS_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class ReaderNews:
    """Something happened to a reader at a time (microseconds); the gateway makes a reader event of it."""

    at_us: int
    reader: str
    state: ReaderState
    antenna: int | None = None
    detail: str = ""


class Inbox:
    """Deliveries from all readers in the order in which they came."""

    def __init__(self, reads_at_most: int = READS_AT_MOST) -> None:
        self._reads_at_most = reads_at_most
        self._ready = threading.Condition()
        self._deliveries: deque[Sequence[Record]] = deque()
        self._news: deque[ReaderNews] = deque(maxlen=NEWS_AT_MOST)
        self._waiting = 0
        self.lost_reads = 0
        """Reads that went because the queue was full, since the start."""

    def deliver(self, reads: Sequence[Record]) -> None:
        """Queue one delivery; never blocks."""
        with self._ready:
            self._deliveries.append(reads)
            self._waiting += len(reads)
            while self._waiting > self._reads_at_most and len(self._deliveries) > 1:
                gone = len(self._deliveries.popleft())
                self._waiting -= gone
                self.lost_reads += gone
            self._ready.notify()

    def report(self, news: ReaderNews) -> None:
        """Queue news of a reader; never blocks."""
        with self._ready:
            self._news.append(news)
            self._ready.notify()

    def take(self, timeout_s: float) -> tuple[list[Sequence[Record]], list[ReaderNews]]:
        """Take everything that is there; waits at most `timeout_s` for the first."""
        with self._ready:
            self._ready.wait_for(lambda: self._deliveries or self._news, timeout_s)
            taken = list(self._deliveries), list(self._news)
            self._deliveries.clear()
            self._news.clear()
            self._waiting = 0
            return taken
