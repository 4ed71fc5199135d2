"""Which sensors a bin has, and their readings over time: bin contents, kit and seed in, readings out. Pure."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tagdock_simulators.sensors.climate import HALL, Climate, House
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.distance import DistanceSensor, RangeFinder
from tagdock_simulators.sensors.draws import Draws
from tagdock_simulators.sensors.environment import Battery, BatterySensor, EnvironmentSensor, Thermometer
from tagdock_simulators.sensors.occupancy import Infrared, InfraredSensor, Switch, SwitchSensor
from tagdock_simulators.sensors.readings import Quantity, Reading, Sample
from tagdock_simulators.sensors.sensor import Sensor
from tagdock_simulators.sensors.weight import WeightCell, WeightSensor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SETTLED_S = 7200.0
"""So long before the beginning the sensors are switched on: tare, creep and air have come to rest."""


@dataclass(frozen=True, slots=True)
class Kit:
    """The sensors of one bin; None: it has not got that one."""

    weight: WeightCell | None = field(default_factory=WeightCell)
    distance: RangeFinder | None = field(default_factory=RangeFinder)
    switch: Switch | None = field(default_factory=Switch)
    infrared: Infrared | None = None
    thermometer: Thermometer | None = field(default_factory=Thermometer)
    battery: Battery | None = field(default_factory=Battery)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Name what these sensors can tell."""
        told = (
            (self.weight, (Quantity.MASS,)),
            (self.distance, (Quantity.DISTANCE,)),
            (self.switch, (Quantity.OCCUPIED,)),
            (self.infrared, (Quantity.MOTION,)),
            (self.thermometer, (Quantity.TEMPERATURE, Quantity.HUMIDITY)),
            (self.battery, (Quantity.BATTERY,)),
        )
        return tuple(quantity for has, quantities in told if has is not None for quantity in quantities)


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when readings are wanted, in aware UTC; `until` itself is outside."""

    begin: datetime
    until: datetime


def bin_readings(
    bin_name: str, contents: Iterable[BinTruth], kit: Kit, seed: int, span: Span, *, house: House = HALL
) -> Iterator[Reading]:
    """Give one bin's readings in time order.

    `contents` are that bin's, in time order. What comes before the beginning has settled by then; before the first of
    them the bin is empty.
    """
    begins_s, ends_s = _seconds(span.begin), _seconds(span.until)
    wakes = _Wakes(_sensors(kit, Climate(house, seed, bin_name), seed, bin_name, begins_s - _SETTLED_S))
    phase = Draws(seed, "phase", bin_name)
    wakes.begin(begins_s, phase)
    for truth in contents:
        changes_s = _seconds(truth.at) if truth.at > span.begin else begins_s - _SETTLED_S
        yield from _told(bin_name, wakes.until(min(changes_s, ends_s)), begins_s)
        if changes_s >= ends_s:
            return
        wakes.load(changes_s, truth)
    yield from _told(bin_name, wakes.until(ends_s), begins_s)


def _told(bin_name: str, measured: Iterable[tuple[float, Sample]], begins_s: float) -> Iterator[Reading]:
    """Give the samples their bin and their time; what was measured before the beginning is nobody's business."""
    for at_s, sample in measured:
        if at_s >= begins_s:
            yield Reading(_EPOCH + timedelta(microseconds=round(at_s * 1e6)), bin_name, sample)


class _Wakes:
    """The sensors of one bin, and when each wants to be asked next."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        self._sensors = sensors
        # (when, which sensor, whether it is its period): places break ties, so that no two sensors are ever compared.
        self._due: list[tuple[float, int, bool]] = []

    def begin(self, at_s: float, phase: Draws) -> None:
        """Give each sensor with a period a random phase of it."""
        for place, sensor in enumerate(self._sensors):
            if sensor.period_s:
                heapq.heappush(self._due, (at_s + sensor.period_s * phase.uniform(), place, True))

    def load(self, at_s: float, truth: BinTruth) -> None:
        """Tell all sensors what lies in the bin now."""
        for place, sensor in enumerate(self._sensors):
            for wakes_s in sensor.load(at_s, truth):
                heapq.heappush(self._due, (wakes_s, place, False))

    def until(self, ends_s: float) -> Iterator[tuple[float, Sample]]:
        """Measure all that is due before a time."""
        while self._due and self._due[0][0] < ends_s:
            at_s, place, asked = heapq.heappop(self._due)
            sensor = self._sensors[place]
            if asked and sensor.period_s:
                heapq.heappush(self._due, (at_s + sensor.period_s, place, True))
            for sample in sensor.samples(at_s, asked):
                yield at_s, sample


def _sensors(kit: Kit, climate: Climate, seed: int, name: str, begins_s: float) -> list[Sensor]:
    sensors: list[Sensor] = []
    if kit.weight is not None:
        sensors.append(WeightSensor(kit.weight, climate, seed, name, begins_s))
    if kit.distance is not None:
        sensors.append(DistanceSensor(kit.distance, seed, name))
    if kit.switch is not None:
        sensors.append(SwitchSensor(kit.switch, seed, name))
    if kit.infrared is not None:
        sensors.append(InfraredSensor(kit.infrared, seed, name))
    if kit.thermometer is not None:
        sensors.append(EnvironmentSensor(kit.thermometer, climate, seed, name, begins_s))
    if kit.battery is not None:
        sensors.append(BatterySensor(kit.battery, climate, seed, name, begins_s))
    return sensors


def _seconds(at: datetime) -> float:
    return (at - _EPOCH).total_seconds()
