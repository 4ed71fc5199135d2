"""Loads are announced before they pass, pass in real time, and are remembered as they were."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from tagdock_contract import Record, TagRead
from tagdock_simulators.demo.play import Player
from tagdock_simulators.demo.report import Passed
from tagdock_simulators.epc import urn_of
from tagdock_simulators.scenarios import SCENARIOS
from tagdock_simulators.warehouse.catalogue import build_catalogue
from tagdock_simulators.warehouse.floor import DOORS
from tagdock_simulators.warehouse.generate import generate_orders
from tagdock_simulators.warehouse.loads import Load, Tagger, pack_loads

SCENARIO = replace(SCENARIOS["clean-two-row"], doors=len(DOORS), speed_m_per_s=(6.0, 8.0))


class Listener:
    """A reader that keeps what it is fed, and when; one that is busy once takes so long over its hundredth read."""

    def __init__(self, busy_s: float) -> None:
        self.heard: list[tuple[datetime, TagRead]] = []
        self.busy_s = busy_s

    def feed(self, *records: Record) -> None:
        if len(self.heard) >= 100 and self.busy_s:
            time.sleep(self.busy_s)
            self.busy_s = 0.0
        self.heard += [(datetime.now(UTC), record) for record in records if isinstance(record, TagRead)]


@cache
def loads() -> tuple[Load, ...]:
    lines = generate_orders(1, lines=1_000).lines
    return tuple(pack_loads(lines, Tagger(build_catalogue(lines, {}), datetime.now(UTC)), 20))


class Scene:
    """A player with listeners instead of readers, played for a while."""

    def __init__(self, play_s: float, busy_s: float = 0.0) -> None:
        self.announced: set[str] = set()
        self.readers = {door.reader: Listener(0.0) for door in SCENARIO.geometry()}
        next(iter(self.readers.values())).busy_s = busy_s
        self.came: list[int] = []
        self.player = Player(SCENARIO, 1, self.readers, self)
        asyncio.run(self._play(play_s))
        self.heard = [pair for reader in self.readers.values() for pair in reader.heard]

    async def announce(self, loads: Sequence[Load]) -> None:
        self.announced.update(carton.epc.urn for load in loads for carton in load.cartons)

    async def comes(self, load: Load) -> None:
        self.came.append(load.number)

    def has_passed(self, load: Load) -> float:
        assert load.number in self.came
        return 0.4

    async def _play(self, play_s: float) -> None:
        goods, stop = iter(loads()), asyncio.Event()

        async def end() -> None:
            await asyncio.sleep(play_s)
            while not self.player.late_ms:  # a busy machine has fed nothing yet
                await asyncio.sleep(0.05)
            stop.set()

        ending = asyncio.create_task(end())
        await asyncio.wait_for(self.player.play(goods, stop), 30)
        ending.cancel()


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(1.2)


def test_truth_is_kept_for_every_carton_and_agrees_with_what_was_read(scene: Scene) -> None:
    passed = {one.epc: one for one in scene.player.passed}
    assert len(passed) == len(scene.player.passed) > 50
    assert set(passed) <= scene.announced
    assert {one.door for one in passed.values()} >= set(DOORS[:6])
    assert all(isinstance(one, Passed) and one.first_read_at < one.at < one.last_read_at for one in passed.values())
    assert len({read.epc for _, read in scene.heard}) == len(passed)


def test_no_read_is_reported_before_it_happens(scene: Scene) -> None:
    assert scene.heard
    assert all((read.at - heard_at).total_seconds() < 0.02 for heard_at, read in scene.heard)


def test_loads_in_a_door_finish_their_crossing_when_it_stops(scene: Scene) -> None:
    last = max(one.last_read_at for one in scene.player.passed)
    assert max(read.at for _, read in scene.heard) <= last


def test_what_was_fed_late_counts_as_in_the_gateways_hands_as_late() -> None:
    scene = Scene(0.6, busy_s=0.3)
    fed: dict[str, datetime] = {}
    for heard_at, read in scene.heard:
        fed[urn_of(read.epc)] = max(heard_at, fed.get(urn_of(read.epc), heard_at))
    assert max(scene.player.late_ms) > 250
    early = timedelta(milliseconds=20)
    assert [one for one in scene.player.passed if one.epc in fed and fed[one.epc] > one.last_read_at + early] == []


def test_a_load_stands_still_while_the_box_is_too_busy_and_its_reads_are_not_reported_late() -> None:
    scene = Scene(0.6, busy_s=0.3)
    assert max(scene.player.late_ms) > 250
    read_at: dict[str, datetime] = {}
    for _, read in scene.heard:
        epc = urn_of(read.epc)
        read_at[epc] = max(read.at, read_at.get(epc, read.at))
    for door in DOORS[:6]:
        passed = [one for one in scene.player.passed if one.door == door]
        assert max(read_at[one.epc] for one in passed if one.epc in read_at) == max(one.last_read_at for one in passed)
