"""A weight cell: what it should say, and the ways in which it is wrong."""

import math
import statistics
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tagdock_simulators.sensors.climate import HALL, Climate, House
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.readings import Sample
from tagdock_simulators.sensors.weight import LEAST_COUNTS, MOST_COUNTS, WeightCell, WeightSensor

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
BEGINS_S = AT.timestamp()
STILL = House(swing_c=0.0, door_dip_c=0.0, mean_c=20.0)
EXACT = WeightCell(
    scale_error=0.0,
    zero_per_10_c=0.0,
    span_per_10_c=0.0,
    creep=0.0,
    zero_drift_kg_per_day=0.0,
    noise_volts=0.0,
    vibration_kg=0.0,
    leans=0.0,
)


def sensor(cell: WeightCell, seed: int = 1, house: House = STILL) -> WeightSensor:
    return WeightSensor(cell, Climate(house, seed, "A-01-1"), seed, "A-01-1", BEGINS_S)


def holding(mass_kg: float) -> BinTruth:
    return BinTruth(AT, "A-01-1", 1 if mass_kg else 0, mass_kg, 0.5)


def said(weight: WeightSensor, after_s: float) -> Sample:
    (sample,) = weight.samples(BEGINS_S + after_s, True)
    return sample


@pytest.mark.parametrize("mass_kg", [0.0, 0.001, 12.345, 49.999])
def test_an_exact_cell_at_rest_says_the_mass_without_the_container(mass_kg: float) -> None:
    weight = sensor(EXACT)
    weight.load(BEGINS_S + 10, holding(mass_kg))
    assert said(weight, 60) == Sample(said(weight, 60).quantity, mass_kg, "good", raw=said(weight, 60).raw)


def test_an_empty_bin_says_minus_zero_now_and_then() -> None:
    weight = sensor(replace(EXACT, noise_volts=50e-9))
    texts = {f"{said(weight, n).value:.3f}" for n in range(1, 100)}
    assert "-0.000" in texts
    assert "0.000" in texts


def test_a_change_settles_through_other_values_that_are_marked() -> None:
    weight = sensor(EXACT)
    weight.load(BEGINS_S + 10, holding(10.0))
    swinging = [said(weight, 10 + n * 0.05) for n in range(40)]
    assert {each.quality for each in swinging} == {"settling"}
    assert max(each.value for each in swinging) > 10.1
    assert min(each.value for each in swinging) < 1.0
    assert said(weight, 20).quality == "good"
    assert said(weight, 20).value == 10.0


def test_somebody_leans_on_the_bin_for_seconds_only() -> None:
    weight = sensor(replace(EXACT, leans=1.0, filter_s=0.001, swings_tau_s=0.001))
    weight.load(BEGINS_S + 10, holding(10.0))
    leaning, after = said(weight, 10.1), said(weight, 14)
    assert abs(leaning.value - 10.0) > 0.05
    assert leaning.quality == "settling"
    assert (after.value, after.quality) == (10.0, "good")


def test_creep_reaches_the_standards_limit_in_half_an_hour_and_goes_back() -> None:
    weight = sensor(replace(EXACT, creep=0.000245, resolution_kg=0.00001))
    weight.load(BEGINS_S + 10, holding(50.0))
    at_once, later = said(weight, 20).value, said(weight, 10 + 1800).value
    assert 0.9 * 0.000245 * 50 < later - at_once < 0.000245 * 50
    weight.load(BEGINS_S + 3600, holding(0.0))
    assert said(weight, 3610).value == pytest.approx(0.000245 * 50, rel=0.1)
    assert said(weight, 3 * 3600).value == pytest.approx(0.0, abs=2e-5)


def test_drift_grows_with_the_days() -> None:
    off_kg = []
    for seed in range(200):
        weight = sensor(replace(EXACT, zero_drift_kg_per_day=0.01), seed)
        off_kg.append(said(weight, 10 * 86_400).value)
    assert statistics.pstdev(off_kg) == pytest.approx(0.1, rel=0.15)


def test_each_cell_has_its_own_scale_error() -> None:
    ratios = []
    for seed in range(200):
        weight = sensor(replace(EXACT, scale_error=0.001), seed)
        weight.load(BEGINS_S + 1, holding(40.0))
        ratios.append(said(weight, 60).value / 40.0)
    assert statistics.pstdev(ratios) == pytest.approx(0.001, rel=0.15)


def test_warmth_moves_the_zero() -> None:
    swing = House(mean_c=20.0, swing_c=10.0, door_dip_c=0.0, warmest_h=15.0)
    moved = []
    for seed in range(200):
        weight = sensor(replace(EXACT, zero_per_10_c=0.001, resolution_kg=0.0001), seed, swing)
        noon = said(weight, 3 * 3600).value  # the warmest hour
        night = said(weight, 15 * 3600).value  # the coldest
        moved.append(noon - night)
    assert statistics.pstdev(moved) == pytest.approx(2 * 0.001 * 50, rel=0.15)


def test_noise_is_the_converters() -> None:
    weight = sensor(replace(EXACT, noise_volts=50e-9, resolution_kg=1e-6))
    values = [said(weight, n).value for n in range(1, 2000)]
    assert statistics.pstdev(values) == pytest.approx(50e-9 / 0.010 * 50, rel=0.1)


@pytest.mark.parametrize(("mass_kg", "counts"), [(200.0, MOST_COUNTS), (10.0, LEAST_COUNTS)], ids=["up", "down"])
def test_the_converter_stops_at_its_ends(mass_kg: float, counts: int) -> None:
    weight = sensor(EXACT if mass_kg > 50 else replace(EXACT, container_kg=-150.0))
    weight.load(BEGINS_S + 10, holding(mass_kg))
    assert said(weight, 60).raw == counts
    assert said(weight, 60).quality == "out_of_range"


def test_an_overload_bends_the_zero_for_good() -> None:
    weight = sensor(EXACT)
    weight.load(BEGINS_S + 10, holding(90.0))
    weight.load(BEGINS_S + 20, holding(0.0))
    assert said(weight, 60).value == pytest.approx(0.02 * (90.0 + 1.4 - 75.0), abs=0.001)


def test_a_converter_that_does_not_answer_gives_nan() -> None:
    assert math.isnan(said(sensor(replace(EXACT, unread=1.0)), 5).value)


def test_a_usual_cell_is_some_grams_off() -> None:
    off_kg = []
    for seed in range(100):
        weight = WeightSensor(WeightCell(), Climate(HALL, seed, "x"), seed, "x", BEGINS_S)
        weight.load(BEGINS_S + 1, holding(20.0))
        off_kg.append(abs(said(weight, 7200).value - 20.0))
    assert 0.002 < statistics.median(off_kg) < 0.05
    assert max(off_kg) < 0.2
