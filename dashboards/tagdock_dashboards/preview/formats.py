"""Values as a person reads them: numbers with their unit, times, and the words that a panel has for some values."""

from collections.abc import Mapping
from datetime import datetime
from math import floor, log10
from typing import Any

_SHORT = ((1e9, " B"), (1e6, " M"), (1e3, " K"), (0, ""))
_SECONDS = ((86400, " d"), (3600, " h"), (60, " min"), (1, " s"), (1e-3, " ms"), (1e-6, " µs"))
_SUFFIXES = {
    **{"lengthm": " m", "lengthmm": " mm", "masskg": " kg", "celsius": " °C"},
    **{"percent": " %", "humidity": " %H", "dBm": " dBm", "decbytes": " B"},
}


def text(value: Any, unit: str, decimals: int | None = None) -> str:
    """Write one value as Grafana would, roughly: the unit decides, and how many decimals the panel wants."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return f"{value:%m-%d %H:%M:%S}"
    return _number(float(value), unit, decimals) if _is_number(value) else str(value)


def _number(number: float, unit: str, decimals: int | None) -> str:
    match unit:
        case "percentunit":
            return f"{_plain(100 * number, 3, decimals)} %"
        case "bool_yes_no":
            return "yes" if number else "no"
        case "s":
            return _scaled(number, _SECONDS, decimals)
        case "short":
            return _scaled(number, _SHORT, decimals)
    return _plain(number, 4, decimals) + _SUFFIXES.get(unit, unit.removeprefix("suffix:") if ":" in unit else "")


def word(value: Any, mappings: list[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    """Return the text and the colour that value mappings have for a value; None where they have none."""
    for mapping in mappings:
        options = mapping.get("options") or {}
        if mapping.get("type") == "special" and value is None:
            result = options.get("result") or {}
        elif mapping.get("type") == "value" and str(value) in options:
            result = options[str(value)]
        else:
            continue
        return result.get("text"), result.get("color")
    return None, None


def colour(value: Any, thresholds: Mapping[str, Any] | None) -> str | None:
    """Return the colour of the last threshold that a value reaches; the first one's for no value."""
    found = None
    for step in (thresholds or {}).get("steps") or []:
        at = step.get("value")
        if at is None or (_is_number(value) and float(value) >= float(at)):
            found = step.get("color")
    return found


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool | datetime)


def _scaled(number: float, scale: tuple[tuple[float, str], ...], decimals: int | None) -> str:
    for size, name in scale:
        if abs(number) >= size:
            return _plain(number / (size or 1), 3 if size > 1 else 4, decimals) + name
    return _plain(number, 4, decimals) + scale[-3][1]


def _plain(number: float, digits: int, decimals: int | None) -> str:
    """Write a number without an exponent: so many decimals, else so many digits, and thousands apart."""
    if decimals is None:
        decimals = max(0, digits - 1 - (floor(log10(abs(number))) if number else 0))
        shown = f"{number:,.{decimals}f}"
        return shown.rstrip("0").rstrip(".") if "." in shown else shown
    return f"{number:,.{decimals}f}"
