"""Recordings and their ground truth as files: JSON Lines, plain or gzipped, the same bytes on every machine."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tagdock_contract import Record, encode, utc_text

from tagdock_simulators.doors import Crossing, DoorGeometry, Truth, crossing_truth
from tagdock_simulators.radio import Radio
from tagdock_simulators.reading import ReadBlock, block_lines, field_reads

_GZIP_LEVEL = 6


@dataclass(slots=True)
class Progress:
    """How far a recording is."""

    loads: int = 0
    tags: int = 0
    reads: int = 0


@dataclass(frozen=True, slots=True)
class Files:
    """What a recording is written to. `change` may change the records on their way: faults of readers."""

    reads: BinaryIO
    truth: BinaryIO | None = None
    change: Callable[[Iterable[Record]], Iterable[Record]] | None = None


def record(
    doors: Sequence[DoorGeometry], crossings: Iterable[Crossing], seed: int, radio: Radio, files: Files
) -> Iterator[Progress]:
    """Write what doors report of loads, and what really happened, line by line; yields after every stretch of time.

    Raises ValueError as `field_reads` does, and OSError when a file cannot be written.
    """
    progress = Progress()

    def told() -> Iterator[Crossing]:
        for crossing in crossings:
            progress.loads += 1
            progress.tags += len(crossing.epcs)
            if files.truth is not None:
                files.truth.write(b"".join(truth_line(each) for each in crossing_truth(crossing)))
            yield crossing

    blocks = field_reads(doors, told(), seed, radio)
    for lines, reads in _changed(blocks, files.change) if files.change else _plain(blocks):
        files.reads.write(lines)
        progress.reads += reads
        yield progress
    yield progress


def _plain(blocks: Iterator[ReadBlock]) -> Iterator[tuple[bytes, int]]:
    for block in blocks:
        yield block_lines(block), len(block)


_LINES_AT_ONCE = 4096


def _changed(
    blocks: Iterator[ReadBlock], change: Callable[[Iterable[Record]], Iterable[Record]]
) -> Iterator[tuple[bytes, int]]:
    """Write records one by one: what changes them works on records."""
    lines: list[bytes] = []
    for each in change(each for block in blocks for each in block.records()):
        lines.append(encode(each) + b"\n")
        if len(lines) == _LINES_AT_ONCE:
            yield b"".join(lines), len(lines)
            lines.clear()
    yield b"".join(lines), len(lines)


def truth_line(truth: Truth) -> bytes:
    """Write what really happened to one tag, or why nothing is to be reported of it."""
    told: dict[str, object] = {"epc": truth.epc, "epc_hex": truth.epc_hex, "door": truth.door}
    if truth.direction is None:
        told |= {"nothing": True, "why": truth.why, "at": utc_text(truth.at)}
    else:
        told |= {"direction": truth.direction, "at": utc_text(truth.at)}
    return json.dumps(told).encode() + b"\n"


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing, gzipped where its name ends in `.gz`; it takes its name only when all went well.

    What a link leads to is written, and a device or pipe stays what it is. Raises OSError when it cannot be written.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as raw, _packed(raw, path.suffix) as file:
            yield file
        return
    whole = path.resolve()
    part = whole.with_name(whole.name + ".part")
    try:
        with part.open("wb") as raw, _packed(raw, path.suffix) as file:
            yield file
        part.replace(whole)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _packed(raw: BinaryIO, suffix: str) -> Iterator[BinaryIO]:
    if suffix != ".gz":
        yield raw
        return
    # Neither name nor time of day go into the header, so that the bytes depend on the content alone.
    with gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0) as packed:
        yield packed  # type: ignore[misc]  # GzipFile writes bytes as any binary file does
