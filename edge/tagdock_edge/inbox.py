"""Where readers put what they have and the gateway takes it: a queue between threads that never blocks a reader.

Records are looked at when they come in: what makes no sense is left out and told (`soundness`). The queue is bounded by
reads. When the gateway can't keep up, the oldest delivery goes first, of the reader that has most waiting: what is in
the doorway now can still be told, what is seconds old is half lost already, and a reader that floods loses only its own
reads. News of readers (up, down) and readings of bin sensors are kept apart; of too many readings, the newest of each
bin and quantity stay.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, get_args

from tagdock_contract import BinReading, ContractError, Record, encode

from tagdock_edge.soundness import is_name, record_fault

log = logging.getLogger(__name__)

ReaderState = Literal["up", "down", "slow", "hot", "antenna_up", "antenna_down", "buffer_overflow"]
READS_AT_MOST = 200_000
READINGS_AT_MOST = 10_000
NEWS_AT_MOST = 1_000
EARLY, LATE = timedelta(seconds=1), timedelta(days=1)
"""How far ahead of and behind the gateway's clock a record's time may be. One from the future ends other readers'
passages too soon, so drivers correct clocks; one from yesterday is of a reader that was cut off and kept its reads."""
_TELL_EVERY_S = 60.0
_STATES = frozenset(get_args(ReaderState))
_NEWS_US = range(946_684_800_000_000, 4_102_444_800_000_000)  # the years 2000 to 2099, which the contract can write
_BOUNDS_FOR_S = 0.5


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


@dataclass(slots=True)
class _Delivery:
    records: list[Record]


class Inbox:
    """Deliveries from all readers and sensors in the order in which they came."""

    def __init__(
        self,
        reads_at_most: int = READS_AT_MOST,
        readings_at_most: int = READINGS_AT_MOST,
        *,
        own_time: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`own_time`: a recording is played, whose times are not compared with the clock."""
        self._reads_at_most, self._own_time, self._now = reads_at_most, own_time, now
        self._ready = threading.Condition()
        self._deliveries: deque[_Delivery] = deque()
        self._of: dict[str, deque[_Delivery]] = {}
        self._waiting: dict[str, int] = {}
        self._total = self._emptied = 0
        self._bounds = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        self._bounds_until_s = 0.0
        self._readings_at_most = readings_at_most
        self._readings: list[BinReading] = []
        self._news: deque[ReaderNews] = deque(maxlen=NEWS_AT_MOST)
        self._tell_at_s = 0.0
        self.lost_reads = 0
        """Reads that went because the queue was full, since the start."""
        self.lost_readings = 0
        """The same of bin sensors' readings."""
        self.refused = 0
        """Records, readings and news that made no sense, since the start."""

    @property
    def waiting(self) -> int:
        """Count the reads that wait to be taken."""
        return self._total

    def deliver(self, reads: Sequence[Record]) -> None:
        """Queue one delivery of one reader; never blocks. Records that make no sense are left out and told."""
        surplus = max(len(reads) - self._reads_at_most, 0)
        sound = self._sound(reads[surplus:] if surplus else reads)
        with self._ready:
            self.lost_reads += surplus
            if sound:
                self._queue(sound)
            self._ready.notify()

    def measure(self, readings: Sequence[BinReading]) -> None:
        """Queue readings of bin sensors; never blocks."""
        sound = [reading for reading in readings if not self._tell(_reading_fault(reading))]
        with self._ready:
            self._readings.extend(sound)
            if len(self._readings) > self._readings_at_most:
                self._thin_out()
            self._ready.notify()

    def report(self, news: ReaderNews) -> None:
        """Queue news of a reader; never blocks."""
        if self._tell(_news_fault(news)):
            return
        with self._ready:
            self._news.append(news)
            self._ready.notify()

    def take(self, timeout_s: float) -> Taken:
        """Take everything that is there; waits at most `timeout_s` for the first."""
        with self._ready:
            self._ready.wait_for(lambda: self._total or self._readings or self._news, timeout_s)
            deliveries: list[Sequence[Record]] = [each.records for each in self._deliveries if each.records]
            taken = Taken(deliveries, list(self._readings), list(self._news))
            for kept in (self._deliveries, self._of, self._waiting, self._readings, self._news):
                kept.clear()
            self._total = self._emptied = 0
            return taken

    def _thin_out(self) -> None:
        """Keep the newest reading of each bin and quantity; of those the newest, if they are still too many."""
        newest: dict[tuple[str, str], BinReading] = {}
        for reading in self._readings:
            newest.pop((reading.bin, reading.quantity), None)  # so that it takes its place at the end
            newest[reading.bin, reading.quantity] = reading
        kept = list(newest.values())[-self._readings_at_most :]
        self.lost_readings += len(self._readings) - len(kept)
        self._readings = kept

    def _sound(self, records: Sequence[Record]) -> list[Record]:
        """Copy what makes sense: the driver may use its list again."""
        earliest, latest = self._bounds if self._own_time else self._bounds_now()
        faults = [record_fault(record, earliest, latest) for record in records]
        if not any(faults):
            return list(records)
        for fault in faults:
            self._tell(fault)
        return [record for record, fault in zip(records, faults, strict=True) if not fault]

    def _bounds_now(self) -> tuple[datetime, datetime]:
        """Tell the times that a record may have; looked up now and then only, for it is asked with each delivery."""
        if time.monotonic() >= self._bounds_until_s:
            now = self._now()
            self._bounds, self._bounds_until_s = (now - LATE, now + EARLY), time.monotonic() + _BOUNDS_FOR_S
        return self._bounds

    def _queue(self, records: list[Record]) -> None:
        delivery, reader = _Delivery(records), records[0].reader
        self._deliveries.append(delivery)
        if reader not in self._of:
            self._of[reader], self._waiting[reader] = deque(), 0
        self._of[reader].append(delivery)
        self._waiting[reader] += len(records)
        self._total += len(records)
        while self._total > self._reads_at_most:
            self._let_go(max(self._waiting, key=self._waiting.__getitem__))

    def _let_go(self, reader: str) -> None:
        """Empty a reader's oldest delivery where it stands; the empty ones are cleared away when they are many."""
        gone = self._of[reader].popleft()
        self.lost_reads += len(gone.records)
        self._waiting[reader] -= len(gone.records)
        self._total -= len(gone.records)
        gone.records = []
        self._emptied += 1
        if self._emptied > self._reads_at_most:
            self._deliveries = deque(each for each in self._deliveries if each.records)
            self._emptied = 0

    def _tell(self, fault: str) -> bool:
        """Count what was refused, and say why, at most once a minute: a driver may do it with each read."""
        if not fault:
            return False
        self.refused += 1
        if time.monotonic() >= self._tell_at_s:
            self._tell_at_s = time.monotonic() + _TELL_EVERY_S
            log.error("%s: refused what it delivered: %s", threading.current_thread().name, fault)
        return True


def _news_fault(news: object) -> str:
    """Name the first field of a reader's news that is wrong; empty where none is."""
    if type(news) is not ReaderNews:
        return f"{type(news).__name__} is no ReaderNews"
    if type(news.at_us) is not int or news.at_us not in _NEWS_US:
        return "at_us must be microseconds since 1970"
    if not is_name(news.reader):
        return "reader must be the reader's name"
    if news.state not in _STATES:
        return f"state must be one of {', '.join(sorted(_STATES))}"
    if news.antenna is not None and not (type(news.antenna) is int and 0 <= news.antenna <= 65_535):
        return "antenna must be a number from 0 to 65535, or None"
    return "" if type(news.detail) is str else "detail must be a text"


def _reading_fault(reading: object) -> str:
    """Say what is wrong with a bin sensor's reading, as the contract sees it; they are few."""
    if type(reading) is not BinReading:
        return f"{type(reading).__name__} is no BinReading"
    try:
        encode(reading)
    except (ContractError, TypeError, ValueError, AttributeError) as error:
        return str(error)
    return ""
