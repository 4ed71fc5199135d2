"""Tell the cloud what stands in the warehouse before it moves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.warehouse.catalogue import Product, build_catalogue
from tagdock_simulators.warehouse.floor import Floor, build_floor, rearranged
from tagdock_simulators.warehouse.loads import Carton, Tagger
from tagdock_simulators.warehouse.orders import OrderLine

_ZONE = "ambient"
_BEARS = {"temperature_c_min": 10, "temperature_c_max": 25, "humidity_pct_min": 30, "humidity_pct_max": 70}
"""What boxed gifts bear: no frost, no heat, neither dry nor damp. Assumed."""
_WATCHED_SKUS = 12
"""So many of the fastest SKUs have a reorder point."""
_COVER_DAYS = (1, 1, 1, 4)
"""How long it takes until goods come, by turns: some suppliers are far away. Assumed."""
_BATTERY_LOW = {"kind": "environment", "name": "Battery low", "quantity": "battery_pct", "low": 15, "band": 3}


class Warehouse:
    """The goods and the floor of one demo, and the cloud that hears of them. `bin_of` says where a SKU is kept."""

    def __init__(self, client: CloudClient, products: dict[str, Product], floor: Floor) -> None:
        self.products = products
        self.bin_of = dict(floor.bin_of)
        self.stock: dict[str, Carton] = {}
        """A carton of each SKU that stands in its bin and is not for sale in this run."""
        self._client = client

    @classmethod
    async def furnish(
        cls,
        client: CloudClient,
        lines: Sequence[OrderLine],
        doors: Sequence[str],
        bin_of: Mapping[str, str] | None = None,
    ) -> "Warehouse":
        """Import the SKUs of all lines and a floor with a bin for each: the one of `bin_of` where they were moved."""
        products = build_catalogue(lines, await client.gtins())
        floor = build_floor(list(products), doors=doors)
        if bin_of is not None:
            floor = rearranged(floor, bin_of)
        await client.put_skus([product.upsert() for product in products.values()])
        await client.put_layout(floor.layout)
        return cls(client, products, floor)

    async def fill(self, lines: Sequence[OrderLine], tagger: Tagger) -> None:
        """Put a carton of each SKU into its bin, and say what the zone bears and what may not run out."""
        await self._client.put_zone(_ZONE, {"kind": "storage", "description": "Racks", **_BEARS})
        first = {line.sku: line for line in reversed(lines)}
        self.stock = {sku: tagger.tag(line) for sku, line in first.items()}
        await self._client.put_cartons([self._in_bin(carton) for carton in self.stock.values()])
        await self._client.add_rules((_BATTERY_LOW, *reorder_points(lines)))

    async def announce(self, cartons: Sequence[Carton]) -> None:
        """Register cartons: sold ones stand in their bins, returned ones are on their way."""
        if cartons:
            await self._client.put_cartons([self._registration(carton) for carton in cartons])

    def _registration(self, carton: Carton) -> dict[str, Any]:
        line = carton.line
        item = {"epc": carton.epc.urn, "sku": line.sku, "quantity": line.quantity}
        return item if line.is_return else {**item, "bin": self.bin_of[line.sku]}

    def _in_bin(self, carton: Carton) -> dict[str, Any]:
        line = carton.line
        return {"epc": carton.epc.urn, "sku": line.sku, "quantity": line.quantity, "bin": self.bin_of[line.sku]}


def reorder_points(lines: Sequence[OrderLine]) -> list[dict[str, Any]]:
    """Write a rule for each of the fastest SKUs: below what is sold of it until goods come, it has to be ordered."""
    sold = [line for line in lines if not line.is_return]
    days = max(1, len({line.at.date() for line in sold}))
    units: Counter[str] = Counter()
    for line in sold:
        units[line.sku] += line.quantity
    fastest = Counter(line.sku for line in sold).most_common(_WATCHED_SKUS)
    return [
        {"kind": "stock", "name": f"Reorder {sku}", "sku": sku, "low": low, "near": low * 2, "band": 1}
        for place, (sku, _) in enumerate(fastest)
        if (low := max(1, round(units[sku] / days * _COVER_DAYS[place % len(_COVER_DAYS)])))
    ]
