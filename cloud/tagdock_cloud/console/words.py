"""How the console writes numbers, times and states. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

DIRECTIONS = {"in": "in", "out": "out", "pass": "passed by", "uncertain": "uncertain"}
STATES = {
    "sellable_accessible": "in its bin",
    "in_progress": "came in, not yet put away",
    "in_transit": "has left",
    "returned": "came back",
    "unknown": "seen, but nobody registered it",
}
FRESHNESS = {
    "fresh": "fresh",
    "late": "late",
    "silent": "silent",
    "offline": "offline",
    "never": "never heard",
}


def number(value: float | None, digits: int = 0) -> str:
    """Write a number with thin spaces between thousands; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def percent(value: float | None) -> str:
    """Write a share as per cent."""
    return "–" if value is None else f"{value * 100:.0f}\u202f%"


def moment(at: datetime | None) -> str:
    """Write a time as people read it, in UTC, to the second."""
    return "–" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def machine(at: datetime | None) -> str:
    """Write a time for the attribute that scripts read."""
    return "" if at is None else at.astimezone(UTC).isoformat()


def duration(seconds: float | None) -> str:
    """Write a length of time in its two largest units."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def serial(epc: str) -> str:
    """Shorten an EPC to what tells it from its neighbours: the part after the last colon."""
    return epc.rsplit(":", 1)[-1] if epc.startswith("urn:epc:") else epc


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "percent": percent,
    "moment": moment,
    "machine": machine,
    "duration": duration,
    "serial": serial,
    "direction": lambda value: DIRECTIONS.get(value, value),
    "state": lambda value: STATES.get(value, value),
}
