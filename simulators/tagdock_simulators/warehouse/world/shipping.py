"""What goes out: carts are packed onto the pallets of each door, and trucks take the pallets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tagdock_simulators.doors import LOADED_FORKLIFT
from tagdock_simulators.warehouse.floor import OUTBOUND_DOORS
from tagdock_simulators.warehouse.world.dice import Dice
from tagdock_simulators.warehouse.world.house import House
from tagdock_simulators.warehouse.world.items import Item, Pallet
from tagdock_simulators.warehouse.world.records import Shipment

STAGING = "STAGING"
"""The floor before the outbound doors, where pallets are packed and wait."""


@dataclass(slots=True)
class _Stand:
    """A place on that floor: the pallet that the books have there, and the one that truly stands there."""

    booked: Pallet
    real: Pallet


class Shipping:
    """Packing and loading."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._dice = Dice(house.seed, "pallets")
        self._stands: dict[str, list[_Stand]] = {door: [] for door in OUTBOUND_DOORS}
        self._shipments = 0

    def pack(self, order: str, door: str, items: Sequence[Item], booked: Sequence[tuple[str, int]]) -> None:
        """Pack a cart onto the last pallet of a door, and onto new ones when it is full.

        What is booked goes along with its items; what was booked and is not there, with the last of them.
        """
        left = Counter(dict(booked))
        rest = list(items)
        while rest:
            stand = self._stand(door)
            room = self._house.settings.pallet_items - len(stand.real.items)
            part, rest = rest[:room], rest[room:]
            self._house.move(part, "packing", STAGING, STAGING, order, sscc=stand.real.epc.urn)
            stand.real.items += part
            here = Counter(item.kind.sku for item in part) & left
            self._book(order, stand, here)
            left -= here
        if left:
            self._book(order, self._stand(door), left)

    def _stand(self, door: str) -> _Stand:
        """Return the stand of a door that has room on its pallet."""
        stands = self._stands[door]
        if not stands or len(stands[-1].real.items) >= self._house.settings.pallet_items:
            pallet = self._house.tags.pallet()
            stands.append(_Stand(pallet, pallet))
        return stands[-1]

    @staticmethod
    def _book(order: str, stand: _Stand, items: Mapping[str, int]) -> None:
        for sku, count in items.items():
            stand.booked.booked[order, sku] = stand.booked.booked.get((order, sku), 0) + count

    def truck(self, door: str) -> None:
        """Load all pallets of a door onto its truck."""
        house = self._house
        stands, self._stands[door] = self._stands[door], []
        if not stands:
            return
        self._shipments += 1
        document = f"SHP-{self._shipments}"
        for place, stand in enumerate(stands):
            if house.goes_wrong("wrong-pallet"):
                self._mix_up(door, stand)
            begin, _ = house.forklifts.take(house.now, house.settings.load_s)
            starts_at, speed = house.reserve_door(door, begin, LOADED_FORKLIFT)
            is_last = place == len(stands) - 1
            house.agenda.put(starts_at, self._load, door, document, stand, speed, stands if is_last else ())

    def _load(self, door: str, document: str, stand: _Stand, speed_m_per_s: float, last_of: Sequence[_Stand]) -> None:
        house, pallet = self._house, stand.real
        passes_at = house.cross(door, "out", pallet.items, LOADED_FORKLIFT, speed_m_per_s, sscc_hex=pallet.epc.hex)
        house.agenda.put(passes_at, self._left, door, document, pallet, last_of)
        if pallet is not stand.booked:
            expected, epc = stand.booked.epc.urn, pallet.epc.urn
            should = f"{epc} leaves by {door} on {document}, where {expected} is expected"
            house.mistake("wrong-pallet", door, document, [epc, expected], should)

    def _left(self, door: str, document: str, pallet: Pallet, last_of: Sequence[_Stand]) -> None:
        house = self._house
        house.move(pallet.items, "shipping", door, None, document, sscc=pallet.epc.urn)
        house.went_away(pallet.items)
        if last_of:
            pallets = tuple(
                (stand.booked.epc.urn, tuple((*key, count) for key, count in stand.booked.booked.items()))
                for stand in last_of
            )
            house.told.append(Shipment(house.now, document, door, pallets))

    def _mix_up(self, door: str, stand: _Stand) -> None:
        """Swap a pallet with one that stands before another door, if there is one."""
        others = [each for other in OUTBOUND_DOORS if other != door for each in self._stands[other]]
        others = [each for each in others if each.real.items]
        if others and stand.real.items:
            mistaken = self._dice.choose(others)
            stand.real, mistaken.real = mistaken.real, stand.real
