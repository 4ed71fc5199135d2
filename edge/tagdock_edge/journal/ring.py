"""The ring that is written: blocks go to the newest segment, the oldest goes when the ring is full."""

import contextlib
import errno
import logging
import os
import time

from tagdock_edge.config.journal import JournalConfig
from tagdock_edge.journal.segments import Place, segment, segments, sync_folder

log = logging.getLogger(__name__)

RETRY_S = 1.0
"""A disk that would take no block is asked again after so long."""


class Ring:
    """Append to the ring. A disk that fails is told once, counted and tried again; nothing here raises."""

    def __init__(self, config: JournalConfig, end: Place) -> None:
        """Go on at `end`: the end of the newest segment, or offset 0 of one that is not there yet."""
        self._config = config
        self._folder = config.folder
        self.place = end
        """Where the next block goes."""
        self.keep_from = 0
        """The segment of the last checkpoint: from here on the ring should let nothing go."""
        self.overrun_segments = 0
        """Segments that had to go although a crash would have needed them."""
        self.written_bytes = 0
        self._descriptor = -1
        self._retry_at_s = 0.0
        self._failed = False
        self._dirty = False
        self._sync_at_s = 0.0

    @property
    def failing(self) -> bool:
        """Tell whether the disk took nothing the last time."""
        return self._failed

    def write(self, block: bytes) -> bool:
        """Append one block with one system call; False where the disk does not take it."""
        if self._failed and time.monotonic() < self._retry_at_s:
            return False
        try:
            self._make_ready(len(block))
            if os.write(self._descriptor, block) != len(block):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._give_up(error)
            return False
        self.place = Place(self.place.segment, self.place.offset + len(block))
        self.written_bytes += len(block)
        self._dirty = True
        if self._failed:
            self._failed = False
            log.warning("journal %s: works again", self._folder)
        self.sync_when_due()
        return True

    def sync_when_due(self) -> None:
        """Have the disk keep what was written, where that is asked for and it is time."""
        if not self._dirty or self._config.sync == "none" or time.monotonic() < self._sync_at_s:
            return
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:  # what it held may be gone without a word: leave it, go on in another segment
            self._give_up(error)
            self._begin_anew()
            return
        self._dirty = False
        self._sync_at_s = time.monotonic() + self._config.sync_every_ms / 1000

    def close(self) -> None:
        """Close the newest segment."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _make_ready(self, size: int) -> None:
        """Have a segment open that takes so many bytes."""
        if self.place.offset and self.place.offset + size > self._config.segment_bytes:
            self._begin_anew()
        if self._descriptor >= 0:
            return
        new = self.place.offset == 0
        if new:
            self._make_room()
        flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT | os.O_TRUNC if new else 0)
        self._descriptor = os.open(segment(self._folder, self.place.segment).path, flags, 0o644)
        os.lseek(self._descriptor, self.place.offset, os.SEEK_SET)
        if new and self._config.sync != "none":
            sync_folder(self._folder)

    def _begin_anew(self) -> None:
        self.close()
        self._dirty = False
        self.place = Place(self.place.segment + 1, 0)

    def _make_room(self) -> None:
        """Let the oldest segments go until another one fits."""
        there = segments(self._folder)
        total = sum(each.size_bytes() for each in there) + self._config.segment_bytes
        for oldest in there:
            if total <= self._config.size_bytes:
                return
            total -= oldest.size_bytes()
            oldest.path.unlink(missing_ok=True)
            if oldest.number >= self.keep_from:
                self._tell_overrun()

    def _tell_overrun(self) -> None:
        self.overrun_segments += 1
        if self.overrun_segments == 1:
            log.warning(
                "journal %s: is too small, reads since the last checkpoint were let go; after a crash they would be "
                "missing: make [journal] size_mb larger",
                self._folder,
            )

    def _give_up(self, error: OSError) -> None:
        self._retry_at_s = time.monotonic() + RETRY_S
        try:
            os.ftruncate(self._descriptor, self.place.offset)  # half a block is of no use
        except OSError:  # nor is a segment that can't be cut, or not be opened
            with contextlib.suppress(OSError):
                self._begin_anew()
        if not self._failed:
            self._failed = True
            log.error(
                "journal %s: can't be written (%s); the gateway goes on without it, a crash would cost the undecided "
                "passages; free some disk",
                self._folder,
                error.strerror,
            )
