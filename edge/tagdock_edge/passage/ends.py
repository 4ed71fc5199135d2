"""On which side of the wall goods were when they came into the field, and on which when they were heard last.

Goods that go through steadily tell their way by how the rows' difference changes (`order`). Goods that creep, halt in
the doorway or wait before it are heard for longer, with gaps, and in passages that each change little: standing takes
the most of their time, and the way is in the rest. But whoever came through was at first heard by one row and at last
by the other, whatever it did between; whoever stood, went by or turned round was heard at last by the row that heard
it first. Doors stand in one wall, so all outside rows are one and all inside rows the other, as in `course`.
"""

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from tagdock_edge.clock import SECOND_US
from tagdock_edge.passage.layout import Layout
from tagdock_edge.passage.profile import Seen

SLOT_US = SECOND_US // 2
"""A slot is long enough for a busy reader to come round to both rows: a row's silence in it tells something."""
SLOTS_AN_END = 3
"""So many slots in which it was heard are an end of its time in the field, a third of all at most."""
LONG_US = 8 * SECOND_US
"""Goods that are heard for longer than this crept, halted or waited: half of walking pace takes so long."""
PARKED_US = 60 * SECOND_US
"""Goods that are heard for longer than this are parked: each passer-by changes how both rows hear them, and how they
came says nothing of how they leave. Those that wait before a door do so for half a minute."""
FAINTER_DB = 3.0
"""A row that hears nothing meanwhile counts as hearing so much less than the weakest read."""
THROUGH_DB = 26.0
"""By how much inside over outside changes from one end to the other for goods that went through and were long about it:
24 to 32 dB (medians) in two models of radio; 0 for others, between -12 and 12 for 90 % of them."""
END_DB, SLOT_DB = 7.0, 8.0
"""How far single tags are from that, or from 0 (standard deviation), and how far the mean of an end of one slot is off
besides; it falls with the root of the slots."""

_MANY = 10**9
"""More slots than a tag is ever heard in."""
_MOST_US = 10**17
"""Farther from 1970 than any time of a read: three thousand years."""
_MOST_DB = 1000.0
"""More than two rows ever differ."""


class Stay(NamedTuple):
    """A tag's time in the field: when it began and was last heard (microseconds), and how it began.

    `first` is inside over outside (dB) in the first slots that heard it, `SLOTS_AN_END` at most, of `slots` in all.
    """

    since_us: int
    until_us: int
    slots: int
    first: tuple[float, ...]
    came_us: int = 0
    """When it was first heard, however often silent since; 0 in a snapshot of before that was told."""

    @property
    def possible(self) -> bool:
        """Whether `ends` could have made it, and not a damaged file."""
        if len(self.first) > SLOTS_AN_END or not all(abs(each) <= _MOST_DB for each in self.first):
            return False
        return len(self.first) <= self.slots < _MANY and abs(self.came_us) < _MOST_US


NOBODYS = Stay(0, 0, 0, ())
"""Of a tag of which nothing is known."""


class Ends(NamedTuple):
    """A stay up to its newest reads, and how inside over outside changed (dB) from its first slots to its last."""

    stay: Stay
    change_db: float
    slots: int
    """How many slots are an end."""

    @property
    def long(self) -> bool:
        """Whether these goods crept, halted or waited, so that the ends tell more than the time between."""
        return LONG_US <= self.stay.until_us - self.stay.since_us < PARKED_US


def ends(reads: Sequence[Seen], layout: Layout, before: Stay | None) -> Ends:
    """Sum up one tag's reads in the order of time, one at least; `before` is what was heard of the same stay before."""
    found = _slots_db(reads, layout)
    first, count = tuple(found[:SLOTS_AN_END]), len(found)
    since_us = came_us = reads[0].at_us
    if before is not None:
        since_us, count, first = before.since_us, before.slots + count, (before.first + first)[:SLOTS_AN_END]
        came_us = before.came_us or since_us
    an_end = max(min(SLOTS_AN_END, count // 3), 1)
    last = found[-an_end:]
    return Ends(Stay(since_us, reads[-1].at_us, count, first, came_us), fmean(last) - fmean(first[:an_end]), len(last))


def ways_of(told: Ends) -> tuple[float, float]:
    """Say how much likelier than not to have gone through it is (nats) that goods came in, and went out."""
    variance = END_DB**2 + 2.0 * SLOT_DB**2 / told.slots
    came_in, went_out = (THROUGH_DB * (way * told.change_db - THROUGH_DB / 2.0) / variance for way in (1.0, -1.0))
    return came_in, went_out


def _slots_db(reads: Sequence[Seen], layout: Layout) -> list[float]:
    """Return inside over outside in each slot in which the tag was heard."""
    faint = (min(read.rssi_dbm for read in reads) - FAINTER_DB,)
    origin_us = reads[0].at_us
    slots: dict[int, tuple[list[float], list[float]]] = {}
    for read in reads:
        rows = slots.setdefault((read.at_us - origin_us) // SLOT_US, ([], []))
        rows[layout.antennas[read.antenna].side == "inside"].append(read.rssi_dbm)
    return [fmean(inside or faint) - fmean(outside or faint) for outside, inside in slots.values()]
