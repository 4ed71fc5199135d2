"""Temperature and humidity as a Sensirion SHT31 gives them, and a battery's charge.

Source: SHT3x datasheet (Sensirion, tables 1 and 2): SHT31 +-2 %RH and +-0.2 C typical, repeatability 0.2 %RH and 0.1 C
(three standard deviations), humidity reaches 63 % of a step in 8 s. A housing makes both slower; that is assumed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tagdock_simulators.sensors.climate import Climate
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.draws import Draws
from tagdock_simulators.sensors.readings import Quantity, Sample
from tagdock_simulators.sensors.sensor import NAN

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Thermometer:
    """A temperature and humidity sensor's properties."""

    period_s: float = 60.0
    error_c: float = 0.1
    error_pct: float = 1.0
    """Standard deviations of a sensor's own error: half of the typical accuracy."""
    repeats_c: float = 0.04
    repeats_pct: float = 0.07
    temperature_lag_s: float = 60.0
    """In a housing. Assumed."""
    humidity_lag_s: float = 90.0
    unread: float = 0.0
    """How often the checksum fails, and both values are NaN."""


@dataclass(frozen=True, slots=True)
class Battery:
    """A primary cell and what it lasts."""

    period_s: float = 3600.0
    lasts_days: float = 500.0
    charge_pct: float = 100.0
    """At the start."""
    cold_pct_per_c: float = 0.3
    """How much less it seems to hold a degree below 20 C. Assumed."""
    noise_pct: float = 0.4


class EnvironmentSensor:
    """One temperature and humidity sensor at one bin."""

    def __init__(self, thermometer: Thermometer, climate: Climate, seed: int, bin_name: str, begins_s: float) -> None:
        """Draw this sensor's own errors; it begins in balance with the air."""
        self.period_s: float | None = thermometer.period_s
        self._thermometer, self._climate = thermometer, climate
        self._draws = Draws(seed, "environment", bin_name)
        self._error_c = thermometer.error_c * self._draws.normal()
        self._error_pct = thermometer.error_pct * self._draws.normal()
        self._felt_s = begins_s
        self._felt_c, self._felt_pct = climate.air(begins_s)

    def load(self, at_s: float, contents: BinTruth) -> Sequence[float]:
        """Leave it: goods neither warm nor dampen it."""
        del at_s, contents
        return ()

    def samples(self, at_s: float, asked: bool) -> tuple[Sample, ...]:
        """Measure both; what the chip feels lags behind the air."""
        del asked
        air, chip, since_s = self._climate.air(at_s), self._thermometer, at_s - self._felt_s
        self._felt_c += (air.temperature_c - self._felt_c) * -math.expm1(-since_s / chip.temperature_lag_s)
        self._felt_pct += (air.humidity_pct - self._felt_pct) * -math.expm1(-since_s / chip.humidity_lag_s)
        self._felt_s = at_s
        if self._draws.happens(chip.unread):
            return Sample(Quantity.TEMPERATURE, NAN, "out_of_range"), Sample(Quantity.HUMIDITY, NAN, "out_of_range")
        temperature_c = self._felt_c + self._error_c + chip.repeats_c * self._draws.normal()
        humidity_pct = self._felt_pct + self._error_pct + chip.repeats_pct * self._draws.normal()
        return (
            Sample(Quantity.TEMPERATURE, round(temperature_c, 2)),
            Sample(Quantity.HUMIDITY, round(min(100.0, max(0.0, humidity_pct)), 2)),
        )


class BatterySensor:
    """The battery of one bin's node."""

    def __init__(self, battery: Battery, climate: Climate, seed: int, bin_name: str, begins_s: float) -> None:
        """Draw how long this one lasts."""
        self.period_s: float | None = battery.period_s
        self._battery, self._climate, self._begins_s = battery, climate, begins_s
        self._draws = Draws(seed, "battery", bin_name)
        self._lasts_s = battery.lasts_days * _DAY_S * self._draws.between(0.8, 1.2)

    def load(self, at_s: float, contents: BinTruth) -> Sequence[float]:
        """Leave it: what lies in the bin costs nothing."""
        del at_s, contents
        return ()

    def samples(self, at_s: float, asked: bool) -> tuple[Sample, ...]:
        """Say the charge in whole per cent; a cold battery seems emptier."""
        del asked
        battery = self._battery
        used_pct = 100.0 * (at_s - self._begins_s) / self._lasts_s
        colder_c = max(0.0, 20.0 - self._climate.air(at_s).temperature_c)
        seen_pct = battery.charge_pct - used_pct - battery.cold_pct_per_c * colder_c
        seen_pct += battery.noise_pct * self._draws.normal()
        return (Sample(Quantity.BATTERY, float(round(min(100.0, max(0.0, seen_pct))))),)
