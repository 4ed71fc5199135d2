"""Goods come back at several sites while the house ships: doors, people, and what is on record held against truth."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from tagdock_simulators.demo.cancelled import Cancelled, cancelled_lines
from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.desk import WAVE, Counter, Desk
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.fates import Returned, fates
from tagdock_simulators.demo.floorwork import FloorWork
from tagdock_simulators.demo.furnish import Warehouse
from tagdock_simulators.demo.house import Addresses, House
from tagdock_simulators.demo.people import STAFF, Bench, Person
from tagdock_simulators.demo.settings import SITE
from tagdock_simulators.demo.together import together
from tagdock_simulators.scenarios import Scenario
from tagdock_simulators.warehouse.floor import RETURN_DOORS, build_floor
from tagdock_simulators.warehouse.loads import Tagger
from tagdock_simulators.warehouse.orders import OrderLine

Say = Callable[[str], None]

_STAFF_OF = "demo-returns-"
_SHIFT = timedelta(hours=25)
"""Longer than any demo; a token that a killed demo left is of no use the day after."""


class AfterSales:
    """The returns of all sites; use it within a stack that closes what it opened."""

    def __init__(self, lines: Sequence[OrderLine], sites: Sequence[str], seed: int, say: Say) -> None:
        by_site: dict[str, list[Cancelled]] = {site: [] for site in sites}
        for site, cancelled in cancelled_lines(lines, sites):
            by_site[site].append(cancelled)
        self._cancelled = by_site
        self._seed = seed
        self._say = say
        self._desks: dict[str, Desk] = {}
        self._benches = {site: Bench() for site in sites}
        # Without trucks: where thousands of cartons come in, nobody could put them all away in time.
        self._floor_site = sites[-1] if len(sites) > 1 else None
        self._floor: FloorWork | None = None
        self._people: list[Person] = []
        self._tokens: list[str] = []

    async def prepare(
        self,
        stack: contextlib.AsyncExitStack,
        *,
        client: CloudClient,
        house: House,
        addresses: Addresses,
        token: str,
        warehouse: Warehouse,
        tagger: Tagger,
        scenario: Scenario,
    ) -> None:
        """Furnish the sites, start their gateways, and let people come. Raises DemoError."""
        now = datetime.now(UTC)
        run = f"RMA-{now:%y%m%d-%H%M%S}"
        await _let_go(client)
        stack.push_async_callback(self._go_home, client)
        for site, cancelled in self._cancelled.items():
            own = await stack.enter_async_context(CloudClient(addresses.console, token, site))
            bin_of = warehouse.bin_of
            if site != SITE:
                floor = build_floor(list(dict.fromkeys(one.line.sku for one in cancelled)), doors=RETURN_DOORS)
                await own.put_layout({**floor.layout, "name": f"Returns {site}"})
                bin_of = floor.bin_of
            counter = Counter(site, own, tagger, bin_of, scenario, self._seed, run)
            desk = Desk(counter, self._benches[site], fates(self._seed, site))
            self._desks[site] = await stack.enter_async_context(desk)
            if site == self._floor_site:
                self._floor = FloorWork(desk, counter, self._benches[site], self._say)
                await self._floor.begin()
            await self._hire(stack, own, site, addresses.console)
        desks = list(self._desks.values())
        for desk, other in zip(desks, [*desks[1:], desks[0]], strict=True):
            if desk is not other:
                desk.goes_on_to(other)
        await asyncio.gather(*(desk.open(house, addresses.broker) for desk in self._desks.values()))
        self._say(f"returns at {', '.join(self._desks)}: {len(self._people)} people, a gateway with two doors each")

    async def run(self, stop: asyncio.Event) -> None:
        """Let goods come back, wave after wave at each site, until `stop`; what has begun is brought to its end."""
        people = [person.work() for person in self._people]
        await together(_all([self._waves(site, stop) for site in self._desks]), *people)

    async def judge(self) -> Returned:
        """Hold all that came back against its truth."""
        comebacks = [one for desk in self._desks.values() for one in desk.comebacks]
        found = [await desk.differences(desk.comebacks) for desk in self._desks.values()]
        refusals = [refusal for bench in self._benches.values() for refusal in bench.refusals]
        asked = None if self._floor is None else await self._floor.judge()
        return Returned(tuple(self._desks), comebacks, [one for each in found for one in each], refusals, asked)

    async def _waves(self, site: str, stop: asyncio.Event) -> None:
        cancelled, desk = iter(self._cancelled[site]), self._desks[site]
        while not stop.is_set() and (wave := _some(cancelled)):
            asked = [self._floor.round(each.line for each in wave)] if self._floor and site == self._floor_site else []
            await asyncio.gather(self._wave(desk, wave), *asked)

    async def _wave(self, desk: Desk, wave: Sequence[Cancelled]) -> None:
        try:
            await desk.wave(wave)
        except DemoError as error:
            self._say(f"returns: {error}")

    async def _hire(self, stack: contextlib.AsyncExitStack, client: CloudClient, site: str, address: str) -> None:
        """Give each person a token of their role at their site."""
        now = datetime.now(UTC)
        for number, kind in enumerate(STAFF, start=1):
            name = f"{_STAFF_OF}{now:%y%m%d%H%M%S}-{site}-{kind.role}-{number}"
            until = (now + _SHIFT).isoformat()
            made = await client.tell("/tokens", name=name, role=kind.role, sites=[site], expires_at=until)
            own = await stack.enter_async_context(CloudClient(address, str(made["token"]), site))
            self._tokens.append(name)
            self._people.append(kind(own, site, self._benches[site]))

    async def _go_home(self, client: CloudClient) -> None:
        """Take the people's tokens out of force; who has none is not on duty."""
        with contextlib.suppress(DemoError, TimeoutError):
            async with asyncio.timeout(5.0):
                for name in self._tokens:
                    await client.revoke(name)


async def _let_go(client: CloudClient) -> None:
    """Take the tokens out of force that a demo left behind that was killed: its people would still be dealt work."""
    for token in await client.all("/tokens"):
        if token["name"].startswith(_STAFF_OF) and token["revoked_at"] is None:
            await client.revoke(token["name"])


def _some(cancelled: Iterator[Cancelled]) -> list[Cancelled]:
    return list(islice(cancelled, WAVE))


async def _all(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*works)
