"""What goes when there is no room, in its documented order: bin readings thin out, then `pass`, then reader events."""

import sqlite3
from collections import Counter

from tagdock_edge.outbox.rows import EXPENDABLE, Kind

_LUMP = 200_000
"""Readings looked at in one go: half a second at most."""
_THIN = """
DELETE FROM events WHERE number IN (
    SELECT number FROM (
        SELECT number, row_number() OVER (PARTITION BY series ORDER BY number DESC) AS age
        FROM (SELECT number, series FROM events WHERE rank = ? AND number > ? ORDER BY number LIMIT ?)
    ) WHERE age % 2 = 0
)"""
"""Every second reading of each bin and quantity goes, the newest of each stays. Again and again, that leaves the
dense picture of what was last and a sparser one the older it gets."""
_OLDEST = """
DELETE FROM events WHERE number IN (SELECT number FROM events WHERE rank = ? AND number > ? ORDER BY number LIMIT ?)"""


def make_room(db: sqlite3.Connection, after: int, wanted: int) -> Counter[Kind]:
    """Delete `wanted` events that may go, fewer where there are not so many; more where readings thin out.

    Only those with a number over `after` go: what is in a batch stays as it was sent. Returns what went.
    """
    gone: Counter[Kind] = Counter()
    gone["bin_reading"] = db.execute(_THIN, (EXPENDABLE.index("bin_reading"), after, _LUMP)).rowcount
    for kind in ("pass", "reader_event"):
        missing = wanted - gone.total()
        if missing > 0:
            gone[kind] = db.execute(_OLDEST, (EXPENDABLE.index(kind), after, missing)).rowcount
    for kind, events in gone.items():
        db.execute(
            "INSERT INTO lost VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET events = events + excluded.events",
            (kind, events),
        )
    return gone


def lost_before(db: sqlite3.Connection) -> dict[Kind, int]:
    """Return how many events of each kind went since the outbox was made."""
    found = dict(db.execute("SELECT kind, events FROM lost WHERE events > 0").fetchall())
    return {kind: found[kind] for kind in EXPENDABLE if kind in found}
