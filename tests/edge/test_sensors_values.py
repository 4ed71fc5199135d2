"""Numbers, paths, units and templates: what is understood, and what is refused by name."""

from pathlib import Path
from typing import Any

import pytest
from tagdock_edge.config.sensor_model import Quantity
from tagdock_edge.config.units import conversion
from tagdock_edge.sensors.template import TemplateRefusedError, read_template
from tagdock_edge.sensors.values import Missing, ValueRefusedError, json_value, number, path, walk

PAYLOAD = b'{"SHT3X": {"Temperature": 21.46}, "list": [1, {"odd key": 7}], "state": "ON", "none": null}'

UNDERSTOOD = {
    "none at all": (None, b"12.5", "12.5"),
    "the value": ("{{ value }}", b" 12.5 ", "12.5"),
    "tight": ("{{value|float}}", b"12.5", 12.5),
    "trimmed": ("{{- value_json.state -}}", PAYLOAD, "ON"),
    "a path": ("{{ value_json.SHT3X.Temperature }}", PAYLOAD, 21.46),
    "a quoted path": ("{{ value_json['SHT3X'].Temperature }}", PAYLOAD, 21.46),
    "an index": ("{{ value_json.list[1]['odd key'] }}", PAYLOAD, 7),
    "rounded": ("{{ value_json.SHT3X.Temperature | float | round(1) }}", PAYLOAD, 21.5),
    "rounded to whole": ("{{ value_json.SHT3X.Temperature | round }}", PAYLOAD, 21.0),
    "an integer": ("{{ value | int }}", b"12.9", 12.0),
    "a default that is not used": ("{{ value | float(0) }}", b"3", 3.0),
    "nothing there": ("{{ value_json.SHT3X.Humidity | float(0) }}", PAYLOAD, Missing),
    "null": ("{{ value_json.none | float }}", PAYLOAD, None),
    "is_defined": ("{{ value_json.state | is_defined }}", PAYLOAD, "ON"),
}


@pytest.mark.parametrize(("template", "payload", "said"), UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_a_template_of_the_common_subset_is_understood(template: str | None, payload: bytes, said: object) -> None:
    assert read_template(template)(payload) == said


REFUSED = {
    "a statement": ("{% if value %}1{% endif %}", "statements"),
    "text around": ("{{ value }} kg", "statements or text"),
    "two expressions": ("{{ value }}{{ value }}", "statements or text"),
    "arithmetic": ("{{ value_json.x * 10 }}", "value_json.x * 10"),
    "a comparison": ("{{ value_json.x == 'a' }}", "=="),
    "another filter": ("{{ value | regex_replace('a', 'b') }}", "regex_replace"),
    "a function": ("{{ states('sensor.x') }}", "states"),
    "a dunder walk": ("{{ value.__class__.__mro__ }}", "value with a path"),
    "json without a path": ("{{ value_json }}", "value_json without one"),
    "round to a name": ("{{ value | round(n) }}", "round(n)"),
    "too deep": ("{{ value_json" + ".a" * 9 + " }}", "8 steps"),
    "too long": ("{{ value_json." + "a" * 300 + " }}", "characters"),
}


@pytest.mark.parametrize(("template", "told"), REFUSED.values(), ids=REFUSED)
def test_what_a_template_needs_and_is_not_understood_is_named(template: str, told: str) -> None:
    with pytest.raises(TemplateRefusedError) as refused:
        read_template(template)
    assert told in str(refused.value)


NUMBERS = {
    "int": (12, 12.0),
    "text": ("-1.50e1", -15.0),
    "true": (True, 1.0),
    "nan by printf": ("nan", None),
    "None by name": ("None", None),
    "unavailable": ("unavailable", None),
    "null": (None, None),
    "a real NaN": (float("nan"), None),
}


@pytest.mark.parametrize(("told", "value"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_is_read_or_is_nothing_measured(told: object, value: float | None) -> None:
    assert number(told) == value


@pytest.mark.parametrize(
    "told",
    ["inf", "-Infinity", "1_000", "0x10", "1,5", "", "1e999", float("inf"), [1], {}, 10**400, "9" * 400],
    ids=str,
)
def test_what_is_no_number_is_refused(told: object) -> None:
    with pytest.raises(ValueRefusedError):
        number(told)


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"NaN", b'"' + b"x" * 300_000 + b'"'],
    ids=["empty", "cut", "deep list", "deep object", "no UTF-8", "NaN", "huge"],
)
def test_hostile_json_is_refused_and_breaks_nothing(payload: bytes) -> None:
    with pytest.raises(ValueRefusedError):
        json_value(payload)


def test_a_path_through_the_wrong_kind_of_value_leads_nowhere() -> None:
    value: Any = {"a": [1, 2], "b": 3}
    assert walk(value, path("a[1]")) == 2
    for nowhere in ("a[2]", "a.x", "b.c", "b[0]", "c"):
        assert walk(value, path(nowhere)) is Missing, nowhere


UNITS = {
    "grams": ("g", "mass_kg", 1500.0, 1.5),
    "pounds": ("lb", "mass_kg", 2.0, 0.90718474),
    "ounces": ("oz", "mass_kg", 16.0, 0.45359237),
    "metres": ("m", "distance_mm", 0.25, 250.0),
    "inches": ("in", "distance_mm", 10.0, 254.0),
    "fahrenheit": ("°F", "temperature_c", 212.0, 100.0),
    "bare fahrenheit": ("F", "temperature_c", 32.0, 0.0),
    "kelvin": ("K", "temperature_c", 273.15, 0.0),
    "its own": (None, "count", 3.0, 3.0),
}


@pytest.mark.parametrize(("unit", "quantity", "told", "value"), UNITS.values(), ids=UNITS)
def test_units_become_the_contracts(unit: str | None, quantity: Quantity, told: float, value: float) -> None:
    converts = conversion(unit, quantity)
    assert converts is not None
    assert converts(told) == pytest.approx(value)


def test_the_unit_of_something_else_is_none() -> None:
    assert conversion("kg", "distance_mm") is None
    assert conversion("m", "humidity_pct") is None


def test_the_sensors_folder_reads_no_clock() -> None:
    import tagdock_edge.sensors as folder

    for file in Path(folder.__path__[0]).glob("*.py"):
        assert "import time" not in file.read_text(encoding="utf-8"), file.name
