"""What went through a door's two light beams: breaks paired into bodies, whoever they are.

A body that goes through breaks one beam, then the other, and each clears as much later than the other as it broke:

    outside  ____#########______      in:   inside breaks and clears after outside
    inside   ________#########__      out:  before it
                                      stay: within it, or the other beam is not broken at all

So two breaks are one body's if they begin and end in the same order, last alike, and lag alike; the best pairs are
taken first. Where bodies follow each other so closely that a break fits others as well, as cartons on a belt do, nobody
can tell the way from the beams. Source: Oikawa 2012, Tag movement direction estimation methods in an RFID gate system
(two sensors, their order); the pairing is ours.
"""

from collections.abc import Iterable, Sequence
from math import inf, log
from typing import NamedTuple

from tagdock_contract import Side

from tagdock_edge.clock import SECOND_US
from tagdock_edge.passage.eyes import Break
from tagdock_edge.passage.opinion import Way

FLICKER_US, FLICKER_SHARE = 300_000, 0.15
"""A beam that shows for less than this, and this share of the breaks around it, shone through a gap in the load."""
ALIKE = 4.5
"""How unlike two breaks of one body may be: the sum of the logs of how their lengths and lags differ. A body that stops
between the beams is that unlike; steady ones are under 0.5."""
CLEARLY = 1.0
"""Another pair that means the other way has to be so much more unlike."""
APART_US, APART_SHARE = 3 * SECOND_US, 4.0
"""A body shorter than the beams' distance leaves both clear in between, for so long at most, and so many times its
breaks' mean length: a carton 0.3 m long, beams 1.5 m apart."""
LONG_US = 30 * SECOND_US
"""A beam broken for longer is blocked by what stands in it."""


class Span(NamedTuple):
    """When one beam was broken, in microseconds; `until_us` is infinite while it still is."""

    from_us: int
    until_us: float


class Body(NamedTuple):
    """Something that was in a door's beams from when until when, and which way it went; None where nobody can tell."""

    way: Way | None
    from_us: int
    until_us: float


class _Pair(NamedTuple):
    unlike: float
    way: Way
    outside: int
    inside: int


def bodies(breaks: Sequence[Break], asked: Iterable[Side]) -> list[Body]:
    """Pair breaks into bodies, in the order of time. `asked` are the sides whose eyes can be believed."""
    spans = {side: _spans(breaks, side) for side in sorted(set(asked))}
    if len(spans) < 2:
        return [Body(None, *span) for each in spans.values() for span in each]
    outside, inside = spans["outside"], spans["inside"]
    pairs = sorted(
        _Pair(unlike, "in" if one.from_us < other.from_us else "out", i, j)
        for i, one in enumerate(outside)
        for j, other in enumerate(inside)
        if (unlike := _unlike(one, other)) <= ALIKE
    )
    found = []
    taken: tuple[set[int], set[int]] = (set(), set())
    for pair in pairs:
        if pair.outside not in taken[0] and pair.inside not in taken[1]:
            taken[0].add(pair.outside)
            taken[1].add(pair.inside)
            ends = outside[pair.outside], inside[pair.inside]
            way = None if _doubtful(pair, pairs) else pair.way
            found.append(Body(way, min(end.from_us for end in ends), max(end.until_us for end in ends)))
    fits = {pair.outside for pair in pairs}, {pair.inside for pair in pairs}
    for each, used, fitting in zip((outside, inside), taken, fits, strict=True):
        found += [Body(None if n in fitting else "stay", *span) for n, span in enumerate(each) if n not in used]
    return sorted(found, key=lambda body: body[1:])


def _doubtful(pair: _Pair, pairs: Sequence[_Pair]) -> bool:
    """Tell whether one of a pair's breaks fits another one nearly as well, which would mean the other way."""
    return any(
        other.way != pair.way
        and (other.outside == pair.outside or other.inside == pair.inside)
        and other.unlike < pair.unlike + CLEARLY
        for other in pairs
    )


def _spans(breaks: Sequence[Break], side: Side) -> list[Span]:
    """Return when a side's beam was broken; flicker is bridged, what stands in the beam left out."""
    spans: list[Span] = []
    for one in breaks:
        if one.side != side:
            continue
        span = Span(one.broken_us, inf if one.cleared_us is None else one.cleared_us)
        gap = span.from_us - spans[-1].until_us if spans else inf
        if gap < FLICKER_US and gap < FLICKER_SHARE * (span.until_us - spans[-1].from_us):
            spans[-1] = Span(spans[-1].from_us, span.until_us)
        else:
            spans.append(span)
    return [span for span in spans if span.until_us == inf or 0 < span.until_us - span.from_us <= LONG_US]


def _unlike(outside: Span, inside: Span) -> float:
    """Say how unlike two breaks of one body are; infinite where they cannot be one's."""
    begun = inside.from_us - outside.from_us
    apart = max(outside.from_us, inside.from_us) - min(outside.until_us, inside.until_us)
    lengths = outside.until_us - outside.from_us, inside.until_us - inside.from_us
    if begun == 0 or apart > min(APART_US, APART_SHARE * sum(lengths) / 2):
        return inf
    if inf in lengths:  # one has not ended, which is all that is known of its end
        return 0.0 if (begun > 0) == (lengths[1] == inf) or lengths[0] == lengths[1] else inf
    ended = inside.until_us - outside.until_us
    if begun * ended <= 0:
        return inf
    return abs(log(begun / ended)) + abs(log(lengths[0] / lengths[1]))
