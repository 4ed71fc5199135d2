"""The opinion of a door with two rows: it is read from how the rows' difference changes (see `order`)."""

from collections.abc import Sequence
from math import hypot, log

from tagdock_contract import Side

from tagdock_edge.config import Thresholds
from tagdock_edge.passage.layout import Door
from tagdock_edge.passage.opinion import Opinion
from tagdock_edge.passage.order import row_order
from tagdock_edge.passage.profile import Seen

FAINT_ROW = 0.12
"""A row with less than this share of the reads only overheard goods that kept to the other side."""
_FLOOR = 1e-12
"""Keeps something absurd from being anybody's certain win."""


def opinion(door: Door, reads: Sequence[Seen], thresholds: Thresholds) -> Opinion:
    """Weigh the three ways by how much inside-over-outside changed while one tag was before one door."""
    rows: dict[Side, list[tuple[float, float]]] = {"outside": [], "inside": []}
    origin_us = reads[0].at_us
    for read in reads:
        rows[door.rows[read.antenna]].append(((read.at_us - origin_us) / 1e6, read.rssi_dbm))
    for side, row in rows.items():
        if len(row) >= (1 - FAINT_ROW) * len(reads):
            words = f"{len(row)} of {len(reads)} reads {side}: it kept to that side"
            return Opinion(stayed=log(2.0) * (1 + len(reads) / 4), reason=words)
    change_db, error_db = row_order(rows["outside"], rows["inside"])
    crossing_db, spread_db = thresholds.crossing_db, hypot(thresholds.crossing_spread_db, error_db)
    return Opinion(
        _log_normal(change_db, crossing_db, spread_db),
        _log_normal(change_db, -crossing_db, spread_db),
        _log_normal(change_db, 0.0, hypot(thresholds.staying_spread_db, error_db)),
        f"inside over outside changed by {change_db:+.1f} dB (error {error_db:.1f})",
    )


def _log_normal(value: float, mean: float, spread: float) -> float:
    """Return the log of the normal density, floored."""
    return max(-0.5 * ((value - mean) / spread) ** 2 - log(spread), log(_FLOOR))
