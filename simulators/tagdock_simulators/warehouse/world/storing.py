"""Goods find their bins: put-away after receiving, and replenishment of the pick faces from reserve."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tagdock_simulators.warehouse.world.dice import Dice
from tagdock_simulators.warehouse.world.house import House
from tagdock_simulators.warehouse.world.items import Item, Kind
from tagdock_simulators.warehouse.world.stock import Bin

_NO_ROOM_WAIT = timedelta(hours=4)
_LOOKS = 30


class Storing:
    """Put-away and replenishment."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._dice = Dice(house.seed, "bins")
        self._asked: set[str] = set()
        self._tasks = 0

    def put_away(self, groups: Sequence[list[Item]], begin: datetime, document: str, each_s: float) -> None:
        """Store groups of one kind each, one after the other from a time on."""
        for place, group in enumerate(groups, start=1):
            self._house.agenda.put(begin + timedelta(seconds=place * each_s), self.store, group, document)

    def store(self, items: list[Item], document: str) -> None:
        """Store items of one kind where there is room; what finds none waits on the floor."""
        house, kind = self._house, items[0].kind
        for bin_, count in house.stock.room_for(kind, len(items)):
            group, items = items[:count], items[count:]
            real = self._other_bin(bin_, count) if house.goes_wrong("wrong-bin") else bin_
            house.move(group, "storing", real.id, real.id, document)
            house.book(bin_, kind.sku, count, document)
            house.on_floor[kind.sku] -= count
            if real is not bin_:
                house.mistake(
                    "wrong-bin",
                    real.id,
                    document,
                    [item.epc.urn for item in group],
                    f"{count} x {kind.sku} lie in bin {real.id}, not in {bin_.id} where they are booked",
                )
        if items:
            house.agenda.put(house.now + _NO_ROOM_WAIT, self.store, items, document)

    def watch(self, kind: Kind) -> None:
        """Have a pick face filled up when it runs low and there is something in reserve."""
        house = self._house
        face = house.stock.face(kind)
        if kind.sku in self._asked or face.booked[kind.sku] >= house.settings.replenish_below:
            return
        if house.stock.booked[kind.sku] <= face.booked[kind.sku]:
            return
        self._asked.add(kind.sku)
        self._tasks += 1
        document = f"REP-{self._tasks}"
        _, end = house.forklifts.take(house.now, house.settings.replenish_s)
        house.agenda.put(end, self._replenish, kind, document)

    def _replenish(self, kind: Kind, document: str) -> None:
        """Bring items from the oldest reserve bin to the pick face."""
        house = self._house
        self._asked.discard(kind.sku)
        face = house.stock.face(kind)
        for bin_ in list(house.stock.booked_in(kind))[1:]:
            items = bin_.first(kind.sku, min(face.room, bin_.booked[kind.sku]))
            if items:
                house.move(items, "storing", face.id, face.id, document)
                house.book(bin_, kind.sku, -len(items), document)
                house.book(face, kind.sku, len(items), document)
                return

    def _other_bin(self, bin_: Bin, count: int) -> Bin:
        """Choose another bin that has room."""
        ids = list(self._house.stock.bins)
        for _ in range(_LOOKS):
            other = self._house.stock.bins[self._dice.choose(ids)]
            if other is not bin_ and other.room >= count:
                return other
        return bin_


def by_kind(items: Sequence[Item]) -> list[list[Item]]:
    """Group items by kind, in the order of their first."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.kind.sku, []).append(item)
    return list(groups.values())
