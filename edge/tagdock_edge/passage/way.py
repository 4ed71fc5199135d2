"""Which way, and how sure: in, out or neither, weighed against each other as three hypotheses.

Each hypothesis says how much the rows' difference changes (see `order`), give or take; the fit says what was measured,
give or take. The one that explains it best wins, its share of all is the confidence, and without a clear winner the
answer is `uncertain`.
"""

from math import exp, hypot
from typing import NamedTuple

from tagdock_contract import Direction, Side

from tagdock_edge.passage.order import row_order
from tagdock_edge.passage.profile import Seen

CROSSING_DB = (13.0, 4.0)
"""Change of the rows' difference, in dB a standard deviation of time, for goods that go through: mean, spread.

Two rows 1 to 3 m apart with antennas of 60 to 70 degrees give 8 to 18 dB; fitted on simulated two-row doors, where
goods on pallets of 1 to 60 tags at 0.5 to 4 m/s gave 14 dB, give or take 4."""
STAYING_DB = (0.0, 2.0)
"""The same for goods that stand, pass along the wall or turn round: it averages out, fading leaves up to 2 dB."""
CLEAR = 0.7
"""The winning hypothesis's share of all that it takes to be reported; below it a person has to decide."""
FAINT_ROW = 0.12
"""A row with less than this share of the reads only overheard goods that kept to the other side."""


class Way(NamedTuple):
    """A direction, how sure it is (0..1), and the reason in words."""

    direction: Direction
    confidence: float
    reason: str


def way(rows: dict[Side, list[Seen]]) -> Way:
    """Tell which way a tag went from the winning door's reads by row."""
    reads = sum(len(row) for row in rows.values())
    for side, row in rows.items():
        if len(row) >= (1 - FAINT_ROW) * reads:
            return Way("pass", 1 - 0.5 ** (1 + reads / 4), f"{len(row)} of {reads} reads {side}: it kept to that side")
    origin_us = min(row[0].at_us for row in rows.values())
    outside, inside = (
        [((read.at_us - origin_us) / 1e6, read.rssi_dbm) for read in rows[side]] for side in ("outside", "inside")
    )
    change_db, error_db = row_order(outside, inside)
    likely = {
        "in": _likelihood(change_db, CROSSING_DB[0], hypot(CROSSING_DB[1], error_db)),
        "out": _likelihood(change_db, -CROSSING_DB[0], hypot(CROSSING_DB[1], error_db)),
        "pass": _likelihood(change_db, STAYING_DB[0], hypot(STAYING_DB[1], error_db)),
    }
    best = max(likely, key=lambda direction: likely[direction])
    share = likely[best] / sum(likely.values())
    words = f"inside over outside changed by {change_db:+.1f} dB (error {error_db:.1f})"
    if share < CLEAR:
        return Way("uncertain", share, f"{words}: {best} is likeliest, but not clearly")
    return Way(best, share, f"{words}: {_WORDS[best]}")  # type: ignore[arg-type]  # the keys above are directions


_WORDS = {"in": "it came in", "out": "it went out", "pass": "it did not go through"}


def _likelihood(value: float, mean: float, spread: float) -> float:
    """The normal density, floored so that something absurd is nobody's certain win."""
    return exp(-0.5 * ((value - mean) / spread) ** 2) / spread + 1e-12
