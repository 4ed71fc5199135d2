"""Tags that move together: witnesses are grouped into loads, so that the tags of a load speak for each other.

A load goes through one door, one way, at one time and speed. Time is what tells loads apart most sharply: two tags on
one load are heard by each row at nearly the same moment, whatever their own reads say of the way (`course`). Loads are
found by merging: witnesses that agree on time and on the door begin as loads, and two become one when that explains
them nearly as well. What counts against one load is that they passed at different times, came into the field at
different times, or are heard best at different doors; what counts for it is that goods come together, and that two
loads are never in one doorway at once. Then each witness may change to the load that fits it best.

Goods hide some tags of a load from its own door, so that the next one hears them best: these begin as a load of their
own, there. Where another load surely passes that doorway at the time, they can't be one there; so once loads have been
told apart, they are compared again with what the others' claims leave of each door (`doorways`).
"""

from collections.abc import Iterable, Mapping, Sequence
from math import inf, log, log1p

from tagdock_edge.config import Thresholds
from tagdock_edge.passage.course import CAME_NATS, apart, earlier, louder
from tagdock_edge.passage.doorways import Claims, claims_of
from tagdock_edge.passage.kinship import MATE_NATS, Kinship
from tagdock_edge.passage.load import ALIKE, UNHEARD, Load, added, alone
from tagdock_edge.passage.witness import Ways, Witness, likeliest

TOGETHER_NATS = 3.0
"""How much likelier goods that have been there for long are one load, for each tag, where they came together: in a
minute loads come at twenty other times."""
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
CLAIMED = 2.6
"""How much more another load's claim to a doorway counts while loads are told apart: the tags that it speaks against
err alike, and there each counts whole (found on simulated cross-talk, seeds 1 to 6; 1 gained a little less)."""
ALONE_NATS = 5.0
"""How much less likely a tag comes alone than with the others that are there (assumed: one load in 150 tags). A tag
that has been there for longer than goods take to pass is not coming, and needs no company."""


def loads(witnesses: Iterable[Witness], thresholds: Thresholds, numbered: float = 0.0) -> list[Load]:
    """Group witnesses into loads; the order in which they come changes nothing.

    `numbered` is the share (0..1) of tags that keep together as their numbers do.
    """
    ordered = sorted(witnesses, key=lambda one: (one.middle_s, one.epc))
    kinship = Kinship(ordered, numbered)
    found = _merged(_seeds(ordered), thresholds, kinship)
    found = _settled(_merged_again(found, thresholds, kinship), kinship)
    again = _merged_again(found, thresholds, kinship)
    return found if again is found else _settled(again, kinship)


def _seeds(witnesses: Sequence[Witness]) -> list[Load]:
    """Begin with loads of those that agree on the door and on time."""
    under_way: dict[int, list[Load]] = {}
    found = []
    for one in witnesses:
        mine = under_way.setdefault(likeliest(one.doors)[0], [])
        close = [(n, load) for n, load in enumerate(mine) if abs(load.middle_s - one.middle_s) <= NEVER_S]
        unlike = ((apart(load.course, one.course) + earlier(load.course, one.course), n) for n, load in close)
        nats, near = min(unlike, default=(inf, 0))
        if nats < SEED_NATS:
            mine[near].add(one)
            continue
        load = alone(one)
        found.append(load)
        mine.append(load)
        del mine[:-SEEDS_OPEN]
    return found


class _Head:
    """A load while loads are compared: the door and way that explain it best, how well, and who else claims doors."""

    __slots__ = ("claims", "door", "kinship", "load", "nats", "number", "pairs", "way")

    def __init__(self, load: Load, number: int, kinship: Kinship, claims: Claims) -> None:
        self.load, self.number, self.kinship, self.claims = load, number, kinship, claims
        kinship.place(number, load.witnesses)
        self.pairs = kinship.pairs(load.witnesses, number) / 2
        self.door, self.way = likeliest(load.doors)
        self.nats = _explained(load.doors)


def _heads(found: Sequence[Load], kinship: Kinship, claims: Sequence[Claims]) -> dict[int, _Head]:
    """Number loads from 0, by their order."""
    for number, load in enumerate(found):
        kinship.place(number, load.witnesses)
    return {number: _Head(load, number, kinship, claims[number]) for number, load in enumerate(found)}


_NO_CLAIMS: Claims = {}
_NOTHING_TAKEN: Mapping[int, float] = {}


def _explained(doors: Mapping[int, Ways], taken: Mapping[int, float] = _NOTHING_TAKEN) -> float:
    """Say how well one door and one way explain what tags say, in nats; ways count less."""
    return max(ways[2] + WAY_SHARE * (max(ways) - ways[2]) + taken.get(door, 0.0) for door, ways in doors.items())


def _merged_again(found: list[Load], thresholds: Thresholds, kinship: Kinship) -> list[Load]:
    """Merge loads that others leave no doorway of their own; the same list where none meet."""
    if len(found) < _A_THIRD:
        return found
    claims = claims_of(found)
    return _merged(found, thresholds, kinship, claims) if any(claims) else found


_A_THIRD = 3
"""Only a third load says by its doorway whether two are one."""


