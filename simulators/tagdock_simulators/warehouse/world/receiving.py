"""What comes in: the office orders before stock runs out; pallets are announced, arrive and are stored."""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from zlib import crc32

from tagdock_simulators.doors import LOADED_FORKLIFT
from tagdock_simulators.warehouse.floor import INBOUND_DOORS
from tagdock_simulators.warehouse.world.crew import begin_in
from tagdock_simulators.warehouse.world.dice import Dice
from tagdock_simulators.warehouse.world.house import House
from tagdock_simulators.warehouse.world.items import Item, Kind, Pallet
from tagdock_simulators.warehouse.world.records import Notice
from tagdock_simulators.warehouse.world.settings import Hours
from tagdock_simulators.warehouse.world.storing import Storing, by_kind

RECEIVING = "RECEIVING"
"""The floor behind the inbound doors."""
_SUPPLIERS = 24
_SMOOTHING = 0.05
"""The share of the last day in the forecast of the next: a memory of some weeks."""
_NOTICE_H = (2.0, 18.0)
DELIVERIES = Hours(7, 13)


class Receiving:
    """Buying and receiving. `daily` is the forecast of items a day by SKU, which follows what is ordered."""

    def __init__(self, house: House, storing: Storing, daily: Mapping[str, float]) -> None:
        self._house = house
        self._storing = storing
        self._daily = dict(daily)
        self._wanted: Counter[str] = Counter()
        self._on_order: Counter[str] = Counter()
        self._dice = Dice(house.seed, "suppliers")
        self._notices = 0

    def wants(self, kind: Kind, items: int) -> None:
        """Note what customers want today, whether it is in stock or not."""
        self._wanted[kind.sku] += items

    def up_to(self, sku: str) -> int:
        """Return the stock that buying fills up to."""
        settings = self._house.settings
        daily = self._daily[sku]
        wanted = daily * (settings.lead_days[1] + settings.safety_days + settings.cover_days)
        return min(math.ceil(wanted + 2.0 * math.sqrt(wanted)) + 2, settings.face_items + 3 * settings.reserve_items)

    def review(self) -> None:
        """Order what runs low, from each supplier one delivery."""
        house, settings = self._house, self._house.settings
        for sku in self._daily:
            self._daily[sku] += _SMOOTHING * (self._wanted[sku] - self._daily[sku])
        self._wanted.clear()
        baskets: dict[int, list[tuple[Kind, int]]] = {}
        for sku, kind in house.kinds.items():
            position = house.stock.booked[sku] + house.on_floor[sku] + self._on_order[sku] - house.allocated[sku]
            enough = self._daily[sku] * (settings.lead_days[1] + settings.safety_days)
            if position <= enough + math.sqrt(enough):
                count = self.up_to(sku) - position
                self._on_order[sku] += count
                baskets.setdefault(crc32(sku.encode()) % _SUPPLIERS, []).append((kind, count))
        for basket in baskets.values():
            self._order(basket)

    def _order(self, basket: list[tuple[Kind, int]]) -> None:
        house = self._house
        days = self._dice.whole(*house.settings.lead_days)
        midnight = house.now.replace(hour=0, minute=0, second=0, microsecond=0)
        arrives_at = begin_in(
            DELIVERIES, midnight + timedelta(days=days, hours=self._dice.between(DELIVERIES.from_h, DELIVERIES.to_h))
        )
        told_at = max(house.now, arrives_at - timedelta(hours=self._dice.between(*_NOTICE_H)))
        house.agenda.put(told_at, self._announce, basket, arrives_at)

    def _announce(self, basket: list[tuple[Kind, int]], arrives_at: datetime) -> None:
        """Pack a supplier's pallets and send the advance notice."""
        house = self._house
        items = [house.tags.item(kind, house.goes_wrong("dead-tag")) for kind, count in basket for _ in range(count)]
        size = house.settings.pallet_items
        pallets = [house.tags.pallet() for _ in range(0, len(items), size)]
        for place, pallet in enumerate(pallets):
            pallet.items = items[place * size : (place + 1) * size]
        self._notices += 1
        notice = Notice(
            house.now,
            f"ASN-{self._notices}",
            INBOUND_DOORS[self._notices % len(INBOUND_DOORS)],
            arrives_at,
            tuple((p.epc.urn, tuple((item.epc.urn, item.kind.sku) for item in p.items)) for p in pallets),
        )
        house.told.append(notice)
        house.agenda.put(arrives_at, self._unload, notice.id, notice.door, pallets)

    def _unload(self, document: str, door: str, pallets: list[Pallet]) -> None:
        for pallet in pallets:
            begin, _ = self._house.forklifts.take(self._house.now, self._house.settings.unload_s)
            starts_at, speed = self._house.reserve_door(door, begin, LOADED_FORKLIFT)
            self._house.agenda.put(starts_at, self._bring_in, document, door, pallet, speed)

    def _bring_in(self, document: str, door: str, pallet: Pallet, speed_m_per_s: float) -> None:
        house = self._house
        dead = [item.epc.urn for item in pallet.items if item.is_dead]
        passes_at = house.cross(door, "in", pallet.items, LOADED_FORKLIFT, speed_m_per_s, sscc_hex=pallet.epc.hex)
        if dead:
            should = f"{len(pallet.items)} items are announced on {pallet.epc.urn}, {len(dead)} of them do not answer"
            house.mistake("dead-tag", door, document, dead, should)
        house.agenda.put(passes_at, self._received, document, door, pallet)

    def _received(self, document: str, door: str, pallet: Pallet) -> None:
        house, settings = self._house, self._house.settings
        house.move(pallet.items, "receiving", door, RECEIVING, document, sscc=pallet.epc.urn)
        groups = by_kind(pallet.items)
        begin, _ = house.forklifts.take(house.now, settings.put_away_s * len(groups))
        self._storing.put_away(groups, begin, document, settings.put_away_s)
        for group in groups:
            self._on_order[group[0].kind.sku] -= len(group)
            house.on_floor[group[0].kind.sku] += len(group)


def opening(house: House, receiving: Receiving, dice: Dice) -> None:
    """Fill the bins of a house that has worked before: between half and all of what buying fills up to."""
    for sku, kind in house.kinds.items():
        top = receiving.up_to(sku)
        items: list[Item] = [house.tags.item(kind) for _ in range(dice.whole((top + 1) // 2, top))]
        for bin_, count in house.stock.room_for(kind, len(items)):
            house.move(items[:count], "stock_taking", bin_.id, bin_.id, "OPENING")
            house.book(bin_, sku, count, "OPENING")
            items = items[count:]
