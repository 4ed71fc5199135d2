"""The outbox: events wait here, on disk, until the cloud says that its database has committed them.

SQLite in WAL mode. A batch is a range of event numbers, written down before it is sent: sent again, it is the same
batch. Only an ack deletes. When the bound is reached the oldest `pass` movements that are in no batch go first, then
bin readings and reader events, never an `in`, an `out` or an `uncertain`; each drop is counted.
"""

import fcntl
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from uuid import UUID, uuid4

from tagdock_contract import Ack, ContractError, Event, Movement, encode

from tagdock_edge.clock import from_us, to_us
from tagdock_edge.config import OutboxConfig
from tagdock_edge.errors import OutboxError, OutboxFullError

log = logging.getLogger(__name__)

EVENTS_A_BATCH = 100
"""Events a batch at most: ten times fewer messages than ten a batch, and still well under a broker's limits."""

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (epoch TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL UNIQUE,
    rank INTEGER NOT NULL,
    observed_us INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS events_to_drop ON events (rank, number) WHERE rank < 2;
CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    refused TEXT
);
"""
_PASS, _EXPENDABLE, _PRECIOUS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch as it lies in the outbox: `bodies` are the events' JSON in their order."""

    seq: int
    bodies: tuple[bytes, ...]
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """How full the outbox is."""

    events: int
    refused_batches: int
    oldest_at: datetime | None


class Outbox:
    """One outbox file. Methods may be called from any thread; each is one transaction."""

    def __init__(self, config: OutboxConfig, *, bytes_at_most: int | None = None) -> None:
        """Open or create the file, for this process alone.

        Raises OutboxError where the file is damaged, not an outbox, or in use.
        """
        self._path = config.path
        self._events_at_most = config.events_at_most
        self._lock = threading.Lock()
        self.dropped = 0
        """Events that went because the bound was reached, since the start."""
        self._lock_file = _lock_alone(config.path)
        try:
            self._db = _open(config, bytes_at_most)
            self.epoch = self._epoch()
            self._count = self._one("SELECT count(*) FROM events")
            self._batched = self._one("SELECT coalesce(max(last), 0) FROM batches")
        except sqlite3.DatabaseError as error:
            self._lock_file.close()
            raise _damaged(config.path, error) from error

    def close(self) -> None:
        """Close the file; what is in it stays."""
        with self._lock:
            self._db.close()
            self._lock_file.close()

    def add(self, events: Iterable[Event]) -> int:
        """Store events, all or none; those that are there already change nothing. Returns how many were new.

        Raises OutboxFullError where there is no room; they may be offered again.
        """
        rows = [row for event in events if (row := _row(event)) is not None]
        with self._transaction():
            before = self._db.total_changes
            self._db.executemany(
                "INSERT OR IGNORE INTO events (event_id, rank, observed_us, body) VALUES (?, ?, ?, ?)", rows
            )
            added = self._db.total_changes - before
            dropped = self._drop(self._count + added - self._events_at_most)
        self._count += added - dropped
        self.dropped += dropped
        return added

    def unsent(self) -> int:
        """Count the events that are in no batch yet, as far as one batch goes."""
        with self._lock:
            sql = "SELECT count(*) FROM (SELECT 1 FROM events WHERE number > ? LIMIT ?)"
            return self._one(sql, self._batched, EVENTS_A_BATCH)

    def form(self) -> StoredBatch | None:
        """Make the oldest events that are in no batch into the next one; None where there are none."""
        with self._transaction():
            rows = self._db.execute(
                "SELECT number, body FROM events WHERE number > ? ORDER BY number LIMIT ?",
                (self._batched, EVENTS_A_BATCH),
            ).fetchall()
            if not rows:
                return None
            first, last = rows[0][0], rows[-1][0]
            cursor = self._db.execute("INSERT INTO batches (first, last) VALUES (?, ?)", (first, last))
            seq = cursor.lastrowid
        self._batched = last
        assert seq is not None  # noqa: S101  # an INSERT that succeeded has a rowid
        return StoredBatch(seq, tuple(body for _, body in rows))

    def next_unacked(self, after_seq: int) -> StoredBatch | None:
        """Return the first batch after `after_seq` that the cloud has neither committed nor refused."""
        with self._lock:
            row = self._db.execute(
                "SELECT seq, first, last FROM batches WHERE seq > ? AND refused IS NULL ORDER BY seq LIMIT 1",
                (after_seq,),
            ).fetchone()
            return None if row is None else StoredBatch(row[0], _bodies(self._db, row[1], row[2]))

    def settle(self, ack: Ack) -> set[int]:
        """Delete what an ack says is committed, park what it says is refused; returns the batches it settled.

        An ack for another outbox (`epoch`) or for batches that are gone changes nothing.
        """
        if ack.epoch != self.epoch:
            return set()
        settled, deleted = set(), 0
        with self._transaction():
            for seq in ack.committed:
                row = self._db.execute("DELETE FROM batches WHERE seq = ? RETURNING first, last", (seq,)).fetchone()
                if row is not None:
                    settled.add(seq)
                    deleted += self._db.execute("DELETE FROM events WHERE number BETWEEN ? AND ?", row).rowcount
            for refusal in ack.refused:
                cursor = self._db.execute(
                    "UPDATE batches SET refused = ? WHERE seq = ? AND refused IS NULL", (refusal.reason, refusal.seq)
                )
                if cursor.rowcount:
                    settled.add(refusal.seq)
        self._count -= deleted
        return settled

    def fill(self) -> Fill:
        """Say how full the outbox is."""
        with self._lock:
            refused = self._one("SELECT count(*) FROM batches WHERE refused IS NOT NULL")
            oldest = self._db.execute("SELECT observed_us FROM events ORDER BY number LIMIT 1").fetchone()
            return Fill(self._count, refused, None if oldest is None else from_us(oldest[0]))

    def _drop(self, surplus: int) -> int:
        """Delete up to `surplus` events that may go, in the documented order; returns how many went."""
        if surplus <= 0:
            return 0
        return self._db.execute(
            """DELETE FROM events WHERE number IN (
                   SELECT number FROM events WHERE rank < 2 AND number > ? ORDER BY rank, number LIMIT ?)""",
            (self._batched, surplus),
        ).rowcount

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run one transaction; full disks and damaged files get errors that say what to do."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
                    raise OutboxFullError(f"{self._path}: no room for more events ({error}); free some disk") from error
                raise _damaged(self._path, error) from error
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _epoch(self) -> UUID:
        row = self._db.execute("SELECT epoch FROM outbox").fetchone()
        if row is not None:
            return UUID(row[0])
        epoch = uuid4()
        self._db.execute("INSERT INTO outbox (epoch) VALUES (?)", (str(epoch),))
        return epoch

    def _one(self, sql: str, *values: object) -> int:
        number: int = self._db.execute(sql, values).fetchone()[0]
        return number


