"""Loads pass the doors in real time, each announced to the cloud before, each remembered as the truth."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from tagdock_contract import Record, TagRead

from tagdock_simulators.chance import Chance
from tagdock_simulators.demo.report import Passed
from tagdock_simulators.demo.together import together
from tagdock_simulators.doors import Crossing, crossing_truth
from tagdock_simulators.reading import crossing_reads
from tagdock_simulators.scenarios import Scenario
from tagdock_simulators.warehouse.loads import Load

CARTONS_A_LOAD = 60
"""At most: a reader's 900 tag reports a second are then enough to tell each carton's way for certain."""

_GAP_S = 0.4  # between a load's leaving the field and the next one's coming
_REACH_M = 3.0  # a load is read this far before and behind the door line
_LOADS_ANNOUNCED_AT_ONCE = 12  # about 800 cartons a call
_LOADS_WAITING_AT_MOST = 6  # at each door: 20 s of goods while the cloud does not answer
_LEAD = timedelta(milliseconds=100)  # from working out a crossing to its first read
_DUE_WITHIN_S = 0.01  # reads are fed this early rather than slept for one by one


class Reader(Protocol):
    """What a door's reader has to offer."""

    def feed(self, *records: Record) -> None:
        """Take reads as the reader's radio would; they are reported to whoever is connected."""


class Player:
    """Plays loads at doors. What has really passed is in `passed`; the rest says how it went."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        readers: Mapping[str, Reader],
        announce: Callable[[Sequence[Load]], Awaitable[None]],
    ) -> None:
        self.passed: list[Passed] = []
        self.loads = 0
        self.days: set[date] = set()
        self.late_ms: list[float] = []
        self._scenario = scenario
        self._seed = seed
        self._readers = readers
        self._announce = announce
        self._doors = scenario.geometry()
        self._waiting: dict[str, asyncio.Queue[Load]] = {
            door.door: asyncio.Queue(_LOADS_WAITING_AT_MOST) for door in self._doors
        }

    async def play(self, loads: Iterator[Load], stop: asyncio.Event) -> None:
        """Play loads until `stop` is set; loads that are in a door then finish their crossing."""
        doors = (self._work(place, stop) for place in range(len(self._doors)))
        await together(_all(*doors), self._supply(loads))

    async def _supply(self, loads: Iterator[Load]) -> None:
        """Announce loads ahead of time and queue them at their doors."""
        while announced := list(islice(loads, _LOADS_ANNOUNCED_AT_ONCE)):
            await self._announce(announced)
            for load in announced:
                await self._waiting[load.door].put(load)

    async def _work(self, place: int, stop: asyncio.Event) -> None:
        """Let one load after another pass a door."""
        door = self._doors[place].door
        chance = Chance(self._seed, "pace", door)
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                following = asyncio.create_task(self._waiting[door].get())
                await asyncio.wait((following, stopped), return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    following.cancel()
                    return
                await self._pass(place, following.result(), chance.between(*self._scenario.speed_m_per_s))
                await asyncio.wait((stopped,), timeout=_GAP_S)
        finally:
            stopped.cancel()

    async def _pass(self, place: int, load: Load, speed_m_per_s: float) -> None:
        """Drive one load through a door: its reads, there and at the next doors, are fed when they are due."""
        epcs = tuple(carton.epc.hex for carton in load.cartons)
        crossing = Crossing(epcs, load.door, load.direction, datetime.now(UTC) + _LEAD, speed_m_per_s, _REACH_M)
        reads = await asyncio.to_thread(self._reads, place, crossing)
        first = len(self.passed)
        self._remember(load, crossing, reads)
        late = await self._feed(reads)
        self.late_ms.append(late / timedelta(milliseconds=1))
        self._delay(first, len(load.cartons), late)

    def _reads(self, place: int, crossing: Crossing) -> list[TagRead]:
        doors = self._doors
        near = doors[max(0, place - 1) : place] + doors[place + 1 : place + 2]
        return crossing_reads(doors[place], crossing, self._seed, neighbours=near, radio=self._scenario.radio)

    async def _feed(self, reads: Sequence[TagRead]) -> timedelta:
        """Feed reads at their times; return how late the latest of them was: this box may have been busy."""
        late_s = 0.0
        for read in reads:
            wait_s = (read.at - datetime.now(UTC)).total_seconds()
            if wait_s > _DUE_WITHIN_S:
                await asyncio.sleep(wait_s)
            late_s = max(late_s, -wait_s)
            self._readers[read.reader].feed(read)
        return timedelta(seconds=late_s)

    def _remember(self, load: Load, crossing: Crossing, reads: Sequence[TagRead]) -> None:
        """Keep the truth; a tag that was never read still passed."""
        first: dict[str, datetime] = {}
        last: dict[str, datetime] = {}
        for read in reads:
            first.setdefault(read.epc, read.at)
            last[read.epc] = read.at
        for truth in crossing_truth(crossing):
            epc = truth.epc_hex
            seen = first.get(epc, truth.at), last.get(epc, truth.at)
            self.passed.append(Passed(truth.epc, crossing.door, load.direction, truth.at, *seen))
        self.loads += 1
        self.days.update(carton.line.at.date() for carton in load.cartons)

    def _delay(self, first: int, count: int, late: timedelta) -> None:
        """Note that a load's last reads came late to the gateway, which may have been killed meanwhile."""
        for place in range(first, first + count):
            passed = self.passed[place]
            self.passed[place] = replace(passed, last_read_at=passed.last_read_at + late)


async def _all(*tasks: Coroutine[Any, Any, None]) -> None:
    await asyncio.gather(*tasks)
