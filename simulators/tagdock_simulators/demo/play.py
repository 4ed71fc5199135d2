"""Loads pass the doors in real time, each announced to the cloud before, each remembered as the truth."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from msgspec import structs
from tagdock_contract import Record, TagRead

from tagdock_simulators.chance import Chance
from tagdock_simulators.demo.report import Passed
from tagdock_simulators.demo.together import together
from tagdock_simulators.demo.troubles import turned_round
from tagdock_simulators.doors import Crossing, DoorGeometry, crossing_truth
from tagdock_simulators.reading import crossing_reads
from tagdock_simulators.scenarios import Scenario
from tagdock_simulators.warehouse.loads import Load

CARTONS_A_LOAD = 60
"""At most: a reader's 900 tag reports a second are then enough to tell each carton's way for certain."""

_REACH_M = 3.0  # a load is read this far before and behind the door line
_LOADS_ANNOUNCED_AT_ONCE = 24  # about 1,400 cartons a call, three or four loads a truck
_LOADS_WAITING_AT_MOST = 6  # at each door: 20 s of goods while the cloud does not answer
_LEAD = timedelta(milliseconds=100)  # from working out a crossing to its first read
_DUE_WITHIN = timedelta(milliseconds=10)  # reads are fed this early rather than slept for one by one
_TURNS_ROUND_EVERY, _TURNS_ROUND_AT = 25, 3
"""After one load in so many somebody turns round in its door, first after the third."""
_STANDS_S, _RESTS_BY_STANDING = 0.5, 4.0
"""A box that let a load stand for longer is too busy for all doors at once: this door rests so many times as long."""
_RESTS_AT_MOST_S = 30.0


class Reader(Protocol):
    """What a door's reader has to offer."""

    def feed(self, *records: Record) -> None:
        """Take reads as the reader's radio would; they are reported to whoever is connected."""


class Yard(Protocol):
    """What stands before the doors: trucks that bring the loads or take them."""

    async def announce(self, loads: Sequence[Load]) -> None:
        """Hear of loads ahead of time."""

    async def comes(self, load: Load) -> None:
        """Let a load come to its door, as soon as that is free."""

    def has_passed(self, load: Load) -> float:
        """Let a load have passed; return how many seconds its door rests before the next one."""


class Player:
    """Plays loads at doors. What has really passed is in `passed`; the rest says how it went."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        readers: Mapping[str, Reader],
        yard: Yard,
        strays: Sequence[str] = (),
        *,
        doors: Sequence[DoorGeometry] = (),
    ) -> None:
        """Take what plays; `strays` are tags, in hex, of cartons with which somebody turns round in a door.

        `doors` are the scenario's own where none are given.
        """
        self.passed: list[Passed] = []
        self.loads = 0
        self.days: set[date] = set()
        self.late_ms: list[float] = []
        self._scenario = scenario
        self._seed = seed
        self._readers = readers
        self._yard = yard
        self._strays = iter(strays)
        self._doors = tuple(doors) or scenario.geometry()
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
            await self._yard.announce(announced)
            for load in announced:
                await self._waiting[load.door].put(load)

    async def _work(self, place: int, stop: asyncio.Event) -> None:
        """Let one load after another pass a door."""
        door = self._doors[place].door
        chance = Chance(self._seed, "pace", door)
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                following = asyncio.create_task(self._next(door))
                await asyncio.wait((following, stopped), return_when=asyncio.FIRST_COMPLETED)
                if not following.done():
                    following.cancel()
                    return
                load = following.result()
                stood_s = await self._pass(place, load, chance.between(*self._scenario.speed_m_per_s))
                if load.number % _TURNS_ROUND_EVERY == _TURNS_ROUND_AT:
                    await self._turn_round(place)
                tired_s = min(_RESTS_BY_STANDING * max(0.0, stood_s - _STANDS_S), _RESTS_AT_MOST_S)
                rest_s = self._yard.has_passed(load) + tired_s
                await asyncio.wait((stopped,), timeout=rest_s)
        finally:
            stopped.cancel()

    async def _next(self, door: str) -> Load:
        load = await self._waiting[door].get()
        await self._yard.comes(load)
        return load

    async def _pass(self, place: int, load: Load, speed_m_per_s: float) -> float:
        """Drive one load through a door, with its reads there and at the next doors; return how long it stood, in s."""
        epcs = tuple(carton.epc.hex for carton in load.cartons)
        crossing = Crossing(epcs, load.door, load.direction, datetime.now(UTC) + _LEAD, speed_m_per_s, _REACH_M)
        reads = await asyncio.to_thread(self._reads, place, crossing)
        first = len(self.passed)
        self._remember(load, crossing, reads)
        stood = await self._feed(reads)
        self.late_ms.append(stood / timedelta(milliseconds=1))
        self._delay(first, len(load.cartons), stood)
        return stood.total_seconds()

    async def _turn_round(self, place: int) -> None:
        epc = next(self._strays, None)
        if epc is not None:
            await self._feed(turned_round(self._doors[place], epc, datetime.now(UTC)))

    def _reads(self, place: int, crossing: Crossing) -> list[TagRead]:
        doors = self._doors
        near = doors[max(0, place - 1) : place] + doors[place + 1 : place + 2]
        return crossing_reads(doors[place], crossing, self._seed, neighbours=near, radio=self._scenario.radio)

    async def _feed(self, reads: Sequence[TagRead]) -> timedelta:
        """Feed reads at their times; return how long the load stood still because this box was too busy.

        What is read later is read later then: a reader that reports too late would be a fault that nobody asked for.
        """
        stood = timedelta()
        for read in reads:
            wait = read.at + stood - datetime.now(UTC)
            if wait > _DUE_WITHIN:
                await asyncio.sleep(wait.total_seconds())
            elif -wait > _DUE_WITHIN:
                stood -= wait
            self._readers[read.reader].feed(structs.replace(read, at=read.at + stood) if stood else read)
        return stood

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
        """Note that a load stood for a while: its last reads came later, and the gateway may have been killed."""
        for place in range(first, first + count):
            passed = self.passed[place]
            self.passed[place] = replace(passed, last_read_at=passed.last_read_at + late)


async def _all(*tasks: Coroutine[Any, Any, None]) -> None:
    await asyncio.gather(*tasks)
