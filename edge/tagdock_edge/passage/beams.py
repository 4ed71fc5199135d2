"""The opinion of a door's photo-eyes: a tag went where the body went that was in the beams while the tag was loudest.

Goods on a load are loudest while it is in the doorway. Goods that stand and are read all the time, or pass along the
wall, are as loud without anybody in the beams: they belong to no body.
"""

from collections.abc import Sequence
from math import log

from tagdock_edge.config import Thresholds
from tagdock_edge.passage.bodies import Body, bodies
from tagdock_edge.passage.eyes import Beams
from tagdock_edge.passage.layout import Door
from tagdock_edge.passage.opinion import NONE, Opinion, Way
from tagdock_edge.passage.profile import Seen, peak_and_rise

LOUD_DB = 12.0
"""A read counts by the dB by which it exceeds the strongest ones less this."""
MARGIN_SHARE = 0.6
"""A tag may be loud before its body is in the beams, and after: its strength then counts less and less, to nothing so
long before or after, as a share of the time that the body is in them. Turned antennas look past the beams."""
BELONGS = (0.3, 0.7)
"""A tag of whose strength less than the first share was heard in a body's time is not on it, from the second on it
is."""
PREFERS = 3
"""Of bodies that are in the beams together, a tag belongs to each by this power of the share."""
_NOBODY: dict[Way, float] = {"in": 0.1, "out": 0.1, "stay": 0.8}
_ONE_EYE: dict[Way, float] = {"in": 0.4, "out": 0.4, "stay": 0.2}
_ANY: dict[Way, float] = dict.fromkeys(_NOBODY, 1 / 3)


def opinion(door: Door, reads: Sequence[Seen], beams: Beams, thresholds: Thresholds) -> Opinion:
    """Weigh the ways by whose body one tag was on. `reads` are in the order of time, one at least.

    A tag that is only overheard is not asked: it may be on a body in another door, or beside the lane.
    """
    asked = [side for side in door.eyes if side not in beams.mute]
    peak_dbm, rose_db = peak_and_rise(reads)
    near = min(rose_db / thresholds.rise_db, 1.0) if thresholds.rise_db else 1.0
    if not asked or not beams.breaks or near <= 0.0:
        return NONE
    found = bodies(beams.breaks, asked)
    shares = _shares(reads, found, peak_dbm - LOUD_DB)
    best = max(shares, default=0.0)
    belongs = min(max((best - BELONGS[0]) / (BELONGS[1] - BELONGS[0]), 0.0), 1.0)
    somebody, nobody = _ways(found, shares), _NOBODY if len(asked) == 2 else _ANY
    came_in, went_out, stayed = (
        log(
            thresholds.eyes_wrong
            + near * (belongs * somebody[way] + (1.0 - belongs) * nobody[way])
            + (1.0 - near) * _ANY[way]
        )
        for way in ("in", "out", "stay")
    )
    return Opinion(came_in, went_out, stayed, _words(found, shares, best, belongs))


def _ways(found: Sequence[Body], shares: Sequence[float]) -> dict[Way, float]:
    """Return which way the bodies went that a tag may have been on: each way's probability."""
    ways = dict.fromkeys(_NOBODY, 0.0)
    for body, share in zip(found, shares, strict=True):
        for way, likely in (_ONE_EYE if body.way is None else {body.way: 1.0}).items():
            ways[way] += likely * share**PREFERS
    total = sum(ways.values())
    return {way: likely / total for way, likely in ways.items()} if total else _ANY


def _shares(reads: Sequence[Seen], found: Sequence[Body], least_dbm: float) -> list[float]:
    """Return the share of a tag's strength that was heard while each body was in the beams, or nearly so."""
    loud = [(read.at_us, read.rssi_dbm - least_dbm) for read in reads if read.rssi_dbm > least_dbm]
    whole = sum(strength for _, strength in loud)
    shares = []
    for body in found:
        until_us = min(body.until_us, max(loud[-1][0], body.from_us + 1))
        margin_us = MARGIN_SHARE * (until_us - body.from_us)
        off = ((max(body.from_us - at_us, at_us - until_us, 0.0), strength) for at_us, strength in loud)
        shares.append(sum(strength * max(1.0 - off_us / margin_us, 0.0) for off_us, strength in off) / whole)
    return shares


def _words(found: Sequence[Body], shares: Sequence[float], best: float, belongs: float) -> str:
    if belongs == 0.0:
        return "photo-eyes: nobody in the beams while it was loudest"
    way = found[shares.index(best)].way
    told = {
        "in": "from outside in",
        "out": "from inside out",
        "stay": "in one beam, or back",
        None: "going nobody knows where",
    }
    return f"photo-eyes: {best:.0%} of its strength with somebody {told[way]}"
