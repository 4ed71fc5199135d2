"""What happened in a world, in a few numbers."""

from collections import Counter
from typing import Any

from tagdock_simulators.doors import Crossing
from tagdock_simulators.warehouse.world.records import Count, Mistake, Moved, Order, Record, Shipment

COUNTED = (
    *("orders", "order_lines", "lines_cut", "pallets_received", "items_received", "returns", "items_returned"),
    *("shipments", "pallets_shipped", "items_shipped", "items_stolen", "bins_counted", "counts_off", "crossings"),
)


class Summary:
    """Counts records as they pass."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
        self.mistakes: Counter[str] = Counter()

    def see(self, record: Record) -> None:
        """Count one record."""
        counts = self.counts
        match record:
            case Moved():
                self._moved(record)
            case Order():
                counts["orders"] += 1
                counts["order_lines"] += len(record.lines)
                counts["lines_cut"] += len(record.not_in_stock)
            case Shipment():
                counts["shipments"] += 1
            case Count():
                counts["bins_counted"] += 1
                counts["counts_off"] += record.counted != record.booked
            case Mistake():
                self.mistakes[record.kind] += 1
            case Crossing():
                counts["crossings"] += 1
            case _:
                pass

    def told(self, days: int, items_in_house: int) -> dict[str, Any]:
        """Return the summary as it is written."""
        return {"days": days, **self.counts, "mistakes": dict(self.mistakes), "items_in_house": items_in_house}

    def _moved(self, moved: Moved) -> None:
        count = len(moved.items)
        match moved.step:
            case "receiving":
                what, load = ("items_received", "pallets_received") if moved.sscc else ("items_returned", "returns")
            case "shipping":
                what, load = "items_shipped", "pallets_shipped"
            case "stolen" if moved.place is None:
                what, load = "items_stolen", ""
            case _:
                return
        self.counts[what] += count
        if load:
            self.counts[load] += 1
