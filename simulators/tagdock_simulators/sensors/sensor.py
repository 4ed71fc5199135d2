"""What the physics of all sensors have in common."""

from collections.abc import Sequence
from typing import Protocol

from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.readings import Sample


class Sensor(Protocol):
    """One chip on one bin. Times are seconds since 1970, and never go back.

    `period_s` is how often it is asked; None: only when it wakes by itself.
    """

    period_s: float | None

    def load(self, at_s: float, contents: BinTruth) -> Sequence[float]:
        """Tell what lies in the bin from now on; returns when it wants to be asked besides its period."""

    def samples(self, at_s: float, asked: bool) -> tuple[Sample, ...]:
        """Measure; `asked` for its period, else it woke by itself."""


NAN = float("nan")
