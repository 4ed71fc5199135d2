"""What a house has beside its doors: stock with reorder points, bin sensors, and a plan whose moves are done."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime

from tagdock_simulators.demo.beside import Moved
from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.furnish import Warehouse
from tagdock_simulators.demo.racks import Racks
from tagdock_simulators.demo.relocation import Relocation
from tagdock_simulators.demo.report import Plan
from tagdock_simulators.demo.yard import Yard
from tagdock_simulators.warehouse.loads import Tagger
from tagdock_simulators.warehouse.orders import OrderLine

Say = Callable[[str], None]


class Extras:
    """The warehouse behind the doors. `moved` says which goods a plan moved."""

    def __init__(self, client: CloudClient, warehouse: Warehouse, racks: Racks, say: Say, seed: int) -> None:
        self._warehouse = warehouse
        self._racks = racks
        self._say = say
        self._seed = seed
        self._relocation = Relocation(client, warehouse, racks)

    @property
    def moved(self) -> Moved:
        """Return how far the moves are."""
        return self._relocation.moved

    async def prepare(self, lines: Sequence[OrderLine], tagger: Tagger, yard: Yard) -> None:
        """Fill the bins, clear the doors of what an earlier run left there, have a batch refused, watch the racks."""
        await self._warehouse.fill(lines, tagger)
        await yard.clear()
        with contextlib.suppress(ConnectionError):  # then there is just none to look at
            await self._racks.tell_nonsense()
        await self._racks.watch()

    async def sensors(self) -> None:
        """Let the bins' sensors measure for as long as loads are played."""
        try:
            await self._racks.play()
        except ConnectionError as error:
            self._say(f"no bin sensors: {error}")

    async def relocate(self, since: datetime, days: int) -> Plan:
        """Have a plan made, approve it, and do its first moves. Raises DemoError."""
        return await self._relocation.run(since, days, self._seed)
