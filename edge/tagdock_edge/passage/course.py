"""A tag's course: when each row heard it, from all doors, for how long and how loud; it tells loads apart most sharply.

Doors stand in one wall, so that their outside rows are one line and their inside rows another: also a tag that its own
door hardly hears tells when it passed the lines, how fast, and which way. Times are those of looks weighed by
amplitude, so that neither a reader's turns nor a tag's loss shift them much.
"""

from collections.abc import Mapping, Sequence
from math import exp, log, log10, sqrt
from typing import NamedTuple

from tagdock_contract import Side

from tagdock_edge.passage.looks import Look

PLACE_SHARE = 0.3
"""How far apart two tags on one load pass a row (standard deviation), as a share of the time for which they are heard
(a standard deviation, too): goods 1.2 m long in a field whose standard deviation is 1.3 m."""
BETWEEN_SHARE = 0.2
"""The same of the time from one row to the other: it hangs on height and hand of the tag alone."""
LOOKS_SHARE = 0.7
"""How far a row's time is off with one look at it, as a share of the same; falls with the root of the looks."""
USUAL_S, USUAL_LOOKS = 0.7, 3.0
"""For how long goods are heard (a standard deviation) before anything is known of them, 1.3 m at 2 m/s; and how many
looks outweigh that: a tag that was read once or twice in a tenth of a second was there for longer."""
COARSE_S = 0.08
"""Nothing is known better than this: a look lasts so long, and readers state times that coarsely."""
SPREAD_LOG = 0.35
"""How much longer (natural log) one tag of a load is heard than another."""
STRENGTH_DB = 7.0
"""How far the peaks of a load's tags are from each other (standard deviation): on simulated loads 5 to 7, in halls of
another model of radio 7 to 9. Loads differ by 1 (all on cardboard, which changes nothing) to 13 (cans beside them)."""

CAME_SHARE, CAME_LEAST_S = 2.0, 0.5
"""How far from each other the tags of a load come into the field (standard deviation): as a share of the time for which
they are heard (a standard deviation, too), and at least (assumed)."""
CAME_NATS = 9.0
"""The most that coming at another time says against being on a load, for each tag of the smaller one (assumed: one tag
in 8,000 is heard before its load comes)."""

_FAR_S = 1e12
"""Farther from 1970 than any time of a read."""
_MANY = 1e6
"""More looks than a tag has."""
_LONG_LOG = 12.0
"""Farther from the log of one second than that of any time in the field: two days."""


class Told(NamedTuple):
    """A value and how surely it is known: its precision (1 / variance), 0 where nothing is."""

    value: float
    precision: float

    @property
    def possible(self) -> bool:
        """Whether these are numbers that `course` could have made, and not those of a damaged file."""
        return abs(self.value) < _FAR_S and 0.0 <= self.precision <= 1.0 / COARSE_S**2


_UNTOLD = Told(0.0, 0.0)


class Course(NamedTuple):
    """When the rows outside and inside heard a tag, how long between, how long it was heard, how loud, since when.

    Values of time in seconds, of `heard` the natural log of the standard deviation of its looks' time, of `strength`
    its loudest look in dBm, of `came` when it came into the field (none in a snapshot of before these were told).
    """

    outside: Told
    inside: Told
    between: Told
    heard: Told
    strength: Told = _UNTOLD
    came: Told = _UNTOLD

    @property
    def possible(self) -> bool:
        """Whether `course` could have made it, and not a damaged file."""
        return all(told.possible for told in self) and abs(self.heard.value) < _LONG_LOG


UNKNOWN = Course(_UNTOLD, _UNTOLD, _UNTOLD, _UNTOLD)
"""Of nobody yet."""


def course(
    seen: Mapping[int, Sequence[Look]], sides: Mapping[int, Side], origin_s: float, came_s: float | None = None
) -> Course:
    """Sum up looks by row; `sides` are the antennas' rows. Times count from `origin_s`, which is added again.

    `came_s` is when the tag came into the field, where that is known.
    """
    outside, inside = (_moments(seen, sides, side, origin_s) for side in ("outside", "inside"))
    weight, first, second, looks = (a + b for a, b in zip(outside, inside, strict=True))
    variance = max(second / weight - (first / weight) ** 2, 0.0)
    heard = Told(log(sqrt(variance) + COARSE_S), 1.0 / (SPREAD_LOG**2 + 1.0 / looks))
    spread_s = sqrt((looks * variance + USUAL_LOOKS * USUAL_S**2) / (looks + USUAL_LOOKS))
    rows = [_row(row, spread_s, origin_s) for row in (outside, inside)]
    between = _UNTOLD
    if outside[3] and inside[3]:
        error = (LOOKS_SHARE * spread_s) ** 2 * (1 / outside[3] + 1 / inside[3])
        precision = 1.0 / (error + (BETWEEN_SHARE * spread_s) ** 2 + COARSE_S**2)
        between = Told(rows[1].value - rows[0].value, precision)
    loudest_mw = max(look.power_mw for each in seen.values() for look in each)
    strength = Told(10.0 * log10(loudest_mw), 1.0 / STRENGTH_DB**2)
    came = _UNTOLD if came_s is None else Told(came_s, 1.0 / ((CAME_SHARE * spread_s) ** 2 + CAME_LEAST_S**2))
    return Course(rows[0], rows[1], between, heard, strength, came)


