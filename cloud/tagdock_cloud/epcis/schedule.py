"""When a scheduled query runs: second, minute, hour, day, month, weekday, as cron has them. Pure; all in UTC.

Source: EPCIS 2.0, section 8.2.5.3 (query schedules): values, [from-to] ranges, and commas between them.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import dropwhile
from typing import Final

_BOUNDS: Final = {
    "second": (0, 59), "minute": (0, 59), "hour": (0, 23), "dayOfMonth": (1, 31), "month": (1, 12), "dayOfWeek": (1, 7)
}  # fmt: skip
_PART: Final = re.compile(r"([0-9]{1,2})|\[([0-9]{1,2})-([0-9]{1,2})\]")
_FARTHEST: Final = timedelta(days=366 * 8 + 2)
"""29 February comes back within eight years."""


def read_schedule(schedule: Mapping[str, str]) -> dict[str, frozenset[int]]:
    """Return the values at which each unit is due. Raises ValueError, which names the unit.

    A unit finer than the finest that is given is at its first value, so that `{"hour": "1"}` is once a day.
    """
    unknown = set(schedule) - set(_BOUNDS)
    if unknown or not schedule:
        raise ValueError(f"schedule: takes {', '.join(_BOUNDS)}, one of them at least")
    read = {unit: _values(unit, text) for unit, text in schedule.items()}
    ticks = ("second", "minute", "hour")
    finer = {unit for unit in ticks if all(name not in read for name in ticks[: ticks.index(unit) + 1])}
    return {
        unit: read.get(unit, frozenset({low} if unit in finer else range(low, high + 1)))
        for unit, (low, high) in _BOUNDS.items()
    }


def next_after(schedule: Mapping[str, frozenset[int]], at: datetime) -> datetime | None:
    """Return the first due time after an instant; None where there is none (a 30 February)."""
    start = at.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    day = start.replace(hour=0, minute=0, second=0)
    while day - start < _FARTHEST:
        if _is_day(schedule, day):
            times = (
                day.replace(hour=hour, minute=minute, second=second)
                for hour in sorted(schedule["hour"])
                for minute in sorted(schedule["minute"])
                for second in sorted(schedule["second"])
            )
            found = next(dropwhile(lambda due: due < start, times), None)
            if found is not None:
                return found
        day += timedelta(days=1)
    return None


def _is_day(schedule: Mapping[str, frozenset[int]], day: datetime) -> bool:
    return (
        day.month in schedule["month"]
        and day.day in schedule["dayOfMonth"]
        and day.isoweekday() in schedule["dayOfWeek"]
    )


def _values(unit: str, text: object) -> frozenset[int]:
    low, high = _BOUNDS[unit]
    values: set[int] = set()
    for part in str(text)[:200].split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"schedule.{unit}: takes numbers, [from-to] and commas")
        first, last = int(match[1] or match[2]), int(match[1] or match[3])
        if not low <= first <= last <= high:
            raise ValueError(f"schedule.{unit}: must lie in {low} to {high}")
        values.update(range(first, last + 1))
    return frozenset(values)
