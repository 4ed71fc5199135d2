"""The loads of one door come on trucks, each with an order or an advance notice that says what is on it. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from tagdock_simulators.warehouse.loads import Carton, Direction, Load, Tagger

_SHORT_EVERY, _STRAY_EVERY = 7, 5
"""One truck in so many leaves a carton behind, or takes one along that nobody ordered: what a dock lives with."""
_DUE = timedelta(minutes=2)

Kind = Literal["outbound", "inbound"]


@dataclass(frozen=True, slots=True)
class Truck:
    """Loads that pass one door one after the other. `stray` is on board and on no paper, `left` the other way round."""

    name: str
    door: str
    direction: Direction
    loads: tuple[Load, ...]
    stray: Carton | None = None
    left: Carton | None = None

    @property
    def kind(self) -> Kind:
        """Name the way as door sessions do."""
        return "outbound" if self.direction == "out" else "inbound"

    @property
    def cartons(self) -> list[Carton]:
        """Return what is on board."""
        return [carton for load in self.loads for carton in load.cartons]

    @property
    def differences(self) -> tuple[int, int]:
        """Return how many units are missing, and how many items nobody expected, once all have passed."""
        return int(self.left is not None), int(self.stray is not None)

    def paper(self, site: str, now: datetime) -> dict[str, Any]:
        """Write the order or notice as the cloud's API takes it."""
        named = [carton for carton in self.cartons if carton is not self.stray]
        lines = [{"epc": carton.epc.urn} for carton in [*named, *([self.left] if self.left else [])]]
        due_at = (now + _DUE).isoformat()
        return {
            "site": site,
            "id": self.name,
            "partner": self._partner(),
            "door": self.door,
            "due_at": due_at,
            "lines": lines,
        }

    def _partner(self) -> str:
        invoices = list(dict.fromkeys(carton.line.invoice for carton in self.cartons))
        further = f" and {len(invoices) - 1} more" if len(invoices) > 1 else ""
        return f"Invoice {invoices[0]}{further}"


class Dispatcher:
    """Puts loads on trucks, and names each truck so that no earlier run's is called like it."""

    def __init__(self, tagger: Tagger, started_at: datetime) -> None:
        self._tagger = tagger
        self._run = f"{started_at:%y%m%d-%H%M%S}"
        self._trucks = 0

    def trucks(self, loads: Sequence[Load]) -> Iterator[Truck]:
        """Yield a truck for each door that some loads are for."""
        for door in dict.fromkeys(load.door for load in loads):
            yield self._truck(tuple(load for load in loads if load.door == door))

    def _truck(self, loads: tuple[Load, ...]) -> Truck:
        self._trucks += 1
        first, number = loads[0], self._trucks
        name = f"{'SO' if first.direction == 'out' else 'ASN'}-{self._run}-{number:04d}"
        if first.direction == "in" or len(first.cartons) < 2:
            return Truck(name, first.door, first.direction, loads)
        stray = first.cartons[-1] if number % _STRAY_EVERY == 0 else None
        left = self._tagger.tag(first.cartons[0].line) if number % _SHORT_EVERY == 0 else None
        return Truck(name, first.door, first.direction, loads, stray, left)


def papers(trucks: Iterable[Truck], kind: Kind, site: str, now: datetime) -> list[dict[str, Any]]:
    """Write the papers of all trucks of one way."""
    return [truck.paper(site, now) for truck in trucks if truck.kind == kind]
