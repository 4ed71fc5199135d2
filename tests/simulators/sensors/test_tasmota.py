"""Tasmota devices: their telemetry and discovery."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_simulators.mqtt.messages import Message
from tagdock_simulators.sensors.formats.tasmota import Tasmota, TasmotaNode
from tagdock_simulators.sensors.readings import Quantity, Reading, Sample

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
ALL = (Quantity.MASS, Quantity.DISTANCE, Quantity.OCCUPIED, Quantity.TEMPERATURE, Quantity.HUMIDITY)


def reading(quantity: Quantity, value: float, after_s: float = 0.0, raw: int = 0) -> Reading:
    return Reading(AT + timedelta(seconds=after_s), "A-01-1", Sample(quantity, value, raw=raw))


def connected(quantities: tuple[Quantity, ...] = ALL, **settings: Any) -> TasmotaNode:
    one = TasmotaNode("A-01-1", quantities, Tasmota(**settings))
    one.connecting(AT)
    one.born(AT)
    return one


def sensor(one: TasmotaNode, *readings: Reading) -> dict[str, Any]:
    told = one.tell([*readings, reading(Quantity.BATTERY, 90, 3600)])
    (message,) = [each for each in told if each.topic == "tele/bin_a_01_1/SENSOR"]
    result: dict[str, Any] = json.loads(message.payload)
    return result


def test_all_that_it_measures_stands_in_one_message() -> None:
    told = sensor(
        connected(),
        reading(Quantity.MASS, 13.7526, raw=1_269_657),
        reading(Quantity.DISTANCE, 449.0),
        reading(Quantity.OCCUPIED, 1.0),
        reading(Quantity.TEMPERATURE, 14.46),
        reading(Quantity.HUMIDITY, 69.58),
    )
    assert told == {
        "Time": "2026-01-05T09:00:00",
        "Switch1": "ON",
        "SHT3X": {"Temperature": 14.5, "Humidity": 69.6, "DewPoint": 9.0},
        "HX711": {"Weight": 13.752, "WeightRaw": 15114, "AbsRaw": 1_269_657},
        "VL53L0X": {"Distance": 44.9},
        "TempUnit": "C",
    }
    assert list(told) == ["Time", "Switch1", "SHT3X", "HX711", "VL53L0X", "TempUnit"]


@pytest.mark.parametrize(
    ("readings", "key", "value"),
    [
        ([reading(Quantity.MASS, -0.004)], "HX711", {"Weight": 0.0, "WeightRaw": 0, "AbsRaw": 0}),
        (
            [reading(Quantity.MASS, 2.0, raw=168_000), reading(Quantity.MASS, math.nan, 2)],
            "HX711",
            {"Weight": 2.0, "WeightRaw": 2000, "AbsRaw": 168_000},
        ),
        ([reading(Quantity.DISTANCE, 8190.0)], "VL53L0X", {"Distance": None}),
        ([reading(Quantity.DISTANCE, 2201.0)], "VL53L0X", {"Distance": None}),
        ([reading(Quantity.DISTANCE, 0.0)], "VL53L0X", {"Distance": None}),
        ([reading(Quantity.DISTANCE, math.nan)], "VL53L0X", {"Distance": None}),
        ([reading(Quantity.TEMPERATURE, math.nan), reading(Quantity.HUMIDITY, math.nan)], "SHT3X", None),
    ],
    ids=["never negative", "no answer keeps the last", "8190", "beyond 2.2 m", "zero", "nan", "left out"],
)
def test_a_drivers_ways_are_kept(readings: list[Reading], key: str, value: object) -> None:
    assert sensor(connected(), *readings).get(key) == value


@pytest.mark.parametrize(("mass_kg", "count"), [(0.5, None), (0.99, None), (1.0, 2), (5.2, 10)])
def test_items_are_counted_from_two_on(mass_kg: float, count: int | None) -> None:
    assert sensor(connected(item_g=500), reading(Quantity.MASS, mass_kg))["HX711"].get("Count") == count


def test_telemetry_comes_five_seconds_after_the_connection_and_then_once_a_period() -> None:
    one = connected(tele_period_s=60)
    at_s = [
        n for n in range(200) if any("/SENSOR" in m.topic for m in one.tell([reading(Quantity.MASS, 1.0, float(n))]))
    ]
    assert at_s == [5, 65, 125, 185]
    (state, _) = one.tell([reading(Quantity.MASS, 1.0, 3700.0)])
    told = json.loads(state.payload)
    assert (state.topic, told["Uptime"], told["UptimeSec"]) == ("tele/bin_a_01_1/STATE", "0T01:01:40", 3700)


def test_a_switch_is_told_at_once_and_once() -> None:
    one = connected()
    told = [m for n, level in enumerate([1, 1, 0, 0, 1]) for m in one.tell([reading(Quantity.OCCUPIED, level, n / 10)])]
    assert [(m.topic, m.payload) for m in told] == [
        ("stat/bin_a_01_1/RESULT", b'{"Switch1":{"Action":"ON"}}'),
        ("stat/bin_a_01_1/RESULT", b'{"Switch1":{"Action":"OFF"}}'),
        ("stat/bin_a_01_1/RESULT", b'{"Switch1":{"Action":"ON"}}'),
    ]


def test_its_last_will_is_retained() -> None:
    one = TasmotaNode("A-01-1", ALL, Tasmota())
    assert one.connecting(AT) == Message("tele/bin_a_01_1/LWT", b"Offline", retained=True, qos=1)
    assert one.born(AT)[0] == Message("tele/bin_a_01_1/LWT", b"Online", retained=True)


def test_discovery_has_the_fields_that_tasmota_writes() -> None:
    config, sensors = TasmotaNode("A-01-1", ALL, Tasmota()).born(AT)[1:]
    told = json.loads(config.payload)
    mac = told["mac"]
    assert (config.topic, sensors.topic) == (f"tasmota/discovery/{mac}/config", f"tasmota/discovery/{mac}/sensors")
    assert config.retained
    assert sensors.retained
    fields = "ip dn fn hn mac md ty if ofln onln state sw t ft tp rl swc swn btn so lk lt_st bat dslp sho sht ver"
    assert list(told) == fields.split()
    assert set(told["so"]) == {"4", "11", "13", "17", "20", "30", "68", "73", "82", "114", "117"}
    assert (told["swc"][:2], told["swn"][:2]) == ([1, -1], ["Switch1", None])
    # The topics that a discovering program builds from it are those that are used.
    topic = told["ft"].replace("%prefix%", told["tp"][2]).replace("%topic%", told["t"])
    assert topic == "tele/bin_a_01_1/"
    assert set(json.loads(sensors.payload)) == {"sn", "ver"}


def test_its_time_is_local_and_says_no_zone() -> None:
    assert sensor(connected(utc_offset=timedelta(hours=8)))["Time"] == "2026-01-05T17:00:00"


def test_nothing_is_kept_for_later() -> None:
    one = connected()
    assert one.tell([reading(Quantity.OCCUPIED, 1.0), reading(Quantity.MASS, 1.0, 900)], late=True) == []
    assert sensor(one)["Switch1"] == "ON"


@pytest.mark.parametrize(
    ("command", "payload", "topic", "key"),
    [
        ("Status", b"8", "STATUS8", "StatusSNS"),
        ("status", b"10", "STATUS10", "StatusSNS"),
        ("TelePeriod", b"", "RESULT", "TelePeriod"),
        ("Power", b"TOGGLE", "RESULT", "Command"),
        ("Status", b"\xff\xfe", "RESULT", "Command"),
    ],
)
def test_commands_are_answered(command: str, payload: bytes, topic: str, key: str) -> None:
    (answer,) = connected().heard(f"cmnd/bin_a_01_1/{command}", payload, AT)
    assert answer.topic == f"stat/bin_a_01_1/{topic}"
    assert key in json.loads(answer.payload)
