"""All sensors of one broker together: mapped JSON, a cut, and messages that nobody should send."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_edge.config.model import BrokerConfig
from tagdock_edge.config.sensors import read_sensors
from tagdock_edge.sensors.complaints import KINDS_AT_MOST, Complaints
from tagdock_edge.sensors.station import Outcome, Station
from tagdock_edge.sensors.told import Message
from tagdock_edge.tables import Table

AT = 1_767_600_000_000_000
S = 1_000_000
TABLES: list[dict[str, Any]] = [
    {"bin": "A", "quantity": "mass_kg", "source": "homeassistant", "entity": "scale/mass"},
    {"bin": "B", "quantity": "occupied", "source": "esphome", "node": "node", "entity": "switch"},
    {"bin": "C", "source": "tasmota", "device": "bin_c", "field": "SHT3X.Temperature"},
    {"bin": "D", "source": "sparkplug", "group": "g", "node": "n", "device": "d", "metric": "humidity_pct"},
    {
        "bin": "E",
        "quantity": "temperature_c",
        "source": "mapped",
        "topic": "bins/e",
        "mapping": {"value": {"path": "t", "unit": "F"}, "time": {"path": "ts", "format": "epoch_s"}},
    },
    {
        "bin": "F",
        "quantity": "occupied",
        "source": "mapped",
        "topic": "racks/{rack}/state",
        "mapping": {
            "array": "bins",
            "when": [{"topic": "rack", "is": "7"}, {"path": "id", "is": "f"}],
            "value": "full",
        },
    },
]


def station(tables: list[dict[str, Any]] = TABLES) -> Station:
    problems: list[str] = []
    placed = read_sensors(Table({"sensor": tables}, "", problems).tables("sensor"), Path(), {}, BrokerConfig("b", 1883))
    assert problems == []
    one = Station([sensor for _, sensor in placed], "s1.gw-1")
    one.connecting(AT)
    one.connected(AT)
    return one


def say(one: Station, topic: str, told: Any, at_s: float = 0.0, retained: bool = False) -> Outcome:
    payload = told if isinstance(told, bytes) else json.dumps(told).encode()
    return one.take(Message(topic, payload, retained), AT + round(at_s * S))


def short(outcome: Outcome) -> list[tuple[str, float, str]]:
    return [(each.bin, round(each.value, 3), each.quality) for each in outcome.readings]


MAPPED: dict[str, tuple[str, Any, list[tuple[str, float, str]]]] = {
    "a value with its unit": ("bins/e", {"t": 68.0}, [("E", 20.0, "good")]),
    "a value as text": ("bins/e", {"t": "68"}, [("E", 20.0, "good")]),
    "null is nothing": ("bins/e", {"t": None}, []),
    "no value": ("bins/e", {"x": 1}, []),
    "no number": ("bins/e", {"t": "warm"}, []),
    "no JSON": ("bins/e", b"{", []),
    "NaN is no JSON": ("bins/e", b'{"t": NaN}', []),
    "a row of an array, by a level and a key": (
        "racks/7/state",
        {"bins": [{"id": "e", "full": False}, {"id": "f", "full": True}]},
        [("F", 1.0, "good")],
    ),
    "another rack": ("racks/8/state", {"bins": [{"id": "f", "full": True}]}, []),
    "another topic": ("racks/7/8/state", {"bins": [{"id": "f", "full": True}]}, []),
}


@pytest.mark.parametrize(("topic", "told", "said"), MAPPED.values(), ids=MAPPED)
def test_json_of_any_form_is_mapped(topic: str, told: Any, said: list[tuple[str, float, str]]) -> None:
    assert short(say(station(), topic, told)) == said


def test_a_mapped_value_has_its_own_time_and_without_one_or_with_an_old_one_a_retained_one_is_stale() -> None:
    one = station()
    (reading,) = say(one, "bins/e", {"t": 68.0, "ts": AT / 1e6 - 30}, retained=True).readings
    assert (reading.at_us, reading.quality) == (AT - 30 * S, "good")
    for old in ({"t": 68.0}, {"t": 68.0, "ts": AT / 1e6 - 1000}):
        (reading,) = say(station(), "bins/e", old, retained=True).readings
        assert reading.quality == "stale"


def test_a_short_cut_changes_nothing_and_a_long_one_makes_all_stale_once() -> None:
    one = station()
    say(one, "bins/e", {"t": 68.0})
    say(one, "racks/7/state", {"bins": [{"id": "f", "full": True}]})
    one.cut(AT + 1 * S)
    one.cut(AT + 20 * S)
    assert short(one.advance(AT + 30 * S)) == []
    assert sorted(short(one.advance(AT + 32 * S))) == [("E", 20.0, "stale"), ("F", 1.0, "stale")]
    assert short(one.advance(AT + 60 * S)) == []
    one.connecting(AT + 70 * S)
    one.connected(AT + 70 * S)
    assert short(say(one, "bins/e", {"t": 68.0}, 71)) == [("E", 20.0, "good")]
    assert short(one.advance(AT + 120 * S)) == []


def test_health_names_who_is_silent_and_who_never_spoke() -> None:
    one = station()
    say(one, "bins/e", {"t": 68.0})
    one.advance(AT + 2000 * S)
    health = one.health()
    assert (health.good, health.bad) == (0, ("E temperature_c",))
    assert set(health.unheard) == {
        "A mass_kg",
        "B occupied",
        "C temperature_c",
        "D humidity_pct",
        "F occupied",
    }


def test_a_device_that_repeats_a_value_of_the_past_falls_silent() -> None:
    one = station()
    told: list[tuple[str, float, str]] = []
    for at_s in range(0, 2000, 10):
        told += short(say(one, "bins/e", {"t": 68.0, "ts": AT / 1e6 + min(at_s, 20)}, at_s))
        told += short(one.advance(AT + at_s * S))
    assert told[-1] == ("E", 20.0, "stale")
    assert [quality for _, _, quality in told].count("stale") == 1


def test_a_second_delivery_gives_no_second_reading() -> None:
    one = station()
    told = {"t": 68.0, "ts": AT / 1e6}
    assert len(say(one, "bins/e", told).readings) == 1
    assert say(one, "bins/e", told, 5).readings == []


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["~", "stat_t", "avty", "avty_t", "val_tpl", "cmps", "t", "ft", "tp", "SHT3X", "online", "ts"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=10,
)
TOPICS = [
    "homeassistant/sensor/scale/mass/config",
    "homeassistant/device/scale/config",
    "homeassistant/config",
    "homeassistant//config",
    "node/binary_sensor/switch/state",
    "node/status",
    "tele/bin_c/SENSOR",
    "tele/bin_c/LWT",
    "tasmota/discovery/1/config",
    "tasmota/discovery//config",
    "spBv1.0/g/NBIRTH/n",
    "spBv1.0/g/DDATA/n/d",
    "spBv1.0/STATE/s1.gw-1",
    "spBv1.0",
    "bins/e",
    "racks/7/state",
    "",
]
PAYLOADS = st.one_of(st.binary(max_size=40), JSON.map(lambda told: json.dumps(told).encode()))


@given(st.lists(st.tuples(st.sampled_from(TOPICS), PAYLOADS, st.booleans()), max_size=12))
def test_no_message_breaks_the_station(messages: list[tuple[str, bytes, bool]]) -> None:
    one = station()
    before = len(one.topics)
    for number, (topic, payload, retained) in enumerate(messages):
        outcome = one.take(Message(topic, payload, retained), AT + number * S)
        assert all(abs(each.value) < 1e16 for each in outcome.readings)
        one.advance(AT + number * S)
    assert len(one.topics) <= before + 10
    assert not any(wild in topic for topic in one.topics for wild in ("#", "tagdock/"))


def test_complaints_are_counted_told_once_and_have_a_bound() -> None:
    complaints = Complaints()
    for _ in range(3):
        complaints.note("a kind", "line\nbreak")
    assert complaints.untold() == ["a kind (line?break)"]
    assert complaints.untold() == []
    assert complaints.counts["a kind"] == 3
    for number in range(10_000):
        complaints.note(f"kind {number}")
    assert len(complaints.counts) == KINDS_AT_MOST + 1
