"""Named scenarios: what happens at a row of dock doors, from a seed.

The same name and seed give the same crossings, reads and truth on every machine.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tagdock_contract import TagRead

from tagdock_simulators.chance import Chance
from tagdock_simulators.doors import Behaviour, Crossing, DoorGeometry, Truth, crossing_truth, two_row
from tagdock_simulators.epc import sgtin96
from tagdock_simulators.radio import Radio
from tagdock_simulators.reading import crossing_reads

COMPANY_PREFIX = "9521234"
"""In GS1's range for examples (952)."""
EPOCH = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""When a recording starts: a Monday morning."""
_PRODUCTS = 200
_IN_AND_OUT: Mapping[Behaviour, float] = {"in": 0.5, "out": 0.5}


@dataclass(frozen=True, slots=True)
class Scene:
    """One load at one door: what it did, what the readers reported, what really happened."""

    crossing: Crossing
    reads: list[TagRead]
    truth: list[Truth]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A row of doors and the loads that come to them; pairs are least and most."""

    name: str
    hard_about: str
    doors: int = 4
    pitch_m: float = 4.0
    """From the middle of one door to the next one's."""
    loads: int = 40
    tags: tuple[int, int] = (1, 60)
    speed_m_per_s: tuple[float, float] = (1.5, 2.2)
    gap_s: tuple[float, float] = (4.0, 12.0)
    """From one load's leaving the field of a door to the next one's coming."""
    behaviours: Mapping[Behaviour, float] = field(default_factory=lambda: _IN_AND_OUT)
    """What loads do, and how often; the numbers make 1."""
    stay_s: tuple[float, float] = (1.0, 1.0)
    radio: Radio = field(default_factory=Radio)

    def geometry(self) -> tuple[DoorGeometry, ...]:
        """Return the doors: D1, D2, ... with one reader each."""
        return tuple(
            two_row(f"D{number}", f"dock-{number}", y_m=self.pitch_m * (number - 1))
            for number in range(1, self.doors + 1)
        )

    def crossings(self, seed: int, starts_at: datetime = EPOCH) -> Iterator[Crossing]:
        """Yield the crossings in the order of their start; loads never overlap at one door."""
        chance = Chance(seed, "scenario", self.name)
        free = [(starts_at + timedelta(seconds=chance.between(0.0, self.gap_s[1])), d) for d in range(self.doors)]
        heapq.heapify(free)
        for load in range(self.loads):
            at, door = heapq.heappop(free)
            crossing = Crossing(
                self._epcs(seed, load, chance),
                f"D{door + 1}",
                _choose(self.behaviours, chance),
                at,
                chance.between(*self.speed_m_per_s),
                stay_s=chance.between(*self.stay_s),
            )
            yield crossing
            heapq.heappush(free, (crossing.ends_at + timedelta(seconds=chance.between(*self.gap_s)), door))

    def scenes(self, seed: int, starts_at: datetime = EPOCH) -> Iterator[Scene]:
        """Yield each crossing with its reads at its own and the next doors, and its truth."""
        doors = self.geometry()
        places = {door.door: place for place, door in enumerate(doors)}
        for crossing in self.crossings(seed, starts_at):
            place = places[crossing.door]
            near = doors[max(0, place - 1) : place] + doors[place + 1 : place + 2]
            reads = crossing_reads(doors[place], crossing, seed, neighbours=near, radio=self.radio)
            yield Scene(crossing, reads, crossing_truth(crossing))

    def _epcs(self, seed: int, load: int, chance: Chance) -> tuple[str, ...]:
        """Tag a load with one product; serials never repeat within a seed, nor between neighbouring seeds."""
        product = f"0{chance.below(_PRODUCTS):05d}"
        first = (seed % 10_000 * self.loads + load) * 1000
        count = self.tags[0] + chance.below(self.tags[1] - self.tags[0] + 1)
        return tuple(sgtin96(COMPANY_PREFIX, product, (first + tag) % 2**38).hex for tag in range(count))


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


def _choose(weights: Mapping[Behaviour, float], chance: Chance) -> Behaviour:
    place = chance.between(0.0, sum(weights.values()))
    for choice, weight in weights.items():
        place -= weight
        if place < 0.0:
            return choice
    return next(reversed(list(weights)))


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("clean-two-row", "nothing: every load passes one door, well read by both rows"),
        Scenario(
            "rush-hour",
            "all doors busy at once, large loads, little time between them",
            loads=120,
            tags=(30, 60),
            speed_m_per_s=(1.5, 3.0),
            gap_s=(1.0, 3.0),
        ),
        Scenario(
            "cross-talk",
            "narrow doors and strong antennas: the neighbours read a load nearly as often as its own door",
            pitch_m=3.0,
            gap_s=(1.0, 4.0),
            tags=(1, 20),
            radio=Radio(transmit_dbm=33.0, shadowing_db=4.0, shield_db=0.0),
        ),
        Scenario(
            "turn-round",
            "loads that come into the doorway, stop, and go back: nothing passed",
            behaviours={"in": 0.3, "out": 0.3, "turn": 0.4},
            stay_s=(0.5, 5.0),
        ),
        Scenario(
            "parked-pallets",
            "pallets that stand before a door for minutes while their tags are read",
            behaviours={"in": 0.4, "out": 0.4, "park": 0.2},
            loads=20,
            stay_s=(60.0, 180.0),
        ),
        Scenario(
            "pass-by",
            "loads that drive along the wall outside, past the door",
            behaviours={"in": 0.25, "out": 0.25, "pass": 0.5},
        ),
    )
}
