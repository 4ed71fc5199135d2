"""The part of Home Assistant's value templates that sensors use: one value, a path, number filters.

Understood: `{{ value }}`, `{{ value_json.a.b }}`, `{{ value_json['a b'][0] }}`, each with `| float`, `| int`,
`| round(n)`, `| is_defined` (`float(0)` and the like: the default is not used, a value that is none is refused).
Everything else is refused by name: statements (`{%`), arithmetic, comparisons, other filters and functions, text around
the braces.
Source: Home Assistant, "MQTT sensor" (value_template) and "Templating" (processing incoming data).
"""

import re
from dataclasses import dataclass
from typing import Literal

from tagdock_edge.sensors.values import Missing, Step, ValueRefusedError, json_value, number, path, text, walk

_WHOLE = re.compile(r"\s*\{\{-?\s*(.*?)\s*-?\}\}\s*", re.DOTALL)
_ROOT = re.compile(r"(value_json|value)((?:\.\w+|\[(?:\d+|'[^']*'|\"[^\"]*\")\])*)")
_FILTER = re.compile(r"(\w+)(?:\(\s*([^()]*?)\s*\))?")
_LENGTH_AT_MOST = 300
_DIGITS_AT_MOST = 12
_FILTERS = frozenset({"float", "int", "round", "is_defined"})

Filter = tuple[Literal["float", "int", "round"], int]


class TemplateRefusedError(Exception):
    """A template needs what is not understood here; the message says what."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template that is understood. `steps` None: the payload itself."""

    steps: tuple[Step, ...] | None = None
    filters: tuple[Filter, ...] = ()

    def __call__(self, payload: bytes) -> object:
        """Return what a payload says: a text, a JSON value, or Missing. Raises ValueRefusedError."""
        told: object = text(payload) if self.steps is None else walk(json_value(payload), self.steps)
        if told is Missing or not self.filters:
            return told
        value = number(told)
        for name, digits in self.filters:
            if value is not None:
                value = _filtered(name, digits, value)
        return value


PLAIN = Template()


def read_template(written: str | None) -> Template:
    """Understand a template; none is the payload itself. Raises TemplateRefusedError."""
    if not written:
        return PLAIN
    if len(written) > _LENGTH_AT_MOST:
        raise TemplateRefusedError(f"a template of {len(written)} characters")
    whole = _WHOLE.fullmatch(written)
    if whole is None or "{%" in written or "{{" in whole[1]:
        raise TemplateRefusedError("statements or text around one {{ }}")
    root, *filters = whole[1].split("|")
    found = _ROOT.fullmatch(root.strip())
    if found is None:
        raise TemplateRefusedError(f"the expression {root.strip()[:60]!r}")
    if (found[1] == "value") == bool(found[2]):
        raise TemplateRefusedError("value with a path, or value_json without one")
    try:
        steps = path(found[2].removeprefix(".")) if found[2] else None
    except ValueRefusedError as error:
        raise TemplateRefusedError(str(error)) from error
    return Template(steps, tuple(each for one in filters for each in _filter(one.strip())))


def _filter(written: str) -> tuple[Filter, ...]:
    found = _FILTER.fullmatch(written)
    if found is None or found[1] not in _FILTERS:
        raise TemplateRefusedError(f"the filter {written[:40]!r}")
    name, argument = found[1], found[2]
    if name == "round":
        if argument and not (argument.isdecimal() and int(argument) <= _DIGITS_AT_MOST):
            raise TemplateRefusedError(f"round({argument[:40]})")
        return (("round", int(argument or 0)),)
    if name == "float":
        return (("float", 0),)
    return (("int", 0),) if name == "int" else ()


def _filtered(name: str, digits: int, value: float) -> float:
    if name == "round":
        return round(value, digits)
    return float(int(value)) if name == "int" else value
