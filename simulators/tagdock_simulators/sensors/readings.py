"""What a sensor says of a bin, before any wire format."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

Quality = Literal["good", "settling", "stale", "out_of_range"]
"""How far a value can be trusted, in the contract's words. Most products do not say it: the simulator knows."""


class Quantity(StrEnum):
    """What is measured, with its unit, in the contract's words; `occupied` and `motion` are 0 or 1."""

    MASS = "mass_kg"
    DISTANCE = "distance_mm"
    OCCUPIED = "occupied"
    MOTION = "motion"
    TEMPERATURE = "temperature_c"
    HUMIDITY = "humidity_pct"
    BATTERY = "battery_pct"


@dataclass(frozen=True, slots=True)
class Sample:
    """One value as the sensor's chip gives it; NaN when it could not be read."""

    quantity: Quantity
    value: float
    quality: Quality = "good"
    status: int = 0
    """The chip's own code: a ranging sensor's RangeStatus; 0 is good."""
    raw: int = 0
    """The number in the chip's register: a weight cell's ADC count."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A sample with its bin, and when it was made (aware UTC)."""

    at: datetime
    bin: str
    sample: Sample
    stamp: datetime | None = None
    """The time that the device tells, where it is another one: a wrong clock, an old value."""

    @property
    def told_at(self) -> datetime:
        """Return the time that a wire format with a time tells."""
        return self.stamp or self.at
