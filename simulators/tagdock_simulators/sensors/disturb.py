"""Sensor faults as a pure change of readings: frozen, silent, spikes, NaN, stale, wrong clock, twice, out of order.

The kinds are those of the table in `faults.kinds` that are done to a sensor; a schedule says when.
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from tagdock_simulators.sensors.draws import Draws
from tagdock_simulators.sensors.readings import Quantity, Reading

_SPIKES = {
    Quantity.MASS: (-50.0, 50.0),
    Quantity.DISTANCE: (0.0, 2000.0),
    Quantity.TEMPERATURE: (-45.0, 130.0),
    Quantity.HUMIDITY: (0.0, 100.0),
    Quantity.BATTERY: (0.0, 100.0),
}
"""Where a spike may lie: all that the chip can say. What is on or off jumps to the other."""


class Fault(Protocol):
    """What this needs to know of a fault: the schedule's own have it."""

    @property
    def kind(self) -> str:
        """Return its kind's name."""

    @property
    def at_s(self) -> float:
        """Return when this turn of it began, in seconds since the schedule's start."""

    @property
    def value(self) -> float:
        """Return its amount."""


class Schedule(Protocol):
    """Who has which faults when."""

    def active(self, on: str, elapsed_s: float) -> Sequence[Fault]:
        """Return the faults that `on` has so long after the start."""


def disturb(readings: Iterable[Reading], schedule: Schedule, seed: int, began_at: datetime) -> Iterator[Reading]:
    """Give the readings as they arrive with the schedule's faults, in the order of arrival.

    A fault is done `on` a bin, or on one quantity of it: `A-01-1/mass_kg`.
    """
    wrong = _Wrong(schedule, seed, began_at)
    waiting: list[tuple[int, int, Reading]] = []
    for place, reading in enumerate(readings):
        for copy, (told, later) in enumerate(wrong.told(reading)):
            heapq.heappush(waiting, (place + later, 1000 * place + copy, told))
        # What changes its place is told together with the one whose place it takes, so that time never runs backwards.
        while waiting and waiting[0][0] <= place:
            yield _arriving(heapq.heappop(waiting)[2], reading.at)
    for _, _, late in sorted(waiting):
        yield _arriving(late, reading.at)


class _Wrong:
    """Remembers what each sensor said before its fault began."""

    def __init__(self, schedule: Schedule, seed: int, began_at: datetime) -> None:
        self._schedule, self._began_at = schedule, began_at
        self._draws = Draws(seed, "disturb")
        self._before: dict[tuple[str, Quantity], Reading] = {}

    def told(self, reading: Reading) -> list[tuple[Reading, int]]:
        """Return what is said instead, each with how many places later."""
        quantity = reading.sample.quantity
        elapsed_s = (reading.at - self._began_at).total_seconds()
        own = self._schedule.active(f"{reading.bin}/{quantity}", elapsed_s)
        faults = {fault.kind: fault for fault in (*self._schedule.active(reading.bin, elapsed_s), *own)}
        before = self._before.get((reading.bin, quantity))
        if not faults.keys() & {"frozen", "stale"}:
            self._before[reading.bin, quantity] = reading
        if "silent" in faults:
            return []
        for kind, fault in faults.items():
            reading = self._changed(kind, fault, reading, before, elapsed_s)
        copies = round(faults["duplicate_readings"].value) if "duplicate_readings" in faults else 1
        places = 0
        if "out_of_order" in faults:
            places = int(self._draws.uniform() * (faults["out_of_order"].value + 1))
        return [(reading, places)] * copies

    def _changed(self, kind: str, fault: Fault, reading: Reading, before: Reading | None, elapsed_s: float) -> Reading:
        match kind:
            case "frozen" if before is not None:
                return replace(reading, sample=before.sample)
            case "stale" if before is not None:
                return replace(
                    before, at=reading.at, stamp=before.told_at, sample=replace(before.sample, quality="stale")
                )
            case "not_a_number":
                return replace(reading, sample=replace(reading.sample, value=math.nan, quality="out_of_range"))
            case "spikes" if self._draws.happens(fault.value):
                return replace(reading, sample=replace(reading.sample, value=self._spike(reading)))
            case "clock_jump" | "clock_skew":
                skewed_s = (elapsed_s - fault.at_s) * fault.value * 1e-6
                return _shifted(reading, fault.value if kind == "clock_jump" else skewed_s)
        return reading

    def _spike(self, reading: Reading) -> float:
        reach = _SPIKES.get(reading.sample.quantity)
        return 1.0 - reading.sample.value if reach is None else round(self._draws.between(*reach), 3)


def _arriving(reading: Reading, at: datetime) -> Reading:
    """Let a reading come at a time; it keeps the time that it tells."""
    return reading if reading.at == at else replace(reading, at=at, stamp=reading.told_at)


def _shifted(reading: Reading, ahead_s: float) -> Reading:
    try:
        return replace(reading, stamp=reading.told_at + timedelta(seconds=ahead_s))
    except OverflowError:
        return reading
