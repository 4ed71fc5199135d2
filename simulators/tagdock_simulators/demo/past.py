"""Weeks of the past: the shop's orders of those weeks, played through the wire while the cloud's clock shows them.

What crosses a door goes as a gateway's batches to the broker and is acked by the cloud; papers, door sessions, the plan
and its approval go through the interface. Nothing is written behind the service's back (decision 0123).
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from tagdock_contract import GatewayAddress

from tagdock_simulators.demo.beside import Moved, with_record
from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.clock import PastClock
from tagdock_simulators.demo.follow import Follower
from tagdock_simulators.demo.furnish import Warehouse
from tagdock_simulators.demo.history import Day, Visit, visits
from tagdock_simulators.demo.house import House
from tagdock_simulators.demo.pastplan import PastPlan
from tagdock_simulators.demo.report import Passed, Plan, Played, Report, judge, plan_text
from tagdock_simulators.demo.settings import GATEWAY, RACK_GATEWAY, SITE
from tagdock_simulators.demo.together import all_of
from tagdock_simulators.demo.trucks import Dispatcher, Truck, papers
from tagdock_simulators.demo.wire import Wire, crossed
from tagdock_simulators.demo.yard import truck_ends
from tagdock_simulators.mqtt.broker import broker_at
from tagdock_simulators.warehouse.loads import Tagger, pack_loads
from tagdock_simulators.warehouse.orders import OrderLine

Say = Callable[[str], None]

TOKEN = "demo-past"  # noqa: S105  # a name: whoever finds it in the audit or at a plan knows what they look at

_CARTONS_A_LOAD = (40, 60)
_LOADS_A_DAY = 24
"""Loads are as small as a day's lines allow: a small shop's day, too, has several trucks."""
_TRUCKS_A_CALL = 200
_PLAN_AFTER = 0.4  # of the days: fewer make no flow that is worth a plan, more leave no weeks to measure it in
_TELL_EVERY_DAYS = 5
_LOOKED_EVERY = timedelta(days=3)
"""So often a past day waits until the cloud has looked after alerts: all its looks pass while a clock goes by weeks."""
_LOOKED_WITHIN_S = 12.0  # it looks for exits without an order every five seconds
_LOOK_EVERY_S = 0.25
_BINS_COUNTED = 4


@dataclass(frozen=True, slots=True)
class Lived:
    """What the past left: where SKUs are kept since, and the truth that the record is held against at the end."""

    begin: datetime
    until: datetime
    days: int
    seconds: float
    bin_of: dict[str, str]
    passed: Sequence[Passed]
    trucks: Sequence[Truck]
    moved: Moved
    plan: Plan | None

    async def judge(self, client: CloudClient) -> Report:
        """Hold the record of these weeks against their truth."""
        follower = Follower(client, self.begin, self.until)
        await follower.look_at_all()
        played = Played(
            seconds=self.seconds,
            order_lines=len(self.passed),
            days=self.days,
            loads=len(self.trucks),
            unusable_lines={},
            plan=self.plan,
            trucks=tuple(await truck_ends(client, self.trucks, self.begin)),
            moved=with_record(self.moved, follower.placed.values()),
        )
        return judge(self.passed, follower.stored, [], played)


class Past:
    """Plays days that are over, one after the other, to a cloud that takes each for today."""

    def __init__(
        self, client: CloudClient, warehouse: Warehouse, wires: tuple[Wire, Wire], clock: PastClock, tagger: Tagger
    ) -> None:
        """Take what plays; `wires` are the gateways of the doors and of the racks."""
        self.passed: list[Passed] = []
        self.trucks: list[Truck] = []
        self._client = client
        self._warehouse = warehouse
        self._dock, self._wires = wires[0], wires
        self._clock = clock
        self._tagger = tagger
        self._dispatcher = Dispatcher(tagger, clock.now())
        self._stays: list[Visit] = []
        self._counted = 0
        self._left_in: set[str] = set()
        self._looked_at = datetime.min.replace(tzinfo=UTC)

    async def prepare(self, day: Day) -> None:
        """Register the cartons of a day on the evening before, and tell the cloud what each truck brings or takes."""
        least, most = _CARTONS_A_LOAD
        loads = pack_loads(day.lines, self._tagger, min(most, max(least, len(day.lines) // _LOADS_A_DAY)))
        self._stays = visits([truck for load in loads for truck in self._dispatcher.trucks([load])], day.on)
        trucks = [stay.truck for stay in self._stays]
        evening = max(stay.closed_at for stay in self._stays)  # what passed is told then, and is in time
        for start in range(0, len(trucks), _TRUCKS_A_CALL):
            some = trucks[start : start + _TRUCKS_A_CALL]
            await self._warehouse.announce([carton for truck in some for carton in truck.cartons])
            left = [truck.left for truck in some if truck.left]
            await self._warehouse.announce(left)
            self._left_in |= {self._warehouse.bin_of[carton.line.sku] for carton in left}
            await self._client.put_papers("/orders", papers(some, "outbound", SITE, evening))
            await self._client.put_papers("/notices", papers(some, "inbound", SITE, evening))

    async def play(self) -> None:
        """Play the day that was prepared: on its evening the gateways hand over what has passed the doors."""
        self._clock.show(max(stay.closed_at for stay in self._stays))
        for wire in self._wires:
            wire.report()
        doors = dict.fromkeys(stay.truck.door for stay in self._stays)
        await all_of(*(self._pass([stay for stay in self._stays if stay.truck.door == door]) for door in doors))
        at = self._stays[0].opened_at
        if at >= self._looked_at + _LOOKED_EVERY and any(stay.truck.stray for stay in self._stays):
            self._looked_at = at
            await self._await_alert(at)
            await self._count()

    async def _await_alert(self, at: datetime) -> None:
        """Wait until the cloud has missed the order of a carton since a time; where nobody looks after that, go on."""
        deadline = asyncio.get_running_loop().time() + _LOOKED_WITHIN_S
        while asyncio.get_running_loop().time() < deadline:
            if await self._client.all("/alerts", site=SITE, kind="unordered_exit", since=at.isoformat()):
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _count(self) -> None:
        """Let somebody read the tags in some bins that hold one carton and nothing that was left behind."""
        stock, bin_of = self._warehouse.stock, self._warehouse.bin_of
        bins = [(bin_of[sku], carton.epc.urn) for sku, carton in stock.items() if bin_of[sku] not in self._left_in]
        for bin_name, epc in bins[self._counted :][:_BINS_COUNTED]:
            asked = await self._client.tell("/counts", site=SITE, bin=bin_name, why="played as history")
            await self._client.tell(f"/counts/{asked['count_id']}/result", epcs=[epc])
        self._counted += _BINS_COUNTED

    async def _pass(self, stays: Sequence[Visit]) -> None:
        """Let the trucks of one door come and go, one after the other."""
        for stay in stays:
            truck = stay.truck
            session = await self._client.open_session(truck.door, truck.kind, truck.name, stay.opened_at)
            for carton, at in stay.crossings:
                self.passed.append(Passed(carton.epc.urn, truck.door, truck.direction, at, at, at))
            told = [crossed(carton.epc, truck.door, truck.direction, at) for carton, at in stay.crossings]
            await self._dock.hand_over(told)
            await self._client.close_session(session, stay.closed_at)
            self.trucks.append(truck)


async def live_past(
    house: House,
    clock: PastClock,
    days: Sequence[Day],
    lines: Sequence[OrderLine],
    doors: Sequence[str],
    *,
    seed: int,
    say: Say,
) -> Lived:
    """Start a cloud that goes by the clock, play the days, and stop it. `lines`: all whose SKUs stand on the floor.

    Raises DemoError where the cloud does not do its part.
    """
    begun_s = asyncio.get_running_loop().time()
    clock.show(datetime.combine(days[0].on, time(), UTC))
    begin = clock.now()
    addresses = await house.start_cloud(clock.environment)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(house.stop_cloud)
        started_at = datetime.now(UTC)
        token = await house.add_token(addresses.database, started_at, TOKEN)
        client = await stack.enter_async_context(CloudClient(addresses.console, token, SITE))
        clock.check(max(datetime.fromisoformat(row["created_at"]) for row in await client.all("/tokens")))
        await house.start_slotting(addresses.database)
        stack.push_async_callback(house.stop_slotting)
        names, broker = (GATEWAY, RACK_GATEWAY), broker_at(addresses.broker)
        wires = [Wire(GatewayAddress(SITE, name), broker, clock.now) for name in names]
        dock, racks = [await stack.enter_async_context(wire) for wire in wires]
        warehouse = await Warehouse.furnish(client, lines, doors)
        tagger = Tagger(warehouse.products, begin)
        await warehouse.fill(lines, tagger)
        past = Past(client, warehouse, (dock, racks), clock, tagger)
        plan = PastPlan(client, warehouse, racks, clock)
        for number, day in enumerate(days, start=1):
            await past.prepare(day)
            await past.play()
            if number == math.ceil(len(days) * _PLAN_AFTER):
                made = await plan.follow(begin, number, seed)
                say(f"past: a plan approved on {day.on} and carried out: {plan_text(made)}")
            if number % _TELL_EVERY_DAYS == 0 or day is days[-1]:
                say(f"past: until {day.on}, {len(past.passed):,} cartons on record")
        await house.revoke_token(addresses.database, started_at, TOKEN)
    return Lived(
        begin=begin,
        until=datetime.combine(days[-1].on + timedelta(days=1), time(), UTC),
        days=len(days),
        seconds=asyncio.get_running_loop().time() - begun_s,
        bin_of=warehouse.bin_of,
        passed=past.passed,
        trucks=past.trucks,
        moved=plan.moved,
        plan=plan.made,
    )
