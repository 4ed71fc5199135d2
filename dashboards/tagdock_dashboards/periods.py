"""Grafana's words for time: `now-24h`, `1m`, and the interval that a panel's width gives.

Source: Grafana documentation, "Dashboard time range controls" and "Global variables: __interval".
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tagdock_dashboards.errors import ConfigurationError, QueryError

_UNITS_MS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "M": 2_629_800_000,
    "y": 31_557_600_000,
}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwMy])")
_RELATIVE = re.compile(r"now(?:([+-])(\d+[smhdwMy]))?(?:/([smhdwMy]))?")

_STEPS_MS = (
    *(1, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 20_000, 30_000),
    *(60_000, 120_000, 300_000, 600_000, 900_000, 1_200_000, 1_800_000),
    *(3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000, 604_800_000, 2_592_000_000, 31_536_000_000),
)
"""Lengths that Grafana rounds an interval to, so that bars begin at full seconds, minutes, hours."""


def length_ms(text: str) -> float:
    """Read a length of time such as `30s` or `1.5h`, in milliseconds. Raises QueryError on anything else."""
    match = _LENGTH.fullmatch(text.strip().lstrip(">").strip())
    if match is None:
        raise QueryError(f"{text!r} is no length of time; write for example 30s, 5m, 1h")
    return float(match[1]) * _UNITS_MS[match[2]]


def length_text(milliseconds: float) -> str:
    """Write a length of time in its largest whole unit, at most days."""
    for unit in ("d", "h", "m", "s"):
        if milliseconds % _UNITS_MS[unit] == 0:
            return f"{milliseconds / _UNITS_MS[unit]:.0f}{unit}"
    return f"{milliseconds:.0f}ms"


def moment(text: str, now: datetime) -> datetime:
    """Read a moment: `now`, `now-24h`, `now-1d/d` (rounded down), or ISO 8601 with an offset.

    Raises ConfigurationError on anything else.
    """
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return _iso(text)
    shift = timedelta(milliseconds=length_ms(match[2])) if match[2] else timedelta()
    at = now - shift if match[1] == "-" else now + shift
    return _floor(at, match[3]) if match[3] else at


def interval_ms(since: datetime, until: datetime, *, points: int, at_least: str | None = None) -> float:
    """Return how long one point of a panel `points` wide is: rounded as Grafana does, no shorter than `at_least`."""
    floor_ms = length_ms(at_least) if at_least else 1.0
    exact_ms = (until - since).total_seconds() * 1000 / max(points, 1)
    return max(_round(exact_ms), floor_ms)


def _iso(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no moment; write now, now-24h, or 2026-01-05T08:00:00Z") from error
    if at.tzinfo is None:
        raise ConfigurationError(f"{text!r} has no offset from UTC; write for example {text}Z")
    return at.astimezone(UTC)


def _round(exact_ms: float) -> float:
    """Take the nearest step; from half a day on, the step below, since half a bar's error would be hours."""
    for smaller, larger in pairwise(_STEPS_MS):
        border = larger if smaller >= _STEPS_MS[-5] else (smaller + larger) / 2
        if exact_ms < border:
            return float(smaller)
    return float(_STEPS_MS[-1])


def _floor(at: datetime, unit: str) -> datetime:
    if unit == "w":
        at -= timedelta(days=at.weekday())
    start = at.replace(microsecond=0, second=0 if unit != "s" else at.second)
    if unit not in ("s", "m"):
        start = start.replace(minute=0, hour=start.hour if unit == "h" else 0)
    if unit in ("M", "y"):
        start = start.replace(day=1, month=1 if unit == "y" else start.month)
    return start
