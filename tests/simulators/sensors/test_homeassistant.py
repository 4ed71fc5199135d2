"""Home Assistant discovery: what its documentation allows, and ESPHome's topics."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.sensors.formats.homeassistant import (
    ABBREVIATIONS,
    DEVICE_ABBREVIATIONS,
    HomeAssistant,
    HomeAssistantNode,
)
from tagdock_simulators.sensors.readings import Quantity, Reading, Sample

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
ALL = tuple(Quantity)

TOPIC = {"type": "string", "pattern": r"^[^+#\u0000]{1,65535}$"}
TEXT = {"type": "string", "minLength": 1}
TEXTS = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}
# Units that Home Assistant accepts for a device class (Sensor entity, "Available device classes").
UNITS = {
    "battery": ["%"],
    "distance": ["km", "m", "cm", "mm", "mi", "nmi", "yd", "in", "ft"],
    "humidity": ["%"],
    "temperature": ["°C", "°F", "K"],
    "weight": ["kg", "g", "mg", "µg", "oz", "lb", "st"],
}
DEVICE = {
    # MQTT discovery, "device": at least one of identifiers and connections.
    "type": "object",
    "properties": {
        "identifiers": TEXTS,
        "connections": {"type": "array", "items": {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}},
        **dict.fromkeys(("manufacturer", "model", "model_id", "name"), TEXT),
        **dict.fromkeys(("sw_version", "hw_version", "serial_number"), TEXT),
        "suggested_area": TEXT,
        "via_device": TEXT,
        "configuration_url": TEXT,
    },
    "anyOf": [{"required": ["identifiers"]}, {"required": ["connections"]}],
    "additionalProperties": False,
}
COMMON = {
    "name": {"type": ["string", "null"]},
    "unique_id": TEXT,
    "state_topic": TOPIC,
    "availability_topic": TOPIC,
    "payload_available": TEXT,
    "payload_not_available": TEXT,
    "entity_category": {"enum": ["config", "diagnostic"]},
    "expire_after": {"type": "integer", "minimum": 1},
    "force_update": {"type": "boolean"},
    "icon": TEXT,
    "qos": {"enum": [0, 1, 2]},
    "value_template": TEXT,
    "device": DEVICE,
}
SENSOR = {
    # MQTT sensor, "Configuration variables".
    "type": "object",
    "properties": {
        **COMMON,
        "device_class": {"enum": sorted(UNITS)},
        "state_class": {"enum": ["measurement", "total", "total_increasing"]},
        "unit_of_measurement": TEXT,
        "suggested_display_precision": {"type": "integer"},
    },
    "allOf": [
        {
            "if": {"properties": {"device_class": {"const": name}}},
            "then": {"properties": {"unit_of_measurement": {"enum": units}}, "required": ["unit_of_measurement"]},
        }
        for name, units in UNITS.items()
    ],
    "required": ["state_topic", "unique_id"],
    "additionalProperties": False,
}
BINARY_SENSOR = {
    # MQTT binary sensor, "Configuration variables".
    "type": "object",
    "properties": {
        **COMMON,
        "device_class": {"enum": ["motion", "occupancy", "door", "opening", "presence"]},
        "payload_on": TEXT,
        "payload_off": TEXT,
        "off_delay": {"type": "integer"},
    },
    "required": ["state_topic", "unique_id"],
    "additionalProperties": False,
}


def with_platform(schema: dict[str, Any], platform: str) -> dict[str, Any]:
    properties = {**schema["properties"], "platform": {"const": platform}}
    return {**schema, "properties": properties, "required": [*schema["required"], "platform"]}


WHOLE_DEVICE = {
    # MQTT discovery, "Device discovery payload": device, origin and components are required.
    "type": "object",
    "properties": {
        "device": DEVICE,
        "origin": {
            "type": "object",
            "properties": {"name": TEXT, "sw_version": TEXT, "support_url": TEXT},
            "required": ["name"],
            "additionalProperties": False,
        },
        "components": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "oneOf": [with_platform(SENSOR, "sensor"), with_platform(BINARY_SENSOR, "binary_sensor")]
            },
        },
        "availability_topic": TOPIC,
        "state_topic": TOPIC,
        "qos": {"enum": [0, 1, 2]},
        "encoding": TEXT,
    },
    "required": ["device", "origin", "components"],
    "additionalProperties": False,
}


def node(**settings: Any) -> HomeAssistantNode:
    return HomeAssistantNode("A-01-1", ALL, HomeAssistant(**settings))


def discovery(**settings: Any) -> dict[str, dict[str, Any]]:
    return {
        each.topic: json.loads(each.payload)
        for each in node(**settings).born(AT)
        if each.topic.startswith("homeassistant/")
    }


def written_out(told: dict[str, Any]) -> dict[str, Any]:
    """Write the short keys out, as Home Assistant does."""
    long = {short: key for key, short in ABBREVIATIONS.items()}
    long_device = {short: key for key, short in DEVICE_ABBREVIATIONS.items()}
    result = {long.get(key, key): value for key, value in told.items()}
    if "device" in result:
        result["device"] = {long_device.get(key, key): value for key, value in result["device"].items()}
    if "components" in result:
        result["components"] = {name: written_out(each) for name, each in result["components"].items()}
    return result


@pytest.mark.parametrize("abbreviated", [True, False], ids=["short", "long"])
def test_each_entitys_discovery_is_as_documented(abbreviated: bool) -> None:
    messages = discovery(abbreviated=abbreviated)
    assert sorted(topic.split("/")[1] for topic in messages) == ["binary_sensor"] * 2 + ["sensor"] * 5
    for topic, told in messages.items():
        prefix, component, node_id, object_id, config = topic.split("/")
        assert (prefix, node_id, config) == ("homeassistant", "bin-a-01-1", "config")
        schema = SENSOR if component == "sensor" else BINARY_SENSOR
        told = written_out(told) if abbreviated else told  # noqa: PLW2901
        Draft202012Validator(schema).validate(told)
        assert told["state_topic"] == f"bin-a-01-1/{component}/{object_id}/state"
    assert len({written_out(told)["unique_id"] for told in messages.values()}) == 7


@pytest.mark.parametrize("abbreviated", [True, False], ids=["short", "long"])
def test_device_discovery_is_as_documented(abbreviated: bool) -> None:
    ((topic, told),) = discovery(discovery="device", abbreviated=abbreviated).items()
    assert topic == "homeassistant/device/bin-a-01-1/config"
    if abbreviated:
        assert set(told) == {"dev", "o", "avty_t", "cmps"}
        told = written_out(told)
    Draft202012Validator(WHOLE_DEVICE).validate(told)
    assert set(told["components"]) == {
        "mass",
        "distance",
        "occupied",
        "motion",
        "temperature",
        "humidity",
        "battery",
    }


def test_the_schema_itself_notices_mistakes() -> None:
    good = written_out(next(told for topic, told in discovery().items() if "/mass/" in topic))
    for wrong in ({"unit_of_measurement": "l"}, {"state_topic": "a/#"}, {"devise": {}}, {"device": {"name": "x"}}):
        assert not Draft202012Validator(SENSOR).is_valid(good | wrong)
    assert not Draft202012Validator(SENSOR).is_valid({key: good[key] for key in good if key != "unique_id"})


def test_it_is_online_and_offline_on_a_retained_topic_and_by_its_will() -> None:
    one = node()
    assert one.connecting(AT) == Message("bin-a-01-1/status", b"offline", retained=True)
    assert one.born(AT)[0] == Message("bin-a-01-1/status", b"online", retained=True)
    assert one.leaving(AT) == [Message("bin-a-01-1/status", b"offline", retained=True)]
    assert all(each.retained and each.qos == 0 for each in one.born(AT))


@pytest.mark.parametrize(
    ("quantity", "value", "topic", "text"),
    [
        (Quantity.MASS, 12.3456, "sensor/mass", "12.346"),
        (Quantity.MASS, -0.0, "sensor/mass", "-0.000"),
        (Quantity.MASS, -0.0002, "sensor/mass", "-0.000"),
        (Quantity.MASS, math.nan, "sensor/mass", "nan"),
        (Quantity.DISTANCE, 449.0, "sensor/distance", "0.449"),
        (Quantity.DISTANCE, 8190.0, "sensor/distance", "nan"),
        (Quantity.DISTANCE, 8191.0, "sensor/distance", "nan"),
        (Quantity.OCCUPIED, 1.0, "binary_sensor/occupied", "ON"),
        (Quantity.OCCUPIED, 0.0, "binary_sensor/occupied", "OFF"),
        (Quantity.MOTION, 1.0, "binary_sensor/motion", "ON"),
        (Quantity.TEMPERATURE, 14.46, "sensor/temperature", "14.5"),
        (Quantity.HUMIDITY, 69.58, "sensor/humidity", "69.6"),
        (Quantity.BATTERY, 97.0, "sensor/battery", "97"),
    ],
)
def test_a_value_is_text_on_a_topic_of_its_own_retained(
    quantity: Quantity, value: float, topic: str, text: str
) -> None:
    (state,) = node().tell([Reading(AT, "A-01-1", Sample(quantity, value))])
    assert state == Message(f"bin-a-01-1/{topic}/state", text.encode(), retained=True)


def test_nan_can_be_none() -> None:
    (state,) = node(nan="None").tell([Reading(AT, "A-01-1", Sample(Quantity.MASS, math.nan))])
    assert state.payload == b"None"


def test_a_new_connection_and_a_new_home_assistant_get_the_last_values_again() -> None:
    one = node()
    (state,) = one.tell([Reading(AT, "A-01-1", Sample(Quantity.MASS, 3.0))])
    assert one.born(AT)[-1] == state
    assert one.subscriptions == (("homeassistant/status", 0),)
    assert one.heard("homeassistant/status", b"online", AT)[-1] == state
    assert len(one.heard("homeassistant/status", b"online", AT)) == 8
    assert one.heard("homeassistant/status", b"offline", AT) == []


def test_what_reports_changes_only_does_not_expire() -> None:
    expiring = {topic.split("/")[3] for topic, told in discovery(abbreviated=False).items() if "expire_after" in told}
    assert expiring == {"mass", "distance", "occupied", "temperature", "humidity"}
    assert not any("expire_after" in told for told in discovery(abbreviated=False, expire_after_s=None).values())


def test_a_quantity_that_it_has_not_is_nobodys() -> None:
    one = HomeAssistantNode("A-01-1", (Quantity.MASS,), HomeAssistant())
    assert one.tell([Reading(AT, "A-01-1", Sample(Quantity.HUMIDITY, 50.0))]) == []
