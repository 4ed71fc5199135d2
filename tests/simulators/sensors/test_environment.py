"""The air, the sensors in it, and batteries."""

import math
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from tagdock_simulators.sensors.climate import HALL, Air, Climate, House
from tagdock_simulators.sensors.environment import Battery, BatterySensor, EnvironmentSensor, Thermometer

DAY_S = 86_400.0
MIDNIGHT_S = datetime(2026, 1, 5, tzinfo=UTC).timestamp()
QUIET = House(openings_a_day=0)


def test_the_afternoon_is_warmest_and_driest() -> None:
    climate = Climate(QUIET, 1, "A-01-1")
    hours = [climate.air(MIDNIGHT_S + hour * 3600) for hour in range(24)]
    assert max(range(24), key=lambda hour: hours[hour].temperature_c) == 15
    assert min(range(24), key=lambda hour: hours[hour].humidity_pct) == 15
    assert hours[15].temperature_c - hours[3].temperature_c == pytest.approx(8.0)


def test_humidity_follows_from_the_dew_point() -> None:
    air = Climate(House(openings_a_day=0, mean_c=20.0, swing_c=0.0, dew_point_c=9.27), 3, "x").air(MIDNIGHT_S)
    # 20 C and 50 % have a dew point of 9.27 C; the place's own offset moves it a little
    assert air.humidity_pct == pytest.approx(50.0, abs=6.0)


def test_doors_make_it_colder_by_day_at_places_near_them() -> None:
    places = [(Climate(HALL, 1, f"A-{n:02}-1"), Climate(QUIET, 1, f"A-{n:02}-1")) for n in range(20)]
    for hour, colder in ((3.0, False), (12.0, True)):
        at_s = MIDNIGHT_S + hour * 3600
        dips = [quiet.air(at_s).temperature_c - busy.air(at_s).temperature_c for busy, quiet in places]
        assert (max(dips) > 0.5) is colder
        assert all(0 <= dip <= HALL.door_dip_c for dip in dips)


def test_the_dip_recovers() -> None:
    busy, quiet = (Climate(house, 1, "A-01-1") for house in (HALL, QUIET))
    late_s = MIDNIGHT_S + 20 * 3600 + 900 + 8 * 600
    assert quiet.air(late_s).temperature_c - busy.air(late_s).temperature_c < 0.01


class Step(Climate):
    """Air that changes at once."""

    def __init__(self) -> None:
        super().__init__(QUIET, 1, "x")

    def air(self, at_s: float) -> Air:
        return Air(20.0, 50.0) if at_s <= 0 else Air(10.0, 80.0)


def test_a_sensor_lags_behind_the_air() -> None:
    exact = Thermometer(error_c=0, error_pct=0, repeats_c=0, repeats_pct=0, temperature_lag_s=60, humidity_lag_s=90)
    sensor = EnvironmentSensor(exact, Step(), 1, "x", 0.0)
    temperature, humidity = sensor.samples(60.0, True)
    assert temperature.value == pytest.approx(10 + 10 / math.e, abs=0.01)
    assert humidity.value == pytest.approx(80 - 30 * math.exp(-60 / 90), abs=0.01)
    temperature, _ = sensor.samples(1000.0, True)
    assert temperature.value == 10.0


def test_a_wrong_checksum_spoils_both_values() -> None:
    sensor = EnvironmentSensor(Thermometer(unread=1.0), Climate(QUIET, 1, "x"), 1, "x", 0.0)
    assert all(math.isnan(sample.value) for sample in sensor.samples(10.0, True))


def test_a_battery_goes_down_to_zero_and_no_further() -> None:
    sensor = BatterySensor(Battery(lasts_days=100.0), Climate(QUIET, 1, "x"), 1, "x", MIDNIGHT_S)
    charges = [sensor.samples(MIDNIGHT_S + day * DAY_S, True)[0].value for day in range(0, 140, 7)]
    assert charges[0] > 95
    assert charges[-1] == 0.0
    assert all(charge == int(charge) for charge in charges)
    assert sum(one < other for one, other in pairwise(charges)) <= 3
