"""The opinion of a door whose antennas all look to one side: was a tag louder before it passed them, or after?

Antennas that look straight across a lane see goods that come in as they see goods that go out: mirrored in space, which
no read shows. Antennas that are turned to their side hear what comes towards that side late and for long, and what
leaves it the other way round. When it passed, its phases and Doppler shifts say (see `radial`).
"""

from collections.abc import Sequence
from math import exp, hypot, log, sqrt

from tagdock_edge.config import Thresholds
from tagdock_edge.passage.layout import Door
from tagdock_edge.passage.opinion import Opinion
from tagdock_edge.passage.profile import Seen
from tagdock_edge.passage.radial import Passed, passed

STRONG_DB = 20.0
"""Reads count by the dB by which they exceed the strongest ones less this; weaker ones come from side lobes."""
PEAK_READS = 3
"""The strongest, and the weakest, are the mean of so many."""
FROM_BEHIND = -0.1
"""Who moves goods stands behind them: a row hears them a little less after they passed than before, whichever way."""
ACROSS = 0.9
"""How likely it is beforehand that a row looks straight across, or a tag turns back in front of it."""
NEAR_NATS = 0.7
"""Goods that a row hears well are twice as likely to go past it as to turn back in front of it (assumed)."""
FAR_DB = 2.0
"""Goods that rose by so many dB less than `rise_db` are e times likelier to have kept away from the row."""
_FLOOR = 1e-9
"""Keeps something absurd from being anybody's certain win."""


def opinion(door: Door, reads: Sequence[Seen], thresholds: Thresholds) -> Opinion:
    """Weigh the ways by when one door's row heard one tag: before the tag passed it, or after.

    `reads` are in the order of time, one at least. Where a row heard as much before as after, it looks straight across
    or the tag turned back: nobody can tell, and each way is as likely as the others.
    """
    powers_dbm = sorted(read.rssi_dbm for read in reads)
    peak_dbm, least_dbm = (sum(some) / len(some) for some in (powers_dbm[-PEAK_READS:], powers_dbm[:PEAK_READS]))
    rose_db = peak_dbm - least_dbm
    near = Opinion(NEAR_NATS, NEAR_NATS, max(thresholds.rise_db - rose_db, 0.0) / FAR_DB)
    found = passed(reads)
    if found is None:
        return near + Opinion(reason=f"one row, rose {rose_db:.0f} dB; no phase or Doppler shift tells when it passed")
    later, error = _later(reads, found, peak_dbm - STRONG_DB)
    spread, moving = hypot(thresholds.later_spread, error), 1.0 - found.still
    towards, against, across = (
        share * moving * _normal(later - FROM_BEHIND, sign * thresholds.later, spread)
        for sign, share in ((1.0, 1.0 - ACROSS), (-1.0, 1.0 - ACROSS), (0.0, ACROSS))
    )
    came, went = (towards, against) if "inside" in door.rows.values() else (against, towards)
    words = f"one row, heard {abs(later):.0%} more {'after' if later > 0 else 'before'} it passed (error {error:.0%})"
    came, went, stayed = (log(way + _FLOOR) for way in (came + across, went + across, across + found.still))
    return near + Opinion(came, went, stayed, words)


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
