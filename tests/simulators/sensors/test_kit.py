"""A bin's readings over time."""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile

import pytest
from tagdock_simulators.sensors.contents import BinTruth, truth_line
from tagdock_simulators.sensors.kit import Kit, Span, bin_readings
from tagdock_simulators.sensors.life import bin_life, bin_names
from tagdock_simulators.sensors.occupancy import Infrared
from tagdock_simulators.sensors.rack import rack_readings, usual_kits, with_truth
from tagdock_simulators.sensors.readings import Quantity, Reading

BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
SHIFT = Span(BEGIN, BEGIN + timedelta(hours=8))
DIGEST = "219a9dbccbc193cb453d74e6925592cb6979df77fe3dd2bc8f417a1a14026902"
HOUR = Span(BEGIN, BEGIN + timedelta(hours=1))


def rack(bins: int, seed: int, span: Span) -> list[Reading]:
    names = bin_names(bins)
    return list(rack_readings(usual_kits(names), lambda name: bin_life(name, seed, BEGIN), seed, span))


def digest(readings: list[Reading]) -> str:
    return hashlib.sha256(repr(readings).encode()).hexdigest()


def test_the_same_seed_gives_the_same_readings_on_every_machine() -> None:
    """Who changes the physics changes this digest, knowingly."""
    readings = rack(4, 7, Span(BEGIN, BEGIN + timedelta(hours=6)))
    told = [(r.at.isoformat(), r.bin, r.sample.quantity.value, r.sample.value, r.sample.status) for r in readings]
    assert hashlib.sha256(repr(told).encode()).hexdigest() == DIGEST
    assert digest(rack(4, 8, HOUR)) != digest(rack(4, 7, HOUR))


def test_every_sensor_keeps_its_period() -> None:
    readings = [r for r in rack(1, 1, HOUR) if r.bin == "A-01-1"]
    counts = Counter(r.sample.quantity for r in readings)
    assert counts[Quantity.MASS] == 360
    assert counts[Quantity.DISTANCE] == 120
    assert counts[Quantity.TEMPERATURE] == counts[Quantity.HUMIDITY] == 60
    assert counts[Quantity.BATTERY] == 1
    masses = [r.at for r in readings if r.sample.quantity is Quantity.MASS]
    assert {(b - a).total_seconds() for a, b in pairwise(masses)} == {10.0}


def test_readings_come_in_order_and_within_the_span() -> None:
    readings = rack(5, 1, HOUR)
    assert all(a.at <= b.at for a, b in pairwise(readings))
    assert readings[0].at >= HOUR.begin
    assert readings[-1].at < HOUR.until


def test_another_bin_does_not_change_what_a_bin_says() -> None:
    few, many = rack(2, 3, HOUR), rack(6, 3, HOUR)
    assert [r for r in few if r.bin == "A-01-2"] == [r for r in many if r.bin == "A-01-2"]


def test_weight_and_truth_agree_when_nothing_moves() -> None:
    names = bin_names(3)
    life = {name: list(takewhile(lambda truth: truth.at < SHIFT.until, bin_life(name, 5, BEGIN))) for name in names}
    checked = 0
    for reading in rack(3, 5, SHIFT):
        if reading.sample.quantity is Quantity.MASS and reading.sample.quality == "good":
            truth = [t for t in life[reading.bin] if t.at <= reading.at][-1]
            assert reading.sample.value == pytest.approx(truth.mass_kg, abs=0.15)
            checked += 1
    assert checked > 8_000


def test_what_happened_before_the_beginning_has_settled() -> None:
    truth = [BinTruth(BEGIN, "A-01-1", 10, 1.0, 0.5)]
    first = next(r for r in bin_readings("A-01-1", truth, Kit(), 1, HOUR) if r.sample.quantity is Quantity.MASS)
    assert first.sample.quality == "good"
    assert first.sample.value == pytest.approx(10.0, abs=0.05)
    occupied = [r for r in bin_readings("A-01-1", truth, Kit(), 1, HOUR) if r.sample.quantity is Quantity.OCCUPIED]
    assert {r.sample.value for r in occupied} == {1.0}


def test_a_pick_that_empties_the_bin_is_seen_by_all_its_sensors() -> None:
    emptied_at = BEGIN + timedelta(minutes=30, seconds=3)
    truth = [BinTruth(BEGIN, "A-01-1", 2, 1.0, 0.1), BinTruth(emptied_at, "A-01-1", 0, 1.0, 0.0)]
    readings = list(bin_readings("A-01-1", truth, Kit(infrared=Infrared(misses=0.0)), 2, HOUR))
    after = [r for r in readings if r.at >= emptied_at]
    switch = next(r for r in after if r.sample.quantity is Quantity.OCCUPIED)
    assert switch.sample.value == 0.0
    assert timedelta() < switch.at - emptied_at < timedelta(seconds=1)
    assert [r.sample.value for r in after if r.sample.quantity is Quantity.MOTION] == [1.0, 0.0]
    assert abs([r for r in after if r.sample.quantity is Quantity.MASS][-1].sample.value) < 0.05


def test_a_bin_without_contents_is_empty_and_a_kit_without_sensors_is_silent() -> None:
    readings = list(bin_readings("A-01-1", [], Kit(), 1, HOUR))
    assert abs([r for r in readings if r.sample.quantity is Quantity.MASS][-1].sample.value) < 0.05
    none = Kit(weight=None, distance=None, switch=None, thermometer=None, battery=None)
    assert none.quantities == ()
    assert list(bin_readings("A-01-1", bin_life("A-01-1", 1, BEGIN), none, 1, HOUR)) == []


def test_the_truth_is_told_before_the_readings_that_show_it_and_to_the_end() -> None:
    truths = [BinTruth(BEGIN + timedelta(minutes=n), "A-01-1", n, 1.0, 0.1) for n in range(0, 120, 20)]
    lines = [(truth.at, truth_line(truth)) for truth in truths]
    told: list[bytes] = []
    for reading in with_truth(bin_readings("A-01-1", truths, Kit(), 1, HOUR), lines, told.append):
        assert [line for at, line in lines if at <= reading.at] == told
    assert told == [line for _, line in lines]
