"""What one tag's reads say of its passage, before anybody else is heard: which doors, which way, when, how long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log10

from tagdock_edge.config import Thresholds
from tagdock_edge.passage.course import Course, course
from tagdock_edge.passage.ends import LONG_US, NOBODYS, Stay, ends, ways_of
from tagdock_edge.passage.eyes import PhotoEyes
from tagdock_edge.passage.hill import farther
from tagdock_edge.passage.layout import Layout
from tagdock_edge.passage.looks import Look, levels_dbm, looks, middle_us
from tagdock_edge.passage.opinion import NONE, Opinion
from tagdock_edge.passage.opinions import opinion_of
from tagdock_edge.passage.profile import Seen

ASKED_NATS = 1.75
"""Doors that the power alone makes less likely than this above the others are not asked for the way."""
BLOCKED_NATS = 3.5
"""The most that a tag's reads say against a door: goods may hide it from its own, one in 30 (simulated cross-talk)."""
NEAR_DB, SURELY = 20.0, (0.5, 2.5)
"""A tag whose power rose by so much above its weakest read is believed as it is about its door, others in proportion,
within these bounds. Goods that rise by 30 dB and more see an antenna from near, and of 1,900 simulated ones that one
door heard by 4 dB better it was another's in 4; of those that rise by less than 20, hidden in goods, in one of 3."""
OWN_NATS = 4.0
"""The most that one tag's own reads say against a way: beyond that the model is doubted, not the load."""

FEW_READS = 100
"""With fewer reads goods may have hidden a tag from its own door, and others overheard it."""
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
    few: bool = False
    """Whether few reads tell the way, so that goods may have hidden it."""
    stay: Stay = NOBODYS
    """Since when it is in the field, and how that began."""
    halting: dict[int, Ways] = field(default_factory=dict)
    """What it says if it crept, halted or waited on its way, rather than going steadily as `doors` takes it to; nothing
    where it was there too briefly for that, which is then no different."""

    @property
    def there(self) -> bool:
        """Whether it has been in the field for longer than goods take that pass."""
        return self.stood or self.stay.until_us - self.stay.came_us >= LONG_US


def likeliest(doors: Mapping[int, Ways]) -> tuple[int, int]:
    """Return the door and way with the most nats."""
    _, door, way = max((nats, -door, -way) for door, ways in doors.items() for way, nats in enumerate(ways))
    return -door, -way


def witness(
    epc: str,
    seen: Sequence[Seen],
    site: Site,
    moved_us: tuple[int, int] | None,
    stood: bool,
    *,
    before: Stay | None = None,
) -> Witness:
    """Hear one tag: `seen` are its reads by time, without doubles; those within `moved_us` tell the way.

    `before` is how its time in the field began, where these are not its first reads.
    """
    telling = seen
    if moved_us is not None:
        telling = [read for read in seen if moved_us[0] <= read.at_us <= moved_us[1]] or seen
    layout, thresholds = site.layout, site.thresholds
    found = looks(telling, telling[0].at_us)
    heard = {layout.door_of[antenna]: layout.doors[layout.door_of[antenna]].rows for antenna in found}
    levels = levels_dbm(found, heard, min(read.rssi_dbm for read in telling))
    best = max(levels.values())
    surely = _surely(found, min(read.rssi_dbm for read in telling))
    whole = ends(seen, layout, before)
    doors: dict[int, Ways] = {}
    halting: dict[int, Ways] = {}
    reasons: dict[int, str] = {}
    for number, level in levels.items():
        nats = max(BLOCKED_NATS - (best - level) / thresholds.door_db, 0.0)
        opinion = _opinion(number, telling, site) if nats >= ASKED_NATS else NONE
        doubt = STOOD_NATS if stood else 0.0
        doors[number] = _ways(nats * surely, opinion, doubt)
        if whole.long and layout.doors[number].two_rows:
            halting[number] = _ways(nats * surely, Opinion(*ways_of(whole), 0.0), doubt)
        reasons[number] = opinion.reason
    sides = {antenna: layout.antennas[antenna].side for antenna in found}
    passed = course(found, sides, telling[0].at_us / 1e6, whole.stay.came_us / 1e6)
    few = len(telling) <= FEW_READS
    less = farther(found, layout.door_of)
    doors, halting = _nearer(doors, less), _nearer({**doors, **halting}, less) if halting else {}
    middle_s = middle_us(found) / 1e6
    return Witness(
        epc, seen[0].at_us, seen[-1].at_us, middle_s, passed, stood, doors, reasons, few, whole.stay, halting
    )


def _surely(found: Mapping[int, Sequence[Look]], weakest_dbm: float) -> float:
    """Say how much more a door's power tells of a tag that rose so high above its weakest read: those were near it."""
    best_mw = max(look.power_mw for each in found.values() for look in each)
    rose_db = 10.0 * log10(best_mw) - weakest_dbm
    return min(max(rose_db / NEAR_DB, SURELY[0]), SURELY[1])


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


def _nearer(doors: Mapping[int, Ways], less: Mapping[int, float]) -> dict[int, Ways]:
    """Hold so much against going through each door. Whether it went through any at all is not for hills to say.

    What stands or goes by has hills of any width, so the door that it most likely went through keeps what it had.
    """
    held = {door: (ways[0] - less.get(door, 0.0), ways[1] - less.get(door, 0.0)) for door, ways in doors.items()}
    before = max(max(ways[:2]) for ways in doors.values())
    back = before - max(max(ways) for ways in held.values())
    return {door: (ways[0] + back, ways[1] + back, doors[door][2]) for door, ways in held.items()}
