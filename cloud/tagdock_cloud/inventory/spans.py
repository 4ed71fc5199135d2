"""Which times of the record an item's history opens: the weeks in which it moved, and what is not listed yet. Pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

Span = tuple[datetime | None, datetime | None]
"""A half open time, None: without an end."""
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_WEEK = timedelta(days=7)


def week_at(week: int) -> datetime:
    """Return when a week begins; they are counted from 1970-01-01, as the database does."""
    return _BEGIN + week * _WEEK


def spans(weeks: Iterable[int], before_week: int | None, asked: Span) -> list[Span]:
    """Return the times to look at, newest first.

    `weeks`: those in which something is, all of them before `before_week`; what was observed from then on is always
    looked at, and everything where that is None. `asked`: the time that was asked for.
    """
    if before_week is None:
        return [asked]
    listed = sorted({week for week in weeks if week < before_week}, reverse=True)
    found: list[Span] = [(week_at(before_week), None)]
    found += [(week_at(first), week_at(last + 1)) for first, last in _runs(listed)]
    cut = [(_latest(since, asked[0]), _earliest(until, asked[1])) for since, until in found]
    return [(since, until) for since, until in cut if since is None or until is None or since < until]


def _runs(weeks: list[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of weeks that follow each other; the weeks come newest first."""
    if not weeks:
        return
    last = weeks[0]
    for later, week in pairwise(weeks):
        if week != later - 1:
            yield later, last
            last = week
    yield weeks[-1], last


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)
