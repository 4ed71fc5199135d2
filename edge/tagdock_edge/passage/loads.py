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
from tagdock_edge.passage.course import UNKNOWN, Course, apart, both, ways_of
from tagdock_edge.passage.kinship import MATE_NATS, Kinship
from tagdock_edge.passage.witness import Ways, Witness, likeliest

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
LINE_NATS = 6.0
"""The most that the order in which all outside and all inside rows heard a load says for or against a way: one load in
400 is heard in another order than it went (assumed)."""
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

    taken: dict[int, float] = field(default_factory=dict)
    """By how many nats doors are less likely, as other loads pass them at the same time (see `doorways`)."""

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


def loads(witnesses: Iterable[Witness], thresholds: Thresholds, numbered: float = 0.0) -> list[Load]:
    """Group witnesses into loads; the order in which they come changes nothing.

    `numbered` is the share (0..1) of tags that keep together as their numbers do.
    """
    ordered = sorted(witnesses, key=lambda one: (one.middle_s, one.epc))
    kinship = Kinship(ordered, numbered)
    return _settled(_merged(_seeds(ordered), thresholds, kinship), kinship)


def _seeds(witnesses: Sequence[Witness]) -> list[Load]:
    """Begin with loads of those that agree on the door and on time."""
    under_way: dict[tuple[int, bool], list[Load]] = {}
    found = []
    for one in witnesses:
        mine = under_way.setdefault((likeliest(one.doors)[0], one.stood), [])
        close = [(n, load) for n, load in enumerate(mine) if abs(load.middle_s - one.middle_s) <= NEVER_S]
        nats, near = min(((apart(load.course, one.course), n) for n, load in close), default=(inf, 0))
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

    __slots__ = ("door", "kinship", "load", "nats", "number", "pairs", "way")

    def __init__(self, load: Load, number: int, kinship: Kinship) -> None:
        self.load, self.number, self.kinship = load, number, kinship
        kinship.place(number, load.witnesses)
        self.pairs = kinship.pairs(load.witnesses, number) / 2
        self.door, self.way = likeliest(load.doors)
        self.nats = _explained(load.doors)


def _explained(doors: Mapping[int, Ways]) -> float:
    """Say how well one door and one way explain what tags say, in nats; ways count less."""
    return max(ways[2] + WAY_SHARE * (max(ways) - ways[2]) for ways in doors.values())


def _merged(found: list[Load], thresholds: Thresholds, kinship: Kinship) -> list[Load]:
    """Merge the two loads that gain most by it, again and again, while one load explains them nearly as well."""
    heads: dict[int, _Head] = {number: _Head(load, number, kinship) for number, load in enumerate(found)}
    gains: dict[tuple[int, int], float] = {}
    for i in heads:
        _compare(i, [j for j in heads if j > i], heads, gains, thresholds)
    while gains:
        _, (i, j) = max(zip(gains.values(), gains, strict=True))
        heads[i].load.join(heads.pop(j).load)
        heads[i] = _Head(heads[i].load, i, kinship)
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
    if nats + MATE_NATS * fewer <= 0:
        return nats
    nats += _kin(one, other, fewer)
    if nats <= 0:
        return nats
    return nats + _explained(_added(a.doors, b.doors)) - one.nats - other.nats


def _tailed(nats: float) -> float:
    """Turn half a squared distance into nats of a density with heavy tails (Student's)."""
    return TAIL_NATS * log1p(nats / TAIL_NATS)


def _kin(one: _Head, other: _Head, fewer: int) -> float:
    """Say how much better numbers fit one load than two."""
    small, large = sorted((one, other), key=lambda head: (len(head.load.witnesses), head.number))
    across = one.kinship.pairs(small.load.witnesses, large.number)
    part = fewer / (fewer + len(large.load.witnesses))
    return one.kinship.together(across, one.pairs + other.pairs, part**2 + (1.0 - part) ** 2, fewer)


def _settled(found: Iterable[Load], kinship: Kinship) -> list[Load]:
    """Let each witness change to the load that explains it best, once.

    Loads at other doors may pass in step with its own: see `_may_hide`.
    """
    heads = [_Head(load, number, kinship) for number, load in enumerate(found)]
    after: dict[int, Load] = {}
    for head in heads:
        near = [
            other
            for other in heads
            if other.load.stood == head.load.stood and abs(other.load.middle_s - head.load.middle_s) <= NEVER_S
        ]
        tags = sum(len(other.load.witnesses) for other in near)
        for one in head.load.witnesses:
            mates = kinship.mates(one)
            best, chosen = _own_fit(one, head), head
            if head.number in mates:
                best += mates[head.number] * kinship.mate_nats(len(head.load.witnesses) / tags)
            for other in near:
                if other is head or not _may_hide(one, other):
                    continue
                fit = _fit(one, other)
                if other.number in mates:
                    fit += mates[other.number] * kinship.mate_nats(len(other.load.witnesses) / tags)
                if fit > best:
                    best, chosen = fit, other
            after.setdefault(chosen.number, Load()).add(one)
    return list(after.values())


def _may_hide(one: Witness, head: _Head) -> bool:
    """Tell whether a witness may be on a load: its door heard it, or goods hid it from there.

    A tag that was well read was not hidden; one that was hardly read was heard where others of its load are heard, too.
    """
    return head.door in one.doors or (one.few and not one.doors.keys().isdisjoint(head.load.doors))


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


def spoken(one: Witness, load: Load) -> dict[int, Ways]:
    """Say what one tag and its load say together: mates repeat each other, so they count less."""
    mates = len(load.witnesses) - 1
    weight = 1.0 / (1.0 + ALIKE * max(mates - 1, 0))
    together = {}
    for door, total in load.doors.items():
        own = one.doors.get(door, _UNHEARD)
        came_in, went_out, stayed = (mine + weight * (all_of - mine) for mine, all_of in zip(own, total, strict=True))
        taken = load.taken.get(door, 0.0)
        together[door] = came_in + taken, went_out + taken, stayed
    if mates:
        came_in, went_out = (
            max(-LINE_NATS, min(nats, LINE_NATS)) for nats in ways_of(load.course, 1.0 + ALIKE * mates)
        )
        return {door: (a + came_in, b + went_out, stayed) for door, (a, b, stayed) in together.items()}
    return together
