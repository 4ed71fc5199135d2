"""Reads as columns: what recordings are written from, and what becomes objects only for those who want objects."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge

from tagdock_contract import InputChange, Record, TagRead

from tagdock_simulators.chance import Floats, Ints

_UNIX = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """A stretch of time: its reads as columns of one length, in time order, and its input changes, in time order too.

    `reader` and `tag` are places in `readers` and `epcs`.
    """

    readers: tuple[str, ...]
    epcs: tuple[str, ...]
    at_us: Ints
    """Microseconds since 1970 (UTC)."""
    reader: Ints
    antenna: Ints
    tag: Ints
    rssi_dbm: Floats
    phase_deg: Floats
    doppler_hz: Floats
    channel: Ints
    inputs: tuple[InputChange, ...] = ()

    def __len__(self) -> int:
        return len(self.at_us)

    def reads(self) -> Iterator[TagRead]:
        """Yield the reads as objects."""
        columns = (self.at_us, self.reader, self.antenna, self.tag)
        values = (self.rssi_dbm, self.phase_deg, self.doppler_hz, self.channel)
        rows = zip(*(c.tolist() for c in (*columns, *values)), strict=True)
        for us, reader, antenna, tag, dbm, degrees, hertz, channel in rows:
            at = _UNIX + timedelta(microseconds=us)
            yield TagRead(at, self.readers[reader], antenna, self.epcs[tag], dbm, degrees, hertz, channel)

    def records(self) -> Iterator[Record]:
        """Yield reads and input changes together in time order; at the same time the input changes first."""
        return merge(self.inputs, self.reads(), key=lambda record: record.at)


def microseconds(at: datetime) -> int:
    """Return a time as whole microseconds since 1970 (UTC)."""
    return (at - _UNIX) // timedelta(microseconds=1)
