"""The journal's files: segments with growing numbers, and the checkpoint that names a place in them."""

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SUFFIX = ".journal"
_DIGITS_AT_MOST = 18
"""More do not go into a checkpoint's 64 bits."""
_CHECKPOINT = "checkpoint"
_MAGIC = b"TDCHECK1"
_PLACE = struct.Struct("<QQ")
_HEAD = struct.Struct("<8sI")


class Place(NamedTuple):
    """A place in the journal: a segment's number and an offset in it, in bytes."""

    segment: int
    offset: int


class Checkpoint(NamedTuple):
    """What was undecided (`snapshot`), after everything before `place` had been worked on."""

    place: Place
    snapshot: bytes


class Segment(NamedTuple):
    """One file of the journal."""

    number: int
    path: Path

    def size_bytes(self) -> int:
        """Return the file's size; 0 where it is gone."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def read(self) -> bytes:
        """Return what is in the file; nothing where the ring has let it go meanwhile."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""


def segment(folder: Path, number: int) -> Segment:
    """Return the segment of this number; its file need not be there."""
    return Segment(number, folder / f"{number:012d}{_SUFFIX}")


def segments(folder: Path) -> list[Segment]:
    """Return the segments that are there, oldest first. Raises OSError."""
    return sorted(_found(folder))


def _found(folder: Path) -> Iterator[Segment]:
    for path in folder.iterdir():
        named = path.suffix == _SUFFIX and path.stem.isdecimal() and path.stem.isascii()
        if named and len(path.stem) <= _DIGITS_AT_MOST and _is_ours(path):
            yield Segment(int(path.stem), path)


def _is_ours(path: Path) -> bool:
    """Tell whether it is a plain file: what a link, a pipe or a device leads to is not ours to read, cut or delete."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:  # the ring has let it go meanwhile
        return False


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write it whole or not at all, also over a power cut. Raises OSError."""
    body = _PLACE.pack(*checkpoint.place) + checkpoint.snapshot
    draft = folder / f"{_CHECKPOINT}.new"
    with draft.open("wb") as file:
        file.write(_HEAD.pack(_MAGIC, zlib.crc32(body)))
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / _CHECKPOINT)
    sync_folder(folder)


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the last checkpoint; None where there never was one. Raises OSError, and ValueError if it is damaged."""
    path = folder / _CHECKPOINT
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ValueError("it is no plain file")
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    body = data[_HEAD.size :]
    if len(body) < _PLACE.size or _HEAD.unpack_from(data) != (_MAGIC, zlib.crc32(body)):
        raise ValueError("its checksum is wrong")
    return Checkpoint(Place(*_PLACE.unpack_from(body)), body[_PLACE.size :])


def sync_folder(folder: Path) -> None:
    """Make a rename or a new file in the folder last. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
