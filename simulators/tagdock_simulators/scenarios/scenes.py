"""One load with its reads and truth, for those who take loads one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tagdock_contract import TagRead

from tagdock_simulators.doors import Crossing, Truth, crossing_truth
from tagdock_simulators.reading import crossing_reads
from tagdock_simulators.scenarios.scenario import Scenario
from tagdock_simulators.scenarios.traffic import EPOCH, crossings


@dataclass(frozen=True, slots=True)
class Scene:
    """One load at one door: what it did, what the readers reported, what really happened."""

    crossing: Crossing
    reads: list[TagRead]
    truth: list[Truth]


def scenes(scenario: Scenario, seed: int, starts_at: datetime = EPOCH) -> Iterator[Scene]:
    """Yield each crossing with its reads at its own and the next doors, and its truth."""
    doors = scenario.geometry()
    places = {door.door: place for place, door in enumerate(doors)}
    for crossing in crossings(scenario, seed, starts_at):
        place = places[crossing.door]
        near = doors[max(0, place - 1) : place] + doors[place + 1 : place + 2]
        reads = crossing_reads(doors[place], crossing, seed, neighbours=near, radio=scenario.radio)
        yield Scene(crossing, reads, crossing_truth(crossing))


def in_order(scenes: Iterator[Scene]) -> Iterator[TagRead]:
    """Merge the reads of scenes that overlap into the order of time; holds only what overlaps."""
    waiting: list[TagRead] = []
    for scene in scenes:
        settled = [read for read in waiting if read.at < scene.crossing.starts_at]
        if settled:
            yield from settled
            waiting = waiting[len(settled) :]
        waiting = sorted([*waiting, *scene.reads], key=_read_order) if waiting else scene.reads
    yield from waiting


def _read_order(read: TagRead) -> tuple[datetime, str, int, str]:
    return read.at, read.reader, read.antenna, read.epc
