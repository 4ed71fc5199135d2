"""Tags that move together: witnesses are grouped into loads, so that the tags of a load speak for each other.

A load goes through one door, one way, at one time and speed. Time is what tells loads apart most sharply: two tags on
one load are heard by each row at nearly the same moment, whatever their own reads say of the way (`course`). Loads are
found by merging: witnesses that agree on time and on the door begin as loads, and two become one when that explains
them nearly as well. What counts against one load is that they passed at different times or are heard best at different
doors; what counts for it is that goods come together, and that two loads are never in one doorway at once. Then each
witness may change once to the load that fits it best.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, log, log1p

from tagdock_edge.config import Thresholds
from tagdock_edge.passage.course import UNKNOWN, Course, apart, both
from tagdock_edge.passage.opinion import NONE, Opinion
from tagdock_edge.passage.opinions import load_opinion
from tagdock_edge.passage.witness import Site, Ways, Witness, likeliest

NEVER_S = 4.0
"""Loads whose middles are farther apart than this are never one, nor change a witness: the slowest goods take so long
from row to row."""
SEED_NATS = 2.0
"""Witnesses of one door whose times disagree by less begin as one load: 90 % of the tags of a load do."""
SEEDS_OPEN = 4
"""So many loads at a door may be under way at a time, the last ones, when a witness looks for one to begin with."""
TAIL_NATS = 3.0
"""Where time stops being normal: one tag in ten is off by more than three standard deviations, as it was heard by
chance from one end of the field only. Beyond this the nats grow with their logarithm."""
DOUBT_NATS = 1.5
"""What a tag may disagree with its load before that speaks for another load: single tags are often wrong, and those
that are wrong alike are found together."""
DOORWAY_NATS = 2.5
"""So much more it may where both loads are heard best at one door: two don't fit into a doorway."""
WAY_SHARE = 0.3
"""What the ways that tags tell count when loads are told apart: those that err alike are found together, and the time
between the rows, which is in their course, tells the way, too."""
ALONE_NATS = 5.0
"""How much less likely a tag comes alone than with the others that are there (assumed: one load in 150 tags)."""
POOL_READS = 6
"""Reads that it takes to ask about a load as a whole."""
POOLED_NATS = 6.0
"""The most that a load's pooled reads say against a way."""
ALIKE = 0.2
"""How much of a witness a further witness of the same load repeats: they share shadows, echoes and the way."""


_UNHEARD: Ways = (0.0, 0.0, 0.0)


@dataclass(slots=True)
class Load:
    """Witnesses that are held to be on one load, and what they say together."""

    witnesses: list[Witness] = field(default_factory=list)
    doors: dict[int, Ways] = field(default_factory=dict)
    moment: float = 0.0
    """Sum of the witnesses' moments (seconds)."""
    middle_s: float = 0.0
    """When it passed."""
    course: Course = UNKNOWN
    """When rows heard it, all witnesses together."""
    pooled: dict[int, Opinion] = field(default_factory=dict)
    """What doors make of the reads of its hardly read tags, all taken together; asked for once."""

    def add(self, one: Witness) -> None:
        """Take in a witness."""
        self.join(alone(one))

    def join(self, other: "Load") -> None:
        """Take in all witnesses of another load."""
        self.witnesses += other.witnesses
        self.doors = _added(self.doors, other.doors)
        self.course = both(self.course, other.course)
        self.moment += other.moment
        self.middle_s = self.moment / len(self.witnesses)

    @property
    def stood(self) -> bool:
        """Whether its tags were found to stand a moment ago: such tags and others are never one load."""
        return self.witnesses[0].stood


def alone(one: Witness) -> Load:
    """Return a load of one tag."""
    return Load([one], one.doors, one.middle_s, one.middle_s, one.course)


def _added(some: Mapping[int, Ways], others: Mapping[int, Ways]) -> dict[int, Ways]:
    """Add nats door by door, way by way."""
    total = dict(some)
    for door, ways in others.items():
        before = total.get(door)
        total[door] = ways if before is None else (before[0] + ways[0], before[1] + ways[1], before[2] + ways[2])
    return total


def loads(witnesses: Iterable[Witness], thresholds: Thresholds) -> list[Load]:
    """Group witnesses into loads; the order in which they come changes nothing."""
    found = _seeds(sorted(witnesses, key=lambda one: (one.middle_s, one.epc)))
    return _settled(_merged(found, thresholds))


def _seeds(witnesses: Sequence[Witness]) -> list[Load]:
    """Begin with loads of those that agree on the door and on time."""
    under_way: dict[tuple[int, bool], list[Load]] = {}
    found = []
    for one in witnesses:
        mine = under_way.setdefault((likeliest(one.doors)[0], one.stood), [])
        nats, near = min(((apart(load.course, one.course), n) for n, load in enumerate(mine)), default=(inf, 0))
        if nats < SEED_NATS:
            mine[near].add(one)
            continue
        load = alone(one)
        found.append(load)
        mine.append(load)
        del mine[:-SEEDS_OPEN]
    return found


class _Head:
    """A load while loads are compared: the door and way that explain it best, and how well."""

    __slots__ = ("door", "load", "nats", "way")

    def __init__(self, load: Load) -> None:
        self.load = load
        self.door, self.way = likeliest(load.doors)
        self.nats = _explained(load.doors)


def _explained(doors: Mapping[int, Ways]) -> float:
    """Say how well one door and one way explain what tags say, in nats; ways count less."""
    return max(ways[2] + WAY_SHARE * (max(ways) - ways[2]) for ways in doors.values())


