"""An ordeal from beginning to end: traffic, blows, and what is on record after all of it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagdock_simulators.demo.client import CloudClient
from tagdock_simulators.demo.errors import DemoError
from tagdock_simulators.demo.house import Addresses, environment
from tagdock_simulators.demo.ports import LOOPBACK
from tagdock_simulators.demo.processes import Program, Supervisor, find_program, run_once
from tagdock_simulators.demo.together import together
from tagdock_simulators.ordeal.blows import GATEWAY_WIRE, deal
from tagdock_simulators.ordeal.disk import SmallDisk
from tagdock_simulators.ordeal.house import Scene
from tagdock_simulators.ordeal.strike import strike
from tagdock_simulators.ordeal.traffic import Traffic, make_traffic
from tagdock_simulators.ordeal.verdict import Facts, Struck, Verdict, judge
from tagdock_simulators.ordeal.witness import Witness

SITES = ("north", "south")
_DISK_MB = 700
_DISK_MB_A_MINUTE = 50
"""What a minute comes to with its share of write-ahead log and of the rebuild at the end; measured: under 30."""
_SILENT_FOR_S = 300.0
"""Nothing new on record for so long: nothing more comes. A gateway that died tells first what is known already."""
_LOOK_S = 2.0
_REBUILD_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Ordeal:
    """What was asked for: `minutes` of traffic for each site, played `speed` times as fast."""

    data: Path
    seed: int = 1
    minutes: float = 30.0
    speed: float = 10.0
    each: int = 2

    @property
    def play_s(self) -> float:
        """Return how long the traffic takes."""
        return self.minutes * 60 / self.speed

    @property
    def disk_mb(self) -> int:
        """Return how large the disk is that will be filled: room for all of the traffic, and soon full."""
        return round(_DISK_MB + _DISK_MB_A_MINUTE * self.minutes)


async def run_ordeal(asked: Ordeal, say: Callable[[str], None]) -> tuple[Verdict, Sequence[Struck]]:
    """Play, strike, wait for the record, judge. Raises DemoError when something can't be started or kept running."""
    asked.data.mkdir(parents=True, exist_ok=True)
    children = Supervisor(asked.data / "logs")
    with SmallDisk(asked.data / "disk", asked.disk_mb) as disk:
        if not disk.is_small:
            say("no right to mount a small disk: it will not be filled (root may)")
        try:
            return await together(_Run(asked, disk, children, say).run(), children.watch())
        finally:
            await children.stop()


class _Run:
    """One ordeal under way."""

    def __init__(self, asked: Ordeal, disk: SmallDisk, children: Supervisor, say: Callable[[str], None]) -> None:
        self._asked, self._disk, self._children, self._say = asked, disk, children, say
        self._scene = Scene(disk.folder, asked.data / "logs", children, _free_port())
        self._struck: list[Struck] = []
        self._least_stock = 0
        self._minutes = 0.0

    async def run(self) -> tuple[Verdict, Sequence[Struck]]:
        await self._scene.open_wires()
        await self._scene.start_broker()
        witness = Witness(self._scene.broker_port, self._say)
        await witness.start()
        addresses = await self._scene.start_cloud()
        token = await self._scene.token(addresses)
        try:
            async with CloudClient(addresses.console, token, SITES[0]) as client:
                traffic = await self._make_traffic()
                await self._play(traffic, client)
                facts = await self._look(client, addresses, traffic, witness)
        finally:
            await witness.close()
            for wire in self._scene.wires.values():
                await wire.close()
        return judge(facts), self._struck

    async def _make_traffic(self) -> list[Traffic]:
        asked, broker = self._asked, f"mqtt://{LOOPBACK}:{self._scene.ports[GATEWAY_WIRE]}"
        self._say(f"seed {asked.seed}: recording {asked.minutes:g} minutes of traffic for each of {len(SITES)} sites")
        making = (
            make_traffic(
                asked.data / "traffic",
                site,
                broker,
                seed=asked.seed * len(SITES) + number,
                minutes=asked.minutes,
                speed=asked.speed,
            )
            for number, site in enumerate(SITES)
        )
        made = await asyncio.gather(*making)
        self._minutes = min(each.minutes for each in made)
        if self._minutes < asked.minutes:
            raise DemoError(f"the traffic is only {self._minutes:.1f} minutes long: {asked.minutes:g} were asked for")
        return made

    async def _play(self, traffic: Sequence[Traffic], client: CloudClient) -> None:
        """Let the gateways play and the blows fall, until everything is on record or nothing more comes."""
        told = frozenset[str]().union(*(each.event_ids for each in traffic))
        await self._scene.start_gateways(traffic)
        blows = deal(self._asked.seed, self._asked.play_s, self._asked.each)
        self._say(
            f"{len(told):,} movements of {self._minutes:.1f} minutes to be played in {self._asked.play_s:.0f} s, "
            f"and {len(blows)} blows"
        )
        watching = asyncio.create_task(self._watch(client))
        try:
            self._struck += await strike(blows, self._scene, self._disk, self._say)
            await self._until_on_record(told, client)
        finally:
            watching.cancel()

    async def _until_on_record(self, told: frozenset[str], client: CloudClient) -> None:
        """Wait for the last event, as long as there is progress."""
        loop = asyncio.get_running_loop()
        stored, changed_s, look_s = -1, loop.time(), 0.0
        while stored < len(told) and loop.time() - changed_s < _SILENT_FOR_S:
            await asyncio.sleep(max(_LOOK_S, look_s))  # a long record takes its time to be read: half of it is ours
            began_s = loop.time()
            now = len(await _event_ids(client))
            look_s = loop.time() - began_s
            if now != stored:
                stored, changed_s = now, loop.time()
                self._say(f"{stored:,} of {len(told):,} movements on record")

    async def _watch(self, client: CloudClient) -> None:
        """Look at the stock while blows fall."""
        while True:
            await asyncio.sleep(_LOOK_S)
            with contextlib.suppress(DemoError):  # the cloud may be down just now
                self._least_stock = min(self._least_stock, await _least_stock(client))

    async def _look(
        self, client: CloudClient, addresses: Addresses, traffic: Sequence[Traffic], witness: Witness
    ) -> Facts:
        """Read the record, rebuild the projections, and read them again."""
        self._say("reading the record, rebuilding the projections")
        stored = await _event_ids(client)
        before = await _projections(client)
        program = Program("rebuild", (find_program("tagdock-cloud"), "rebuild"), _with_database(addresses))
        await run_once(program, _REBUILD_WITHIN_S)
        return Facts(
            told=frozenset[str]().union(*(each.event_ids for each in traffic)),
            acked=frozenset(witness.acked),
            stored=stored,
            least_stock=min(self._least_stock, await _least_stock(client)),
            projections=before,
            rebuilt=await _projections(client),
            struck=self._struck,
            minutes=self._minutes,
        )


async def _projections(client: CloudClient) -> list[Mapping[str, Any]]:
    return [*await client.all("/items"), *await client.all("/stock"), *await client.all("/stock", state="in_transit")]


async def _event_ids(client: CloudClient) -> list[str]:
    return [row["event_id"] for site in SITES for row in await client.all("/movements", site=site)]


async def _least_stock(client: CloudClient) -> int:
    return min((int(row["quantity"]) for row in await client.all("/stock")), default=0)


def _with_database(addresses: Addresses) -> dict[str, str]:
    return environment(TAGDOCK_DATABASE=addresses.database)


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as free:
        port: int = free.getsockname()[1]
        return port
