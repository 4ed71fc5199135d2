"""Switches chatter, infrared sensors hold: what comes through."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.occupancy import Infrared, InfraredSensor, Switch, SwitchSensor

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


def holding(count: int) -> BinTruth:
    return BinTruth(AT, "A-01-1", count, 1.0, min(1.0, count / 10))


def woken(sensor: SwitchSensor | InfraredSensor, wakes_s: Sequence[float]) -> list[tuple[float, float]]:
    return [(at_s, s.value) for at_s in sorted(wakes_s) for s in sensor.samples(at_s, False)]


@pytest.mark.parametrize("seed", range(30))
def test_a_good_switch_changes_once_and_soon(seed: int) -> None:
    sensor = SwitchSensor(Switch(worn=0.0), seed, "A-01-1")
    wakes_s = sensor.load(100.0, holding(3))
    ((at_s, value),) = woken(sensor, wakes_s)
    assert (at_s, value) == (max(wakes_s), 1.0)  # not before the last edge has stood for its time
    assert 100.02 - 1e-6 <= at_s <= 100.03
    assert woken(sensor, sensor.load(200.0, holding(2))) == []
    ((_, value),) = woken(sensor, sensor.load(300.0, holding(0)))
    assert value == 0.0


def test_a_worn_switch_lets_false_changes_through() -> None:
    most = 0
    for seed in range(100):
        sensor = SwitchSensor(Switch(worn=1.0), seed, "A-01-1")
        told = woken(sensor, sensor.load(100.0, holding(1)))
        assert told[-1][1] == 1.0
        assert all(one[1] != other[1] for one, other in pairwise(told))
        most = max(most, len(told))
    assert most >= 3


def test_without_debouncing_the_chatter_itself_comes_through() -> None:
    seen = [
        len(woken(sensor, sensor.load(100.0, holding(1))))
        for sensor in (SwitchSensor(Switch(debounce_s=0.0), seed, "A-01-1") for seed in range(30))
    ]
    assert max(seen) >= 5


def test_asked_it_says_its_level() -> None:
    sensor = SwitchSensor(Switch(), 1, "A-01-1")
    assert [s.value for s in sensor.samples(50.0, True)] == [0.0]


def test_an_infrared_sensor_is_on_for_its_hold_time_and_blind_after_it() -> None:
    sensor = InfraredSensor(Infrared(hold_s=8.0, blind_s=2.5, misses=0.0), 1, "A-01-1")
    assert woken(sensor, sensor.load(100.0, holding(1))) == [(100.0, 1.0), (108.0, 0.0)]
    assert sensor.load(109.0, holding(2)) == ()
    assert woken(sensor, sensor.load(111.0, holding(3))) == [(111.0, 1.0), (119.0, 0.0)]


def test_another_hand_holds_it_on() -> None:
    sensor = InfraredSensor(Infrared(hold_s=8.0, misses=0.0), 1, "A-01-1")
    wakes = [*sensor.load(100.0, holding(1))]
    assert woken(sensor, wakes[:1]) == [(100.0, 1.0)]
    wakes = [*wakes[1:], *sensor.load(105.0, holding(2))]
    assert woken(sensor, wakes) == [(113.0, 0.0)]


def test_a_gloved_hand_is_missed_at_times() -> None:
    sensor = InfraredSensor(Infrared(misses=0.1), 1, "A-01-1")
    missed = sum(sensor.load(100.0 * n, holding(n)) == () for n in range(1, 1000))
    assert 60 < missed < 140
