"""The laws of conservation, checked from the record of what moved and from nothing else."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from tagdock_simulators.warehouse.world.records import Moved, Step

_COMES: Mapping[Step, bool] = {
    "stock_taking": True,
    "receiving": True,
    "storing": False,
    "picking": False,
    "packing": False,
    "shipping": False,
    "stolen": False,
}


class BrokenLawError(AssertionError):
    """The world contradicts itself: a defect of the simulator, never of who uses it."""


class Audit:
    """Follows each item from record to record; raises BrokenLawError at the first that cannot be."""

    def __init__(self, capacities: Mapping[str, int]) -> None:
        self._capacities = capacities
        self._place: dict[tuple[int, int], str] = {}
        self.count_in: Counter[str] = Counter()
        """Items in each bin and area."""
        self.items: Counter[str] = Counter()
        """Items by step at which they came into the house or left it: in by `stock_taking` and `receiving`."""
        self._at: datetime | None = None

    @property
    def in_house(self) -> int:
        """Return how many items are in the house."""
        return len(self._place)

    def see(self, moved: Moved) -> None:
        """Follow one record."""
        if self._at is not None and moved.at < self._at:
            raise BrokenLawError(f"time goes back from {self._at} to {moved.at}")
        self._at = moved.at
        for item in moved.items:
            key = item.kind.hex_base, item.serial
            if self._place.get(key) != moved.was:
                raise BrokenLawError(f"{item.epc.urn} moves from {moved.was} but is in {self._place.get(key)}")
            if moved.place is None:
                del self._place[key]
            else:
                self._place[key] = moved.place
        count = len(moved.items)
        self._fill(moved.was, -count)
        self._fill(moved.place, count)
        if (moved.was is None) != _COMES[moved.step]:
            raise BrokenLawError(f"{moved.step} from {moved.was} at {moved.at}")
        if moved.was is None or moved.place is None:
            self.items[moved.step] += count
        came = self.items["stock_taking"] + self.items["receiving"]
        if came - self.items["shipping"] - self.items["stolen"] != self.in_house:
            raise BrokenLawError(f"{came} items came, {dict(self.items)} in all, but {self.in_house} are here")

    def place_of(self, hex_base: int, serial: int) -> str | None:
        """Return where an item is; None is outside."""
        return self._place.get((hex_base, serial))

    def _fill(self, place: str | None, change: int) -> None:
        if place is None:
            return
        self.count_in[place] += change
        if not 0 <= self.count_in[place] <= self._capacities.get(place, self.in_house):
            raise BrokenLawError(f"{place} holds {self.count_in[place]} of {self._capacities.get(place)}")