def _row(moments: tuple[float, float, float, int], spread_s: float, origin_s: float) -> Told:
    """Say when a row heard the tag, and how surely it passed then."""
    weight, first, _, looks = moments
    if not looks:
        return _UNTOLD
    variance = ((LOOKS_SHARE**2 / looks) + PLACE_SHARE**2) * spread_s**2 + COARSE_S**2
    return Told(origin_s + first / weight, 1.0 / variance)


def _moments(
    seen: Mapping[int, Sequence[Look]], sides: Mapping[int, Side], side: Side, origin_s: float
) -> tuple[float, float, float, int]:
    """Return a row's sums: amplitude, amplitude by time, by time squared; and how many looks heard it."""
    weight = first = second = 0.0
    looks = 0
    for antenna, each in seen.items():
        if sides[antenna] == side:
            for look in each:
                amplitude, at_s = sqrt(look.power_mw), look.at_us / 1e6 - origin_s
                weight += amplitude
                first += amplitude * at_s
                second += amplitude * at_s * at_s
            looks += len(each)
    return weight, first, second, looks


def both(one: Course, other: Course) -> Course:
    """Put two courses together, each by its precision."""
    return Course(*(_mean(a, b) for a, b in zip(one, other, strict=True)))


def _mean(one: Told, other: Told) -> Told:
    precision = one.precision + other.precision
    if not precision:
        return _UNTOLD
    return Told((one.value * one.precision + other.value * other.precision) / precision, precision)


def apart(one: Course, other: Course) -> float:
    """Say how much two courses disagree about time, in nats: half the squared distance over what is known of it."""
    nats = 0.0
    for (value, precision), (its, its_precision) in zip(one[:4], other[:4]):  # noqa: B905  # four; this runs often
        if precision and its_precision:
            nats += (value - its) ** 2 * precision * its_precision / (precision + its_precision)
    return nats / 2


def louder(one: Course, other: Course) -> float:
    """Say how much two courses disagree about strength, in nats, as `apart` does about time."""
    return _disagreed(one.strength, other.strength)


def earlier(one: Course, other: Course) -> float:
    """Say how much two courses disagree about when goods came into the field, in nats, without a bound."""
    return _disagreed(one.came, other.came)


def _disagreed(one: Told, other: Told) -> float:
    if not one.precision or not other.precision:
        return 0.0
    share = one.precision * other.precision / (one.precision + other.precision)
    return (one.value - other.value) ** 2 * share / 2


CROSSED, CROSSED_SPREAD = 1.2, 0.4
"""How much later the far row hears goods that go through than the near one, as a share of the time (a standard
deviation) for which they are heard, and how far goods are from that: 0.6 under high antennas that hear them all over
the hall, 1.0 to 2.0 elsewhere."""
STAYED_SPREAD, BURSTS = 0.3, 4.0
"""The same of goods that go by, turn round or stand, whose rows take turns by chance: standard deviation; and how much
less their looks say at most (variance): each row has them in bursts, whenever something else moves."""
BURST_LOOKS = 2.0
"""So many looks at a tag are no burst yet: where readers hear each tag but once, as sessions 2 and 3 have it, the rows'
times are each tag's own."""


def ways_of(passed: Course, tags: int, repeated: float) -> tuple[float, float]:
    """Say how much likelier than to stay it is (nats) that goods came in, and went out, from the rows' times.

    `passed` is the course of so many tags together; `repeated` is how much less they know than if they told apart.
    """
    heard_s = exp(passed.heard.value)
    value, precision = passed.between
    known = precision * heard_s * heard_s
    if not known or not passed.heard.precision:
        return 0.0, 0.0
    share, error = value / heard_s, repeated / known
    bursts = min(max(_looks(passed.heard, tags) - BURST_LOOKS + 1.0, 1.0), BURSTS)
    stayed = _log_density(share, STAYED_SPREAD**2 + bursts * error)
    spread = CROSSED_SPREAD**2 + error
    return _log_density(share - CROSSED, spread) - stayed, _log_density(share + CROSSED, spread) - stayed


def _looks(heard: Told, tags: int) -> float:
    """Return how many looks each tag had on average, by what is known of the time for which so many were heard."""
    return 1.0 / max(tags / heard.precision - SPREAD_LOG**2, 1.0 / _MANY)


def _log_density(value: float, variance: float) -> float:
    """Return the log of the normal density, but for a constant."""
    return -0.5 * (value * value / variance + log(variance))
