"""The returns of one site: its own gateway at two doors, parcels that leave and come back, and how each stands."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import TracebackType
from typing import Any, Self

from tagdock_simulators.demo.cancelled import Cancelled
from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.fates import DECK, KEPT, UNDELIVERED, Comeback, Difference, Fate, difference, standing
from tagdock_simulators.demo.house import House
from tagdock_simulators.demo.people import Bench
from tagdock_simulators.demo.play import Player
from tagdock_simulators.demo.stage import Stage
from tagdock_simulators.gateway_config import gateway_toml
from tagdock_simulators.scenarios import Scenario
from tagdock_simulators.warehouse.floor import RETURN_DOORS, RETURNS_DOOR, SENDING_DOOR
from tagdock_simulators.warehouse.loads import Carton, Direction, Load, Tagger

GATEWAY = "returns"
WAVE = len(DECK)
"""So many items come back together: one of each kind at least."""
_WATCHED_WITHIN_S = 45.0
_ON_RECORD_WITHIN_S = 45.0
_SETTLED_WITHIN_S = 10.0 * WAVE
_SPARES = 3
"""Units in a carton of parts: what a repair takes is told from what it leaves."""
_KEEPS_OF_EACH = 2
"""With each carton that comes back so many more of the same goods leave, and stay with their customers. Assumed: three
in ten units come back, as of clothes that are bought unseen."""
_DUE_IN = timedelta(hours=4)
"""Later than any floor picks ahead by itself: these parcels are packed when they are ordered."""
_WRITES_EVERY = 4
"""Of so many customers one writes or calls."""
_LOOK_EVERY_S = 1.0
_NEXT_LOAD_S = 0.2


@dataclass(frozen=True, slots=True)
class Counter:
    """What a site's returns have to do with: the site, how its doors stand, and the means to reach the cloud."""

    site: str
    client: CloudClient
    tagger: Tagger
    bin_of: dict[str, str]
    scenario: Scenario
    seed: int
    run: str
    """The names of its cases begin so; no other run's do."""


