"""The outbox: events in their order, batches that stay what they were, acks that delete.

SQLite in WAL mode. A batch is a range of event numbers, written down before it is sent: sent again, it is the same
batch. Only an ack deletes. When the bound is reached or the disk is full, bin readings thin out first, then the oldest
`pass` movements go, then reader events, never an `in`, an `out` or an `uncertain`; each drop is counted by its kind.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from tagdock_contract import Ack, Event

from tagdock_edge.clock import from_us
from tagdock_edge.config import OutboxConfig
from tagdock_edge.errors import OutboxFullError
from tagdock_edge.outbox.file import RESERVE_BYTES, OutboxFile, number
from tagdock_edge.outbox.parked import bodies
from tagdock_edge.outbox.room import lost_before, make_room
from tagdock_edge.outbox.rows import EXPENDABLE, Kind, Row, StoredBatch, printable, row_of

EVENTS_A_BATCH = 100
"""Events a batch at most: ten times fewer messages than ten a batch, and still well under a broker's limits."""
GIVEN_AT_MOST = 1_000_000
"""Ids remembered since the last checkpoint: hours of a busy gateway whose checkpoints fail; then the oldest go."""
_ROOM_A_TIME = 1000
"""On a full disk so many events go at a time: a megabyte, which lasts a while."""
_GIVE_BACK_ABOVE = 4096
"""Free pages (16 MB) that the file keeps for the next burst; what is more goes back to the disk."""
_GIVE_BACK_PAGES = 1000
"""Pages that go back at a time: some milliseconds."""


@dataclass(frozen=True, slots=True)
class Fill:
    """How full the outbox is."""

    events: int
    refused_batches: int
    oldest_at: datetime | None


class Outbox:
    """One outbox file. Methods may be called from any thread; each is one transaction."""

    def __init__(
        self, config: OutboxConfig, *, bytes_at_most: int | None = None, reserve_bytes: int = RESERVE_BYTES
    ) -> None:
        """Open or create the file, for this process alone; `reserve_bytes` of the disk are left to acks and drops.

        Raises OutboxError where the file is damaged, not an outbox, or in use.
        """
        self._synchronous = config.synchronous
        self._events_at_most = config.events_at_most
        self._file = OutboxFile(config, bytes_at_most, reserve_bytes)
        try:
            with self._file.transaction() as db:
                self.epoch = _epoch(db)
                self.last_seq_at_start = number(db, "SELECT coalesce(max(seq), 0) FROM batches")
                """Batches up to this one may have been sent by an earlier process."""
                self._count = number(db, "SELECT count(*) FROM events")
                self._batched = number(db, "SELECT coalesce(max(last), 0) FROM batches")
                self._given = number(db, "SELECT count(*) FROM given")
                self._lost = lost_before(db)
        except BaseException:
            self._file.close()
            raise

    @property
    def lost(self) -> dict[str, int]:
        """Events that went because there was no room, by kind, since the outbox was made."""
        return {kind: self._lost.get(kind, 0) for kind in EXPENDABLE}

    def close(self) -> None:
        """Close the file; what is in it stays."""
        self._file.close()

    def add(self, events: Iterable[Event]) -> int:
        """Store events, all or none; those that were given since the last checkpoint, or wait here, change nothing.

        Returns how many were new. Raises OutboxFullError where there is no room; they may be offered again.
        """
        rows = [row for event in events if (row := row_of(event)) is not None]
        try:
            return self._add(rows)
        except OutboxFullError:
            if not self._make_room(max(len(rows), _ROOM_A_TIME)):
                raise
        return self._add(rows)

    def unsent(self) -> int:
        """Count the events that are in no batch yet, as far as one batch goes."""
        with self._file.reading() as db:
            sql = "SELECT count(*) FROM (SELECT 1 FROM events WHERE number > ? LIMIT ?)"
            return number(db, sql, self._batched, EVENTS_A_BATCH)

    def form(self, at_most: int = 1) -> list[StoredBatch]:
        """Make the oldest events that are in no batch into the next ones; they are on disk when this returns."""
        with self._file.transaction() as db:
            rows = db.execute(
                "SELECT number, body FROM events WHERE number > ? ORDER BY number LIMIT ?",
                (self._batched, EVENTS_A_BATCH * at_most),
            ).fetchall()
            formed = [_form(db, rows[begin : begin + EVENTS_A_BATCH]) for begin in range(0, len(rows), EVENTS_A_BATCH)]
        if rows:
            self._batched = rows[-1][0]
        return formed

    def unacked(self, after_seq: int, at_most: int = 1) -> list[StoredBatch]:
        """Return the first batches after `after_seq` that the cloud has neither committed nor refused."""
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT seq, first, last FROM batches WHERE seq > ? AND refused IS NULL ORDER BY seq LIMIT ?",
                (after_seq, at_most),
            ).fetchall()
            return [StoredBatch(seq, bodies(db, first, last)) for seq, first, last in rows]

    def unacked_seqs(self) -> list[int]:
        """Return the numbers of all batches that the cloud has neither committed nor refused."""
        with self._file.reading() as db:
            return [seq for (seq,) in db.execute("SELECT seq FROM batches WHERE refused IS NULL ORDER BY seq")]

    def settle(self, acks: Sequence[Ack]) -> set[int]:
        """Delete what acks say is committed, park what they say is refused; returns the batches that settled.

        An ack for another outbox (`epoch`) or for batches that are gone changes nothing.
        """
        ours = [ack for ack in acks if ack.epoch == self.epoch]
        if not ours:
            return set()
        settled, deleted = set(), 0
        with self._file.transaction() as db:
            for ack in ours:
                for seq in ack.committed:
                    events = _delete(db, seq)
                    if events is not None:
                        settled.add(seq)
                        deleted += events
                settled.update(refusal.seq for refusal in ack.refused if _park(db, refusal.seq, refusal.reason))
        self._count -= deleted
        return settled

    def fill(self) -> Fill:
        """Say how full the outbox is."""
        with self._file.reading() as db:
            refused = number(db, "SELECT count(*) FROM batches WHERE refused IS NOT NULL")
            oldest = db.execute("SELECT observed_us FROM events ORDER BY number LIMIT 1").fetchone()
            return Fill(self._count, refused, None if oldest is None else from_us(oldest[0]))

    def sync(self) -> None:
        """Have everything on disk, also where `synchronous` is normal: before a checkpoint that builds on it."""
        if self._synchronous == "normal":
            with self._file.reading() as db:
                db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def forget_given(self) -> None:
        """Forget the ids of events that no recovery can bring again: a checkpoint was made after them."""
        if not self._given:
            return
        with self._file.transaction() as db:
            db.execute("DELETE FROM given")
        self._given = 0

    def give_back(self) -> bool:
        """Give some of the file's free pages back to the disk; False where there are no more than it should keep."""
        with self._file.reading() as db:
            free = number(db, "PRAGMA freelist_count")
            if free <= _GIVE_BACK_ABOVE:
                return False
            pages = min(free - _GIVE_BACK_ABOVE, _GIVE_BACK_PAGES)
            db.executescript(f"PRAGMA incremental_vacuum({pages})")  # execute() would take one step, a page
            return True

    def _add(self, rows: Sequence[Row]) -> int:
        self._file.require_room()
        gone: dict[Kind, int] = {}
        with self._file.transaction() as db:
            new = [row for row in rows if db.execute("INSERT OR IGNORE INTO given VALUES (?)", row[:1]).rowcount]
            before = db.total_changes
            db.executemany(
                "INSERT OR IGNORE INTO events (event_id, rank, series, observed_us, body) VALUES (?, ?, ?, ?, ?)", new
            )
            added = db.total_changes - before
            surplus = self._count + added - self._events_at_most
            if surplus > 0:
                gone = make_room(db, self._batched, surplus)
            forgotten = _forget_oldest(db, self._given + len(new) - GIVEN_AT_MOST)
        self._given += len(new) - forgotten
        self._count += added
        self._note(gone)
        return added

    def _make_room(self, wanted: int) -> bool:
        with self._file.transaction() as db:
            gone = make_room(db, self._batched, wanted)
        self._note(gone)
        return any(gone.values())

    def _note(self, gone: dict[Kind, int]) -> None:
        for kind, events in gone.items():
            if events:
                self._lost[kind] = self._lost.get(kind, 0) + events
                self._count -= events


