"""The journal's files: segments with growing numbers, and the checkpoint that names a place in them."""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SUFFIX = ".journal"
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
        if path.suffix == _SUFFIX and path.stem.isdecimal() and path.stem.isascii():
            yield Segment(int(path.stem), path)


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
    try:
        data = (folder / _CHECKPOINT).read_bytes()
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
