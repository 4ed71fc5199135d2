"""Sensor faults: what arrives instead of the readings."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from tagdock_simulators.faults.kinds import KINDS, Kind, Place, kinds_of
from tagdock_simulators.faults.reading import read_schedule
from tagdock_simulators.faults.schedule import Fault, Schedule
from tagdock_simulators.sensors.disturb import disturb
from tagdock_simulators.sensors.readings import Quantity, Reading, Sample

BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)


def at(n: float) -> datetime:
    return BEGIN + timedelta(seconds=n)


def readings(count: int = 10) -> list[Reading]:
    return [Reading(at(n), "A-01-1", Sample(Quantity.MASS, float(n))) for n in range(count)]


def disturbed(kind: Kind, amount: float | None = None, on: str = "A-01-1", count: int = 10) -> list[Reading]:
    fault = Fault(kind, on, at_s=3.0, for_s=4.0, amount=amount, number=1)
    return list(disturb(readings(count), Schedule((fault,)), 1, BEGIN))


def values(told: list[Reading]) -> list[float]:
    return [each.sample.value for each in told]


def test_silence_leaves_out_what_would_have_been_said() -> None:
    assert values(disturbed(Kind.SILENT)) == [0, 1, 2, 7, 8, 9]


def test_a_frozen_sensor_says_its_last_value_with_the_right_time() -> None:
    told = disturbed(Kind.FROZEN)
    assert values(told) == [0, 1, 2, 2, 2, 2, 2, 7, 8, 9]
    assert [each.told_at for each in told] == [at(n) for n in range(10)]


def test_a_stale_value_comes_again_with_its_old_time_and_is_marked() -> None:
    told = disturbed(Kind.STALE)
    assert values(told) == [0, 1, 2, 2, 2, 2, 2, 7, 8, 9]
    assert [each.told_at for each in told[3:7]] == [at(2)] * 4
    assert {each.sample.quality for each in told[3:7]} == {"stale"}
    assert [each.at for each in told] == [at(n) for n in range(10)]


def test_what_cannot_be_measured_is_nan() -> None:
    told = disturbed(Kind.NOT_A_NUMBER)
    assert [math.isnan(each.sample.value) for each in told] == [False] * 3 + [True] * 4 + [False] * 3


def test_spikes_come_as_often_as_asked_and_lie_where_the_chip_can_say() -> None:
    fault = Fault(Kind.SPIKES, "*", at_s=0.0, for_s=math.inf, amount=0.2, number=1)
    told = list(disturb(readings(2000), Schedule((fault,)), 1, BEGIN))
    spikes = [each for n, each in enumerate(told) if each.sample.value != n]
    assert 300 < len(spikes) < 500
    assert all(-50 <= each.sample.value <= 50 for each in spikes)


def test_a_wrong_clock_tells_another_time_at_the_same_moment() -> None:
    told = disturbed(Kind.CLOCK_JUMP, -3600.0)
    assert [each.at for each in told] == [at(n) for n in range(10)]
    assert [each.told_at for each in told] == [at(n - 3600 if 3 <= n < 7 else n) for n in range(10)]
    skewed = disturbed(Kind.CLOCK_SKEW, 10_000.0)
    assert [each.told_at for each in skewed[3:7]] == [at(3), at(4.01), at(5.02), at(6.03)]


def test_each_comes_twice() -> None:
    assert values(disturbed(Kind.DUPLICATE_READINGS, 2)) == [0, 1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9]


def test_order_is_lost_but_no_reading() -> None:
    fault = Fault(Kind.OUT_OF_ORDER, "*", at_s=0.0, for_s=math.inf, amount=4, number=1)
    told = list(disturb(readings(200), Schedule((fault,)), 1, BEGIN))
    assert sorted(values(told)) == [float(n) for n in range(200)]
    assert values(told) != sorted(values(told))
    assert all(one.at <= other.at for one, other in pairwise(told))
    assert all(each.told_at == at(each.sample.value) for each in told)
    assert max(each.at - each.told_at for each in told) <= timedelta(seconds=4)


@pytest.mark.parametrize(
    ("on", "gone"),
    [("A-01-1", True), ("A-01-1/mass_kg", True), ("*", True), ("A-01-1/distance_mm", False), ("A-01-2", False)],
)
def test_a_fault_is_done_to_a_bin_or_to_one_of_its_quantities(on: str, gone: bool) -> None:
    assert (len(disturbed(Kind.SILENT, on=on)) == 6) is gone


def test_without_faults_nothing_changes() -> None:
    assert list(disturb(readings(), Schedule(), 1, BEGIN)) == readings()


@pytest.mark.parametrize("kind", kinds_of(Place.SENSOR))
def test_every_kind_that_the_table_promises_for_sensors_does_something(kind: Kind) -> None:
    meant = KINDS[kind].amount
    amount = {Kind.CLOCK_SKEW: 1e4, Kind.CLOCK_JUMP: 60.0, Kind.SPIKES: 1.0}.get(kind, meant and meant.default)
    assert disturbed(kind, amount, count=40) != readings(40)


def test_a_schedules_file_reaches_a_sensor() -> None:
    schedule = read_schedule('[[fault]]\nkind = "silent"\non = "A-01-1/mass_kg"\nat_s = 3\nfor_s = 4\n')
    assert values(list(disturb(readings(), schedule, 1, BEGIN))) == [0, 1, 2, 7, 8, 9]
