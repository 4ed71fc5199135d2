"""Faults in what readers read: records in, other records out. Time is the records' own."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tagdock_contract import InputChange, Record, TagRead

from tagdock_simulators.chance import Chance
from tagdock_simulators.faults.kinds import Kind
from tagdock_simulators.faults.schedule import Fault, Schedule

BURST_GAP_S = 0.2
"""A tag's reads of a burst are spread to its next read, which is taken to come after as long as the last one did, and
not later than this."""
_RSSI_STEP_DB = 0.5
_TAGS_KNOWN = 100_000
_Link = tuple[str, int, str]


class DisturbedReads:
    """Applies a schedule to the records of all readers, which come in the order of time and leave in it.

    Clocks are wrong in what a record says, not in the order of records: a clock that jumps back writes earlier times
    after later ones, as a real one does.
    """

    def __init__(self, schedule: Schedule, began_at: datetime) -> None:
        """Prepare; the schedule's time begins at `began_at`."""
        self._schedule, self._began_at = schedule, began_at
        self._known: dict[str, tuple[tuple[Fault, ...], float | None]] = {}
        self._chance = Chance(schedule.seed, "burst")
        self._last_s: dict[_Link, float] = {}
        self._later: list[tuple[float, int, Record]] = []
        self._order = 0
        self.done: Counter[Kind] = Counter()
        """How many records each fault took away, added or changed."""

    def take(self, record: Record) -> list[Record]:
        """Return what is reported up to this record's time, with it or without it."""
        now_s = (record.at - self._began_at).total_seconds()
        out = self._due(now_s)
        faults = self._active(record.reader, now_s)
        if not faults:
            return [*out, record]
        for each in self._happening(record, now_s, faults):
            out.append(self._clocked(each, now_s, faults))
        return out

    def rest(self) -> list[Record]:
        """Return what is still to be reported after the last record."""
        return self._due(float("inf"))

    def _due(self, now_s: float) -> list[Record]:
        out = []
        while self._later and self._later[0][0] <= now_s:
            due_s, _, record = heapq.heappop(self._later)
            out.append(self._clocked(record, due_s, self._active(record.reader, due_s)))
        return out

    def _active(self, reader: str, now_s: float) -> tuple[Fault, ...]:
        """Look the reader's faults up, again only when some may have changed."""
        faults, until_s = self._known.get(reader, ((), -1.0))
        if until_s is not None and now_s >= until_s:
            faults = self._schedule.active(reader, now_s)
            self._known[reader] = faults, self._schedule.next_change_s(now_s)
        return faults

    def _happening(self, record: Record, now_s: float, faults: tuple[Fault, ...]) -> list[Record]:
        """Take a record away, or add some like it."""
        records = [record]
        for fault in faults:
            if fault.kind is Kind.MUTE or (fault.kind is Kind.DEAD_ANTENNA and _antenna(record) == fault.value):
                self.done[fault.kind] += 1
                return []
            if fault.kind is Kind.DUPLICATE_READS and isinstance(record, TagRead):
                self.done[fault.kind] += int(fault.value) - 1
                records = [record] * int(fault.value)
            if fault.kind is Kind.BURST and isinstance(record, TagRead):
                self._add_between(record, now_s, int(fault.value))
        return records

    def _add_between(self, read: TagRead, now_s: float, times: int) -> None:
        """Read a tag again and again until its next own read."""
        link = (read.reader, read.antenna, read.epc)
        gap_s = min(now_s - self._last_s.get(link, now_s - BURST_GAP_S / 2), BURST_GAP_S)
        if len(self._last_s) > _TAGS_KNOWN:
            self._last_s.clear()
        self._last_s[link] = now_s
        for copy in range(1, times):
            later_s = gap_s * copy / times
            rssi_dbm = max(read.rssi_dbm + _RSSI_STEP_DB * (self._chance.below(3) - 1), -200.0)
            again = _again(read, read.at + timedelta(seconds=later_s), rssi_dbm)
            self._order += 1
            heapq.heappush(self._later, (now_s + later_s, self._order, again))
        self.done[Kind.BURST] += times - 1

    def _clocked(self, record: Record, now_s: float, faults: tuple[Fault, ...]) -> Record:
        """Let the reader's clock write the time."""
        wrong_s = sum(_wrong_s(fault, now_s) for fault in faults)
        if not wrong_s:
            return record
        self.done.update(fault.kind for fault in faults if _wrong_s(fault, now_s))
        at = record.at + timedelta(seconds=wrong_s)
        if isinstance(record, InputChange):
            return InputChange(at, record.reader, record.gpi, record.state)
        return _again(record, at, record.rssi_dbm)


def disturbed(records: Iterable[Record], schedule: Schedule, began_at: datetime) -> Iterator[Record]:
    """Apply a schedule to a whole recording."""
    reads = DisturbedReads(schedule, began_at)
    for record in records:
        yield from reads.take(record)
    yield from reads.rest()


def _wrong_s(fault: Fault, now_s: float) -> float:
    if fault.kind is Kind.CLOCK_JUMP:
        return fault.value
    if fault.kind is Kind.CLOCK_SKEW:
        return (now_s - fault.at_s) * fault.value * 1e-6
    return 0.0


def _antenna(record: Record) -> int | None:
    return record.antenna if isinstance(record, TagRead) else None


def _again(read: TagRead, at: datetime, rssi_dbm: float) -> TagRead:
    return TagRead(
        at,
        read.reader,
        read.antenna,
        read.epc,
        rssi_dbm,
        read.phase_deg,
        read.doppler_hz,
        read.channel,
        read.count,
    )
