"""The house that all work is done in: its stock, its people, its doors, and the one place where things are moved."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from tagdock_simulators.doors import CARDBOARD, LIQUID, METAL, Carrier, Crossing, Material
from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.warehouse.world.agenda import Agenda
from tagdock_simulators.warehouse.world.crew import Crew
from tagdock_simulators.warehouse.world.dice import Dice
from tagdock_simulators.warehouse.world.items import Item, Kind, Tags
from tagdock_simulators.warehouse.world.records import Booking, Mistake, Moved, Record, Step
from tagdock_simulators.warehouse.world.settings import Settings
from tagdock_simulators.warehouse.world.stock import Bin, Stock

_REACH_M = 2.5
_CLEAR_S = 6.0
"""Between two loads at one door."""
_AWAY_A_SKU = 8
"""Of how many items of a SKU, shipped last, the house still knows enough to take them back."""
_MATERIALS: Mapping[int, Material] = {0: METAL, 1: LIQUID}
_MATERIALS_OF = 20


class House:
    """What all processes share. `told` gathers what happened until somebody takes it away."""

    def __init__(self, seed: int, settings: Settings, kinds: Mapping[str, Kind], stock: Stock, agenda: Agenda) -> None:
        self.seed = seed
        self.settings = settings
        self.kinds = kinds
        self.stock = stock
        self.agenda = agenda
        self.tags = Tags()
        self.told: list[Record] = []
        self.in_house = 0
        self.allocated: Counter[str] = Counter()
        """Items of each SKU that orders wait for."""
        self.on_floor: Counter[str] = Counter()
        """Items of each SKU that came in and are not yet in a bin."""
        self.away: dict[str, deque[Item]] = {}
        self.pickers = Crew(settings.shifts, settings.pickers or 1, agenda.now)
        self.forklifts = Crew(settings.shifts, settings.forklifts or 1, agenda.now)
        self._dice = {kind: Dice(seed, kind) for kind in settings.rates}
        self._speed = Dice(seed, "speed")
        self._door_free: dict[str, datetime] = {}

    @property
    def now(self) -> datetime:
        """Return the time in the world."""
        return self.agenda.now

    def goes_wrong(self, kind: str) -> bool:
        """Say whether a mistake happens now. Each kind has a stream of its own: one rate leaves the others alone."""
        rate = self.settings.rate(kind)
        return rate > 0.0 and self._dice[kind].hits(rate)

    def mistake(self, kind: str, where: str, document: str, epcs: Iterable[str], should: str) -> None:
        """Note a mistake, and what a perfect system should have noticed."""
        self.told.append(Mistake(self.now, kind, where, document, tuple(epcs), should))

    def book(self, bin_: Bin, sku: str, change: int, document: str) -> None:
        """Change the books, and say so."""
        if change:
            self.stock.book(bin_, sku, change)
            self.told.append(Booking(self.now, bin_.id, sku, change, document))

    def move(
        self, items: Sequence[Item], step: Step, where: str, place: str | None, document: str, *, sscc: str = ""
    ) -> None:
        """Move items that are in one place to another: the only way in which anything truly moves."""
        if not items:
            return
        was = items[0].place
        if any(item.place != was for item in items):
            raise ValueError("items that move together are in one place")
        out_of, into = self.stock.bins.get(was or ""), self.stock.bins.get(place or "")
        if out_of is not None:
            self.stock.take(out_of, items)
        if into is not None:
            self.stock.put(into, items)
        for item in items:
            item.place = place
        self.in_house += (place is not None) * len(items) - (was is not None) * len(items)
        self.told.append(Moved(self.now, step, where, was, place, document, tuple(items), sscc))
        self.told += [_contents(bin_, self.now) for bin_ in (out_of, into) if bin_ is not None]

    def reserve_door(self, door: str, at: datetime, carrier: Carrier) -> tuple[datetime, float]:
        """Find the next time at which a door is free; returns when the load starts, and its speed in m/s."""
        speed_m_per_s = self._speed.between(0.9, 1.5) if carrier.name == "person" else self._speed.between(1.2, 2.2)
        starts_at = max(at, self._door_free.get(door, at))
        self._door_free[door] = starts_at + timedelta(seconds=2.0 * _REACH_M / speed_m_per_s + _CLEAR_S)
        return starts_at, speed_m_per_s

    def cross(
        self,
        door: str,
        direction: Literal["in", "out"],
        items: Sequence[Item],
        carrier: Carrier,
        speed_m_per_s: float,
        *,
        sscc_hex: str = "",
    ) -> datetime:
        """Let a load start through a door now; returns when its middle passes the door line."""
        pallet = (sscc_hex,) if sscc_hex else ()
        materials = tuple(CARDBOARD for _ in pallet) + tuple(material_of(item.kind) for item in items)
        crossing = Crossing(
            pallet + tuple(item.epc.hex for item in items),
            door,
            direction,
            self.now,
            speed_m_per_s,
            _REACH_M,
            carrier=carrier,
            materials=materials,
            unreadable=frozenset(item.epc.hex for item in items if item.is_dead),
        )
        self.told.append(crossing)
        return self.now + timedelta(seconds=crossing.path.seconds[-1] / 2.0)

    def went_away(self, items: Iterable[Item]) -> None:
        """Remember what left, so that it can come back."""
        for item in items:
            self.away.setdefault(item.kind.sku, deque(maxlen=_AWAY_A_SKU)).append(item)


def material_of(kind: Kind) -> Material:
    """Return what a SKU is made of: one in twenty of metal, one of liquid, the others in cardboard."""
    return _MATERIALS.get((kind.hex_base >> 38) % _MATERIALS_OF, CARDBOARD)


def _contents(bin_: Bin, at: datetime) -> BinTruth:
    """Say what lies in a bin; the mass of one is the mean where kinds are mixed."""
    count = len(bin_.items)
    mean_kg = sum(item.kind.unit_mass_kg for item in bin_.items) / count if count else 0.0
    return BinTruth(at, bin_.id, count, mean_kg, count / bin_.capacity)
