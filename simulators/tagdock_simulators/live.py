"""A scenario in real time: its readers are fed with reads and input changes as the loads pass, over and over again."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from typing import Protocol, TypeVar

from tagdock_contract import Record

from tagdock_simulators.reading import ReadBlock, field_reads
from tagdock_simulators.scenarios import Scenario, crossings

_EARLY_S = 0.01
"""Reads that are due within this time go out together: a reader's own reports are no finer."""
_LEAD = timedelta(seconds=1)
"""From working out the first reads of a round to the first of them: also a busy machine manages that."""


class Feeds(Protocol):
    """What a scenario plays into: a simulated reader of any kind."""

    def feed(self, *records: Record) -> None:
        """Take reads and input changes as a radio and its inputs would give them; never blocks."""


class Listens(Protocol):
    """A reader that clients connect to."""

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port (0 chooses a free one). Raises OSError when the port is taken."""

    async def close(self) -> None:
        """Stop listening."""


_Reader = TypeVar("_Reader", bound=Listens)


async def start_readers(
    scenario: Scenario, host: str, port: int, make: Callable[[str], _Reader]
) -> dict[str, tuple[_Reader, int]]:
    """Start the scenario's readers, made from their names: the first at `port`, the others after it (0: any ports).

    Returns reader and port by name. Raises OSError when a port is taken; none is left listening then.
    """
    started: dict[str, tuple[_Reader, int]] = {}
    try:
        for place, name in enumerate(dict.fromkeys(door.reader for door in scenario.geometry())):
            reader = make(name)
            started[name] = (reader, await reader.start(host, port + place if port else 0))
    except OSError:
        for reader, _ in started.values():
            await reader.close()
        raise
    return started


async def play(
    scenario: Scenario, seed: int, readers: Mapping[str, Feeds], say: Callable[[str], None], stop: asyncio.Event
) -> None:
    """Feed the readers until `stop` is set; each round has the next seed, so that its tags are new ones."""
    stopped = asyncio.create_task(stop.wait())
    try:
        for turn in count(seed):
            loads = crossings(scenario, turn, datetime.now(UTC) + _LEAD)
            first = next(loads)
            in_s = (first.starts_at - datetime.now(UTC)).total_seconds()
            say(f"playing {scenario.name}, seed {turn}: {scenario.loads:,} loads, the first in {in_s:.0f} s")
            await _round(
                field_reads(scenario.geometry(), chain((first,), loads), turn, scenario.radio), readers, stopped
            )
            if stop.is_set():
                return
    finally:
        stopped.cancel()


async def _round(blocks: Iterator[ReadBlock], readers: Mapping[str, Feeds], stopped: asyncio.Task[bool]) -> None:
    """Play a scenario once; the next block of reads is worked out while this one is played."""
    block = await _next(blocks)
    while block is not None:
        following = asyncio.create_task(_next(blocks))
        await _feed(block.records(), readers, stopped)
        block = await following
        if stopped.done():
            return


async def _next(blocks: Iterator[ReadBlock]) -> ReadBlock | None:
    return await asyncio.to_thread(next, blocks, None)


async def _feed(records: Iterable[Record], readers: Mapping[str, Feeds], stopped: asyncio.Task[bool]) -> None:
    """Feed each record when it is due."""
    for group in _due_together(records):
        wait_s = max(0.0, (group[0].at - datetime.now(UTC)).total_seconds())
        await asyncio.wait((stopped,), timeout=wait_s)
        if stopped.done():
            return
        for record in group:
            readers[record.reader].feed(record)


def _due_together(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Group records that lie within a few milliseconds."""
    group: list[Record] = []
    for record in records:
        if group and (record.at - group[0].at).total_seconds() > _EARLY_S:
            yield group
            group = []
        group.append(record)
    if group:
        yield group
