"""A ranging sensor: distances, and the codes of a failed measurement."""

import math
import statistics
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.distance import (
    NEVER_MEASURED_MM,
    NO_TARGET_MM,
    PHASE_FAIL,
    SIGMA_FAIL,
    SIGNAL_FAIL,
    TOO_NEAR,
    VALID,
    WRAPPED,
    DistanceSensor,
    RangeFinder,
)
from tagdock_simulators.sensors.readings import Sample

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
EXACT = RangeFinder(rough_mm=0.0, offset_mm=0.0, noise_mm=0.0, crosstalk=0.0, shiny=0.0, never=0.0, reflectance=0.88)


def said(finder: RangeFinder, fill: float, seed: int = 1, times: int = 1) -> list[Sample]:
    sensor = DistanceSensor(finder, seed, "A-01-1")
    sensor.load(0.0, BinTruth(AT, "A-01-1", round(fill * 100), 1.0, fill))
    return [sample for n in range(times) for sample in sensor.samples(float(n), True)]


@pytest.mark.parametrize(("fill", "mm"), [(0.0, 620), (0.5, 355), (1.0, 90)], ids=["empty", "half", "full"])
def test_an_exact_sensor_says_how_far_the_goods_are(fill: float, mm: int) -> None:
    assert said(EXACT, fill) == [Sample(said(EXACT, fill)[0].quantity, mm, "good", VALID, mm)]


@pytest.mark.parametrize(
    ("finder", "codes"),
    [
        (replace(EXACT, floor_mm=2500.0, floor_reflectance=0.88), {(NO_TARGET_MM, PHASE_FAIL)}),
        (replace(EXACT, floor_mm=1300.0, floor_reflectance=0.17), {(NO_TARGET_MM, PHASE_FAIL)}),
        (replace(EXACT, floor_mm=800.0, floor_reflectance=0.17), {(800, VALID)}),
        (replace(EXACT, never=1.0), {(NEVER_MEASURED_MM, PHASE_FAIL)}),
    ],
    ids=["beyond 2 m", "grey beyond its range", "grey within it", "never measured"],
)
def test_without_a_target_the_code_is_8190(finder: RangeFinder, codes: set[tuple[int, int]]) -> None:
    samples = said(finder, 0.0, times=20)
    assert {(sample.value, sample.status) for sample in samples} == codes
    assert all((sample.quality == "good") == (sample.status == VALID) for sample in samples)


def test_a_vl53l1x_sees_farther_as_its_manual_says_for_white_and_grey() -> None:
    long = replace(EXACT, chip="VL53L1X", furthest_mm=3600.0, floor_mm=3500.0, floor_reflectance=0.88)
    assert said(long, 0.0)[0].value == 3500
    grey = replace(long, floor_mm=1550.0, floor_reflectance=0.17)  # the manual: 1.7 m
    assert said(grey, 0.0)[0].status == VALID
    assert said(replace(grey, floor_mm=1750.0), 0.0)[0].status in (SIGNAL_FAIL, WRAPPED)


def test_a_vl53l1x_sometimes_takes_a_far_echo_for_a_near_one() -> None:
    samples = said(replace(EXACT, chip="VL53L1X", furthest_mm=1300.0, floor_mm=1500.0), 0.0, times=200)
    echoes = [sample for sample in samples if sample.status == WRAPPED]
    assert 20 < len(echoes) < 60
    assert all(sample.value < 1300 and sample.quality == "out_of_range" for sample in echoes)
    assert {sample.value for sample in samples if sample.status == SIGNAL_FAIL} == {NO_TARGET_MM}


def test_noise_grows_with_the_distance() -> None:
    noisy = replace(EXACT, noise_mm=3.0, floor_mm=1200.0, floor_reflectance=0.88)
    near, far = (statistics.pstdev(s.value for s in said(noisy, fill, times=2000)) for fill in (0.7, 0.0))
    assert far == pytest.approx(3.0 * 1.2, rel=0.1)
    assert near == pytest.approx(3.0 * 0.423, rel=0.15)


def test_a_dark_target_fails_by_sigma_before_it_fails_by_signal() -> None:
    dark = replace(EXACT, noise_mm=10.0, floor_mm=1700.0, floor_reflectance=0.7)
    assert {sample.status for sample in said(dark, 0.0, times=10)} == {SIGMA_FAIL}


def test_crosstalk_makes_far_and_dark_things_nearer() -> None:
    glass = replace(EXACT, crosstalk=0.01, floor_reflectance=0.2)
    assert 580 < said(glass, 0.0)[0].value < 615
    assert said(glass, 1.0)[0].value == 90


def test_shiny_goods_lose_their_light() -> None:
    mirror = replace(EXACT, shiny=1.0, reflectance=0.3, floor_mm=1000.0)
    assert said(mirror, 0.1)[0].status == PHASE_FAIL


def test_what_is_too_near_is_said_to_be() -> None:
    assert said(replace(EXACT, full_mm=20.0), 1.0)[0].status == TOO_NEAR


def test_goods_lie_unevenly_until_they_are_moved() -> None:
    sensor = DistanceSensor(replace(EXACT, rough_mm=12.0), 1, "A-01-1")
    heights = set()
    for n in range(50):
        sensor.load(float(n), BinTruth(AT, "A-01-1", 50, 1.0, 0.5))
        again = {sample.value for _ in range(3) for sample in sensor.samples(n + 0.5, True)}
        assert len(again) == 1
        heights |= again
    assert 8 < statistics.pstdev(heights) < 20


def test_a_bus_that_fails_gives_nan() -> None:
    assert math.isnan(said(replace(EXACT, unread=1.0), 0.5)[0].value)
