"""The opinion of a door with two rows: it is read from how the rows' difference changes (see `order`)."""

from collections.abc import Sequence
from math import exp, hypot, log
from statistics import fmean

from tagdock_edge.config import Thresholds
from tagdock_edge.passage.layout import Door
from tagdock_edge.passage.opinion import NONE, Opinion
from tagdock_edge.passage.order import Look, Order, row_order
from tagdock_edge.passage.profile import Seen

LOOKS = 16
"""The time before the door is cut into so many looks at most: a quarter of a second each at walking pace."""
READS_A_LOOK = 4.0
"""Where a reader is busy with many tags a look has to be longer, or silence would tell of the reader."""
LOOKS_LEAST = 3
LOOK_LEAST_S = 0.1
"""Looks are not shorter than a reader takes round its antennas."""
FAINTER_DB = 3.0
"""A row that hears nothing meanwhile counts as hearing so much less than the weakest read: silence tells, too."""
CROSSING_BEND_DB = (-5.0, 3.5)
"""Bend of the bump of goods that go through: mean, standard deviation; they come from far and go far."""
STAYING_BEND_DB = (-1.5, 3.0)
"""The same of goods that stand (hardly any) or pass by; goods that turn round bend like those that go through."""
RANGE_SHARE = 0.5
"""A tag whose power lies within R dB, silence included, changes by 0.58 R at most: from one row alone to the other
alone, evenly, over 3.5 standard deviations of time; half of R is what a weak tag shows on its way through."""
SHOWN_READS = 3.0
"""With so many reads a tag shows half of the change and bend that it shows with many: the ends are heard by chance, and
silence in between is all that tells; found in halls of another model of radio, 4 to 49 reads."""
UNTOLD = 0.1
"""Share of goods that go through and hardly seem to change: hidden from a row, or heard for a moment only."""
UNTOLD_DB = 5.0
"""How far their change is from 0 (standard deviation)."""
UNEQUAL = 0.08
"""Share of goods that go through though one row hears them much better: hidden from the other, or that row is weak."""


def opinion(door: Door, reads: Sequence[Seen], thresholds: Thresholds) -> Opinion:
    """Weigh the three ways by how inside-over-outside changed while one tag was before one door, and about what."""
    outside, inside = rows_of(door, reads)
    scale = _scale(outside, inside, thresholds)
    if len(outside) < 2 or not scale:  # a moment has no before and after; without a change of power nothing has
        return NONE
    shown = len(reads) / (len(reads) + SHOWN_READS)
    return weighed(row_order(outside, inside), scale, shown, thresholds)


def _scale(outside: Sequence[Look], inside: Sequence[Look], thresholds: Thresholds) -> float:
    """Say how much of the usual change a tag can show at all: no more than the range in which it is heard."""
    powers = [dbm for _, dbm in outside] + [dbm for _, dbm in inside]
    return min(RANGE_SHARE * (max(powers) - min(powers)) / thresholds.crossing_db, 1.0)


def weighed(order: Order, scale: float, shown: float, thresholds: Thresholds) -> Opinion:
    """Weigh the three ways by a change of the rows' difference, its middle and the bump's bend.

    All of them are `scale` (0..1) of what a well heard tag would show, and a tag that was hardly read shows the part
    `shown` (0..1) of change and bend.
    """
    order = Order(*(value / scale for value in order))
    change_db, error_db = order.change_db, order.change_error_db
    beside = _density(order.middle_db, hypot(thresholds.staying_middle_db, order.middle_error_db))
    level = _density(order.middle_db, hypot(thresholds.crossing_middle_db, order.middle_error_db))
    level = (1 - UNEQUAL) * level + UNEQUAL * beside
    level *= _density(order.bend_db - shown * CROSSING_BEND_DB[0], hypot(CROSSING_BEND_DB[1], order.bend_error_db))
    beside *= _density(order.bend_db - shown * STAYING_BEND_DB[0], hypot(STAYING_BEND_DB[1], order.bend_error_db))
    spread_db = hypot(thresholds.crossing_spread_db, error_db)
    untold = UNTOLD * _density(change_db, hypot(UNTOLD_DB, error_db))
    came_in, went_out = (
        level * ((1 - UNTOLD) * _density(change_db - way * shown * thresholds.crossing_db, spread_db) + untold)
        for way in (1, -1)
    )
    return Opinion(
        log(came_in + _LEAST),
        log(went_out + _LEAST),
        log(beside * _density(change_db, hypot(thresholds.staying_spread_db, error_db)) + _LEAST),
        f"inside over outside changed by {change_db * scale:+.1f} dB (error {error_db * scale:.1f}) of "
        f"{thresholds.crossing_db * scale:.1f} that it could",
    )


_LEAST = 1e-12
"""Keeps something absurd from being anybody's certain win."""


def _density(value: float, spread: float) -> float:
    """Return the normal density, but for a constant."""
    return exp(-0.5 * (value / spread) ** 2) / spread


def rows_of(door: Door, reads: Sequence[Seen]) -> tuple[list[Look], list[Look]]:
    """Cut reads into looks, outside and inside: mean dBm; a row's silence is too weak."""
    origin_us, until_us = reads[0].at_us, reads[-1].at_us
    count = min(max(len(reads) / READS_A_LOOK, LOOKS_LEAST), LOOKS)
    look_us = max((until_us - origin_us) / count, LOOK_LEAST_S * 1e6)
    heard: dict[tuple[bool, int], list[float]] = {}
    for read in reads:
        key = door.rows[read.antenna] == "inside", int((read.at_us - origin_us) / look_us)
        heard.setdefault(key, []).append(read.rssi_dbm)
    faint = [min(map(min, heard.values())) - FAINTER_DB]
    slots = sorted({slot for _, slot in heard})
    outside, inside = (
        [((slot + 0.5) * look_us / 1e6, fmean(heard.get((row, slot), faint))) for slot in slots]
        for row in (False, True)
    )
    return outside, inside
