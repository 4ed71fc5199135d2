"""Tell the cloud what stands in the warehouse before it moves."""

from collections.abc import Sequence
from typing import Any

from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.warehouse.catalogue import Product, build_catalogue
from tagdock_simulators.warehouse.floor import Floor, build_floor
from tagdock_simulators.warehouse.loads import Carton, Load
from tagdock_simulators.warehouse.orders import OrderLine


class Warehouse:
    """The goods and the floor of one demo, and the cloud that hears of them."""

    def __init__(self, client: CloudClient, products: dict[str, Product], floor: Floor) -> None:
        self.products = products
        self._client = client
        self._floor = floor

    @classmethod
    async def furnish(cls, client: CloudClient, lines: Sequence[OrderLine]) -> "Warehouse":
        """Import the SKUs of all lines and a floor with a bin for each."""
        products = build_catalogue(lines, await client.gtins())
        floor = build_floor(list(products))
        await client.put_skus([product.upsert() for product in products.values()])
        await client.put_layout(floor.layout)
        return cls(client, products, floor)

    async def announce(self, loads: Sequence[Load]) -> None:
        """Register the cartons of loads: sold ones stand in their bins, returned ones are on their way."""
        await self._client.put_cartons([self._registration(carton) for load in loads for carton in load.cartons])

    def _registration(self, carton: Carton) -> dict[str, Any]:
        line = carton.line
        item = {"epc": carton.epc.urn, "sku": line.sku, "quantity": line.quantity}
        return item if line.is_return else {**item, "bin": self._floor.bin_of[line.sku]}
