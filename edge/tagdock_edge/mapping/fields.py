"""One field of a mapping: where its raw value is, and how that becomes what was asked for. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isclose, isfinite
from typing import Any, Literal

from tagdock_edge.mapping.epcs import ENCODINGS
from tagdock_edge.mapping.misfits import MisfitError, shown
from tagdock_edge.mapping.path import parse_path
from tagdock_edge.mapping.times import parse_offset, stamp_reader
from tagdock_edge.mapping.units import Linear, Units, chain
from tagdock_edge.tables import Table

Kind = Literal["epc", "time", "number", "integer", "state", "text"]
Scalar = str | int | float | bool
Levels = Mapping[str, str]
Fetch = Callable[[Any, Any, Levels], Any]
"""Find a raw value by the message, the row and the topic's named levels; None where it is missing."""
Get = Callable[[Any, Any, Levels], Any]
"""The same, converted; raises MisfitError."""
Convert = Callable[[Any], Any]

_TEXT_AT_MOST = 256
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_ON, _OFF = ("1", "true", "on", "high", "yes"), ("0", "false", "off", "low", "no")
_WORDS: Mapping[str, bool] = {**dict.fromkeys(_ON, True), **dict.fromkeys(_OFF, False)}


@dataclass(frozen=True, slots=True)
class Spec:
    """One field that a mapping may, or has to, fill.

    The kinds give: `epc` upper-case hex; `time` microseconds since 1970; `number` a float in the first of `units`, from
    `low` to `high`; `integer` an int in the same range; `state` a bool; `text` up to 256 characters.
    """

    name: str
    kind: Kind
    required: bool = False
    units: Units = field(default_factory=dict)
    low: float = -inf
    high: float = inf


@dataclass(slots=True)
class NamedLevels:
    """The topic's named levels, and those that the mapping uses: what nobody uses would mix many senders."""

    names: Sequence[str] = ()
    used: set[str] = field(default_factory=set)


def read_field(table: Table, spec: Spec, levels: NamedLevels) -> Get | None:
    """Take a field's key from a mapping table; None where it is left out. `levels` are the topic's names.

    Mistakes are noted in the table.
    """
    expected = f'where {spec.name} is: a path like "data.{spec.name}", or a table with path, topic or const'
    value = table.take(spec.name, str | dict[str, Any], expected, *(() if spec.required else (None,)))
    if value is None:
        return None
    inner = Table({"path": value} if isinstance(value, str) else value, f"{table.path}.{spec.name}", table.problems)
    convert = _read_conversion(inner, spec)
    source = _read_source(inner, levels, convert, spec.name)
    inner.close()
    return None if source is None else _getter(source, convert, spec)


def read_fetch(table: Table, levels: NamedLevels) -> Fetch | None:
    """Take the source of a raw value from `path` or `topic`; mistakes are noted in the table."""
    path = table.take("path", str, 'a path like "data.reads[0].epc"', None)
    level = table.take("topic", str, 'a named level of the topic, like "antenna"', None)
    if (path is None) == (level is None):
        table.complain(
            "path",
            "is missing; say where the value is: a path in the message, or a topic level"
            if path is None
            else "and topic exclude each other; give one",
        )
        return None
    if level is not None:
        levels.used.add(level)
        if level not in levels.names:
            there = ", ".join(levels.names) or "none"
            table.complain("topic", f"{level!r} is no named level of the topic; there is {there}")
        return lambda message, row, found: found.get(level)
    try:
        parsed = parse_path(path)
    except ValueError as error:
        table.complain("path", f"{error}")
        return None
    fetch, from_message = parsed.fetch(), parsed.from_message
    if not from_message and len(parsed.steps) == 1 and isinstance(parsed.steps[0], str):  # most are: a call less
        key = parsed.steps[0]
        return lambda message, row, found: row.get(key) if type(row) is dict else None
    return (lambda message, row, found: fetch(message)) if from_message else (lambda message, row, found: fetch(row))


def _read_source(table: Table, levels: NamedLevels, convert: Convert, name: str) -> Fetch | None:
    const = table.take("const", Scalar, "a text, a number, true or false", None)
    if const is None:
        return read_fetch(table, levels)
    for key in ("path", "topic"):
        table.refuse(key, "and const exclude each other; give one")
    try:
        convert(const)
    except (ValueError, TypeError, OverflowError) as error:
        table.complain("const", f"{shown(const)} is no {name}: {error}")
    return lambda message, row, found: const


