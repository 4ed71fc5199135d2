"""Trucks come to the doors: what is on them is announced, and a door session is open while their loads pass."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Container, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from tagdock_simulators.demo.beside import TruckEnd
from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.furnish import Warehouse
from tagdock_simulators.demo.settings import SITE
from tagdock_simulators.demo.trucks import Dispatcher, Truck, papers
from tagdock_simulators.warehouse.floor import DOORS
from tagdock_simulators.warehouse.loads import Load

_NEXT_LOAD_S = 0.4
"""Between a load's leaving the field and the next one's coming."""
_ON_RECORD_WITHIN_S = 10.0
"""A session is closed once all that its truck brought is on record, but not later than this: 99 % take 4.7 s."""
_FREE_WITHIN_S = 15.0
"""A door is free for the next truck when the last one's session is closed; a cloud that is down holds none up for
longer."""
_LOOK_EVERY_S = 0.25
_CALLS_WAITING_AT_MOST = 32
_TELL = Callable[[str], None]


class Yard:
    """What stands at the doors. `ended` are the trucks that were unloaded or loaded to the end.

    `on_record` holds the EPCs of what passed a door and is on record.
    """

    def __init__(
        self,
        client: CloudClient,
        warehouse: Warehouse,
        dispatcher: Dispatcher,
        on_record: Container[str],
        say: _TELL,
    ) -> None:
        self.ended: list[Truck] = []
        self._client = client
        self._warehouse = warehouse
        self._dispatcher = dispatcher
        self._on_record = on_record
        self._say = say
        self._truck_of: dict[int, Truck] = {}
        self._calls: dict[str, asyncio.Queue[Callable[[], Awaitable[None]]]] = {
            door: asyncio.Queue(_CALLS_WAITING_AT_MOST) for door in DOORS
        }

    async def announce(self, loads: Sequence[Load]) -> None:
        """Register the cartons of loads, and tell the cloud what each truck brings or takes."""
        trucks, now = list(self._dispatcher.trucks(loads)), datetime.now(UTC)
        await self._warehouse.announce([carton for truck in trucks for carton in truck.cartons])
        await self._warehouse.announce([truck.left for truck in trucks if truck.left])
        await self._client.put_papers("/orders", papers(trucks, "outbound", SITE, now))
        await self._client.put_papers("/notices", papers(trucks, "inbound", SITE, now))
        self._truck_of |= {load.number: truck for truck in trucks for load in truck.loads}

    async def comes(self, load: Load) -> None:
        """Let a load come: with the first one of a truck, for which the door has to be free, its session begins."""
        truck = self._truck_of[load.number]
        if load is truck.loads[0]:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._calls[truck.door].join(), _FREE_WITHIN_S)
            self._later(truck.door, partial(self._open, truck, datetime.now(UTC)))

    def has_passed(self, load: Load) -> float:
        """Let a load have passed: with the last one of a truck its session ends. Returns seconds to the next load."""
        truck = self._truck_of.pop(load.number)
        if load is truck.loads[-1]:
            self.ended.append(truck)
            self._later(truck.door, partial(self._close, truck, datetime.now(UTC)))
        return _NEXT_LOAD_S

    async def attend(self) -> None:
        """Open and close sessions as trucks come and go; a cloud that does not answer holds up no truck."""
        await asyncio.gather(*(self._attend(queue) for queue in self._calls.values()))

    async def settle(self, within_s: float) -> None:
        """Wait until nothing is left to open or close."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(queue.join() for queue in self._calls.values())), within_s)

    async def sessions(self, since: datetime) -> list[TruckEnd]:
        """Hold what the cloud says of this run's ended trucks against what was on them."""
        return await truck_ends(self._client, self.ended, since)

    async def clear(self) -> None:
        """Close the sessions that an earlier run left open."""
        for row in await self._client.all("/sessions", site=SITE, state="open"):
            await self._client.close_session(row["session_id"], None)

    def _later(self, door: str, call: Callable[[], Awaitable[None]]) -> None:
        try:
            self._calls[door].put_nowait(call)
        except asyncio.QueueFull:
            self._say(f"no door session at {door}: the cloud has not answered for long")

    async def _attend(self, queue: asyncio.Queue[Callable[[], Awaitable[None]]]) -> None:
        while True:
            call = await queue.get()
            try:
                await call()
            except DemoError as error:
                self._say(f"a door session: {error}")
            finally:
                queue.task_done()

    async def _open(self, truck: Truck, at: datetime) -> None:
        """Open its session; where the cloud took long, the goods have opened it by themselves meanwhile."""
        try:
            await self._client.open_session(truck.door, truck.kind, truck.name, at)
        except DemoError:
            if not await self._client.all("/sessions", site=SITE, order=truck.name):
                raise

    async def _close(self, truck: Truck, until_at: datetime) -> None:
        """Close its session once what passed is on record: nobody is told of differences that are only late."""
        deadline = until_at + timedelta(seconds=_ON_RECORD_WITHIN_S)
        while datetime.now(UTC) < deadline and any(one.epc.urn not in self._on_record for one in truck.cartons):
            await asyncio.sleep(_LOOK_EVERY_S)
        for row in await self._client.all("/sessions", site=SITE, order=truck.name, state="open"):
            await self._client.close_session(row["session_id"], until_at)


async def truck_ends(client: CloudClient, trucks: Sequence[Truck], since: datetime) -> list[TruckEnd]:
    """Hold what the cloud says of trucks that came since a time against what was on them."""
    told = {row["order_id"]: row for row in await client.sessions(since) if row["state"] != "open"}
    ends = []
    for truck in trucks:
        row = told.get(truck.name)
        said = (row["units_missing"], row["items_unexpected"] + row["items_wrong_door"]) if row else None
        ends.append(TruckEnd(truck.name, truck.differences, said))
    return ends
