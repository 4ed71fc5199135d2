"""A warehouse that works day after day, driven by its orders; time is simulated, all follows from the seed."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

from tagdock_simulators.warehouse.floor import OUTBOUND_DOORS
from tagdock_simulators.warehouse.orders import OrderLine
from tagdock_simulators.warehouse.world.agenda import Agenda
from tagdock_simulators.warehouse.world.counting import Counting
from tagdock_simulators.warehouse.world.dice import Dice
from tagdock_simulators.warehouse.world.house import House
from tagdock_simulators.warehouse.world.items import kinds_of
from tagdock_simulators.warehouse.world.picking import Picking
from tagdock_simulators.warehouse.world.receiving import Receiving, opening
from tagdock_simulators.warehouse.world.records import Record
from tagdock_simulators.warehouse.world.returning import Returning
from tagdock_simulators.warehouse.world.settings import Settings
from tagdock_simulators.warehouse.world.shipping import Shipping
from tagdock_simulators.warehouse.world.source import Source
from tagdock_simulators.warehouse.world.stock import Stock
from tagdock_simulators.warehouse.world.storing import Storing

_DAY = timedelta(days=1)
_REVIEW_H = 6
_TRUCKS_APART = timedelta(minutes=15)
_BUSY = 2.0
"""How many times the mean demand the crew is made for: the weeks before Christmas."""
_SHIFT_S = 8 * 3600.0


class World:
    """One house. `records` makes it work; `house` shows its state between records."""

    def __init__(self, source: Source, seed: int, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        kinds = kinds_of(source.products, settings.face_items)
        daily = {sku: source.items_a_day(kind, settings.items_a_line_at_most) for sku, kind in kinds.items()}
        settings = _staffed(settings, source.lines_a_day, sum(daily.values()))
        faces, reserve = source.bins(settings.reserve_bins_a_sku)
        agenda = Agenda(datetime.combine(source.first_day, datetime.min.time(), UTC))
        stock = Stock(faces, reserve, settings)
        self.house = House(seed, settings, kinds, stock, agenda)
        self._days = source.days
        self._storing = Storing(self.house)
        self._receiving = Receiving(self.house, self._storing, daily)
        self._shipping = Shipping(self.house)
        self._counting = Counting(self.house)
        self._returning = Returning(self.house, self._storing)
        self._picking = Picking(self.house, self._storing, self._receiving, self._shipping, self._counting)

    def records(self, days: int) -> Iterator[Record]:
        """Work for some days and tell what happens, in the order of time. What is under way then stays so."""
        house, agenda = self.house, self.house.agenda
        opening(house, self._receiving, Dice(house.seed, "opening"))
        until = agenda.now + days * _DAY
        agenda.put(agenda.now, self._day, until)
        while True:
            yield from house.told
            house.told.clear()
            if not agenda.step(until):
                return

    @property
    def unknown_returns(self) -> int:
        """Return how many lines of credit notes named nothing that the house remembered having shipped."""
        return self._returning.unknown_lines

    def _day(self, until: datetime) -> None:
        """Put down what a day brings: invoices, credit notes, the office's round, trucks."""
        house, today = self.house, self.house.now
        for (_, invoice), group in groupby(next(self._days), key=lambda line: (line.is_return, line.invoice)):
            self._invoice(invoice, list(group))
        if any(today.weekday() in hours.weekdays for hours in house.settings.shifts):
            house.agenda.put(today + timedelta(hours=_REVIEW_H), self._receiving.review)
            house.agenda.put(today + timedelta(hours=_REVIEW_H), self._counting.review)
            for hour in house.settings.trucks_at_h:
                for place, door in enumerate(OUTBOUND_DOORS):
                    at = today + timedelta(hours=hour) + place * _TRUCKS_APART
                    house.agenda.put(at, self._shipping.truck, door)
        if today + _DAY < until:
            house.agenda.put(today + _DAY, self._day, until)

    def _invoice(self, invoice: str, lines: list[OrderLine]) -> None:
        take = self._returning.announce if lines[0].is_return else self._picking.order
        self.house.agenda.put(lines[0].at.replace(tzinfo=UTC), take, invoice, lines)


def _staffed(settings: Settings, lines: float, items: float) -> Settings:
    """Hire as many people as the mean demand needs, and twice that for the weeks in which it doubles."""
    pick_s = lines * (settings.pick_line_s + settings.tour_s / 10.0) + items * settings.pick_item_s
    pick_s += settings.bins_counted_a_day * settings.count_bin_s
    lift_s = lines / 4.0 * (settings.put_away_s + settings.replenish_s)
    lift_s += items / settings.pallet_items * 2.0 * (settings.load_s + settings.unload_s)
    people = [max(1, math.ceil(_BUSY * work_s / (_SHIFT_S * len(settings.shifts)))) for work_s in (pick_s, lift_s)]
    return replace(settings, pickers=settings.pickers or people[0], forklifts=settings.forklifts or people[1])
