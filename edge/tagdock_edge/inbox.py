"""Where readers put what they have and the gateway takes it: a queue between threads that never blocks a reader.

It is bounded by reads. When the gateway can't keep up, the oldest delivery goes first: what is in the doorway now can
still be told, what is seconds old is half lost already. News of readers (up, down) and readings of bin sensors are kept
apart; of the readings, the oldest go as well.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tagdock_contract import BinReading, Record

ReaderState = Literal["up", "down", "slow", "hot", "antenna_up", "antenna_down", "buffer_overflow"]
READS_AT_MOST = 200_000
READINGS_AT_MOST = 10_000
NEWS_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class ReaderNews:
    """Something happened to a reader at a time (microseconds); the gateway makes a reader event of it."""

    at_us: int
    reader: str
    state: ReaderState
    antenna: int | None = None
    detail: str = ""


class Taken(NamedTuple):
    """What was in the inbox, each kind in the order in which it came."""

    deliveries: list[Sequence[Record]]
    readings: list[BinReading]
    news: list[ReaderNews]


class Inbox:
    """Deliveries from all readers and sensors in the order in which they came."""

    def __init__(self, reads_at_most: int = READS_AT_MOST, readings_at_most: int = READINGS_AT_MOST) -> None:
        self._reads_at_most = reads_at_most
        self._ready = threading.Condition()
        self._deliveries: deque[Sequence[Record]] = deque()
        self._readings: deque[BinReading] = deque(maxlen=readings_at_most)
        self._news: deque[ReaderNews] = deque(maxlen=NEWS_AT_MOST)
        self._waiting = 0
        self.lost_reads = 0
        """Reads that went because the queue was full, since the start."""
        self.lost_readings = 0
        """The same of bin sensors' readings."""

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

    def measure(self, readings: Sequence[BinReading]) -> None:
        """Queue readings of bin sensors; never blocks."""
        with self._ready:
            room = (self._readings.maxlen or 0) - len(self._readings)
            self.lost_readings += max(len(readings) - room, 0)
            self._readings.extend(readings)
            self._ready.notify()

    def report(self, news: ReaderNews) -> None:
        """Queue news of a reader; never blocks."""
        with self._ready:
            self._news.append(news)
            self._ready.notify()

    def take(self, timeout_s: float) -> Taken:
        """Take everything that is there; waits at most `timeout_s` for the first."""
        with self._ready:
            self._ready.wait_for(lambda: self._deliveries or self._readings or self._news, timeout_s)
            taken = Taken(list(self._deliveries), list(self._readings), list(self._news))
            self._deliveries.clear()
            self._readings.clear()
            self._news.clear()
            self._waiting = 0
            return taken
