"""Stock counts: a few bins each day in turn, and first of all those where somebody missed something."""

from datetime import timedelta

from tagdock_simulators.warehouse.world.house import House
from tagdock_simulators.warehouse.world.records import Count
from tagdock_simulators.warehouse.world.stock import Bin


class Counting:
    """Counts bins, and sets the books right."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._order = list(house.stock.bins.values())
        self._next = 0
        self._soon: dict[str, Bin] = {}
        self._counts = 0

    def soon(self, bin_: Bin) -> None:
        """Have a bin counted the next time."""
        self._soon[bin_.id] = bin_

    def review(self) -> None:
        """Send somebody to count the bins of the day."""
        house, settings = self._house, self._house.settings
        bins, self._soon = dict(self._soon), {}
        for _ in range(min(settings.bins_counted_a_day, len(self._order))):
            bin_ = self._order[self._next % len(self._order)]
            self._next += 1
            bins[bin_.id] = bin_
        if not bins:
            return
        begin, _ = house.pickers.take(house.now, settings.count_bin_s * len(bins))
        for place, bin_ in enumerate(bins.values(), start=1):
            house.agenda.put(begin + timedelta(seconds=settings.count_bin_s * place), self._count, bin_)

    def _count(self, bin_: Bin) -> None:
        house = self._house
        self._counts += 1
        document = f"CNT-{self._counts}"
        counted, booked = bin_.counted(), dict(bin_.booked)
        house.told.append(
            Count(house.now, document, bin_.id, tuple(sorted(counted.items())), tuple(sorted(booked.items())))
        )
        for sku in sorted({*counted, *booked}):
            house.book(bin_, sku, counted[sku] - booked.get(sku, 0), document)
