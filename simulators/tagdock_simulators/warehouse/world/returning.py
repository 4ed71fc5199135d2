"""What comes back: announced by an RMA or by nobody, through an inbound door, in a cage."""

from collections.abc import Sequence
from datetime import timedelta

from tagdock_simulators.doors import CAGE
from tagdock_simulators.warehouse.floor import INBOUND_DOORS
from tagdock_simulators.warehouse.orders import OrderLine
from tagdock_simulators.warehouse.world.crew import begin_in
from tagdock_simulators.warehouse.world.dice import Dice
from tagdock_simulators.warehouse.world.house import House
from tagdock_simulators.warehouse.world.items import Item
from tagdock_simulators.warehouse.world.receiving import DELIVERIES
from tagdock_simulators.warehouse.world.records import ReturnNotice
from tagdock_simulators.warehouse.world.storing import Storing, by_kind

RETURNS = "RETURNS"
"""The desk where returns are inspected."""


class Returning:
    """Returns, of items that truly left before."""

    def __init__(self, house: House, storing: Storing) -> None:
        self._house = house
        self._storing = storing
        self._dice = Dice(house.seed, "returns")
        self.unknown_lines = 0
        """Lines of credit notes of which nothing had left that the house still remembers."""

    def announce(self, credit_note: str, lines: Sequence[OrderLine]) -> None:
        """Turn a credit note into an RMA (or into a surprise) and into the goods' arrival."""
        house = self._house
        items = [item for line in lines for item in self._found(line)]
        if not items:
            return
        days = self._dice.whole(*house.settings.return_days)
        midnight = house.now.replace(hour=0, minute=0, second=0, microsecond=0)
        hours = self._dice.between(DELIVERIES.from_h, DELIVERIES.to_h)
        arrives_at = begin_in(DELIVERIES, midnight + timedelta(days=days, hours=hours))
        door = self._dice.choose(INBOUND_DOORS)
        document = "" if house.goes_wrong("unannounced-return") else f"RMA-{credit_note}"
        if document:
            told = tuple((item.epc.urn, item.kind.sku) for item in items)
            house.told.append(ReturnNotice(house.now, document, door, arrives_at, told))
        house.agenda.put(arrives_at, self._come, items, door, document)

    def _found(self, line: OrderLine) -> list[Item]:
        house = self._house
        kind, away = house.kinds[line.sku], house.away.get(line.sku)
        count = min(kind.items(line.quantity, house.settings.items_a_line_at_most), len(away) if away else 0)
        self.unknown_lines += count == 0
        return [away.pop() for _ in range(count)] if away else []

    def _come(self, items: list[Item], door: str, document: str) -> None:
        begin, _ = self._house.pickers.take(self._house.now, self._house.settings.unload_s)
        starts_at, speed_m_per_s = self._house.reserve_door(door, begin, CAGE)
        self._house.agenda.put(starts_at, self._bring_in, items, door, document, speed_m_per_s)

    def _bring_in(self, items: list[Item], door: str, document: str, speed_m_per_s: float) -> None:
        passes_at = self._house.cross(door, "in", items, CAGE, speed_m_per_s)
        self._house.agenda.put(passes_at, self._received, items, door, document)

    def _received(self, items: list[Item], door: str, document: str) -> None:
        house, settings = self._house, self._house.settings
        house.move(items, "receiving", door, RETURNS, document)
        if not document:
            epcs = [item.epc.urn for item in items]
            house.mistake(
                "unannounced-return", door, "", epcs, f"{len(items)} items that left before come in by {door} on no RMA"
            )
        groups = by_kind(items)
        for group in groups:
            house.on_floor[group[0].kind.sku] += len(group)
        begin, _ = house.pickers.take(house.now, settings.inspect_s * len(groups))
        self._storing.put_away(groups, begin, document, settings.inspect_s)
