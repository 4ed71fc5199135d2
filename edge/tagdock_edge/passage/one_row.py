"""The opinion of a door whose antennas all look to one side: was a tag louder before it passed them, or after?

Antennas that look straight across a lane see goods that come in as they see goods that go out: mirrored in space, which
no read shows. Antennas that are turned to their side hear what comes towards that side late and for long, and what
leaves it the other way round. When it passed, its phases and Doppler shifts say (see `radial`). Where they don't, a
weaker sign is left: goods that move the way the row looks linger, they are read for longer after they were loudest than
before, for the row hears farther to its own side.
"""

from collections.abc import Sequence
from math import exp, hypot, log, sqrt
from typing import NamedTuple

from tagdock_edge.config import Thresholds
from tagdock_edge.passage.layout import Door
from tagdock_edge.passage.opinion import Opinion
from tagdock_edge.passage.profile import Seen, milliwatts, peak_and_rise
from tagdock_edge.passage.radial import Passed, passed

STRONG_DB = 20.0
"""Reads count by the dB by which they exceed the strongest ones less this; weaker ones come from side lobes."""
FROM_BEHIND = -0.1
"""Who moves goods stands behind them: a row hears them a little less after they passed than before, whichever way."""
ACROSS = 0.9
"""How likely it is beforehand that a row looks straight across, or a tag turns back in front of it: what a row does to
all its tags must not be voted into a way by those of a load."""
NEAR_NATS = 0.7
"""Goods that a row hears well are twice as likely to go past it as to turn back in front of it (assumed)."""
FAR_DB = 2.0
"""Goods that rose by so many dB less than `rise_db` are e times likelier to have kept away from the row."""
LINGERS, LINGERS_SPREAD, LINGERS_ACROSS = 0.5, 0.35, 0.75
"""What lingering comes to, and how far single tags are from it: 0.41 to 0.59, give or take 0.25 to 0.43, in halls of
the second radio model (seeds 2 to 8), whose walls and antennas let a row hear little behind it. In the first one's,
-0.1 to 0.2: there it tells nothing, which is as likely beforehand as the third number says."""
FEW = 4
"""So many reads show half of what a rise would show; one alone cannot rise."""
SHORT_S = 0.1
"""Tags that were read for less than this did not linger."""
_FLOOR = 1e-9
"""Keeps something absurd from being anybody's certain win."""


def opinion(door: Door, reads: Sequence[Seen], thresholds: Thresholds) -> Opinion:
    """Weigh the ways by when one door's row heard one tag: before the tag passed it, or after.

    `reads` are in the order of time, one at least. Where a row heard as much before as after, it looks straight across
    or the tag turned back: nobody can tell, and each way is as likely as the others.
    """
    peak_dbm, rose_db = peak_and_rise(reads)
    far = max(thresholds.rise_db - rose_db, 0.0) / FAR_DB * len(reads) / (len(reads) + FEW)
    near = Opinion(NEAR_NATS, NEAR_NATS, far)
    own_way = 1.0 if "inside" in door.rows.values() else -1.0
    lingered = Sign(_lingered(reads) * own_way, 0.0, LINGERS, LINGERS_SPREAD, LINGERS_ACROSS)
    found = passed(reads)
    if found is None:
        words = f"one row, lingered by {lingered.value:+.2f}; no phase or Doppler shift tells when it passed"
        return near + lingered.opinion(0.0, words)
    later, error = _later(reads, found, peak_dbm - STRONG_DB)
    sign = Sign((later - FROM_BEHIND) * own_way, error, thresholds.later, thresholds.later_spread, ACROSS)
    words = f"one row, heard {abs(later):.0%} more {'after' if later > 0 else 'before'} it passed (error {error:.0%})"
    return near + sign.opinion(found.still, words) + lingered.opinion(found.still, "").weighed(1.0 - found.told)


class Sign(NamedTuple):
    """Something measured that is `expected` for goods that come in, as much less than 0 for goods that go out."""

    value: float
    error: float
    expected: float
    spread: float
    across: float
    """How likely it is beforehand that it tells nothing."""

    def opinion(self, still: float, words: str) -> Opinion:
        """Weigh the ways; `still` is the probability that the tag stood still."""
        spread, told = hypot(self.spread, self.error), 1.0 - self.across
        came, went, across = (
            share * (1.0 - still) * _normal(self.value, expected, spread)
            for expected, share in ((self.expected, told), (-self.expected, told), (0.0, self.across))
        )
        came_in, went_out, stayed = (log(way + _FLOOR) for way in (came + across, went + across, across + still))
        return Opinion(came_in, went_out, stayed, words)


def _lingered(reads: Sequence[Seen]) -> float:
    """Return by how much a tag was read later than it was loud, on average, in standard deviations of its reads."""
    times = [(read.at_us - reads[0].at_us) / 1e6 for read in reads]
    powers = [milliwatts(read.rssi_dbm) for read in reads]
    mean = sum(times) / len(times)
    loud = sum(time * power for time, power in zip(times, powers, strict=True)) / sum(powers)
    return (mean - loud) / max(sqrt(sum((time - mean) ** 2 for time in times) / len(times)), SHORT_S)


def _later(reads: Sequence[Seen], found: Passed, least_dbm: float) -> tuple[float, float]:
    """Return how much more of a tag's strength was heard after it passed than before, -1 to 1, and the error of it."""
    weights = [(read.at_us, max(read.rssi_dbm - least_dbm, 0.0)) for read in reads]
    whole = sum(weight for _, weight in weights)
    moving = max(1.0 - found.still, _FLOOR)
    mean = square = before = 0.0
    place = 0
    for at_us, likely in sorted(found.times):
        while place < len(weights) and weights[place][0] <= at_us:
            before += weights[place][1]
            place += 1
        later = 1.0 - 2.0 * before / whole
        mean += later * likely / moving
        square += later * later * likely / moving
    return mean, sqrt(max(square - mean * mean, 0.0))


def _normal(value: float, mean: float, spread: float) -> float:
    """Return the normal density, but for a constant."""
    return exp(-0.5 * ((value - mean) / spread) ** 2) / spread
