"""One sensor as it goes on: when a value counts, when it is reported, and with which quality."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

import pytest
from tagdock_contract import GatewayAddress, encode
from tagdock_edge.config.sensor_model import WATCHES, Calibration, EsphomeEntity, Quantity, SensorConfig
from tagdock_edge.sensors.channel import Channel
from tagdock_edge.sensors.report import bin_reading
from tagdock_edge.sensors.told import Measurement, Reading

AT = 1_767_600_000_000_000
Told = tuple[str, float, str]
PLAIN = Calibration()


def channel(quantity: Quantity = "mass_kg", calibration: Calibration = PLAIN, **watch: float) -> Channel:
    origin = EsphomeEntity("node", "entity")
    changed = replace(WATCHES[quantity], **watch)
    return Channel(SensorConfig("A-01-1", quantity, origin, changed, calibration=calibration))


def us(seconds: float) -> int:
    return AT + round(seconds * 1e6)


def play(one: Channel, values: Iterable[tuple[float, float | None]]) -> list[Told]:
    """Tell values at seconds; let time pass every second between them."""
    said: list[Reading] = []
    now_s = 0.0
    for at_s, value in values:
        while now_s < at_s:
            now_s = min(now_s + 1.0, at_s)
            said += one.advance(us(now_s))
        said += one.take(Measurement(0, us(at_s), value), us(at_s))
    return told(said)


def wait(one: Channel, from_s: float, until_s: float) -> list[Told]:
    return told(reading for second in range(int(from_s), int(until_s) + 1) for reading in one.advance(us(second)))


def told(readings: Iterable[Reading]) -> list[Told]:
    return [(each.quantity, round(each.value, 6), each.quality) for each in readings]


STORIES: dict[str, tuple[dict[str, Any], list[tuple[float, float | None]], list[Told]]] = {
    "a new value settles before it counts": (
        {},
        [(0, 2.0), (1, 2.015), (2, 2.0), (3.5, 2.01)],
        [("mass_kg", 2.0, "settling"), ("mass_kg", 2.01, "good")],
    ),
    "what swings is told once as settling, and when it rests": (
        {},
        [(0, 2.0), (4, 2.0), (10, 5.0), (11, 3.0), (12, 4.5), (13, 4.0), (16.5, 4.0)],
        [
            ("mass_kg", 2.0, "settling"),
            ("mass_kg", 2.0, "good"),
            ("mass_kg", 5.0, "settling"),
            ("mass_kg", 4.0, "good"),
        ],
    ),
    "noise within the dead-band is no news": (
        {},
        [(0, 2.0), (4, 2.0), *((5.0 + each, 2.0 + 0.009 * (each % 3)) for each in range(50))],
        [("mass_kg", 2.0, "settling"), ("mass_kg", 2.0, "good")],
    ),
    "slow drift is followed and never settles anew": (
        {},
        [(0, 2.0), (4, 2.0), *((5.0 + each, 2.0 + 0.015 * each) for each in range(1, 5))],
        [
            ("mass_kg", 2.0, "settling"),
            ("mass_kg", 2.0, "good"),
            ("mass_kg", 2.03, "good"),
            ("mass_kg", 2.06, "good"),
        ],
    ),
    "who reports changes only is believed after a silence": (
        {},
        [(0, 2.0), (20, 3.0)],
        [("mass_kg", 2.0, "settling"), ("mass_kg", 2.0, "good"), ("mass_kg", 3.0, "settling")],
    ),
    "beyond the physical limits": (
        {"high": 60.0},
        [(0, 2.0), (4, 2.0), (5, 80.0), (6, 90.0), (7, 2.0), (11, 2.0)],
        [
            ("mass_kg", 2.0, "settling"),
            ("mass_kg", 2.0, "good"),
            ("mass_kg", 80.0, "out_of_range"),
            ("mass_kg", 2.0, "settling"),
            ("mass_kg", 2.0, "good"),
        ],
    ),
    "it can't measure: the last value, once": (
        {"settle_s": 0.0},
        [(0, 2.0), (1, None), (2, None), (3, 2.0)],
        [("mass_kg", 2.0, "good"), ("mass_kg", 2.0, "out_of_range"), ("mass_kg", 2.0, "good")],
    ),
    "it never could measure: there is nothing to tell": ({}, [(0, None), (1, None)], []),
    "a heartbeat": (
        {"settle_s": 0.0, "heartbeat_s": 10.0},
        [(0, 2.0), (5, 2.0), (15, 2.0)],
        [("mass_kg", 2.0, "good"), ("mass_kg", 2.0, "good")],
    ),
    "silence is stale once, and over with the next word": (
        {"settle_s": 0.0, "heartbeat_s": 50.0, "stale_s": 60.0},
        [(0, 2.0), (200, 2.0)],
        [("mass_kg", 2.0, "good"), ("mass_kg", 2.0, "stale"), ("mass_kg", 2.0, "good")],
    ),
}


@pytest.mark.parametrize(("watch", "values", "said"), STORIES.values(), ids=STORIES)
def test_a_weight(watch: dict[str, float], values: list[tuple[float, float | None]], said: list[Told]) -> None:
    assert play(channel(**watch), values) == said


def test_scale_and_tare_then_the_number_of_items() -> None:
    one = channel(calibration=Calibration(scale=0.5, tare=1.4, unit_mass_kg=0.3), settle_s=0.0)
    assert play(one, [(0, 5.0)]) == [("mass_kg", 1.1, "good"), ("count", 4.0, "good")]
    assert play(one, [(1, 2.7)]) == [("mass_kg", -0.05, "good"), ("count", 0.0, "good")]


def test_the_distance_becomes_the_share_that_is_full() -> None:
    one = channel("distance_mm", Calibration(empty_mm=620.0, full_mm=120.0), settle_s=0.0)
    said = play(one, [(0, 620.0), (1, 370.0), (2, 90.0), (3, 700.0), (4, 8190.0)])
    assert [each for each in said if each[0] == "fill_pct"] == [
        ("fill_pct", 0.0, "good"),
        ("fill_pct", 50.0, "good"),
        ("fill_pct", 100.0, "good"),
        ("fill_pct", 0.0, "good"),
        ("fill_pct", 0.0, "out_of_range"),
    ]


def test_a_heartbeat_of_who_reports_changes_only_is_of_now() -> None:
    one = channel("occupied", heartbeat_s=10.0)
    one.take(Measurement(0, AT, 1.0), AT)
    (beat,) = one.advance(us(10))
    assert (beat.at_us, beat.value, beat.quality) == (us(10), 1.0, "good")


def test_the_same_measurement_again_is_no_second_reading() -> None:
    one = channel("temperature_c", dead_band=0.0)
    told_twice = Measurement(0, AT, 20.0)
    assert len(one.take(told_twice, AT)) == 1
    assert one.take(told_twice, us(1)) == []


def test_what_was_overtaken_is_left_out_but_what_waited_for_a_broker_is_told() -> None:
    one = channel("temperature_c")
    one.take(Measurement(0, us(100), 20.0), us(100))
    assert one.take(Measurement(0, us(50), 25.0), us(101)) == []
    assert told(one.take(Measurement(0, us(50), 25.0, late=True), us(102))) == [("temperature_c", 25.0, "good")]
    assert told(one.take(Measurement(0, us(103), 20.5), us(103))) == [("temperature_c", 20.5, "good")]


def test_a_sensor_whose_clock_was_set_back_is_heard_again_after_three_values() -> None:
    one = channel("temperature_c")
    one.take(Measurement(0, us(3600), 20.0), us(3600))
    said = [one.take(Measurement(0, us(each), 21.0 + each), us(3600 + each)) for each in range(5)]
    assert [told(each) for each in said] == [
        [],
        [],
        [("temperature_c", 23.0, "good")],
        [("temperature_c", 24.0, "good")],
        [("temperature_c", 25.0, "good")],
    ]
    assert [each.at_us for each in said[2]] == [us(3602)]
    (right,) = one.take(Measurement(0, us(3690), 30.0), us(3700))
    assert right.at_us == us(3690)


def test_a_dead_sensor_is_told_once_and_only_if_there_was_a_value() -> None:
    one = channel("occupied")
    assert one.gone(AT) == []
    one.take(Measurement(0, AT, 1.0), AT)
    assert told(one.gone(us(1))) == [("occupied", 1.0, "stale")]
    assert one.gone(us(2)) == []
    assert wait(one, 3, 1000) == []


@pytest.mark.parametrize("quality", ["stale", "out_of_range"])
def test_the_sources_own_word_on_a_value_counts(quality: Literal["stale", "out_of_range"]) -> None:
    one = channel("temperature_c")
    assert told(one.take(Measurement(0, AT, 20.0, quality), AT)) == [("temperature_c", 20.0, quality)]


def test_a_value_beyond_all_numbers_is_none() -> None:
    one = channel(calibration=Calibration(scale=1e9), settle_s=0.0, high=1e300)
    assert play(one, [(0, 1e300), (1, 1e308)]) == []


def test_a_value_that_jumps_all_the_time_is_told_at_the_pace_of_the_heartbeat() -> None:
    one = channel(heartbeat_s=60.0)
    said = play(one, [(each, 40.0 * (each % 2)) for each in range(600)])
    assert len(said) <= 11
    assert {quality for _, _, quality in said} == {"settling"}


def test_a_reading_is_an_event_that_the_contract_takes_with_an_id_by_content() -> None:
    gateway = GatewayAddress("s1", "gw-1")
    reading = Reading(AT, "A-01-1", "mass_kg", -0.0000001, "good")
    event = bin_reading(reading, gateway)
    encode(event)
    assert (event.value, str(event.value)) == (0.0, "0.0")
    assert bin_reading(reading, gateway) == event
    others = [
        replace(reading, at_us=AT + 1),
        replace(reading, bin="A-01-2"),
        replace(reading, quantity="count"),
        replace(reading, value=1.0),
        replace(reading, quality="stale"),
    ]
    ids = {event.event_id, *(bin_reading(each, gateway).event_id for each in others)}
    assert len(ids) == len(others) + 1
