"""A plan of the past: asked for, solved, approved, and carried out to its last move, each confirmed by an event."""

import asyncio
from dataclasses import replace
from datetime import datetime

from tagdock_contract import Movement

from tagdock_simulators.demo.beside import Moved
from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.clock import PastClock
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.furnish import Warehouse
from tagdock_simulators.demo.planning import ask, solved
from tagdock_simulators.demo.relocation import MOVES, first_moves
from tagdock_simulators.demo.report import Plan
from tagdock_simulators.demo.wire import Wire, placed

_CONFIRMED_WITHIN_S = 45.0
_LOOK_EVERY_S = 0.2


class PastPlan:
    """One plan. `made` says what it is worth, `moved` how far it is; None: nobody has asked for it."""

    def __init__(self, client: CloudClient, warehouse: Warehouse, racks: Wire, clock: PastClock) -> None:
        self.made: Plan | None = None
        self.moved = Moved()
        self._client = client
        self._warehouse = warehouse
        self._racks = racks
        self._clock = clock

    async def follow(self, since: datetime, days: int, seed: int) -> Plan:
        """Have a plan made from the flow since a time, approve it, and carry it out. Raises DemoError."""
        plan_id = await ask(self._client, since, days, seed, at_most=MOVES)
        self.made = await solved(self._client, plan_id)
        await self._client.approve(plan_id)
        moves = await self._client.moves(plan_id)
        self.moved = Moved(approved=len(moves))
        deadline = asyncio.get_running_loop().time() + _CONFIRMED_WITHIN_S
        while any(move["decided_by"] != "reads" for move in moves):
            if asyncio.get_running_loop().time() > deadline:
                raise DemoError(f"moves of the past were not confirmed within {_CONFIRMED_WITHIN_S:.0f} s")
            carried = {bin_name for _, bin_name in self.moved.carried}
            goods = first_moves([move for move in moves if move["to_bin"] not in carried], len(moves))
            await self._racks.hand_over([self._carry(sku, bin_name) for bin_name, sku in goods.items()])
            await asyncio.sleep(_LOOK_EVERY_S)
            moves = await self._client.moves(plan_id)
            self.moved = replace(self.moved, confirmed=sum(move["decided_by"] == "reads" for move in moves))
        return self.made

    def _carry(self, sku: str, bin_name: str) -> Movement:
        """Carry a carton of a SKU to its new bin; return how the racks' gateway tells that."""
        epc = self._warehouse.stock[sku].epc
        self.moved = self.moved.with_one(epc.urn, bin_name)
        self._warehouse.bin_of[sku] = bin_name
        return placed(epc, bin_name, self._clock.now())