def _read_conversion(table: Table, spec: Spec) -> Convert:
    """Read the keys that belong to a field's kind, and build what converts a raw value."""
    if spec.kind == "epc":
        return ENCODINGS[table.take("encoding", Literal["hex", "base64", "uri"], '"hex", "base64" or "uri"', "hex")]
    if spec.kind == "time":
        return _read_stamp(table)
    if spec.kind == "text":
        return _text
    if spec.kind == "state":
        values = table.take("values", dict[str, bool], "a table like { HIGH = true, LOW = false }", None)
        return _looked_up(values) if values is not None else _state
    values = table.take("values", dict[str, float], "a table of numbers like { north = 1, south = 2 }", None)
    bounded = _bounded(_read_linear(table, spec), spec)
    if values is None:
        return bounded
    convert = _looked_up(values)
    return lambda raw: bounded(convert(raw))


def _read_stamp(table: Table) -> Convert:
    form = table.take("format", str, '"iso", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns" or a pattern', "iso")
    offset = table.take("offset", str, 'the offset of the reader\'s clock, like "+02:00"', None)
    key, offset_us = "offset", None
    try:
        offset_us = None if offset is None else parse_offset(offset)
        key = "format"
        return stamp_reader(form, offset_us)
    except ValueError as error:
        table.complain(key, f"{error}")
        return stamp_reader("iso", 0)


def _read_linear(table: Table, spec: Spec) -> Linear:
    scale = table.take("scale", float, "a number", 1.0)
    offset = table.take("offset", float, "a number", 0.0)
    for key, number in (("scale", scale), ("offset", offset)):
        if not isfinite(number) or (key == "scale" and number == 0):
            table.complain(key, "must be a finite number" + (", but not 0" if key == "scale" else ""))
    if not spec.units:
        return scale, offset
    names = ", ".join(f'"{name}"' for name in spec.units)
    unit = table.take("unit", str, f"one of {names}", next(iter(spec.units)))
    if unit not in spec.units:
        table.complain("unit", f"must be one of {names}, not {shown(unit)}")
        return scale, offset
    return chain((scale, offset), spec.units[unit])


def _getter(fetch: Fetch, convert: Convert, spec: Spec) -> Get:
    name, required = spec.name, spec.required

    def get(message: Any, row: Any, levels: Levels) -> Any:
        raw = fetch(message, row, levels)
        if raw is None:
            if required:
                raise MisfitError(name, "is missing")
            return None
        try:
            return convert(raw)
        except (ValueError, TypeError, OverflowError, AttributeError) as error:
            raise MisfitError(name, f"{shown(raw)} does not fit ({error})") from error

    return get


def _bounded(linear: Linear, spec: Spec) -> Convert:
    factor, constant = linear
    divisor = 1.0
    if 0 < abs(factor) < 1 and isclose(1 / factor, round(1 / factor)):
        factor, divisor = 1.0, float(round(1 / factor))  # -523 cdBm are -5.23 dBm; times 0.01 they are -5.2299999
    low, high, whole = spec.low, spec.high, spec.kind == "integer"
    same = linear == (1.0, 0.0)

    def convert(raw: Any) -> float:
        if whole and same and type(raw) is int and low <= raw <= high:
            return raw
        number = _number(raw) * factor / divisor + constant
        if not low <= number <= high:  # false for NaN as well
            raise ValueError(f"{low:g} to {high:g} are taken")
        if not whole:
            return number
        if abs(number - round(number)) > 1e-6:
            raise ValueError("a whole number is needed")
        return round(number)

    return convert


def _number(raw: Any) -> float:
    if type(raw) is float or type(raw) is int:
        return float(raw)
    if type(raw) is str and len(raw) <= 32 and _NUMBER.fullmatch(raw):
        return float(raw)
    raise TypeError("a number is needed")


def _looked_up(values: Mapping[str, Any]) -> Convert:
    def convert(raw: Any) -> Any:
        key = raw if type(raw) is str else str(raw).lower() if type(raw) in (bool, int, float) else None
        if key is None or key not in values:
            raise ValueError("is not among the values of the mapping")
        return values[key]

    return convert


def _state(raw: Any) -> bool:
    if type(raw) is bool:
        return raw
    key = raw.lower() if type(raw) is str else str(raw) if type(raw) is int else ""
    if key not in _WORDS:
        raise ValueError(f"none of {', '.join(_WORDS)}; say what it means in values = {{ ... }}")
    return _WORDS[key]


def _text(raw: Any) -> str:
    if type(raw) is int:
        raw = str(raw)
    if type(raw) is not str or not 0 < len(raw) <= _TEXT_AT_MOST:
        raise TypeError(f"a text of 1 to {_TEXT_AT_MOST} characters is needed")
    return raw
