"""The journal as the gateway keeps it: steps before they are worked on, checkpoints, and what follows the last one."""

import logging
import os
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tagdock_contract import Record

from tagdock_edge.alone import hold_alone
from tagdock_edge.config.journal import JournalConfig
from tagdock_edge.errors import FolderError
from tagdock_edge.journal.block import Step, pack, pieces, unpack
from tagdock_edge.journal.ring import Ring
from tagdock_edge.journal.segments import Checkpoint, Place, Segment, read_checkpoint, segments, write_checkpoint

log = logging.getLogger(__name__)

CHECKPOINT_SHARE = 20
"""Snapshots take a twentieth of the time at most: with 200,000 open reads one takes half a second."""


class Recovery(NamedTuple):
    """What a crash left: the last snapshot (None: there is nothing to go on from) and the steps after it."""

    snapshot: bytes | None
    steps: Iterator[Step]


class Journal:
    """One journal, for this process alone. Not for several threads.

    Only opening raises; a disk that fails later costs the journal, not the gateway.
    """

    def __init__(self, config: JournalConfig) -> None:
        """Open or make the folder, and cut off what a crash left half written.

        Raises FolderError where it can't be used or is in use.
        """
        self._config = config
        self.lost_records = 0
        """Records that could not be journaled, since the start."""
        self.damaged_bytes = 0
        """Bytes that a recovery found to be no blocks."""
        self._idle_us: int | None = None
        self._missed = 0
        self._lock = hold_alone(config.folder / "lock", config.folder)
        try:
            self._checkpoint = self._read_checkpoint()
            self._end = _cut_torn_tail(segments(config.folder))
        except OSError as error:
            self._lock.close()
            raise FolderError(f"{config.folder}: can't be used ({error.strerror}); look at its rights") from error
        self._ring = Ring(config, self._begin())
        self._ring.keep_from = self._checkpoint.place.segment if self._checkpoint else self._end.segment
        self._checkpoint_at_s, self._checkpoint_bytes = 0.0, 0
        self._checkpoint_failed = False

    @property
    def failing(self) -> bool:
        """Tell whether the disk takes no reads now."""
        return self._ring.failing

    @property
    def overrun_segments(self) -> int:
        """Segments that the ring let go although a crash would have needed them, since the start."""
        return self._ring.overrun_segments

    def append(self, records: Sequence[Record], now_us: int) -> None:
        """Write down that records came and that the time was `now_us` then, before they are worked on."""
        self._write(pack(self._idle_us, records, now_us, self._missed), len(records))

    def pass_by(self, now_us: int) -> None:
        """Remember that the time was `now_us` and there was nothing to decide: written down with what comes next."""
        self._idle_us = now_us
        self._ring.sync_when_due()

    def checkpoint_due(self) -> bool:
        """Tell whether it is time for a checkpoint: by the clock, or because a quarter of the ring was written."""
        written = self._ring.written_bytes - self._checkpoint_bytes
        return time.monotonic() >= self._checkpoint_at_s or written > self._config.size_bytes // 4

    def checkpoint(self, snapshot: bytes, took_s: float = 0.0) -> bool:
        """Write down what is undecided after all that was appended; False where the disk does not take it.

        `took_s`: how long it took to make the snapshot; the next one is due later where that is long.
        """
        pause_s = max(self._config.checkpoint_every_s, CHECKPOINT_SHARE * took_s)
        self._checkpoint_at_s = time.monotonic() + pause_s
        checkpoint = Checkpoint(self._ring.place, snapshot)
        try:
            write_checkpoint(self._config.folder, checkpoint)
        except OSError as error:
            if not self._checkpoint_failed:
                log.error("journal %s: a checkpoint can't be written (%s)", self._config.folder, error.strerror)
            self._checkpoint_failed = True
            return False
        self._checkpoint_failed = False
        self._ring.keep_from = checkpoint.place.segment
        self._checkpoint_bytes = self._ring.written_bytes
        return True

    def recover(self) -> Recovery:
        """Return the last checkpoint and what came after it, up to when the journal was opened."""
        if self._checkpoint is None:
            if segments(self._config.folder):
                log.error(
                    "journal %s: there is no usable checkpoint; what was undecided before is lost", self._config.folder
                )
            return Recovery(None, iter(()))
        return Recovery(self._checkpoint.snapshot, self._after(self._checkpoint.place))

    def close(self) -> None:
        """Close the files."""
        self._ring.close()
        self._lock.close()

    def _write(self, block: bytes, records: int) -> None:
        self._idle_us = None
        if self._ring.write(block):
            self._missed = 0
        else:
            self._missed += records
            self.lost_records += records

    def _read_checkpoint(self) -> Checkpoint | None:
        try:
            return read_checkpoint(self._config.folder)
        except ValueError as error:
            log.error("journal %s: the checkpoint is damaged (%s)", self._config.folder, error)
            return None

    def _begin(self) -> Place:
        """Go on in the newest segment, unless it is full or the checkpoint speaks of more than there is."""
        known = self._checkpoint.place if self._checkpoint else Place(0, 0)
        if self._end < known:
            return Place(known.segment + 1, 0)
        return self._end if self._end.offset < self._config.segment_bytes else Place(self._end.segment + 1, 0)

    def _after(self, place: Place) -> Iterator[Step]:
        expected = place.segment
        for each in segments(self._config.folder):
            if not place.segment <= each.number <= self._end.segment:
                continue
            if each.number != expected:
                log.error("journal %s: segments before %d are missing", self._config.folder, each.number)
            expected = each.number + 1
            data = each.read()[: self._end.offset if each.number == self._end.segment else None]
            yield from self._steps(each, data[place.offset :] if each.number == place.segment else data)

    def _steps(self, each: Segment, data: bytes) -> Iterator[Step]:
        for piece in pieces(data):
            steps = unpack(piece)
            if steps is None:
                self.damaged_bytes += piece.end - piece.begin
                log.error("%s: %d bytes are damaged; their reads are lost", each.path, piece.end - piece.begin)
                continue
            yield from steps


def _cut_torn_tail(there: Sequence[Segment]) -> Place:
    """Cut off what stands behind the newest segment's last whole block; returns the journal's end. Raises OSError."""
    if not there:
        return Place(1, 0)
    newest = there[-1]
    data, end = newest.read(), 0
    for piece in pieces(data):
        if piece.content is not None:
            end = piece.end
    if end < len(data):
        log.warning(
            "%s: the last %d bytes are half a block, as a crash leaves it; cut off", newest.path, len(data) - end
        )
        os.truncate(newest.path, end)
    return Place(newest.number, end)