def _merged(found: list[Load], thresholds: Thresholds) -> list[Load]:
    """Merge the two loads that gain most by it, again and again, while one load explains them nearly as well."""
    heads: dict[int, _Head] = {number: _Head(load) for number, load in enumerate(found)}
    gains: dict[tuple[int, int], float] = {}
    for i in heads:
        _compare(i, [j for j in heads if j > i], heads, gains, thresholds)
    while gains:
        _, (i, j) = max(zip(gains.values(), gains, strict=True))
        heads[i].load.join(heads.pop(j).load)
        heads[i] = _Head(heads[i].load)
        for pair in [pair for pair in gains if i in pair or j in pair]:
            del gains[pair]
        _compare(i, [k for k in heads if k != i], heads, gains, thresholds)
    return [head.load for head in heads.values()]


def _compare(
    i: int,
    others: Iterable[int],
    heads: Mapping[int, _Head],
    gains: dict[tuple[int, int], float],
    thresholds: Thresholds,
) -> None:
    """Note what is gained by merging one load with others, where anything is; those of another time are passed over."""
    one = heads[i]
    for j in others:
        if abs(one.load.middle_s - heads[j].load.middle_s) > NEVER_S:
            continue
        gain = _gain(one, heads[j], thresholds)
        if gain > 0:
            gains[min(i, j), max(i, j)] = gain


def _gain(one: _Head, other: _Head, thresholds: Thresholds) -> float:
    """Say how much better one load explains both than two do."""
    a, b = one.load, other.load
    if a.stood != b.stood or a.doors.keys().isdisjoint(b.doors):  # doors that hear nothing of each other
        return -inf
    fewer = min(len(a.witnesses), len(b.witnesses))
    doubt = DOUBT_NATS + (DOORWAY_NATS if one.door == other.door else 0.0)
    nats = thresholds.load_nats + fewer * (doubt - _tailed(apart(a.course, b.course) / fewer))
    if nats <= 0:
        return nats
    return nats + _explained(_added(a.doors, b.doors)) - one.nats - other.nats


def _tailed(nats: float) -> float:
    """Turn half a squared distance into nats of a density with heavy tails (Student's)."""
    return TAIL_NATS * log1p(nats / TAIL_NATS)


def _settled(found: Iterable[Load]) -> list[Load]:
    """Let each witness change to the load that explains it best, once.

    Loads at other doors may pass in step with its own: see `_may_hide`.
    """
    heads = [_Head(load) for load in found]
    after: dict[int, Load] = {}
    for number, head in enumerate(heads):
        near = [
            (n, other)
            for n, other in enumerate(heads)
            if n != number
            and other.load.stood == head.load.stood
            and abs(other.load.middle_s - head.load.middle_s) <= NEVER_S
        ]
        for one in head.load.witnesses:
            best = max(((_fit(one, other), n) for n, other in near if _may_hide(one, other)), default=(-inf, number))
            chosen = number if _own_fit(one, head) >= best[0] else best[1]
            after.setdefault(chosen, Load()).add(one)
    return list(after.values())


def _may_hide(one: Witness, head: _Head) -> bool:
    """Tell whether a witness may be on a load: its door heard it, or goods hid it from there.

    A tag that was well read was not hidden; one that was hardly read was heard where others of its load are heard, too.
    """
    return head.door in one.doors or (bool(one.reads) and not one.doors.keys().isdisjoint(head.load.doors))


def _fit(one: Witness, head: _Head) -> float:
    """Say how well a load's door, way and time explain one more witness, in nats; the larger, the likelier."""
    return _told(one, head) - _tailed(apart(one.course, head.load.course)) + log(len(head.load.witnesses))


def _own_fit(one: Witness, head: _Head) -> float:
    """Say the same of the load that a witness is on, as if it had not been asked about its time."""
    others = len(head.load.witnesses) - 1
    if not others:
        return _told(one, head) - ALONE_NATS
    apart_nats = apart(one.course, head.load.course) * ((others + 1) / others) ** 2
    return _told(one, head) - _tailed(apart_nats) + log(others)


def _told(one: Witness, head: _Head) -> float:
    ways = one.doors.get(head.door, _UNHEARD)
    return ways[2] + WAY_SHARE * (ways[head.way] - ways[2])


def spoken(one: Witness, load: Load, site: Site) -> dict[int, Ways]:
    """Say what one tag and its load say together: mates repeat each other, so they count less."""
    mates = len(load.witnesses) - 1
    weight = 1.0 / (1.0 + ALIKE * max(mates - 1, 0))
    together = {}
    for door, total in load.doors.items():
        own = one.doors.get(door, _UNHEARD)
        came_in, went_out, stayed = (mine + weight * (all_of - mine) for mine, all_of in zip(own, total, strict=True))
        together[door] = came_in, went_out, stayed
    if mates:
        door, _ = likeliest(together)
        pooled = _pooled(load, door, site)
        came_in, went_out, stayed = together[door]
        together[door] = came_in + pooled.came_in - pooled.stayed, went_out + pooled.went_out - pooled.stayed, stayed
    return together


def _pooled(load: Load, door: int, site: Site) -> Opinion:
    """Ask a door about all reads of a load's hardly read tags, as if they were one tag's."""
    found = load.pooled.get(door)
    if found is None:
        rows = site.layout.doors[door].rows
        reads = sorted(read for one in load.witnesses for read in one.reads if read.antenna in rows)
        tags = sum(1 for one in load.witnesses if one.reads)
        found = NONE
        if 2 * tags >= len(load.witnesses) and len(reads) >= POOL_READS:
            found = load_opinion(site.layout.doors[door], reads, site.thresholds).within(POOLED_NATS)
        load.pooled[door] = found
    return found
