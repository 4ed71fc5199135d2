"""A weight cell with its amplifier: tare, errors, drift, creep, settling, noise, overload.

Mass on the cell -> counts of a 24-bit converter -> kilograms as the device computes them from its tare. Sources: HX711
datasheet (Avia Semiconductor): +-20 mV full scale at gain 128 and 5 V, 24 bits in two's complement that stop at
7FFFFFh and 800000h; 50 nV rms noise and 400 ms settling at 10 samples/s (both from memory, not checked). OIML R
60-1:2017, 5.5.1: the creep of a C3 cell in 30 minutes is at most 0.7 of the error allowed there, which is 0.7 (5.3.2)
of 1.5 intervals (table 4, from memory): 0.7 * 0.7 * 1.5 of 3,000 intervals, 0.0245 % of capacity.
A cell gives 2 mV/V, so that capacity is half of the converter's range. What has no source says that it is assumed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tagdock_simulators.sensors.climate import Climate
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.draws import Draws
from tagdock_simulators.sensors.readings import Quality, Quantity, Sample
from tagdock_simulators.sensors.sensor import NAN

MOST_COUNTS, LEAST_COUNTS = 2**23 - 1, -(2**23)
_COUNTS_AT_CAPACITY = 2**22
_VOLTS_AT_CAPACITY = 0.010
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class WeightCell:
    """A weight cell's properties. Errors are standard deviations from which each cell draws its own."""

    capacity_kg: float = 50.0
    container_kg: float = 1.4
    """What the empty bin weighs; the device tares it away when it starts. Assumed."""
    period_s: float = 10.0
    resolution_kg: float = 0.001
    """To what the device rounds."""
    scale_error: float = 0.001
    """Of the mass: how well the calibration weight was known. Assumed."""
    zero_per_10_c: float = 0.0002
    """Of capacity. A common specification of C3 cells; assumed."""
    span_per_10_c: float = 0.0002
    """Of the mass; likewise."""
    calibrated_at_c: float = 20.0
    creep: float = 0.000245
    """Of the mass, once it has rested for long."""
    creep_tau_s: float = 600.0
    """So that 95 % of the creep has happened after the standard's 30 minutes."""
    zero_drift_kg_per_day: float = 0.003
    """Dust, labels, glue. Assumed."""
    noise_volts: float = 50e-9
    vibration_kg: float = 0.0005
    """Lifts and fans nearby. Assumed."""
    filter_s: float = 0.4
    """After a change the converter's filter shows a mixture for so long."""
    swings_hz: float = 3.0
    swings_tau_s: float = 0.35
    """The platform rings after something was put down. Assumed."""
    leans: float = 0.3
    """How often somebody leans on the bin while taking something out. Assumed."""
    leans_kg: float = 2.5
    leans_s: float = 3.0
    safe_overload: float = 1.5
    """Times the capacity; beyond, the zero is bent for good. A common specification; assumed."""
    bent: float = 0.02
    """By how much of the mass beyond. Assumed."""
    unread: float = 0.0
    """How often the converter does not answer in time, and the value is NaN."""


