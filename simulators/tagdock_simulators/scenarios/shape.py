"""Scenarios of one's own: a named one with some of its parameters set to other values, given as text."""

import math
import typing
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from tagdock_simulators.radio import ETSI, FCC, MODES, Gen2Mode, Region
from tagdock_simulators.scenarios.scenario import Scenario

_FIXED = ("name", "hard_about")
_RADIO = "radio."
_NAMED: Mapping[type, Mapping[str, Any]] = {
    Gen2Mode: MODES,
    Region: {each.name: each for each in (ETSI, FCC)},
}
"""What is chosen by its name."""


def shaped(scenario: Scenario, settings: Mapping[str, str]) -> Scenario:
    """Set parameters: numbers as they are, pairs as LEAST..MOST, weights as NAME:WEIGHT,NAME:WEIGHT.

    The radio's are set as `radio.transmit_dbm` and so on. Raises ValueError that names the key and the remedy.
    """
    own = {key: text for key, text in settings.items() if not key.startswith(_RADIO)}
    radio = {key.removeprefix(_RADIO): text for key, text in settings.items() if key.startswith(_RADIO)}
    changes = _read(scenario, own, "")
    if radio:
        changes["radio"] = replace(scenario.radio, **_read(scenario.radio, radio, _RADIO))
    return replace(scenario, **changes)


def parameters(scenario: Scenario) -> dict[str, Any]:
    """Return all parameters by name, as JSON can write them; the radio's in an object of their own."""
    radio = {each.name: getattr(scenario.radio, each.name) for each in fields(scenario.radio)}
    named = {key: value.name for key, value in radio.items() if type(value) in _NAMED}
    return {each.name: getattr(scenario, each.name) for each in fields(scenario)} | {"radio": radio | named}


def _read(whole: Any, settings: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """Read values for some fields of a data class, each by the type of that field."""
    kinds = {each.name: kind for each, kind in _kinds(whole) if each.name not in _FIXED and each.name != "radio"}
    changes = {}
    for key, text in settings.items():
        if key not in kinds:
            known = ", ".join(prefix + name for name in kinds)
            raise ValueError(f"{prefix}{key} is no parameter; there are {known}{'' if prefix else ', radio....'}")
        try:
            changes[key] = _value(text.strip(), kinds[key])
        except ValueError as error:
            raise ValueError(f"{prefix}{key}: {text!r} is not {error}") from error
    return changes


def _kinds(whole: Any) -> list[tuple[Any, Any]]:
    hints = typing.get_type_hints(type(whole))
    return [(each, hints[each.name]) for each in fields(whole)]


def _value(text: str, kind: Any) -> Any:
    """Read one value. Raises ValueError with what it should have been."""
    origin = typing.get_origin(kind)
    if kind is bool:
        return _one_of(text.lower(), {"yes": True, "true": True, "no": False, "false": False})
    if kind in _NAMED:
        return _one_of(text, _NAMED[kind])
    if origin is typing.Literal:
        return _one_of(text, {str(each): each for each in typing.get_args(kind)})
    if origin is tuple:
        least, dots, most = text.partition("..")
        number = typing.get_args(kind)[0]
        return _number(least, number), _number(most if dots else least, number)
    if origin is not None and issubclass(origin, Mapping):
        return {name.strip(): _number(weight or "1", float) for name, _, weight in _pairs(text)}
    return _number(text, kind)


def _pairs(text: str) -> list[tuple[str, str, str]]:
    return [each.partition(":") for each in text.split(",") if each.strip()]


def _number(text: str, kind: Any) -> Any:
    try:
        value = kind(text)
    except ValueError:
        raise ValueError("a whole number" if kind is int else "a number") from None
    if not math.isfinite(value):
        raise ValueError("a number")
    return value


def _one_of(text: str, known: Mapping[str, Any]) -> Any:
    if text not in known:
        raise ValueError(f"one of {', '.join(known)}")
    return known[text]
