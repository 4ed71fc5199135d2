"""Recordings and their ground truth as files: JSON Lines, plain or gzipped, the same bytes on every machine."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tagdock_contract import encode, utc_text

from tagdock_simulators.doors import Truth
from tagdock_simulators.scenarios import EPOCH, Scenario, Scene, in_order, scenes

_LINES_AT_ONCE = 4096
_GZIP_LEVEL = 6


@dataclass(slots=True)
class Progress:
    """How far a recording is."""

    loads: int = 0
    tags: int = 0
    reads: int = 0


def record(scenario: Scenario, seed: int, reads: BinaryIO, truth: BinaryIO | None) -> Iterator[Progress]:
    """Write a scenario's reads, and what really happened, line by line; yields after every few thousand reads."""
    progress = Progress()

    def told() -> Iterator[Scene]:
        for scene in scenes(scenario, seed, EPOCH):
            progress.loads += 1
            progress.tags += len(scene.truth)
            if truth is not None:
                truth.write(b"".join(truth_line(each) for each in scene.truth))
            yield scene

    lines: list[bytes] = []
    for read in in_order(told()):
        lines.append(encode(read))
        if len(lines) == _LINES_AT_ONCE:
            progress.reads += _flush(lines, reads)
            yield progress
    progress.reads += _flush(lines, reads)
    yield progress


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

    Raises OSError when it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as raw:
            if path.suffix == ".gz":
                # Neither name nor time of day go into the header, so that the bytes depend on the content alone.
                with gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0) as packed:
                    yield packed  # type: ignore[misc]  # GzipFile writes bytes as any binary file does
            else:
                yield raw
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _flush(lines: list[bytes], file: BinaryIO) -> int:
    count = len(lines)
    if lines:
        file.write(b"\n".join(lines) + b"\n")
        lines.clear()
    return count
