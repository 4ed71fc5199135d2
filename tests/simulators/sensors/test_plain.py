"""A customer's own JSON."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.sensors.formats.plain import Plain, PlainNode
from tagdock_simulators.sensors.readings import Quantity, Reading, Sample

AT = datetime(2026, 1, 5, 8, 0, 0, 250_000, tzinfo=UTC)


def reading(quantity: Quantity, value: float, bin_name: str = "A-01-1") -> Reading:
    return Reading(AT, bin_name, Sample(quantity, value))


CLIMATE = [reading(Quantity.TEMPERATURE, 14.5), reading(Quantity.HUMIDITY, 69.5)]


def told(*readings: Reading, **settings: Any) -> list[Message]:
    return PlainNode("bins-1", Plain(**settings)).tell(readings)


def test_values_of_one_moment_stand_together() -> None:
    (message,) = told(*CLIMATE)
    assert message == Message(
        "bins/a-01-1",
        b'{"bin": "A-01-1", "at": "2026-01-05T08:00:00.250000Z", "temperature_c": 14.5, "humidity_pct": 69.5}',
    )


def test_other_bins_and_repetitions_have_messages_of_their_own() -> None:
    assert len(told(*CLIMATE, reading(Quantity.HUMIDITY, 1.0, "A-01-2"))) == 2
    assert len(told(*CLIMATE, CLIMATE[1])) == 2


def test_or_each_value_has_a_topic() -> None:
    messages = told(*CLIMATE, together=False, topic="s/{bin}/{quantity}", bin_key=None, time_key=None, retained=True)
    assert [(m.topic, m.payload, m.retained) for m in messages] == [
        ("s/a-01-1/temperature_c", b'{"value": 14.5}', True),
        ("s/a-01-1/humidity_pct", b'{"value": 69.5}', True),
    ]


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "expected"),
    [
        (Quantity.MASS, 1.5, "g", 1500.0),
        (Quantity.MASS, 1.0, "lb", 2.204623),
        (Quantity.DISTANCE, 449.0, "cm", 44.9),
        (Quantity.DISTANCE, 449.0, "m", 0.449),
        (Quantity.TEMPERATURE, 20.0, "F", 68.0),
        (Quantity.TEMPERATURE, -40.0, "F", -40.0),
    ],
)
def test_units_can_be_others(quantity: Quantity, value: float, unit: str, expected: float) -> None:
    (message,) = told(reading(quantity, value), units={quantity: unit}, keys={quantity: "v"})
    assert json.loads(message.payload)["v"] == expected


def test_a_unit_of_another_quantity_is_refused_with_those_that_fit() -> None:
    with pytest.raises(ValueError, match=r"'cm' does not fit mass_kg; choose one of \['kg', 'g', 'lb'\]"):
        Plain(units={Quantity.MASS: "cm"})


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("iso", '"2026-01-05T08:00:00.250000Z"'),
        ("local", '"2026-01-05 08:00:00"'),
        ("epoch_s", "1767600000.25"),
        ("epoch_ms", "1767600000250"),
    ],
)
def test_times_can_be_written_otherwise(time: Any, expected: str) -> None:
    (message,) = told(CLIMATE[0], time=time)
    assert f'"at": {expected}' in message.payload.decode()


@pytest.mark.parametrize(
    ("nan", "expected"),
    [("NaN", b'{"mass_kg": NaN}'), ("null", b'{"mass_kg": null}'), ("left out", b"{}")],
)
def test_what_could_not_be_measured(nan: Any, expected: bytes) -> None:
    (message,) = told(reading(Quantity.MASS, math.nan), nan=nan, bin_key=None, time_key=None)
    assert message.payload == expected


def test_what_is_on_or_off_is_a_boolean_and_minus_zero_stays() -> None:
    (message,) = told(reading(Quantity.OCCUPIED, 1.0), reading(Quantity.MASS, -0.0))
    assert b'"occupied": true, "mass_kg": -0.0' in message.payload
