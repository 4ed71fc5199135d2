"""A site whose floor is asked by itself: cartons come in, are put away, picked and packed as tasks say, and leave."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.desk import Counter, Desk
from tagdock_simulators.demo.errands import (
    FLOOR_RULE,
    TURNED_BACK,
    WAYS,
    Asked,
    Errand,
    ErrandDifference,
    errand_difference,
)
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.people import Bench
from tagdock_simulators.warehouse.loads import Carton
from tagdock_simulators.warehouse.orders import OrderLine

Say = Callable[[str], None]

_OPENED_WITHIN_S = 60.0
_ENDED_WITHIN_S = 120.0
"""Two of the minutes in which the cloud looks for what nobody told it."""
_DUE_IN = timedelta(minutes=45)
"""Well within the hour that the rule picks ahead."""
_LOOK_EVERY_S = 1.0


class FloorWork:
    """Rounds of cartons at the doors of one desk; what each has to ask for is drawn from no chance at all."""

    def __init__(self, desk: Desk, counter: Counter, bench: Bench, say: Say) -> None:
        self._desk = desk
        self._counter = counter
        self._client: CloudClient = counter.client
        self._bench = bench
        self._say = say
        self._numbers = count(1)
        self._errands: list[Errand] = []

    async def begin(self) -> None:
        """Switch the site's rule on: what comes in from now on asks for tasks."""
        await self._client.put_floor_rule(FLOOR_RULE)

    async def round(self, lines: Iterable[OrderLine]) -> None:
        """Let one carton of each kind come, ask for what it asks for, and leave; what went wrong is a difference."""
        try:
            await self._round([self._carton(line) for line, _ in zip(lines, WAYS, strict=False)])
        except DemoError as error:
            self._say(f"floor: {error}")

    async def judge(self) -> Asked:
        """Hold the tasks of all cartons against what they had to be."""
        found = [await self._difference(errand) for errand in self._errands]
        return Asked(self._counter.site, self._errands, [each for each in found if each is not None])

    async def _round(self, cartons: Sequence[Carton]) -> None:
        errands = [self._errand(carton, way) for carton, way in zip(cartons, WAYS, strict=False)]
        carton_of = {carton.epc.urn: carton for carton in cartons}
        rows = [{"epc": one.epc.urn, "sku": one.line.sku, "quantity": one.line.quantity} for one in cartons]
        await self._client.put_cartons(rows)  # known, and in no bin yet
        self._errands += errands
        self._bench.errands |= {key: each for each in errands for key in (each.epc, each.order)}
        await self._desk.carry(cartons, "in")
        await self._until(errands, {"put_away": "open done"}, _OPENED_WITHIN_S)
        await self._desk.carry([carton_of[each.epc] for each in errands if each.way is TURNED_BACK], "out")
        ordered = [each for each in errands if each.way.is_ordered]
        await self._until(ordered, {"put_away": "done"}, _OPENED_WITHIN_S)
        due_at = (datetime.now(UTC) + _DUE_IN).isoformat()
        site = self._counter.site
        papers = [{"site": site, "id": each.order, "due_at": due_at, "lines": [{"epc": each.epc}]} for each in ordered]
        await self._client.put_papers("/orders", papers)
        for each in ordered:
            ends = {"pick": "done", "pack": "done" if each.is_scanned("pack") else "open"}
            await self._until([each], ends, _OPENED_WITHIN_S)
            await self._desk.carry([carton_of[each.epc]], "out", each.order)
        await self._until(errands, None, _ENDED_WITHIN_S)

    def _carton(self, line: OrderLine) -> Carton:
        return self._counter.tagger.tag(replace(line, is_return=False))

    def _errand(self, carton: Carton, way: Any) -> Errand:
        order = f"{self._counter.run}-{self._counter.site}-F{next(self._numbers)}"
        return Errand(carton.epc.urn, self._counter.site, way, self._counter.bin_of[carton.line.sku], order)

    async def _tasks(self, errand: Errand) -> list[dict[str, Any]]:
        """Return the tasks that a carton asked for: of itself, and to pack its order."""
        own = await self._client.all("/tasks", site=errand.site, epc=errand.epc)
        packs = await self._client.all("/tasks", site=errand.site, order=errand.order, kind="pack")
        return [*(task for task in own if task["kind"] in ("put_away", "pick")), *packs]

    async def _difference(self, errand: Errand) -> ErrandDifference | None:
        return errand_difference(errand, await self._tasks(errand))

    async def _until(self, errands: Sequence[Errand], ends: dict[str, str] | None, within_s: float) -> None:
        """Wait until tasks stand as told by their kind, None: as they have to in the end; what is late goes on."""
        deadline = asyncio.get_running_loop().time() + within_s
        while asyncio.get_running_loop().time() < deadline:
            if all([await self._stands(errand, ends) for errand in errands]):
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _stands(self, errand: Errand, ends: dict[str, str] | None) -> bool:
        if ends is None:
            return await self._difference(errand) is None
        told = {task["kind"]: task["state"] for task in await self._tasks(errand)}
        return all(told.get(kind) in states.split() for kind, states in ends.items())
