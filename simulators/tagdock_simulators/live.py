"""A scenario in real time: its readers listen for LLRP clients and report as the loads pass, over and over again."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

from tagdock_contract import TagRead

from tagdock_simulators.llrp.server import LlrpReader
from tagdock_simulators.scenarios import Scenario, in_order, scenes

_EARLY_S = 0.01
"""Reads that are due within this time go out together: a reader's own reports are no finer."""
_LEAD = timedelta(milliseconds=500)
"""From working out the first crossing to its first read."""


async def start_readers(scenario: Scenario, host: str, port: int) -> dict[str, tuple[LlrpReader, int]]:
    """Start the scenario's readers: the first at `port`, the others at the ports after it (0: any free ports).

    Returns reader and port by name. Raises OSError when a port is taken; none is left listening then.
    """
    started: dict[str, tuple[LlrpReader, int]] = {}
    try:
        for place, door in enumerate(scenario.geometry()):
            reader = LlrpReader()
            started[door.reader] = (reader, await reader.start(host, port + place if port else 0))
    except OSError:
        for reader, _ in started.values():
            await reader.close()
        raise
    return started


async def play(
    scenario: Scenario, seed: int, readers: Mapping[str, LlrpReader], say: Callable[[str], None], stop: asyncio.Event
) -> None:
    """Feed the readers until `stop` is set; each round has the next seed, so that its tags are new ones."""
    stopped = asyncio.create_task(stop.wait())
    for turn in count(seed):
        say(f"playing {scenario.name}, seed {turn}: {scenario.loads} loads")
        for reads in _due_together(in_order(scenes(scenario, turn, datetime.now(UTC) + _LEAD))):
            wait_s = max(0.0, (reads[0].at - datetime.now(UTC)).total_seconds())
            await asyncio.wait((stopped,), timeout=wait_s)
            if stop.is_set():
                return
            for read in reads:
                readers[read.reader].feed(read)


def _due_together(reads: Iterator[TagRead]) -> Iterator[list[TagRead]]:
    """Group reads that lie within a few milliseconds."""
    group: list[TagRead] = []
    for read in reads:
        if group and (read.at - group[0].at).total_seconds() > _EARLY_S:
            yield group
            group = []
        group.append(read)
    if group:
        yield group
