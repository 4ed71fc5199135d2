"""Each sensor fault of the injector, in each format that can carry it, against the truth of what lies in the bin.

Without a broker: what a node would publish goes straight to the gateway's station, two hours in a moment.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tagdock_edge.config import BrokerConfig
from tagdock_edge.config.sensors import read_sensors
from tagdock_edge.sensors.station import Station
from tagdock_edge.sensors.told import Message, Reading
from tagdock_edge.tables import Table
from tagdock_simulators.faults.kinds import KINDS, Kind, Place
from tagdock_simulators.faults.schedule import Fault, Schedule
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.disturb import disturb
from tagdock_simulators.sensors.formats.choice import Format, Formats, nodes_for
from tagdock_simulators.sensors.formats.configured import sensors_toml
from tagdock_simulators.sensors.kit import Span
from tagdock_simulators.sensors.rack import rack_readings, usual_kits
from tagdock_simulators.sensors.tape import published

BIN = "A-01-1"
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
SPAN = Span(BEGIN, BEGIN + timedelta(hours=2))
UNIT_KG = 0.5
EVERY_S = 600
"""So often three items are taken, thirteen seconds after a full ten minutes."""
FROM_S, FOR_S = 1800.0, 3600.0
NEAR_S = 12.0
"""A weight is told every 10 s: what was taken since is not known yet."""
S = 1_000_000


def contents() -> list[BinTruth]:
    counts = range(60, 20, -3)
    times = (BEGIN + timedelta(seconds=13 + EVERY_S * number) for number in range(len(counts)))
    return [BinTruth(at, BIN, count, UNIT_KG, count / 100) for at, count in zip(times, counts, strict=True)]


def true_counts(at_us: int) -> set[int]:
    """Return how many items the bin held then, and shortly before."""
    moments = (BEGIN + timedelta(microseconds=at_us - round(BEGIN.timestamp() * S) - back) for back in (0, NEAR_S * S))
    return {[each.count for each in contents() if each.at <= at][-1] for at in moments if at > contents()[0].at}


@dataclass(frozen=True)
class Played:
    """What the station said."""

    readings: tuple[Reading, ...]
    answers: int

    def counts(self, quality: str) -> list[Reading]:
        return [each for each in self.readings if each.quantity == "count" and each.quality == quality]

    def wrong(self) -> list[Reading]:
        """Return the counts that were called good but are not the truth of their time."""
        begins_us = round(contents()[0].at.timestamp() * S)
        return [
            each for each in self.counts("good") if each.at_us > begins_us and each.value not in true_counts(each.at_us)
        ]


def tape(form: Format, faults: Sequence[Fault]) -> Iterator[tuple[int, Message]]:
    readings = rack_readings(usual_kits((BIN,)), lambda _: contents(), 3, SPAN)
    disturbed = disturb(readings, Schedule(tuple(faults)), 3, BEGIN)
    nodes = nodes_for(form, {BIN: usual_kits((BIN,))[BIN].quantities}, Formats())
    for at, told in published(nodes, disturbed, SPAN.begin, SPAN.until):
        yield round(at.timestamp() * S), Message(told.topic, told.payload)


def play(form: Format, *faults: Fault) -> Played:
    kits = usual_kits((BIN,))
    nodes = nodes_for(form, {BIN: kits[BIN].quantities}, Formats())
    tables = Table(tomllib.loads(sensors_toml(form, nodes, kits, Formats(), {BIN: UNIT_KG})), "", []).tables("sensor")
    placed = read_sensors(tables, Path(), {}, BrokerConfig("127.0.0.1", 1883))
    station = Station([sensor for _, sensor in placed], "s1.gw-1")
    now_us = round(BEGIN.timestamp() * S)
    station.connecting(now_us)
    station.connected(now_us)
    readings: list[Reading] = []
    answers = 0
    for at_us, message in tape(form, faults):
        while now_us + S < at_us:
            now_us += S
            readings += station.advance(now_us).readings
        outcome = station.take(message, at_us)
        readings += outcome.readings
        answers += len(outcome.answers)
    return Played(tuple(readings), answers)


def fault(kind: Kind, amount: float | None = None) -> Fault:
    return Fault(kind, BIN, FROM_S, FOR_S, amount)


FAULTS = {
    "silent": fault(Kind.SILENT),
    "not a number": fault(Kind.NOT_A_NUMBER),
    "spikes": fault(Kind.SPIKES, 0.1),
    "stale": fault(Kind.STALE),
    "twice": fault(Kind.DUPLICATE_READINGS, 3),
    "out of order": fault(Kind.OUT_OF_ORDER, 4),
    "an hour behind": fault(Kind.CLOCK_JUMP, -3600),
    "an hour ahead": fault(Kind.CLOCK_JUMP, 3600),
    "too fast": fault(Kind.CLOCK_SKEW, 5000),
}
TIMELESS = ("stale", "homeassistant")
"""Home Assistant's states have no time: an old value that comes again is the present."""


def test_there_is_a_trial_for_each_sensor_fault_but_the_one_that_nobody_can_see() -> None:
    known = {kind for kind, meaning in KINDS.items() if Place.SENSOR in meaning.places}
    assert known - {each.kind for each in FAULTS.values()} == {Kind.FROZEN}


FORMATS: tuple[Format, ...] = ("homeassistant", "sparkplug", "plain")


@pytest.mark.parametrize(
    ("name", "form"), [(name, form) for name in FAULTS for form in FORMATS if (name, form) != TIMELESS]
)
def test_no_count_is_called_good_that_is_not_the_truth(name: str, form: Format) -> None:
    played = play(form, FAULTS[name])
    if (name, form) == ("silent", "sparkplug"):
        # By exception: silence says that nothing changed. A node would report the dead device; this one has no other
        # sensor that wakes it.
        assert all(each.at_us >= (BEGIN.timestamp() + FROM_S) * S for each in played.wrong())
    else:
        assert played.wrong() == []
    assert played.counts("good")[-1].value in true_counts(round(SPAN.until.timestamp() * S))


@pytest.mark.parametrize(
    ("name", "form", "quality"),
    [
        ("silent", "homeassistant", "stale"),
        ("silent", "plain", "stale"),
        ("stale", "plain", "stale"),
        ("stale", "sparkplug", "stale"),
        ("not a number", "homeassistant", "out_of_range"),
        ("not a number", "sparkplug", "out_of_range"),
        ("not a number", "plain", "stale"),
        ("spikes", "plain", "settling"),
    ],
)
def test_what_is_wrong_shows_in_the_quality(name: str, form: Format, quality: str) -> None:
    during = range(round((BEGIN.timestamp() + FROM_S) * S), round((BEGIN.timestamp() + FROM_S + FOR_S) * S))
    assert [each for each in play(form, FAULTS[name]).counts(quality) if each.at_us in during]
