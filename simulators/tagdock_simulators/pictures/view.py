"""What a picture shows, before anything is drawn: doors, loads, and the reads of a few of their tags."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile

from tagdock_contract import InputChange, Record, Side, TagRead

from tagdock_simulators.doors import Crossing, DoorGeometry
from tagdock_simulators.pictures.window import best_window
from tagdock_simulators.radio import Radio
from tagdock_simulators.reading import field_reads
from tagdock_simulators.scenarios import Scenario, crossings

TAGS_A_LOAD = 2
"""The tags of a load whose reads are drawn: enough to see that they agree."""
OTHERS = 0
"""The number of all loads that are in the field too, but have no number of their own."""
READS_A_CURVE = 30
"""At most: what stands for minutes gives thousands, and every n-th of them tells as much."""
_LOADS_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Load:
    """One load of the picture: its number from 1, what it does, and the tags whose reads are drawn."""

    number: int
    crossing: Crossing
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """The reads of one tag at one antenna: seconds from the picture's start, RSSI in dBm."""

    door: str
    antenna: int
    load: int
    seconds: tuple[float, ...]
    rssi_dbm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A light beam that something stood in: from when to when, in seconds from the picture's start."""

    door: str
    side: Side
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class View:
    """All that is drawn of a scenario: `doors` have a panel of reads each, `row` is the whole row of doors."""

    name: str
    hard_about: str
    seed: int
    starts_at: datetime
    for_s: float
    row: tuple[DoorGeometry, ...]
    doors: tuple[DoorGeometry, ...]
    loads: tuple[Load, ...]
    curves: tuple[Curve, ...]
    broken: tuple[Broken, ...]
    radio: Radio


def look(scenario: Scenario, seed: int) -> View:
    """Look at the best few seconds among a scenario's first loads."""
    loads_at = list(islice(crossings(scenario, seed), _LOADS_LOOKED_AT))
    row = scenario.geometry()
    window = best_window([door.door for door in row], loads_at)
    loads = tuple(
        Load(number, crossing, crossing.epcs[:TAGS_A_LOAD]) for number, crossing in enumerate(window.loads, start=1)
    )
    until = window.starts_at + timedelta(seconds=window.for_s)
    records = list(_records(scenario, seed, until))
    load_of = {crossing.epcs[0]: OTHERS for crossing in loads_at}
    load_of |= {tag: load.number for load in loads for tag in load.tags}
    return View(
        scenario.name,
        scenario.hard_about,
        seed,
        window.starts_at,
        window.for_s,
        row,
        tuple(door for door in row if door.door in window.doors),
        loads,
        tuple(_curves(records, window.starts_at, row, load_of)),
        tuple(_broken(records, window.starts_at, window.for_s, row)),
        scenario.radio,
    )


def _records(scenario: Scenario, seed: int, until: datetime) -> Iterator[Record]:
    """Yield what the readers report from the scenario's start until a time."""
    coming = takewhile(lambda load: load.starts_at <= until, crossings(scenario, seed))
    for block in field_reads(scenario.geometry(), coming, seed, scenario.radio):
        yield from (record for record in block.records() if record.at <= until)


def _curves(
    records: Iterable[Record], starts_at: datetime, row: Iterable[DoorGeometry], load_of: Mapping[str, int]
) -> Iterator[Curve]:
    """Sort the reads of the chosen tags by antenna and tag."""
    door_of = {(door.reader, antenna.port): door.door for door in row for antenna in door.antennas}
    points: dict[tuple[str, int, str], list[tuple[float, float]]] = defaultdict(list)
    for record in records:
        if isinstance(record, TagRead) and record.epc in load_of and record.at >= starts_at:
            point = (record.at - starts_at).total_seconds(), record.rssi_dbm
            points[door_of[record.reader, record.antenna], record.antenna, record.epc].append(point)
    for (door, antenna, tag), each in sorted(points.items()):
        seconds, rssi_dbm = zip(*each[:: len(each) // READS_A_CURVE + 1], strict=True)
        yield Curve(door, antenna, load_of[tag], seconds, rssi_dbm)


def _broken(
    records: Iterable[Record], starts_at: datetime, for_s: float, row: Iterable[DoorGeometry]
) -> Iterator[Broken]:
    """Pair the changes of each photo-eye into spans that lie within the picture."""
    eyes = {(door.reader, eye.gpi): (door.door, eye.side) for door in row for eye in door.photo_eyes}
    since: dict[tuple[str, int], float] = {}
    for record in records:
        if isinstance(record, InputChange):
            eye, at_s = (record.reader, record.gpi), (record.at - starts_at).total_seconds()
            if record.state:
                since[eye] = at_s
            elif (broken_at_s := since.pop(eye, None)) is not None and at_s > 0.0:
                yield Broken(*eyes[eye], max(broken_at_s, 0.0), at_s)
    for eye, at_s in since.items():
        yield Broken(*eyes[eye], max(at_s, 0.0), for_s)
