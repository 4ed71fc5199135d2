"""Days, weeks and months in a time zone: where they begin, and when a report of one is due. Pure.

A day begins when its first instant does: where the clock skips midnight, at the instant of the change. A wall time
that the clock skips is taken as long after that instant as it would have been; one that comes twice, the first time.

Source: PEP 495 (fold) for what Python's zones do in both cases; ISO 8601 for weeks, which begin on Mondays.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Period = Literal["day", "week", "month"]
MOST_MISSED = 31
"""Periods that are made up for after a long standstill; older ones are passed over."""


def first_day(period: Period, day: date) -> date:
    """Return the first day of the period in which a day lies."""
    match period:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)


def following(period: Period, first: date) -> date:
    """Return the first day of the next period; `first`: of a period."""
    return first_day(period, first + timedelta(days={"day": 1, "week": 7, "month": 31}[period]))


def former(period: Period, first: date) -> date:
    """Return the first day of the period before; `first`: of a period."""
    return first_day(period, first - timedelta(days=1))


def instant(day: date, at: time, time_zone: str) -> datetime:
    """Return a wall time of a zone in UTC."""
    return datetime.combine(day, at, ZoneInfo(time_zone)).astimezone(UTC)


def starts_at(first: date, time_zone: str) -> datetime:
    """Return when a day begins, in UTC."""
    return instant(first, time(), time_zone)


def due_at(period: Period, first: date, runs_at: time, time_zone: str) -> datetime:
    """Return when the report of a period is due: at a wall time on the day after it, and never before its end."""
    after = following(period, first)
    return max(instant(after, runs_at, time_zone), starts_at(after, time_zone))


def last_over(period: Period, time_zone: str, now: datetime) -> date:
    """Return the first day of the last period that is over."""
    today = first_day(period, now.astimezone(ZoneInfo(time_zone)).date())
    while starts_at(today, time_zone) > now:  # the clock was put back over midnight: the day is yesterday's again
        today = former(period, today)
    return former(period, today)


def next_due(period: Period, runs_at: time, time_zone: str, now: datetime) -> date:
    """Return the first day of the first period whose report is not due yet."""
    first = last_over(period, time_zone, now)
    while due_at(period, first, runs_at, time_zone) <= now:
        first = following(period, first)
    return first


def missed(period: Period, first: date, runs_at: time, time_zone: str, now: datetime) -> list[date]:
    """Return the first days of the periods from `first` on whose reports are due, the newest `MOST_MISSED` of them."""

    def walk() -> Iterator[date]:
        oldest = now - timedelta(days=33 * MOST_MISSED) if period == "month" else now - timedelta(days=8 * MOST_MISSED)
        at = max(first, first_day(period, oldest.date()))
        while due_at(period, at, runs_at, time_zone) <= now:
            yield at
            at = following(period, at)

    return list(walk())[-MOST_MISSED:]
