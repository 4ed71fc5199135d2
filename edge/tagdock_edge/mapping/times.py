"""Time stamps as messages write them, to microseconds since 1970 (UTC). Pure.

Source: ISO 8601-1:2019 (calendar date and time, basic or extended, any number of decimals), RFC 3339.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

ToMicroseconds = Callable[[Any], int]
_PER_SECOND = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000, "epoch_ns": 1_000_000_000}
FORMATS = ("iso", *_PER_SECOND)
LATEST_US = 253_402_300_799_999_999
"""The end of the year 9999, as far as Python's datetime goes. A reader whose clock was never set writes 1970."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the reader's own calendar, shifted by its offset
_US = timedelta(microseconds=1)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_MAX_CHARS = 40


def parse_offset(text: str) -> int:
    """Read a reader's offset from UTC, like +02:00 or Z, in microseconds. Raises ValueError."""
    if text == "Z":
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        raise ValueError("must be an offset from UTC like +02:00, -05:30 or Z")
    seconds = int(match[2]) * 3600 + int(match[3]) * 60
    return (-seconds if match[1] == "-" else seconds) * 1_000_000


def stamp_reader(form: str, offset_us: int | None) -> ToMicroseconds:
    """Build what reads one format; `offset_us` is for times that name no offset of their own.

    What it returns raises ValueError, TypeError or OverflowError on what is no such time.

    Raises:
        ValueError: here, where the format is unknown; it says what could stand there.
    """
    if form in _PER_SECOND:
        if offset_us is not None:
            raise ValueError("counts from 1970 in UTC and takes no offset; leave it out")
        return _epoch_reader(_PER_SECOND[form])
    if form == "iso":
        return lambda text: _microseconds(_iso(text), offset_us)
    if "%" in form:
        _try_pattern(form, offset_us)
        return lambda text: _microseconds(datetime.strptime(text[:_MAX_CHARS], form), offset_us)  # noqa: DTZ007
    raise ValueError(f"must be one of {', '.join(FORMATS)}, or a pattern like %d.%m.%Y %H:%M:%S")


def _epoch_reader(per_second: int) -> ToMicroseconds:
    factor, divisor = max(1_000_000 // per_second, 1), max(per_second // 1_000_000, 1)

    def read(value: Any) -> int:
        kind = type(value)
        at_us: int
        if kind is int:
            at_us = value * factor // divisor
        elif kind is float:
            at_us = round(value * factor / divisor)
        elif kind is str and len(value) <= _MAX_CHARS and value.isascii():
            return read(float(value) if "." in value else int(value))
        else:
            raise TypeError("a number")
        if not 0 <= at_us <= LATEST_US:
            raise OverflowError("range")
        return at_us

    return read


def _iso(text: str) -> datetime:
    if len(text) > _MAX_CHARS or not ("T" in text or " " in text):
        raise ValueError("a date and a time")
    return datetime.fromisoformat(text)


def _microseconds(at: datetime, offset_us: int | None) -> int:
    at_us: int
    if at.tzinfo is not None:
        at_us = (at - _EPOCH) // _US
    elif offset_us is not None:
        at_us = (at - _NAIVE_EPOCH) // _US - offset_us
    else:
        raise ValueError("an offset from UTC")
    if not 0 <= at_us <= LATEST_US:
        raise OverflowError("range")
    return at_us


def _try_pattern(form: str, offset_us: int | None) -> None:
    """Write a time by the pattern and read it back: a pattern without day or minute is found now. Raises ValueError."""
    known = datetime(2026, 11, 22, 21, 43, tzinfo=UTC)
    if len(form) > _MAX_CHARS:
        raise ValueError(f"has {len(form)} characters; {_MAX_CHARS} at most are taken")
    found = datetime.strptime(known.strftime(form), form)  # noqa: DTZ007
    if found.replace(tzinfo=None) != known.replace(tzinfo=None):
        raise ValueError("does not hold a whole date with hours and minutes")
    if found.tzinfo is None and offset_us is None:
        raise ValueError('names no offset from UTC; add %z to it, or the key offset = "+02:00"')