def refused_batches(path: Path) -> list[StoredBatch]:
    """Read the parked batches with their reasons, oldest first; a gateway may be using the file meanwhile.

    Raises OutboxError where there is no outbox or it can't be read.
    """
    if not path.is_file():
        raise OutboxError(f"{path}: there is no outbox here; name its folder with --data")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)) as db:
            rows = db.execute(
                "SELECT seq, first, last, refused FROM batches WHERE refused IS NOT NULL ORDER BY seq"
            ).fetchall()
            return [StoredBatch(seq, _bodies(db, first, last), reason) for seq, first, last, reason in rows]
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error


def _bodies(db: sqlite3.Connection, first: int, last: int) -> tuple[bytes, ...]:
    rows = db.execute("SELECT body FROM events WHERE number BETWEEN ? AND ? ORDER BY number", (first, last))
    return tuple(body for (body,) in rows)


def _row(event: Event) -> tuple[bytes, int, int, bytes] | None:
    """Make an event's row; one that breaks the contract would be refused with its whole batch, so it is left out."""
    try:
        return event.event_id.bytes, _rank(event), to_us(event.observed_at), encode(event)
    except ContractError as error:
        log.error("an event was left out, please report this: %s (%r)", error, event)
        return None


def _rank(event: Event) -> int:
    if not isinstance(event, Movement):
        return _EXPENDABLE
    return _PASS if event.direction == "pass" else _PRECIOUS


def _lock_alone(path: Path) -> IO[bytes]:
    """Hold a lock beside the outbox as long as the process lives: two gateways would send the same batches."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock_file = path.with_name(path.name + ".lock").open("wb")
    except OSError as error:
        raise OutboxError(f"{path}: can't be created ({error.strerror}); give a folder that is writable") from error
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock_file.close()
        raise OutboxError(f"{path}: is in use by another gateway; stop it, or give this one its own --data") from error
    return lock_file


def _open(config: OutboxConfig, bytes_at_most: int | None) -> sqlite3.Connection:
    db = sqlite3.connect(config.path, timeout=10.0, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {config.synchronous}")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _SCHEMA_VERSION):
            raise sqlite3.DatabaseError(f"its layout is number {version}, this program knows {_SCHEMA_VERSION}")
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        db.executescript(f"{_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION};")
        if bytes_at_most is not None:
            db.execute(f"PRAGMA max_page_count = {bytes_at_most // db.execute('PRAGMA page_size').fetchone()[0]}")
    except BaseException:
        db.close()
        raise
    return db


def _damaged(path: Path, error: Exception) -> OutboxError:
    return OutboxError(
        f"{path}: can't be used as outbox ({error}). Nothing was changed. Move it aside with its -wal and -shm files "
        f"(sqlite3's .recover reads what is left) and start again: a new one is made."
    )
