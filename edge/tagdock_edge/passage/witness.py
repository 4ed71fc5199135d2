"""What one tag's reads say of its passage, before anybody else is heard: which doors, which way, when, how long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tagdock_edge.config import Thresholds
from tagdock_edge.passage.course import Course, course
from tagdock_edge.passage.eyes import PhotoEyes
from tagdock_edge.passage.layout import Layout
from tagdock_edge.passage.looks import levels_dbm, looks, middle_us
from tagdock_edge.passage.opinion import NONE, Opinion
from tagdock_edge.passage.opinions import opinion_of
from tagdock_edge.passage.profile import Seen

ASKED_NATS = 3.0
"""Doors that the power alone makes less likely than this above the others are not asked for the way."""
BLOCKED_NATS = 6.0
"""The most that a tag's reads say against a door: goods may hide it from its own, one in 400 (assumed)."""
OWN_NATS = 4.0
"""The most that one tag's own reads say against a way: beyond that the model is doubted, not the load."""

FEW_READS = 24
"""With fewer reads a tag hardly tells the way by itself: rows have some ten looks each while it passes."""
STOOD_NATS = 2.0
"""Goods that were told to stand or go by a moment ago are so much likelier to do so still (assumed): they are read with
gaps, and each gap asks again."""


@dataclass(frozen=True, slots=True)
class Site:
    """What passages are judged by besides their own reads."""

    layout: Layout
    eyes: PhotoEyes
    thresholds: Thresholds


Ways = tuple[float, float, float]
"""Nats for in, out, stay."""
STAY = 2
"""The place of staying among them."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One tag's passage as it is put beside its load's.

    `doors` holds, for each door that heard it, how likely it came in there, went out there, or stayed about: in nats
    above a door that did not hear it. Which door and which way are one question: at its own door goods change the most.
    """

    epc: str
    first_us: int
    last_us: int
    middle_s: float
    """When it passed, if it passed (seconds since 1970)."""
    course: Course
    stood: bool
    """Whether it was found to stand a moment ago."""
    doors: dict[int, Ways]
    reasons: dict[int, str]
    reads: tuple[Seen, ...] = ()
    """The reads that tell the way, of a tag that has few: its load puts them together."""


def likeliest(doors: Mapping[int, Ways]) -> tuple[int, int]:
    """Return the door and way with the most nats."""
    _, door, way = max((nats, -door, -way) for door, ways in doors.items() for way, nats in enumerate(ways))
    return -door, -way


def witness(epc: str, seen: Sequence[Seen], site: Site, moved_us: tuple[int, int] | None, stood: bool) -> Witness:
    """Hear one tag: `seen` are its reads by time, without doubles; those within `moved_us` tell the way."""
    telling = seen
    if moved_us is not None:
        telling = [read for read in seen if moved_us[0] <= read.at_us <= moved_us[1]] or seen
    layout, thresholds = site.layout, site.thresholds
    found = looks(telling, telling[0].at_us)
    heard = {layout.door_of[antenna]: layout.doors[layout.door_of[antenna]].rows for antenna in found}
    levels = levels_dbm(found, heard, min(read.rssi_dbm for read in telling))
    best = max(levels.values())
    doors: dict[int, Ways] = {}
    reasons: dict[int, str] = {}
    for number, level in levels.items():
        nats = max(BLOCKED_NATS - (best - level) / thresholds.door_db, 0.0)
        opinion = _opinion(number, telling, site) if nats >= ASKED_NATS else NONE
        doors[number], reasons[number] = _ways(nats, opinion, STOOD_NATS if stood else 0.0), opinion.reason
    sides = {antenna: layout.antennas[antenna].side for antenna in found}
    passed = course(found, sides, telling[0].at_us / 1e6)
    few = tuple(telling) if len(telling) <= FEW_READS else ()
    return Witness(epc, seen[0].at_us, seen[-1].at_us, middle_us(found) / 1e6, passed, stood, doors, reasons, few)


def _opinion(number: int, reads: Sequence[Seen], site: Site) -> Opinion:
    door = site.layout.doors[number]
    own = [read for read in reads if read.antenna in door.rows]
    seen = site.eyes.about(door.name, own[0].at_us, own[-1].at_us)
    return opinion_of(door, own, seen, site.thresholds)


def _ways(nats: float, opinion: Opinion, stood_nats: float) -> Ways:
    """Put a door's power and its opinion of the way together; to stay is the same at every door."""
    told = opinion.within(OWN_NATS)
    less = told.stayed + stood_nats
    return nats + told.came_in - less, nats + told.went_out - less, nats
