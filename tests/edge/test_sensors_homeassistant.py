"""Home Assistant's discovery and ESPHome's own topics: found, understood, refused, believed."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from tagdock_edge.config.sensor_model import WATCHES, EsphomeEntity, HomeAssistantEntity, Quantity, SensorConfig
from tagdock_edge.sensors.complaints import Complaints
from tagdock_edge.sensors.esphome import Esphome
from tagdock_edge.sensors.homeassistant import HomeAssistant
from tagdock_edge.sensors.told import Gone, Measurement, Message, Told

AT = 1_767_600_000_000_000


def home(quantity: Quantity = "mass_kg", unit: str | None = None, entity: str = "scale/mass") -> HomeAssistant:
    sensor = SensorConfig("A-01-1", quantity, HomeAssistantEntity(entity), WATCHES[quantity], unit)
    return HomeAssistant({0: sensor}, Complaints())


def found(one: HomeAssistant, told: Any, topic: str = "homeassistant/sensor/scale/mass/config") -> list[Told]:
    payload = told if isinstance(told, bytes) else json.dumps(told).encode()
    return one.take(Message(topic, payload, retained=True), AT)


def say(one: HomeAssistant | Esphome, topic: str, payload: str, retained: bool = False) -> list[Told]:
    return one.take(Message(topic, payload.encode(), retained), AT)


def values(told: Sequence[Told]) -> list[tuple[float | None, str]]:
    return [(each.value, each.quality) for each in told if isinstance(each, Measurement)]


WEIGHT = {"state_topic": "scale/state", "unit_of_measurement": "g", "device_class": "weight"}

FORMS: dict[str, tuple[str, dict[str, Any], str, str, float]] = {
    "long words": ("sensor/scale/mass", WEIGHT, "scale/state", "1500", 1.5),
    "abbreviated": (
        "sensor/scale/mass",
        {"stat_t": "scale/state", "unit_of_meas": "kg", "dev_cla": "weight"},
        "scale/state",
        "1.5",
        1.5,
    ),
    "a base topic in front": (
        "sensor/scale/mass",
        {"~": "home/scale", "stat_t": "~/state", "unit_of_meas": "kg"},
        "home/scale/state",
        "1.5",
        1.5,
    ),
    "a base topic behind": ("sensor/scale/mass", {"~": "scale", "stat_t": "home/~"}, "home/scale", "1.5", 1.5),
    "a template": (
        "sensor/scale/mass",
        {**WEIGHT, "val_tpl": "{{ value_json.HX711.Weight | float }}"},
        "scale/state",
        '{"HX711": {"Weight": 1500}}',
        1.5,
    ),
    "a whole device": (
        "device/scale",
        {"dev": {"ids": "x"}, "cmps": {"mass": {"p": "sensor", **WEIGHT}, "other": {"p": "button"}}},
        "scale/state",
        "1500",
        1.5,
    ),
    "a device with a base topic": (
        "device/scale",
        {"~": "scale", "components": {"mass": {"platform": "sensor", "state_topic": "~/state"}}},
        "scale/state",
        "1.5",
        1.5,
    ),
}


@pytest.mark.parametrize(("path", "told", "topic", "payload", "value"), FORMS.values(), ids=FORMS)
def test_a_discovered_entity_is_listened_to(
    path: str, told: dict[str, Any], topic: str, payload: str, value: float
) -> None:
    one = home()
    assert topic not in one.topics
    found(one, told, f"homeassistant/{path}/config")
    assert topic in one.topics
    assert values(say(one, topic, payload)) == [(value, "good")]


REFUSED: dict[str, tuple[Any, str]] = {
    "no JSON": (b"{", "no JSON"),
    "a list": (b"[1]", "no JSON object"),
    "deep": (b"[" * 100_000, "no JSON"),
    "huge": (b'{"x": "' + b"x" * 300_000 + b'"}', "bytes of JSON"),
    "no state topic": ({"unit_of_measurement": "kg"}, "state_topic is missing"),
    "a wildcard": ({**WEIGHT, "state_topic": "#"}, "wildcard"),
    "the broker's own topics": ({**WEIGHT, "state_topic": "$SYS/broker/uptime"}, "no sensor has"),
    "our own topics": ({**WEIGHT, "state_topic": "tagdock/v1/s1/gw-1/events"}, "no sensor has"),
    "a wildcard by the base": ({"~": "#", "stat_t": "~"}, "wildcard"),
    "another device class": ({**WEIGHT, "device_class": "temperature"}, "device class temperature"),
    "another unit": ({**WEIGHT, "unit_of_measurement": "lx"}, "'lx'"),
    "a template beyond the subset": ({**WEIGHT, "value_template": "{{ value|x }}"}, "the filter 'x'"),
    "a topic that is a table": ({**WEIGHT, "state_topic": {}}, "state_topic"),
    "a hundred availability topics": ({**WEIGHT, "availability": [{"topic": f"a/{n}"} for n in range(100)]}, None),
}


@pytest.mark.parametrize(("told", "why"), REFUSED.values(), ids=REFUSED)
def test_a_discovery_that_can_not_be_used_is_told_and_changes_nothing(told: Any, why: str | None) -> None:
    one = home()
    found(one, WEIGHT)
    before = one.topics
    found(one, told)
    if why is None:  # cut to the bound
        assert len(one.topics) <= len(before) + 8
        return
    assert one.topics == before
    (complaint,) = one._complaints.untold()
    assert why in complaint


def test_other_peoples_discovery_costs_no_memory() -> None:
    one = home()
    before = one.topics
    for number in range(5000):
        found(one, WEIGHT, f"homeassistant/sensor/other{number}/mass/config")
        say(one, f"other{number}/state", "1")
    assert one.topics == before
    assert not one._complaints.counts
    assert len(one._heard) == 0


def test_an_entity_that_is_introduced_anew_is_heard_where_it_speaks_now() -> None:
    one = home()
    found(one, WEIGHT)
    found(one, {**WEIGHT, "state_topic": "new/state"})
    assert "scale/state" not in one.topics
    assert values(say(one, "new/state", "500")) == [(0.5, "good")]
    assert say(one, "scale/state", "500") == []


def test_an_entity_whose_discovery_is_withdrawn_is_gone() -> None:
    one = home()
    found(one, WEIGHT)
    assert found(one, b"") == [Gone(0)]
    assert "scale/state" not in one.topics
    assert one.undiscovered == ["A-01-1 mass_kg"]


AVAILABLE = {**WEIGHT, "availability_topic": "scale/status"}


def test_who_is_said_to_be_away_is_gone_once_until_it_speaks_again() -> None:
    one = home()
    found(one, AVAILABLE)
    assert say(one, "scale/status", "online") == []
    assert values(say(one, "scale/state", "500")) == [(0.5, "good")]
    assert say(one, "scale/status", "offline") == [Gone(0)]
    assert say(one, "scale/status", "offline") == []
    assert say(one, "scale/status", "who knows") == []
    assert values(say(one, "scale/state", "600")) == [(0.6, "good")]


RETAINED: dict[str, tuple[dict[str, Any], list[tuple[str, str]], list[tuple[float | None, str]]]] = {
    "nobody tells whether it is there": (WEIGHT, [("scale/state", "500")], [(0.5, "stale")]),
    "it is there, said before": (AVAILABLE, [("scale/status", "online"), ("scale/state", "500")], [(0.5, "good")]),
    "it is there, said after": (AVAILABLE, [("scale/state", "500"), ("scale/status", "online")], [(0.5, "good")]),
    "it is away, said before": (AVAILABLE, [("scale/status", "offline"), ("scale/state", "500")], [(0.5, "stale")]),
    "it is away, said after": (AVAILABLE, [("scale/state", "500"), ("scale/status", "offline")], [(0.5, "stale")]),
    "nobody has said yet": (AVAILABLE, [("scale/state", "500")], []),
}


@pytest.mark.parametrize(("told", "messages", "said"), RETAINED.values(), ids=RETAINED)
def test_a_retained_state_is_believed_only_of_who_is_there(
    told: dict[str, Any], messages: list[tuple[str, str]], said: list[tuple[float | None, str]]
) -> None:
    one = home()
    found(one, told)
    assert values([each for topic, payload in messages for each in say(one, topic, payload, retained=True)]) == said


def test_an_entity_that_is_discovered_later_knows_what_was_retained_on_a_shared_topic() -> None:
    sensors = {
        number: SensorConfig("A-01-1", quantity, HomeAssistantEntity(f"scale/{quantity}"), WATCHES[quantity])
        for number, quantity in enumerate(("mass_kg", "temperature_c"))
    }
    one = HomeAssistant(sensors, Complaints())  # type: ignore[arg-type]  # the two are quantities
    shared = {"availability_topic": "scale/status"}
    found(one, {"state_topic": "scale/m", **shared}, "homeassistant/sensor/scale/mass_kg/config")
    say(one, "scale/status", "online", retained=True)
    found(one, {"state_topic": "scale/t", **shared}, "homeassistant/sensor/scale/temperature_c/config")
    assert values(say(one, "scale/t", "20", retained=True)) == [(20.0, "good")]


MODES = {
    "all": ("all", [("a", "online"), ("b", "online")], ("b", "offline"), [Gone(0)]),
    "any: one is enough": ("any", [("a", "online"), ("b", "online")], ("b", "offline"), []),
    "latest": ("latest", [("a", "online")], ("b", "offline"), [Gone(0)]),
}


@pytest.mark.parametrize(("mode", "before", "last", "said"), MODES.values(), ids=MODES)
def test_several_availability_topics(
    mode: str, before: list[tuple[str, str]], last: tuple[str, str], said: list[Told]
) -> None:
    one = home()
    listed = [{"topic": "a"}, {"t": "b"}]
    found(one, {**WEIGHT, "availability": listed, "availability_mode": mode})
    for topic, payload in before:
        assert [each for each in say(one, topic, payload) if each == Gone(0)] in ([], [Gone(0)])
    assert say(one, *last) == said


def test_a_value_expires_as_its_discovery_says() -> None:
    one = home()
    found(one, {**WEIGHT, "exp_aft": 60})
    say(one, "scale/state", "500")
    assert one.advance(AT + 59_000_000) == []
    assert one.advance(AT + 61_000_000) == [Gone(0)]
    assert one.advance(AT + 99_000_000) == []


def test_a_switch_and_what_it_may_say() -> None:
    one = home("occupied", entity="scale/occupied")
    told = {"state_topic": "s", "device_class": "occupancy", "pl_on": "taken"}
    found(one, told, "homeassistant/binary_sensor/scale/occupied/config")
    assert values(say(one, "s", "taken")) == [(1.0, "good")]
    assert values(say(one, "s", "OFF")) == [(0.0, "good")]
    assert values(say(one, "s", "unknown")) == [(None, "good")]
    assert say(one, "s", "maybe") == []
    assert "A-01-1 occupied: state" in one._complaints.counts


NONSENSE = ["", "inf", "12 kg", "\x00", "9" * 300, "[1]"]


@pytest.mark.parametrize("payload", NONSENSE, ids=repr)
def test_a_state_that_is_no_number_is_nothing(payload: str) -> None:
    one = home()
    found(one, WEIGHT)
    assert [each for each in values(say(one, "scale/state", payload)) if each[0] is not None] == []


def test_esphome_speaks_on_its_own_topics_and_its_will_counts() -> None:
    origin = EsphomeEntity("bin-1", "distance")
    sensor = SensorConfig("A-01-1", "distance_mm", origin, WATCHES["distance_mm"], unit="m")
    one = Esphome({0: sensor}, Complaints())
    assert one.topics == {"bin-1/sensor/distance/state", "bin-1/status"}
    assert say(one, "bin-1/sensor/distance/state", "0.456", retained=True) == []
    assert values(say(one, "bin-1/status", "online", retained=True)) == [(456.0, "good")]
    assert values(say(one, "bin-1/sensor/distance/state", "nan")) == [(None, "good")]
    assert say(one, "bin-1/status", "offline") == [Gone(0)]
