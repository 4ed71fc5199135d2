"""Parameters that look into an event's quantities, sensors and fields of somebody's own, as paths into its JSON. Pure.

Only captured events have such fields; ours say nothing of the kind. A field of one's own goes by the name that it has
in the event (`erp:truck`). Values of sensors are compared in the unit that they are reported in.
Source: EPCIS 2.0, section 8.2.7.1; its REST binding's query schema; SQL/JSON path language (ISO/IEC 19075-6).
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tagdock_cloud.epcis.formats import read_time

_SIGNS: Final = {"EQ": "==", "GT": ">", "GE": ">=", "LT": "<", "LE": "<="}
_REPORTS: Final = "$.sensorElementList[*].sensorReport[*]"
_BASES: Final = {
    None: "$",
    "ILMD": "$.ilmd",
    "ERROR_DECLARATION": "$.errorDeclaration",
    "SENSORELEMENT": "$.sensorElementList[*]",
    "SENSORMETADATA": "$.sensorElementList[*].sensorMetadata",
    "SENSORREPORT": _REPORTS,
    "readPoint": "$.readPoint",
    "bizLocation": "$.bizLocation",
}
_QUANTITY: Final = re.compile(r"(EQ|GT|GE|LT|LE)_quantity(?:_([A-Z0-9]{2,4}))?")
_MEASURED: Final = re.compile(
    r"(EQ|GT|GE|LT|LE)_(?:(percRank)|(value|minValue|maxValue|meanValue|sDev|percValue)_([A-Z0-9]{2,4}))"
)
_SENSED_AT: Final = re.compile(r"(GE|LT)_(time|startTime|endTime)")
_OWN: Final = re.compile(
    rf"(EQ|GT|GE|LT|LE|EXISTS)_(INNER_)?(?:({'|'.join(name for name in _BASES if name)})_)?"
    r"([A-Za-z][A-Za-z0-9.-]{0,60}:[A-Za-z0-9_.-]{1,100})"
)


@dataclass(frozen=True, slots=True)
class Path:
    """A path that has to lead somewhere; with a sign, to an instant that compares so with one of `instants`."""

    path: str
    sign: str | None = None
    instants: tuple[str, ...] = ()


def path_of(name: str, values: Sequence[str]) -> Path | None:
    """Return what a parameter asks for; None where it is none of these. Raises ValueError, which says what is wrong."""
    for pattern, build in _BUILDERS:
        if match := pattern.fullmatch(name):
            return build(match, values)
    return None


def _quantity(match: re.Match[str], values: Sequence[str]) -> Path:
    unit = f' && @.uom == "{match[2]}"' if match[2] else ""
    return Path(f"$.*[*] ? (exists(@.epcClass) && {_compared('@.quantity', match[1], values)}{unit})")


def _measured(match: re.Match[str], values: Sequence[str]) -> Path:
    if match[2]:
        return Path(f"{_REPORTS} ? ({_compared('@.percRank', match[1], values)})")
    return Path(f'{_REPORTS} ? ({_compared(f"@.{match[3]}", match[1], values)} && @.uom == "{match[4]}")')


def _sensed_at(match: re.Match[str], values: Sequence[str]) -> Path:
    if len(values) != 1 or not _are_times(values):
        raise ValueError("must be a time as in 2026-01-05T08:00:00.000Z")
    return Path(f"$.sensorElementList[*].**.{match[2]}", _SIGNS[match[1]], tuple(values))


def _own(match: re.Match[str], values: Sequence[str]) -> Path:
    verb, inner, base, field = match.groups()
    path = f"{_BASES[base]}{'.*.**' if inner else ''}.{json.dumps(field)}"
    if verb == "EXISTS":
        return Path(path)
    if _are_times(values):
        return Path(f"{path}[*]", _SIGNS[verb], tuple(values))
    if verb != "EQ":
        return Path(f"{path}[*] ? ({_compared('@.double()', verb, values)})")
    texts = (f"@ == {json.dumps(value)}" for value in values)
    numbers = (f"@ == {number!r}" for value in values if (number := _number(value)) is not None)
    truths = (f"@ == {value}" for value in values if value in ("true", "false"))
    return Path(f"{path}[*] ? ({' || '.join([*texts, *numbers, *truths])})")


def _compared(what: str, verb: str, values: Sequence[str]) -> str:
    numbers = [_number(value) for value in values]
    if None in numbers or (verb != "EQ" and len(numbers) != 1):
        raise ValueError("must be a number" if verb == "EQ" else "must be a number or, of a field of your own, a time")
    return f"({' || '.join(f'{what} {_SIGNS[verb]} {number!r}' for number in numbers)})"


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _are_times(values: Sequence[str]) -> bool:
    return bool(values) and all(read_time(value) is not None for value in values)


_BUILDERS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Sequence[str]], Path]], ...]] = (
    (_QUANTITY, _quantity), (_MEASURED, _measured), (_SENSED_AT, _sensed_at), (_OWN, _own)
)  # fmt: skip