def _merged(
    found: list[Load], thresholds: Thresholds, kinship: Kinship, claims: Sequence[Claims] | None = None
) -> list[Load]:
    """Merge the two loads that gain most by it, again and again, while one load explains them nearly as well.

    `claims` are what each load loses of its doors by each other one (number in the list): see `doorways`.
    """
    heads = _heads(found, kinship, claims or [_NO_CLAIMS] * len(found))
    gains: dict[tuple[int, int], float] = {}
    for i in heads:
        _compare(i, [j for j in heads if j > i], heads, gains, thresholds)
    while gains:
        _, (i, j) = max(zip(gains.values(), gains, strict=True))
        one, other = heads[i], heads.pop(j)
        one.load.join(other.load)
        heads[i] = _Head(one.load, i, kinship, _claims_on_both(one, other))
        for head in heads.values():
            if j in head.claims:
                head.claims = {i if number == j else number: nats for number, nats in head.claims.items()}
        for pair in [pair for pair in gains if i in pair or j in pair]:
            del gains[pair]
        _compare(i, [k for k in heads if k != i], heads, gains, thresholds)
    return [head.load for head in heads.values()]


def _claims_on_both(one: _Head, other: _Head) -> Claims:
    """Return what others claim of the doors of two loads, each other's claims left out."""
    return {
        number: nats
        for number, nats in {**one.claims, **other.claims}.items()
        if number not in (one.number, other.number)
    }


def _taken(claims: Claims, tags: int, but: int | None = None) -> dict[int, float]:
    """Add up by how many nats a load of so many tags loses doors, one other load's claims left out."""
    weight = CLAIMED * (1.0 + ALIKE * (tags - 1))
    taken: dict[int, float] = {}
    for number, claimed in claims.items():
        if number != but:
            for door, nats in claimed.items():
                taken[door] = taken.get(door, 0.0) + weight * nats
    return taken


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
    if a.doors.keys().isdisjoint(b.doors):  # doors that hear nothing of each other
        return -inf
    fewer = min(len(a.witnesses), len(b.witnesses))
    doubt = DOUBT_NATS + (DOORWAY_NATS if one.door == other.door else 0.0)
    unlike = _tailed(apart(a.course, b.course) / fewer) + _came_apart(a, b, fewer)
    nats = thresholds.load_nats + fewer * (doubt - unlike)
    if nats + MATE_NATS * fewer <= 0:
        return nats
    nats += _kin(one, other, fewer)
    if nats <= 0:
        return nats
    together = added(a.doors, b.doors)
    if not one.claims and not other.claims:
        return nats + _explained(together) - one.nats - other.nats
    own, its = len(a.witnesses), len(b.witnesses)
    nats += _explained(together, _taken(_claims_on_both(one, other), own + its))
    nats -= _explained(a.doors, _taken(one.claims, own, but=other.number))
    return nats - _explained(b.doors, _taken(other.claims, its, but=one.number))


def _came_apart(one: Load, other: Load, fewer: int) -> float:
    """Say how much it speaks against one load, in nats a tag, that they came at other times; for it where it is < 0.

    Goods that go straight through come when they pass, which is compared already.
    """
    nats = min(earlier(one.course, other.course) / fewer, CAME_NATS)
    return nats - TOGETHER_NATS if one.waited and other.waited else nats


def _tailed(nats: float) -> float:
    """Turn half a squared distance into nats of a density with heavy tails (Student's)."""
    return TAIL_NATS * log1p(nats / TAIL_NATS)


def _kin(one: _Head, other: _Head, fewer: int) -> float:
    """Say how much better numbers fit one load than two."""
    small, large = sorted((one, other), key=lambda head: (len(head.load.witnesses), head.number))
    across = one.kinship.pairs(small.load.witnesses, large.number)
    part = fewer / (fewer + len(large.load.witnesses))
    return one.kinship.together(across, one.pairs + other.pairs, part**2 + (1.0 - part) ** 2, fewer)


def _settled(found: Sequence[Load], kinship: Kinship) -> list[Load]:
    """Let each witness change to the load that explains it best, once: its door, its time, how loud its tags are.

    Loads at other doors may pass in step with its own: see `_may_hide`.
    """
    heads = [*_heads(found, kinship, [_NO_CLAIMS] * len(found)).values()]
    after: dict[int, Load] = {}
    for head in heads:
        near = [other for other in heads if abs(other.load.middle_s - head.load.middle_s) <= NEVER_S]
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
    """Say how well a load's door, way, time and strength explain one more witness, in nats; more is likelier."""
    course = head.load.course
    unlike = _tailed(apart(one.course, course)) + louder(one.course, course)
    unlike += min(earlier(one.course, course), CAME_NATS)
    return _told(one, head) - unlike + log(len(head.load.witnesses))


def _own_fit(one: Witness, head: _Head) -> float:
    """Say the same of the load that a witness is on, as if it had not been asked about its time."""
    others = len(head.load.witnesses) - 1
    if not others:
        return _told(one, head) - (0.0 if one.there else ALONE_NATS)
    course, without = head.load.course, ((others + 1) / others) ** 2
    unlike = _tailed(apart(one.course, course) * without) + louder(one.course, course) * without
    unlike += min(earlier(one.course, course) * without, CAME_NATS)
    return _told(one, head) - unlike + log(others)


def _told(one: Witness, head: _Head) -> float:
    ways = one.doors.get(head.door, UNHEARD)
    return ways[2] + WAY_SHARE * (ways[head.way] - ways[2])