class Desk:
    """Returns of one site; use it as a context. `comebacks` are the items whose truth has to be on record."""

    def __init__(self, counter: Counter, bench: Bench, fates: Iterator[tuple[Fate, bool]]) -> None:
        self.comebacks: list[Comeback] = []
        self._counter = counter
        self._client = counter.client
        self._bench = bench
        self._fates = fates
        self._cartons: dict[str, Carton] = {}
        self._sent_on: set[str] = set()
        self._numbers = count(1)
        self._lock = asyncio.Lock()
        self._next: Desk | None = None
        own = replace(counter.scenario, doors=len(RETURN_DOORS)).geometry()
        self._doors = [
            replace(door, door=name, reader=f"returns-{name}") for door, name in zip(own, RETURN_DOORS, strict=True)
        ]
        self._stage = Stage(self._doors)

    @property
    def site(self) -> str:
        """Whose returns these are."""
        return self._counter.site

    async def __aenter__(self) -> Self:
        await self._stage.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stage.__aexit__(kind, error, trace)

    async def open(self, house: House, broker: str) -> None:
        """Start the gateway, and wait until it has both readers."""
        site = self._counter.site
        toml = gateway_toml(site, GATEWAY, broker, self._doors, self._stage.ports)
        await house.start_gateway(toml, f"{GATEWAY}-{site}")
        if not await self._until(self._is_watched, _WATCHED_WITHIN_S):
            raise DemoError(f"{site}: its gateway has not connected to its readers within {_WATCHED_WITHIN_S:.0f} s")

    def goes_on_to(self, other: "Desk") -> None:
        """Say to which site's desk goods are sent on; without one all of them stay."""
        self._next = other

    async def receive(self, transfer: str, carton: Carton) -> None:
        """Take in what another site sent."""
        await self.carry([carton], "in", transfer)

    async def carry(self, cartons: Sequence[Carton], direction: Direction, paper: str | None = None) -> None:
        """Let goods pass a door, in a session of a transfer or an order, or in none, and wait until that is on record.

        What is not there in time, as after a kill, holds nothing else up: what never gets there is a difference later.
        """
        if not cartons:
            return
        async with self._lock:  # a site's doors take one load after the other
            door = SENDING_DOOR if direction == "out" else RETURNS_DOOR
            if paper is None:
                await self._play(cartons, direction, door)
                return
            kind = "outbound" if direction == "out" else "inbound"
            asked = {"door": door, "kind": kind, "order": paper}
            session = await self._client.tell("/sessions", site=self.site, **asked)
            try:
                await self._play(cartons, direction, door)
            finally:
                await self._client.close_session(session["session_id"], None)

    async def wave(self, cancelled: Sequence[Cancelled]) -> None:
        """Let goods leave, come back, and be dealt with, until each stands where it has to or it took too long."""
        goods = [self._sell(each) for each in cancelled]
        leaving = [*(carton for carton, _ in goods), *self._kept_by_customers(cancelled)]
        items = [
            {"epc": carton.epc.urn, "sku": carton.line.sku, "quantity": carton.line.quantity}
            | {"bin": self._counter.bin_of[carton.line.sku]}
            for carton in leaving
        ]
        await self._client.put_cartons([*items, *self._spares([comeback for _, comeback in goods])])
        await self.carry(leaving, "out", await self._order(leaving))
        for (_, comeback), each in zip(goods, cancelled, strict=True):
            if comeback.is_announced:
                await self._announce(comeback, each)
        self._bench.goods |= {comeback.epc: comeback for _, comeback in goods}
        for _, comeback in goods[::_WRITES_EVERY]:
            await self._hear_of(comeback)
        await self.carry([carton for carton, comeback in goods if comeback.fate is not KEPT], "in")
        await self._settle([comeback for _, comeback in goods])

    async def differences(self, comebacks: Sequence[Comeback]) -> list[Difference]:
        """Hold items against their truth."""
        lives, found = await self._lives(), []
        for comeback in comebacks:
            cases = await self._client.all("/returns", site=self._counter.site, epc=comeback.epc)
            case = await self._client.told(f"/returns/{cases[0]['case_ref']}") if cases else None
            parts = await self._parts(comeback)
            found.append(difference(comeback, standing(lives.get(comeback.epc), case, comeback.epc, parts)))
        return [each for each in found if each is not None]

    async def _parts(self, comeback: Comeback) -> int:
        """Return how many units the carton of parts lacks."""
        if comeback.spare is None:
            return 0
        left: int = (await self._client.told(f"/items/{comeback.spare}"))["quantity"]
        return _SPARES - left

    async def _lives(self) -> dict[str, dict[str, Any]]:
        """Return the lives of this site, and of the one that goods go on to."""
        sites = [self._counter.site, *([self._next.site] if self._next else [])]
        return {row["epc"]: row for site in sites for row in await self._client.all("/lives", site=site)}

    async def _is_settled(self, comebacks: Sequence[Comeback]) -> bool:
        """Tell whether all stand where they have to; their cases are asked for only when their lives are right."""
        lives = await self._lives()
        told = ((one, lives.get(one.epc)) for one in comebacks)
        if any((life and life["state"]) != one.expected.state for one, life in told):
            return False
        return not await self.differences(comebacks)

    def _sell(self, cancelled: Cancelled) -> tuple[Carton, Comeback]:
        """Tag the goods of a cancelled line as they leave, and draw what will be true of them."""
        carton = self._counter.tagger.tag(replace(cancelled.line, is_return=False))
        fate, is_announced = next(self._fates)
        goal = self._next.site if self._next and fate.moves else None
        spare = self._counter.tagger.tag(replace(carton.line, quantity=_SPARES)) if fate.parts else None
        comeback = Comeback(
            carton.epc.urn, self._counter.site, fate, is_announced, goal, spare.epc.urn if spare else None
        )
        self._cartons |= {each.epc.urn: each for each in (carton, spare) if each}
        self.comebacks.append(comeback)
        return carton, comeback

    def _kept_by_customers(self, cancelled: Sequence[Cancelled]) -> list[Carton]:
        """Tag the goods that leave with them and that nobody sends back."""
        lines = [replace(each.line, is_return=False) for each in cancelled]
        return [self._counter.tagger.tag(line) for line in lines for _ in range(_KEEPS_OF_EACH)]

    async def _order(self, cartons: Sequence[Carton]) -> str:
        """Enter the order by which these leave, and return its name."""
        counter = self._counter
        name = f"{counter.run}-{counter.site}-S{next(self._numbers)}"
        due_at = (datetime.now(UTC) + _DUE_IN).isoformat()
        lines = [{"epc": carton.epc.urn} for carton in cartons]
        await self._client.put_papers("/orders", [{"site": counter.site, "id": name, "due_at": due_at, "lines": lines}])
        return name

    def _spares(self, comebacks: Sequence[Comeback]) -> list[dict[str, Any]]:
        """Return the cartons of parts that repairs of these take from, as they lie in their bins."""
        cartons = [self._cartons[each.spare] for each in comebacks if each.spare is not None]
        return [
            {"epc": one.epc.urn, "sku": one.line.sku, "quantity": _SPARES, "bin": self._counter.bin_of[one.line.sku]}
            for one in cartons
        ]

    async def _send_on(self, comebacks: Sequence[Comeback], lives: dict[str, dict[str, Any]]) -> None:
        """Send what may be sold again on to the next site, by a transfer that the doors of both confirm."""
        if self._next is None:
            return
        sold = {epc for epc, life in lives.items() if life["is_sellable"]} - self._sent_on
        for one in (each for each in comebacks if each.goal is not None and each.epc in sold):
            self._sent_on.add(one.epc)
            carton = self._cartons[one.epc]
            name = f"{self._counter.run}-{self._counter.site}-T{next(self._numbers)}"
            lines = [{"sku": carton.line.sku, "quantity": carton.line.quantity}]
            await self._client.tell(
                "/transfers", id=name, start_site=self._counter.site, goal_site=one.goal, lines=lines
            )
            await self.carry([carton], "out", name)
            await self._next.receive(name, carton)

    async def _announce(self, comeback: Comeback, cancelled: Cancelled) -> None:
        """Apply for a return, as the shop's portal would; what a carrier could not deliver is sent again at once."""
        case = f"{self._counter.run}-{self._counter.site}-{next(self._numbers)}"
        await self._client.tell(
            "/returns",
            case=case,
            site=self._counter.site,
            kind=comeback.fate.kind,
            reason=comeback.fate.reason,
            note=f"cancelled by {cancelled.line.invoice}",
            order=cancelled.order,
            items=[{"epc": comeback.epc}],
            **({"carrier": "demo", "tracking": case} if comeback.fate is UNDELIVERED else {}),
        )
        if comeback.fate is UNDELIVERED:
            await self._client.tell(f"/returns/{case}/reship", order=f"{cancelled.order}-again")

    async def _hear_of(self, comeback: Comeback) -> None:
        """Take down that a customer complains of goods, or asks what becomes of them."""
        kind, channel = ("complaint", "mail") if comeback.is_announced else ("enquiry", "phone")
        about = {"class": comeback.fate.reason, "epc": comeback.epc, "text": "What becomes of it?"}
        await self._client.tell("/requests", site=self._counter.site, kind=kind, channel=channel, **about)

    async def _settle(self, comebacks: Sequence[Comeback]) -> None:
        """Wait until all stand where they have to; meanwhile what is packed for customers leaves."""
        deadline = asyncio.get_running_loop().time() + _SETTLED_WITHIN_S
        while asyncio.get_running_loop().time() < deadline:
            leaving, self._bench.to_send = list(self._bench.to_send), []
            if leaving:
                sent = [self._cartons[epc] for epc in leaving]
                await self.carry(sent, "out")
            await self._send_on(comebacks, await self._lives())
            if await self._is_settled(comebacks):
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _play(self, cartons: Sequence[Carton], direction: Direction, door: str) -> None:
        since, passed = datetime.now(UTC), asyncio.Event()
        load = Load(next(self._numbers), door, direction, tuple(cartons))
        counter = self._counter
        player = Player(counter.scenario, counter.seed, self._stage.readers, _Lane(passed.set), doors=self._doors)
        await player.play(iter([load]), passed)
        wanted = {carton.epc.urn for carton in cartons}

        async def is_on_record() -> bool:
            told = [row async for row in self._client.movements(since)]
            return wanted <= {row["epc"] for row in told if row["direction"] == direction and row["door"] == door}

        await self._until(is_on_record, _ON_RECORD_WITHIN_S)

    async def _is_watched(self) -> bool:
        return self._stage.is_watched

    async def _until(self, done: Callable[[], Awaitable[bool]], within_s: float) -> bool:
        """Wait for something to become true; False where it took too long."""
        deadline = asyncio.get_running_loop().time() + within_s
        while not await done():
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(_LOOK_EVERY_S / 4)
        return True


class _Lane:
    """What stands before the doors for returns: nobody waits there, and nothing is announced as a truck's."""

    def __init__(self, passed: Callable[[], None]) -> None:
        self._passed = passed

    async def announce(self, loads: Sequence[Load]) -> None:
        """Hear of loads."""

    async def comes(self, load: Load) -> None:
        """Let a load come."""

    def has_passed(self, load: Load) -> float:
        """Tell that it has passed."""
        self._passed()
        return _NEXT_LOAD_S