class WeightSensor:
    """One cell under one bin, tared with the empty bin on it when it is made."""

    def __init__(self, cell: WeightCell, climate: Climate, seed: int, bin_name: str, begins_s: float) -> None:
        """Draw this cell's own errors and tare it, as if the bin stood empty."""
        self.period_s: float | None = cell.period_s
        self._cell, self._climate = cell, climate
        self._draws = Draws(seed, "weight", bin_name)
        normal = self._draws.normal
        self._scale = 1.0 + cell.scale_error * normal()
        self._zero_per_c = cell.zero_per_10_c * cell.capacity_kg / 10.0 * normal()
        self._span_per_c = cell.span_per_10_c / 10.0 * normal()
        self._drift_kg_per_s = cell.zero_drift_kg_per_day / _DAY_S * normal()
        self._counts_per_kg = _COUNTS_AT_CAPACITY / cell.capacity_kg
        self._noise_kg = math.hypot(cell.noise_volts / _VOLTS_AT_CAPACITY * cell.capacity_kg, cell.vibration_kg)
        self._begins_s = self._crept_s = self._changed_s = begins_s
        self._mass_kg = self._before_kg = cell.container_kg
        self._creep_kg = cell.creep * cell.container_kg
        self._zero_kg = 0.0
        self._lean_kg, self._lean_ends_s = 0.0, begins_s
        self._tare_counts = self._counts(begins_s)

    def load(self, at_s: float, contents: BinTruth) -> Sequence[float]:
        """Put so much on the cell; whoever does it may lean on the bin."""
        self._let_creep(at_s)
        cell = self._cell
        self._before_kg, self._mass_kg, self._changed_s = self._mass_kg, cell.container_kg + contents.mass_kg, at_s
        if self._draws.happens(cell.leans):
            self._lean_kg = cell.leans_kg * self._draws.normal()
            self._lean_ends_s = at_s + cell.leans_s * self._draws.uniform()
        beyond_kg = self._mass_kg - cell.safe_overload * cell.capacity_kg
        if beyond_kg > 0:
            self._zero_kg += cell.bent * beyond_kg
        return ()

    def samples(self, at_s: float, asked: bool) -> tuple[Sample, ...]:
        """Convert, subtract the tare, round: an empty bin is often -0.000 kg."""
        del asked
        self._let_creep(at_s)
        counts = self._counts(at_s)
        if self._draws.happens(self._cell.unread):
            return (Sample(Quantity.MASS, NAN, "out_of_range", raw=counts),)
        mass_kg = (counts - self._tare_counts) / self._counts_per_kg
        steps = round(mass_kg / self._cell.resolution_kg)
        value = math.copysign(abs(steps) * self._cell.resolution_kg, mass_kg)
        return (Sample(Quantity.MASS, round(value, 6), self._quality(at_s, counts), raw=counts),)

    def _quality(self, at_s: float, counts: int) -> Quality:
        if counts in (MOST_COUNTS, LEAST_COUNTS):
            return "out_of_range"
        rings_s = self._cell.filter_s + 5.0 * self._cell.swings_tau_s
        return "settling" if at_s < max(self._changed_s + rings_s, self._lean_ends_s) else "good"

    def _counts(self, at_s: float) -> int:
        """Convert what is felt now; the converter stops at its ends."""
        warmer_c = self._climate.air(at_s).temperature_c - self._cell.calibrated_at_c
        felt_kg = self._felt_kg(at_s) * self._scale * (1.0 + self._span_per_c * warmer_c)
        zero_kg = self._zero_kg + self._zero_per_c * warmer_c + self._drift_kg_per_s * (at_s - self._begins_s)
        seen_kg = felt_kg + zero_kg + self._creep_kg + self._noise_kg * self._draws.normal()
        return min(MOST_COUNTS, max(LEAST_COUNTS, round(seen_kg * self._counts_per_kg)))

    def _felt_kg(self, at_s: float) -> float:
        """Return the mass as it acts through the ringing platform, the converter's filter and a leaning arm."""
        since_s, cell = at_s - self._changed_s, self._cell
        change_kg = self._mass_kg - self._before_kg
        lean_kg = self._lean_kg if at_s < self._lean_ends_s else 0.0
        if since_s > cell.filter_s + 12.0 * cell.swings_tau_s:
            return self._mass_kg + lean_kg
        arrived = min(1.0, since_s / cell.filter_s) if cell.filter_s > 0 else 1.0
        rings = math.exp(-since_s / cell.swings_tau_s) * math.cos(2.0 * math.pi * cell.swings_hz * since_s)
        return self._before_kg + change_kg * arrived * (1.0 - rings) + lean_kg

    def _let_creep(self, at_s: float) -> None:
        """Bring the creep up to date: it follows the mass slowly (a first-order lag)."""
        left = math.exp(-(at_s - self._crept_s) / self._cell.creep_tau_s)
        wanted_kg = self._cell.creep * self._mass_kg
        self._creep_kg = wanted_kg + (self._creep_kg - wanted_kg) * left
        self._crept_s = at_s
