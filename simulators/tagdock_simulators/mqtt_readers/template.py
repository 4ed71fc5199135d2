"""JSON with holes: whatever a customer wrote into a message, each `"$name"` in it stands for a value of the read.

A text that is nothing but a placeholder becomes the value with its type; one that holds more becomes a text. A key
whose value the read does not have (a phase that the reader did not measure) is left out.
"""

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

Hole = Callable[[Any], Any]
_HOLE = re.compile(r"\$([a-z][a-z0-9_]*)")
_DEPTH = 16


class TemplateError(ValueError):
    """A template names what does not exist, or is no JSON; says where and what could stand there."""


def compile_template(template: Any, holes: Mapping[str, Hole], where: str) -> Hole:
    """Turn a template into a function of a read that builds its JSON value. Raises TemplateError."""
    return _compile(template, holes, where, _DEPTH)


def fill_text(text: str, holes: Mapping[str, str], where: str) -> str:
    """Fill the placeholders of a text (a topic) with texts. Raises TemplateError."""
    return _HOLE.sub(lambda hole: holes[_known(hole[1], holes, where)], text)


def _compile(part: Any, holes: Mapping[str, Hole], where: str, depth: int) -> Hole:
    if depth == 0:
        raise TemplateError(f"{where}: is nested deeper than {_DEPTH} levels")
    if isinstance(part, str):
        return _compile_text(part, holes, where)
    if isinstance(part, Mapping):
        items = [(key, _compile(value, holes, f"{where}.{key}", depth - 1)) for key, value in part.items()]
        return lambda read: {key: value for key, get in items if (value := get(read)) is not None}
    if isinstance(part, list):
        parts = [_compile(value, holes, f"{where}[{place}]", depth - 1) for place, value in enumerate(part)]
        return lambda read: [get(read) for get in parts]
    if isinstance(part, float) and not isfinite(part):
        raise TemplateError(f"{where}: {part} can't stand in JSON; write a finite number")
    if not isinstance(part, int | float | bool):
        raise TemplateError(
            f"{where}: a {type(part).__name__} can't stand in JSON; write a text, number, list or table"
        )
    return lambda _: part


def _compile_text(text: str, holes: Mapping[str, Hole], where: str) -> Hole:
    names = [_known(name, holes, where) for name in _HOLE.findall(text)]
    if not names:
        return lambda _: text
    if text == f"${names[0]}":
        return holes[names[0]]
    return lambda read: _HOLE.sub(lambda hole: str(holes[hole[1]](read)), text)


def _known(name: str, holes: Mapping[str, Any], where: str) -> str:
    if name not in holes:
        known = ", ".join(f"${each}" for each in sorted(holes))
        raise TemplateError(f"{where}: ${name} is unknown; there are {known}")
    return name
