"""Tasmota: telemetry, switches, wills, and how its own discovery changes where it is heard."""

import json
from typing import Any

import pytest
from tagdock_edge.config.sensor_model import WATCHES, Quantity, SensorConfig, TasmotaField
from tagdock_edge.sensors.complaints import Complaints
from tagdock_edge.sensors.tasmota import DISCOVERY, Tasmota
from tagdock_edge.sensors.told import Gone, Measurement, Message, Told

AT = 1_767_600_000_000_000
FIELDS: dict[str, Quantity] = {
    "HX711.Weight": "mass_kg",
    "VL53L0X.Distance": "distance_mm",
    "SHT3X.Temperature": "temperature_c",
    "Switch1": "occupied",
}
SENSOR = {
    "Time": "2026-01-05T08:00:00",
    "Switch1": "ON",
    "SHT3X": {"Temperature": 20.5, "Humidity": 40.0},
    "HX711": {"Weight": 1.25},
    "VL53L0X": {"Distance": 45.6},
    "TempUnit": "C",
}


def device() -> Tasmota:
    sensors = {
        number: SensorConfig("A-01-1", quantity, TasmotaField("bin_a", field), WATCHES[quantity])
        for number, (field, quantity) in enumerate(FIELDS.items())
    }
    return Tasmota(sensors, Complaints())


def say(one: Tasmota, topic: str, payload: Any, retained: bool = False) -> list[Told]:
    told = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return one.take(Message(topic, told, retained), AT)


def values(told: list[Told]) -> dict[int, float | None]:
    return {each.channel: each.value for each in told if isinstance(each, Measurement)}


def test_telemetry_becomes_values_in_our_units() -> None:
    assert values(say(device(), "tele/bin_a/SENSOR", SENSOR)) == {0: 1.25, 1: 456.0, 2: 20.5, 3: 1.0}


TELLING: dict[str, tuple[str, Any, dict[int, float | None]]] = {
    "an answer to Status 8": ("stat/bin_a/STATUS8", {"StatusSNS": SENSOR}, {0: 1.25, 1: 456.0, 2: 20.5, 3: 1.0}),
    "a switch at once": ("stat/bin_a/RESULT", {"Switch1": {"Action": "OFF"}}, {3: 0.0}),
    "a switch on its own topic": ("stat/bin_a/SWITCH1", {"Action": "ON"}, {3: 1.0}),
    "fahrenheit": ("tele/bin_a/SENSOR", {"SHT3X": {"Temperature": 68.0}, "TempUnit": "F"}, {2: 20.0}),
    "no target": ("tele/bin_a/SENSOR", {"VL53L0X": {"Distance": None}}, {1: None}),
    "a chip that does not answer": ("tele/bin_a/SENSOR", {"HX711": {"Weight": 2}}, {0: 2.0}),
    "a state": ("tele/bin_a/STATE", {"Uptime": "1T00:00:00", "Vcc": 3.1}, {}),
    "another device": ("tele/bin_b/SENSOR", SENSOR, {}),
    "no JSON": ("tele/bin_a/SENSOR", b"{", {}),
    "deep": ("tele/bin_a/SENSOR", b'{"a":' * 90_000, {}),
    "wrong kinds": ("tele/bin_a/SENSOR", {"HX711": [1], "VL53L0X": {"Distance": "far"}, "SHT3X": 5}, {}),
    "a switch that says something else": ("stat/bin_a/RESULT", {"Switch1": {"Action": "TOGGLE"}}, {}),
    "an unknown unit": ("tele/bin_a/SENSOR", {"SHT3X": {"Temperature": 1.0}, "TempUnit": "X"}, {}),
}


@pytest.mark.parametrize(("topic", "payload", "said"), TELLING.values(), ids=TELLING)
def test_what_a_device_tells(topic: str, payload: Any, said: dict[int, float | None]) -> None:
    assert values(say(device(), topic, payload)) == said


def test_the_will_tells_who_is_gone_and_who_may_be_believed() -> None:
    one = device()
    assert say(one, "tele/bin_a/SENSOR", SENSOR, retained=True) == []
    assert len(values(say(one, "tele/bin_a/LWT", b"Online", retained=True))) == 4
    assert say(one, "tele/bin_a/LWT", b"Offline") == [Gone(number) for number in range(4)]


CONFIG = {
    "t": "bin_a",
    "ft": "%topic%/%prefix%/",
    "tp": ["cmnd", "s", "t"],
    "mac": "02AABBCCDDEE",
    "hn": "bin-a",
    "onln": "here",
    "ofln": "away",
}


def test_discovery_tells_where_a_device_is_heard_and_in_which_words() -> None:
    one = device()
    assert DISCOVERY in one.topics
    say(one, "tasmota/discovery/02AABBCCDDEE/config", CONFIG, retained=True)
    assert "bin_a/t/SENSOR" in one.topics
    assert "tele/bin_a/SENSOR" not in one.topics
    assert len(values(say(one, "bin_a/t/SENSOR", SENSOR))) == 4
    assert say(one, "bin_a/t/LWT", b"Online") == []
    assert len(say(one, "bin_a/t/LWT", b"away")) == 4


REFUSED: dict[str, Any] = {
    "another's address": {**CONFIG, "mac": "021111111111"},
    "a wildcard": {**CONFIG, "ft": "#%prefix%/%topic%/"},
    "our own topics": {**CONFIG, "ft": "tagdock/%prefix%/%topic%/"},
    "everybody's topic": {**CONFIG, "ft": "%prefix%/"},
    "no topic": {**CONFIG, "ft": 5},
    "another device": {**CONFIG, "t": "bin_b"},
    "no device": {**CONFIG, "t": {}},
    "no object": [1],
    "no JSON": b"\xff",
    "withdrawn": b"",
}


@pytest.mark.parametrize("told", REFUSED.values(), ids=REFUSED)
def test_a_discovery_that_can_not_be_used_changes_nothing(told: Any) -> None:
    one = device()
    before = one.topics
    say(one, "tasmota/discovery/02AABBCCDDEE/config", told, retained=True)
    assert one.topics == before


def test_a_host_name_with_a_wildcard_makes_nobody_listen_to_everything() -> None:
    one = device()
    say(one, "tasmota/discovery/02AABBCCDDEE/config", {**CONFIG, "ft": "%hostname%/%prefix%/", "hn": "#"})
    assert not [topic for topic in one.topics if "#" in topic]
