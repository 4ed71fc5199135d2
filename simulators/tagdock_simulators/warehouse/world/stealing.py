"""A person takes an item out of a bin and walks out through a door."""

from datetime import timedelta

from tagdock_simulators.doors import PERSON
from tagdock_simulators.warehouse.floor import DOORS
from tagdock_simulators.warehouse.world.dice import Dice
from tagdock_simulators.warehouse.world.house import House
from tagdock_simulators.warehouse.world.items import Item, Kind

HIDDEN = "HIDDEN"
"""Under a coat, between the bin and the door."""
_WITHIN_S = (300.0, 7200.0)


class Stealing:
    """Thefts, of goods that are being picked anyway."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._dice = Dice(house.seed, "thefts")

    def plan(self, kind: Kind) -> None:
        """Have one item of a kind stolen within the next hours."""
        at = self._house.now + timedelta(seconds=self._dice.between(*_WITHIN_S))
        starts_at, speed_m_per_s = self._house.reserve_door(door := self._dice.choose(DOORS), at, PERSON)
        self._house.agenda.put(starts_at, self._steal, kind, door, speed_m_per_s)

    def _steal(self, kind: Kind, door: str, speed_m_per_s: float) -> None:
        house = self._house
        face = house.stock.face(kind)
        items = face.first(kind.sku, 1)
        if not items:
            return
        house.move(items, "stolen", face.id, HIDDEN, "")
        passes_at = house.cross(door, "out", items, PERSON, speed_m_per_s)
        house.agenda.put(passes_at, self._gone, items, face.id, door)

    def _gone(self, items: list[Item], bin_: str, door: str) -> None:
        house = self._house
        house.move(items, "stolen", door, None, "")
        epcs = [item.epc.urn for item in items]
        should = f"1 x {items[0].kind.sku} leaves by {door} on no shipment, and is missing in bin {bin_}"
        house.mistake("stolen", door, "", epcs, should)
