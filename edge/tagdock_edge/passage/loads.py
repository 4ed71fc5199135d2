"""Tags that move together: witnesses are grouped into loads, so that the tags of a load speak for each other.

A load goes through one door, one way, at one time; a tag's place on it shifts its time by less than a tenth of the
time that it is in the field. Loads are found by merging: each door, way and moment begins as a load of its own, and two
become one when that explains their tags nearly as well. What counts against one load is that its tags are heard best at
different doors, moved different ways, or at different times; what counts for it is that one load is likelier than two
that happen to be at neighbouring doors at once (`Thresholds.load_nats`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tagdock_edge.config import Thresholds
from tagdock_edge.passage.opinion import NONE, Opinion
from tagdock_edge.passage.opinions import load_opinion
from tagdock_edge.passage.witness import Site, Ways, Witness, likeliest

APART_S = 0.15
"""How far apart in time two tags on one load pass at least (standard deviation): the look at them is that coarse."""
APART_SHARE = 0.08
"""The same as a share of the time that they are in the field: goods 1.2 m long in a field of some 6 m."""
HEARD_SHARE = 0.25
"""Goods that are heard for less of the time than others of their load say less of when it passed: by this share ..."""
HEARD_AT_MOST_S = 1.0
"""... of the difference, and by so much at most: who is there for minutes is not on the load that just passes."""
NEVER = 3.0
"""Loads that are farther apart than so many standard deviations are never one."""
DOUBT_NATS = 2.0
"""What a tag may disagree with its load before that speaks for another load: single tags are often wrong, and those
that are wrong alike are found together."""
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
    score: float = 0.0
    """How well one door and one way explain the witnesses, in nats."""
    pooled: dict[int, Opinion] = field(default_factory=dict)
    """What doors make of the reads of its hardly read tags, all taken together; asked for once."""
    lasts_s: float = 0.0
    """How long its best heard witness was in the field."""

    def add(self, one: Witness) -> None:
        """Take in a witness."""
        self.witnesses.append(one)
        self.doors = _added(self.doors, one.doors)
        self.moment += one.middle_s
        self.lasts_s = max(self.lasts_s, one.lasts_s)
        self.middle_s = self.moment / len(self.witnesses)
        self.score = max(map(max, self.doors.values()))


def alone(one: Witness) -> Load:
    """Return a load of one tag."""
    load = Load()
    load.add(one)
    return load


def _added(some: Mapping[int, Ways], others: Mapping[int, Ways]) -> dict[int, Ways]:
    """Add nats door by door, way by way."""
    total = dict(some)
    for door, ways in others.items():
        before = total.get(door)
        total[door] = ways if before is None else (before[0] + ways[0], before[1] + ways[1], before[2] + ways[2])
    return total


def _spread_s(one_lasts_s: float, other_lasts_s: float) -> float:
    """Say how far apart the moments of two are that are on one load, from how long each is heard."""
    longest_s = max(one_lasts_s, other_lasts_s)
    less_heard_s = min(HEARD_SHARE * abs(one_lasts_s - other_lasts_s), HEARD_AT_MOST_S)
    return APART_S + APART_SHARE * longest_s + less_heard_s


def loads(witnesses: Iterable[Witness], thresholds: Thresholds) -> list[Load]:
    """Group witnesses into loads; the order in which they come changes nothing."""
    found = _seeds(sorted(witnesses, key=lambda one: (one.middle_s, one.epc)))
    _merge(found, thresholds)
    return _settled(found)


def _seeds(witnesses: Sequence[Witness]) -> list[Load]:
    """Begin with loads of those that agree on door and way, and follow each other closely."""
    last: dict[tuple[int, int, bool], Load] = {}
    found = []
    for one in witnesses:
        key = *one.leaning, one.stood
        load = last.get(key)
        if load is None or one.middle_s - load.witnesses[-1].middle_s > _spread_s(load.lasts_s, one.lasts_s):
            last[key] = load = Load()
            found.append(load)
        load.add(one)
    return found


def _merge(found: list[Load], thresholds: Thresholds) -> None:
    """Merge the two loads that gain most by it, again and again, while one load explains them nearly as well."""
    gains = {
        (i, j): gain
        for i, one in enumerate(found)
        for j in range(i + 1, len(found))
        if (gain := _gain(one, found[j]) + thresholds.load_nats) > 0
    }
    while gains:
        i, j = max(gains, key=lambda pair: (gains[pair], pair))
        for each in found[j].witnesses:
            found[i].add(each)
        found[j] = Load()
        for pair in [pair for pair in gains if i in pair or j in pair]:
            del gains[pair]
        for k, other in enumerate(found):
            if k != i and other.witnesses and (gain := _gain(found[i], other) + thresholds.load_nats) > 0:
                gains[min(i, k), max(i, k)] = gain


def _gain(one: Load, other: Load) -> float:
    """Say how much better one load explains both than two do: a loss, most of the time."""
    apart_s = abs(one.middle_s - other.middle_s)
    spread_s = _spread_s(one.lasts_s, other.lasts_s)
    if apart_s > NEVER * spread_s or one.witnesses[0].stood != other.witnesses[0].stood:
        return float("-inf")
    if one.doors.keys().isdisjoint(other.doors):
        return float("-inf")
    together = max(map(max, _added(one.doors, other.doors).values()))
    n, m = len(one.witnesses), len(other.witnesses)
    time = -0.5 * n * m / (n + m) * (apart_s / spread_s) ** 2
    return together + time - one.score - other.score + DOUBT_NATS * min(n, m)


def _settled(found: Iterable[Load]) -> list[Load]:
    """Let each witness change to the load that explains it best, once."""
    before = [load for load in found if load.witnesses]
    heads: dict[int, list[tuple[int, int, Load]]] = {}
    for number, load in enumerate(before):
        door, way = likeliest(load.doors)
        heads.setdefault(door, []).append((number, way, load))
    after: dict[int, Load] = {}
    for number, load in enumerate(before):
        door, way = likeliest(load.doors)
        for one in load.witnesses:
            best = (_fit(one, door, way, load), number)
            for own_door in one.doors:
                for other, its_way, its in heads.get(own_door, ()):
                    if other != number and its.witnesses[0].stood == one.stood:
                        best = max(best, (_fit(one, own_door, its_way, its), other))
            after.setdefault(best[1], Load()).add(one)
    return list(after.values())


def _fit(one: Witness, door: int, way: int, load: Load) -> float:
    """Say how well a load's door, way and time explain one witness, in nats."""
    apart = (one.middle_s - load.middle_s) / _spread_s(one.lasts_s, load.lasts_s)
    return one.doors.get(door, _UNHEARD)[way] - 0.5 * apart * apart


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
