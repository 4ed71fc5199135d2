"""A time-of-flight ranging sensor above the goods: signal, noise, crosstalk, and the codes of a failed measurement.

Sources: ST's VL53L1X board manual: ranging from 40 mm up to 3.6 m on an 88 % target and 1.7 m on a 17 % target in the
dark, error about 20 mm. VL53L0X: up to 2 m. ST's drivers: RangeStatus 0 valid, 1 sigma, 2 signal, 3 too near,
4 phase, 7 wrapped target; no target reads 8190, and 8191 where nothing was measured. Sigma limit of the VL53L0X: 18 mm
in the default and the high-accuracy profile of its API, as firmware that uses the API sets it.
A returned signal falls with the square of the distance (a diffuse target that fills the field of view), so the furthest
range on an 88 % target fixes all others.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.draws import Draws
from tagdock_simulators.sensors.readings import Quality, Quantity, Sample
from tagdock_simulators.sensors.sensor import NAN

NO_TARGET_MM, NEVER_MEASURED_MM = 8190, 8191
VALID, SIGMA_FAIL, SIGNAL_FAIL, TOO_NEAR, PHASE_FAIL, WRAPPED = 0, 1, 2, 3, 4, 7
_WHITE = 0.88


@dataclass(frozen=True, slots=True)
class RangeFinder:
    """A ranging sensor's properties and place."""

    chip: Literal["VL53L0X", "VL53L1X"] = "VL53L0X"
    furthest_mm: float = 2000.0
    """On an 88 % target in the dark: 2000 for the VL53L0X, 3600 for the VL53L1X in long mode."""
    nearest_mm: float = 40.0
    floor_mm: float = 620.0
    """From the sensor to the empty bin's floor. Assumed."""
    full_mm: float = 90.0
    """From the sensor to the goods in a full bin. Assumed."""
    period_s: float = 30.0
    reflectance: float = 0.5
    """Of the goods at 940 nm: 0.17 grey, 0.88 white."""
    shiny: float = 0.1
    """How often a surface is shiny: most of the light goes elsewhere. Assumed."""
    floor_reflectance: float = 0.3
    rough_mm: float = 12.0
    """Goods lie unevenly; each change of the contents gives another surface. Assumed."""
    offset_mm: float = 4.0
    """Standard deviation of a sensor's own error after its calibration. Assumed; the source's error is 20 mm in all."""
    noise_mm: float = 2.5
    """At 1 m on a white target; it grows as the signal falls. Assumed so that the error of 20 mm is kept."""
    crosstalk: float = 0.004
    """What the cover glass sends straight back, as a share of a white target's signal at 1 m. Assumed."""
    sigma_limit_mm: float = 18.0
    never: float = 0.0005
    """How often the register still holds the start value. Assumed."""
    unread: float = 0.0
    """How often the bus fails, and the value is NaN."""


class DistanceSensor:
    """One ranging sensor that looks down into one bin."""

    def __init__(self, finder: RangeFinder, seed: int, bin_name: str) -> None:
        """Draw this sensor's own offset."""
        self.period_s: float | None = finder.period_s
        self._finder = finder
        self._draws = Draws(seed, "distance", bin_name)
        self._offset_mm = finder.offset_mm * self._draws.normal()
        self._weakest = 1.0 / (finder.furthest_mm / 1000.0) ** 2
        self._surface_mm, self._reflectance = finder.floor_mm, finder.floor_reflectance

    def load(self, at_s: float, contents: BinTruth) -> Sequence[float]:
        """Give the light another surface."""
        del at_s  # light needs no time to settle
        finder, draws = self._finder, self._draws
        goods_mm = (
            finder.floor_mm - contents.fill * (finder.floor_mm - finder.full_mm) + finder.rough_mm * draws.normal()
        )
        shine = 0.1 if draws.happens(finder.shiny) else 1.0
        empty = contents.count == 0
        self._surface_mm = finder.floor_mm if empty else min(finder.floor_mm, max(1.0, goods_mm))
        self._reflectance = finder.floor_reflectance if empty else finder.reflectance * shine
        return ()

    def samples(self, at_s: float, asked: bool) -> tuple[Sample, ...]:
        """Range once."""
        del at_s, asked
        if self._draws.happens(self._finder.unread):
            return (Sample(Quantity.DISTANCE, NAN, "out_of_range"),)
        if self._draws.happens(self._finder.never):
            return (_failed(NEVER_MEASURED_MM, PHASE_FAIL),)
        return (self._ranged(),)

    def _ranged(self) -> Sample:
        """Weigh the target's light against the cover glass's; signals are shares of a white target's at 1 m."""
        finder = self._finder
        target = self._reflectance / _WHITE / (self._surface_mm / 1000.0) ** 2
        if target < self._weakest:
            return self._without_target()
        seen_mm = self._surface_mm * target / (target + finder.crosstalk) + self._offset_mm
        sigma_mm = finder.noise_mm / math.sqrt(target)
        value = max(0, round(seen_mm + sigma_mm * self._draws.normal()))
        status, quality = self._judged(value, sigma_mm)
        return Sample(Quantity.DISTANCE, float(value), quality, status, raw=value)

    def _judged(self, value_mm: int, sigma_mm: float) -> tuple[int, Quality]:
        if sigma_mm > self._finder.sigma_limit_mm:
            return SIGMA_FAIL, "out_of_range"
        if value_mm < self._finder.nearest_mm:
            return TOO_NEAR, "out_of_range"
        return VALID, "good"

    def _without_target(self) -> Sample:
        """Fail as the chip does: a VL53L1X sometimes takes a far echo of the last pulse for a near one."""
        if self._finder.chip == "VL53L0X":
            return _failed(NO_TARGET_MM, PHASE_FAIL)
        if self._draws.happens(0.2):
            echo_mm = round(self._draws.between(self._finder.nearest_mm, self._finder.furthest_mm / 2))
            return Sample(Quantity.DISTANCE, float(echo_mm), "out_of_range", WRAPPED, raw=echo_mm)
        return _failed(NO_TARGET_MM, SIGNAL_FAIL)


def _failed(code_mm: int, status: int) -> Sample:
    return Sample(Quantity.DISTANCE, float(code_mm), "out_of_range", status, raw=code_mm)
