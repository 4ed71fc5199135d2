"""One reported quantity: what was said last decides what is news."""

from collections.abc import Callable
from dataclasses import dataclass

from tagdock_edge.sensors.told import Quality, Reading


@dataclass(frozen=True, slots=True)
class Derived:
    """A quantity that follows from the measured one, and by how much it has to change to be news."""

    quantity: str
    of: Callable[[float], float]
    dead_band: float


class Outlet:
    """Reports one quantity of one bin when there is something to say."""

    def __init__(self, bin_: str, derived: Derived) -> None:
        """Say nothing yet."""
        self._bin, self._derived = bin_, derived
        self._said: Reading | None = None

    def report(self, at_us: int, measured: float, quality: Quality, *, anyway: bool) -> list[Reading]:
        """Say a value if it is news: by more than the dead-band, of another quality, or `anyway`."""
        value = self._derived.of(measured)
        said = self._said
        if said is not None and not anyway and said.quality == quality:
            near = abs(value - said.value) <= self._derived.dead_band
            if near or quality != "good":  # what is still moving is told once; it is told again when it counts
                return []
        self._said = Reading(at_us, self._bin, self._derived.quantity, value, quality)
        return [self._said]

    def past(self, at_us: int, measured: float, quality: Quality) -> Reading:
        """Say a value of the past; it is no news of the present."""
        return Reading(at_us, self._bin, self._derived.quantity, self._derived.of(measured), quality)
