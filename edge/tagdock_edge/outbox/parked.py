"""The batches that the cloud refused, from outside: shown, and sent again once the reason is mended."""

import sqlite3
from pathlib import Path

from tagdock_edge.outbox.file import beside_the_gateway
from tagdock_edge.outbox.rows import StoredBatch


def refused_batches(path: Path) -> list[StoredBatch]:
    """Read the parked batches with their reasons, oldest first; a gateway may be using the file meanwhile.

    Raises OutboxError where there is no outbox or it can't be read.
    """
    with beside_the_gateway(path) as db:
        rows = db.execute(
            "SELECT seq, first, last, refused FROM batches WHERE refused IS NOT NULL ORDER BY seq"
        ).fetchall()
        return [StoredBatch(seq, bodies(db, first, last), reason) for seq, first, last, reason in rows]


def retry_refused(path: Path, seq: int | None = None) -> int:
    """Have parked batches sent again: one, or all of them; returns how many. A running gateway sees it by itself.

    Raises OutboxError where there is no outbox or it can't be written.
    """
    with beside_the_gateway(path, write=True) as db:
        chosen = db.execute(
            "UPDATE batches SET refused = NULL WHERE refused IS NOT NULL AND (?1 IS NULL OR seq = ?1)", (seq,)
        )
        return chosen.rowcount


def bodies(db: sqlite3.Connection, first: int, last: int) -> tuple[bytes, ...]:
    """Return the events of a range, as JSON."""
    rows = db.execute("SELECT body FROM events WHERE number BETWEEN ? AND ? ORDER BY number", (first, last))
    return tuple(body for (body,) in rows)
