"""Payloads as values, strictly and within bounds: numbers, switches, JSON, and paths into it."""

import math
import re
from typing import Any

import msgspec

JSON_BYTES_AT_MOST = 256 * 1024
"""A device's discovery has some kilobytes, telemetry less."""
_TEXT_BYTES_AT_MOST = 256
_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?")
_NOTHING = frozenset({"nan", "-nan", "none", "null", "unknown", "unavailable"})
"""What devices say when they could not measure; ESPHome's printf writes nan, Home Assistant's words are the others."""
_PATH = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,4})\]|\['([^']{1,100})'\]|\[\"([^\"]{1,100})\"\]")
STEPS_AT_MOST = 8
Missing: Any = object()
"""There is nothing at a path."""


class ValueRefusedError(Exception):
    """A payload is not what it should be; the message says why."""


def text(payload: bytes) -> str:
    """Read a short text. Raises ValueRefusedError."""
    if len(payload) > _TEXT_BYTES_AT_MOST:
        raise ValueRefusedError(f"{len(payload)} bytes where a value was expected")
    try:
        return payload.decode().strip()
    except UnicodeDecodeError as error:
        raise ValueRefusedError("not UTF-8") from error


def json_value(payload: bytes) -> Any:
    """Read JSON. Raises ValueRefusedError where it is none, too long or too deep."""
    if len(payload) > JSON_BYTES_AT_MOST:
        raise ValueRefusedError(f"{len(payload)} bytes of JSON")
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueRefusedError(f"no JSON: {error}") from error


def number(value: object) -> float | None:
    """Read a number, or None where the device says that it has none. Raises ValueRefusedError."""
    if value is None:
        return None
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return _finite(value)
    if not isinstance(value, str):
        raise ValueRefusedError(f"a {type(value).__name__} where a number was expected")
    if value.lower() in _NOTHING:
        return None
    if not _NUMBER.fullmatch(value):
        raise ValueRefusedError(f"no number: {value[:40]!r}")
    return _finite(float(value))


def _finite(value: float) -> float | None:
    """Take NaN as nothing measured; an infinite value is no measurement of anything."""
    try:
        as_float = float(value)
    except OverflowError as error:
        raise ValueRefusedError("a number beyond all bounds") from error
    if math.isinf(as_float):
        raise ValueRefusedError("an infinite number")
    return None if math.isnan(as_float) else as_float


Step = str | int


def path(written: str) -> tuple[Step, ...]:
    """Read a path like `a.b`, `a['b c'][0]`. Raises ValueRefusedError."""
    steps: list[Step] = []
    at = 0
    while at < len(written):
        found = _PATH.match(written, at)
        if found is None or len(steps) == STEPS_AT_MOST:
            raise ValueRefusedError(f"no path of {STEPS_AT_MOST} steps at most: {written[:60]!r}")
        plain, index, single, double = found.groups()
        steps.append(int(index) if index is not None else plain or single or double)
        at = found.end()
    if not steps:
        raise ValueRefusedError("an empty path")
    return tuple(steps)


def walk(value: Any, steps: tuple[Step, ...]) -> Any:
    """Follow a path; returns Missing where it leads nowhere."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step, Missing)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return Missing
    return value
