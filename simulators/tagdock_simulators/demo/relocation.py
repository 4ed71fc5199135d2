"""The planner's part: a plan of some moves is asked for and approved, and its first moves are done and read."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tagdock_simulators.demo.beside import Moved
from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.furnish import Warehouse
from tagdock_simulators.demo.planning import ask, solved
from tagdock_simulators.demo.racks import ANTENNAS, Racks
from tagdock_simulators.demo.report import Plan
from tagdock_simulators.demo.settings import RACK_GATEWAY, SITE

MOVES = 40
"""What a crew moves in a quiet hour; the report's plan has no such bound."""
_MISSED_WITHIN_S = 15.0  # the cloud looks for silent gateways every ten seconds
_WATCHED_WITHIN_S = 30.0
_CONFIRMED_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.5


class Relocation:
    """One plan from the question to goods in their new bins. `moved` says how far it is."""

    def __init__(self, client: CloudClient, warehouse: Warehouse, racks: Racks) -> None:
        self.moved = Moved()
        self._client = client
        self._warehouse = warehouse
        self._racks = racks

    async def run(self, since: datetime, days: int, seed: int) -> Plan:
        """Have a plan made and approve it; meanwhile the racks' gateway is off, as antennas are hung elsewhere.

        Raises DemoError where the cloud or the gateway does not do its part.
        """
        plan_id = await ask(self._client, since, days, seed, at_most=MOVES)
        await self._racks.rest()
        plan = await solved(self._client, plan_id)
        await self._client.approve(plan_id)
        moves = await self._client.moves(plan_id)
        goods = first_moves(moves, ANTENNAS)
        self.moved = Moved(approved=len(moves))
        await self._await_alert(since)
        await self._racks.watch(list(goods))
        await self._until(self._are_watched, _WATCHED_WITHIN_S, "the racks' gateway has not connected")
        await self._carry(goods)
        await self._until(lambda: self._is_confirmed(plan_id), _CONFIRMED_WITHIN_S, "moves were not confirmed")
        return plan

    async def _await_alert(self, since: datetime) -> None:
        """Wait until the cloud has missed the gateway; where nobody looks after alerts, it goes on without."""
        deadline = asyncio.get_running_loop().time() + _MISSED_WITHIN_S
        asked = {"site": SITE, "kind": "gateway_stale", "originator": f"gateway/{RACK_GATEWAY}"}
        while asyncio.get_running_loop().time() < deadline:
            if await self._client.all("/alerts", since=since.isoformat(), **asked):
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _carry(self, goods: Mapping[str, str]) -> None:
        """Carry a carton of each SKU to its new bin, where an antenna reads it."""
        for bin_name, sku in goods.items():
            carton = self._warehouse.stock[sku]
            self.moved = self.moved.with_one(carton.epc.urn, bin_name)
            self._warehouse.bin_of[sku] = bin_name
            await self._racks.put(carton, bin_name)

    async def _are_watched(self) -> bool:
        return self._racks.is_watching

    async def _is_confirmed(self, plan_id: str) -> bool:
        done = len([move for move in await self._client.moves(plan_id) if move["decided_by"] == "reads"])
        self.moved = replace(self.moved, confirmed=done)
        return done >= len(self.moved.carried)

    async def _until(self, done: Callable[[], Awaitable[bool]], within_s: float, words: str) -> None:
        deadline = asyncio.get_running_loop().time() + within_s
        while not await done():
            if asyncio.get_running_loop().time() > deadline:
                raise DemoError(f"{words} within {within_s:.0f} s")
            await asyncio.sleep(_LOOK_EVERY_S)


def first_moves(moves: Sequence[Mapping[str, object]], at_most: int) -> dict[str, str]:
    """Choose moves that can be done at once, as goods by new bin; no two to one bin."""
    goods: dict[str, str] = {}
    for move in moves:
        if move["status"] == "open" and len(goods) < at_most:
            goods.setdefault(str(move["to_bin"]), str(move["sku"]))
    return goods
