"""Recordings as readers: JSON Lines, plain or gzipped, checked line by line."""

import gzip
import io
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from tagdock_contract import ContractError, ReaderStatus, Record, TagRead, decode_record

from tagdock_edge.clock import to_us
from tagdock_edge.config.kinds import Text
from tagdock_edge.driver import Driver, Station
from tagdock_edge.errors import RecordingError
from tagdock_edge.inbox import Inbox, ReaderNews
from tagdock_edge.tables import Table

MAX_LINE_BYTES = 4096
"""A read takes about 200 bytes; a longer line is no record."""
_READS_A_DELIVERY = 500


def read_recording(path: Path) -> Iterator[Record]:
    """Yield a recording's records in the order of its lines; holds one line at a time in memory.

    Raises RecordingError naming the line that is wrong, or why the file can't be read.
    """
    try:
        with _open(path) as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise RecordingError(f"{path}, line {number}: is longer than {MAX_LINE_BYTES} bytes; no record is")
                if line.strip():
                    yield _record(path, number, line)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RecordingError(f"{path}: can't be read ({reason}); give a .jsonl or .jsonl.gz file") from error


def _open(path: Path) -> io.BufferedIOBase:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _record(path: Path, number: int, line: bytes) -> Record:
    try:
        return decode_record(line)
    except ContractError as error:
        raise RecordingError(f"{path}, line {number}: {error}") from error


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """A recording played as a reader, `speed` times as fast as it was recorded (0: as fast as it goes)."""

    file: Path
    speed: float = 1.0


def read_settings(table: Table, station: Station) -> RecordingSettings:
    """Read the keys of a `[[reader]]` with `driver = "recording"`."""
    file = table.take("file", Text, "the path of a recording") or ""
    speed = table.take("speed", Annotated[float, Meta(ge=0, le=1000)], "a number from 0 to 1000", 1.0)
    return RecordingSettings(station.base / file, speed)


class RecordingReader:
    """Play a recording into the inbox at the pace at which it was made, or another."""

    def __init__(self, name: str, settings: RecordingSettings) -> None:
        self.name = name
        self._settings = settings
        self._status = ReaderStatus(name, "connecting")

    def status(self) -> ReaderStatus:
        """Return how the recording stands."""
        return self._status

    def run(self, inbox: Inbox, stop: threading.Event) -> None:
        """Play until the end or until stopped. Raises RecordingError on a line that is no record."""
        news_us = 0
        reads = 0
        for delivery in self._paced(stop):
            if not reads:
                news_us = to_us(delivery[0].at)
                inbox.report(ReaderNews(news_us, self.name, "up", detail=f"playing {self._settings.file.name}"))
            inbox.deliver(delivery)
            reads += sum(isinstance(record, TagRead) for record in delivery)
            news_us = to_us(delivery[-1].at)
            self._status = ReaderStatus(self.name, "up", last_read_at=delivery[-1].at, reads=reads)
        self._status = ReaderStatus(self.name, "down", reads=reads, detail="the recording has ended")
        if news_us:
            inbox.report(ReaderNews(news_us, self.name, "down", detail="the recording has ended"))

    def _paced(self, stop: threading.Event) -> Iterator[list[Record]]:
        """Yield the records in small deliveries, each when its time has come."""
        speed = self._settings.speed
        delivery: list[Record] = []
        began_s, first_us = time.monotonic(), None
        for record in read_recording(self._settings.file):
            first_us = to_us(record.at) if first_us is None else first_us
            due_s = began_s + (to_us(record.at) - first_us) / 1e6 / speed if speed else began_s
            pause_s = due_s - time.monotonic()
            if delivery and (pause_s > 0 or len(delivery) >= _READS_A_DELIVERY):
                yield delivery
                delivery = []
            if stop.wait(max(pause_s, 0.0)) if pause_s > 0 else stop.is_set():
                return
            delivery.append(record)
        if delivery:
            yield delivery


DRIVER = Driver(read_settings, RecordingReader, own_time=True)