def _epoch(db: sqlite3.Connection) -> UUID:
    row = db.execute("SELECT epoch FROM outbox").fetchone()
    if row is not None:
        return UUID(row[0])
    epoch = uuid4()
    db.execute("INSERT INTO outbox (epoch) VALUES (?)", (str(epoch),))
    return epoch


def _form(db: sqlite3.Connection, rows: Sequence[tuple[int, bytes]]) -> StoredBatch:
    seq = db.execute("INSERT INTO batches (first, last) VALUES (?, ?)", (rows[0][0], rows[-1][0])).lastrowid
    assert seq is not None  # noqa: S101  # an INSERT that succeeded has a rowid
    return StoredBatch(seq, tuple(body for _, body in rows))


def _delete(db: sqlite3.Connection, seq: int) -> int | None:
    """Delete a batch with its events; returns how many, None where there is no such batch."""
    span = db.execute("DELETE FROM batches WHERE seq = ? RETURNING first, last", (seq,)).fetchone()
    return None if span is None else db.execute("DELETE FROM events WHERE number BETWEEN ? AND ?", span).rowcount


def _park(db: sqlite3.Connection, seq: int, reason: str) -> bool:
    """Park a batch with its reason, made fit for a terminal: it comes from outside."""
    sql = "UPDATE batches SET refused = ? WHERE seq = ? AND refused IS NULL"
    return db.execute(sql, (printable(reason), seq)).rowcount > 0


def _forget_oldest(db: sqlite3.Connection, surplus: int) -> int:
    """Forget so many of the given ids, oldest first: they begin with their time (UUIDv7)."""
    if surplus <= 0:
        return 0
    sql = "DELETE FROM given WHERE event_id IN (SELECT event_id FROM given ORDER BY event_id LIMIT ?)"
    return db.execute(sql, (surplus,)).rowcount
