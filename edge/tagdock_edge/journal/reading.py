"""Read a journal from outside, also while a gateway writes it: for `replay` and `explain`."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from tagdock_contract import Record

from tagdock_edge.clock import SECOND_US, to_us
from tagdock_edge.errors import FolderError
from tagdock_edge.journal.block import Piece, pieces, unpack
from tagdock_edge.journal.segments import Segment, segments

log = logging.getLogger(__name__)

LATE_US = 600 * SECOND_US
"""A read stands in the journal at most so long before or after the time it carries."""
_FIRST_BYTES = 256 * 1024
"""Enough of a segment to find its first time."""


def read_journal(folder: Path, from_us: int | None = None, until_us: int | None = None) -> Iterator[Record]:
    """Yield the journaled records in their order, those of `from_us` <= at < `until_us` where these are given.

    Damaged stretches are told and left out. Raises FolderError where there is no journal.
    """
    try:
        there = segments(folder)
    except OSError as error:
        raise FolderError(
            f"{folder}: can't be read ({error.strerror}); name the journal's folder, for explain with --data"
        ) from error
    if not there:
        raise FolderError(f"{folder}: there is no journal here; name the folder with the .journal files")
    for each in _near(there, from_us, until_us):
        for record in _records(each, newest=each == there[-1]):
            if from_us is until_us is None or _within(to_us(record.at), from_us, until_us):
                yield record


def _within(at_us: int, from_us: int | None, until_us: int | None) -> bool:
    return (from_us is None or from_us <= at_us) and (until_us is None or at_us < until_us)


def _near(there: Sequence[Segment], from_us: int | None, until_us: int | None) -> Iterator[Segment]:
    """Leave out the segments that are too old or too new to hold such records."""
    begins = [_first_us(each) for each in there] if from_us is not None or until_us is not None else [None] * len(there)
    for each, begin_us, end_us in zip(there, begins, [*begins[1:], None], strict=True):
        too_old = from_us is not None and end_us is not None and end_us < from_us - LATE_US
        too_new = until_us is not None and begin_us is not None and begin_us > until_us + LATE_US
        if not too_old and not too_new:
            yield each


def _first_us(each: Segment) -> int | None:
    try:
        with each.path.open("rb") as file:
            data = file.read(_FIRST_BYTES)
    except OSError:
        return None
    times = (step.now_us for piece in pieces(data) for step in unpack(piece) or ())
    return next(times, None)


def _records(each: Segment, *, newest: bool) -> Iterator[Record]:
    data = each.read()
    for piece in pieces(data):
        steps = unpack(piece)
        if steps is None:
            _tell(each, piece, half_written=newest and piece.end == len(data))
            continue
        for step in steps:
            if step.missed:
                log.warning("%s: %d reads before this were not journaled", each.path, step.missed)
            yield from step.records


def _tell(each: Segment, piece: Piece, *, half_written: bool) -> None:
    """Tell of damage; the newest segment's last block may just be in the making."""
    if not half_written:
        log.warning("%s: %d bytes are damaged; their reads are left out", each.path, piece.end - piece.begin)
