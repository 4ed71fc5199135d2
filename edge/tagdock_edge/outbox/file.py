"""The outbox's SQLite file: opened, checked, written in transactions; its errors in words that say what to do."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tagdock_edge.alone import hold_alone
from tagdock_edge.config import OutboxConfig
from tagdock_edge.errors import FolderError, OutboxError, OutboxFullError

SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (epoch TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL UNIQUE,
    rank INTEGER NOT NULL,
    series TEXT,
    observed_us INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS events_to_drop ON events (rank, number) WHERE rank < 3;
CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    refused TEXT
);
CREATE TABLE IF NOT EXISTS given (event_id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lost (kind TEXT PRIMARY KEY, events INTEGER NOT NULL) WITHOUT ROWID;
"""
RESERVE_BYTES = 32 * 1024 * 1024
"""So much of the disk stays free of new events: acks and drops have to write before they give room back. SQLite's log
takes 4 MB before it is folded into the file (`wal_autocheckpoint`, 1,000 pages), a settled window of batches about as
much."""
_LOG_BYTES = 16 * 1024 * 1024
"""SQLite's log is cut back to this after a burst."""
_CHECKED_BYTES = 256 * 1024 * 1024
"""A file up to this size is checked whole when it is opened (a second at most); of a larger one, damage shows later."""
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
_NOT_WRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
_PRIMARY = 0xFF
"""SQLite's extended error codes carry the primary one in their lowest byte."""


class OutboxFile:
    """One file with its lock. Its methods may be called from any thread."""

    def __init__(self, config: OutboxConfig, bytes_at_most: int | None, reserve_bytes: int) -> None:
        """Open or create the file, for this process alone. Raises OutboxError."""
        self.path = config.path
        self._reserve_bytes = reserve_bytes
        self._lock = threading.Lock()
        try:
            self._lock_file = hold_alone(config.lock_path, config.path)
        except FolderError as error:
            raise OutboxError(str(error)) from error
        try:
            self.db = _open(config, bytes_at_most)
        except sqlite3.Error as error:
            self._lock_file.close()
            raise explained(config.path, error) from error

    def close(self) -> None:
        """Close the file; what is in it stays."""
        with self._lock:
            self.db.close()
            self._lock_file.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Let one thread read at a time. Raises OutboxError with the remedy."""
        with self._lock:
            try:
                yield self.db
            except sqlite3.Error as error:
                raise explained(self.path, error) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction: all or nothing, on disk when it ends. Raises OutboxError with the remedy."""
        with self._lock:
            try:
                self.db.execute("BEGIN IMMEDIATE")
                yield self.db
                self.db.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise explained(self.path, error) from error
            except BaseException:
                self._roll_back()
                raise

    def require_room(self) -> None:
        """Raise OutboxFullError where new events would take the disk's last bytes, which acks and drops need."""
        disk = os.statvfs(self.path.parent)
        if disk.f_bavail * disk.f_frsize >= self._reserve_bytes:
            return
        with self.reading() as db:
            free = number(db, "PRAGMA freelist_count") * number(db, "PRAGMA page_size")
        if free < _LOG_BYTES // 16:
            raise OutboxFullError(
                f"{self.path}: the disk is nearly full; free some, {self._reserve_bytes:,} bytes at least"
            )

    def _roll_back(self) -> None:
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")


def number(db: sqlite3.Connection, sql: str, *values: object) -> int:
    """Run a query that gives one number."""
    found: int = db.execute(sql, values).fetchone()[0]
    return found


@contextmanager
def beside_the_gateway(path: Path, *, write: bool = False) -> Iterator[sqlite3.Connection]:
    """Open the file beside a gateway that may be using it. Raises OutboxError."""
    if not path.is_file():
        raise OutboxError(f"{path}: there is no outbox here; name its folder with --data")
    mode = "rw" if write else "ro"
    try:
        address = f"{path.absolute().as_uri()}?mode={mode}"
        with closing(sqlite3.connect(address, uri=True, timeout=10.0, isolation_level=None)) as db:
            yield db
    except sqlite3.Error as error:
        raise explained(path, error) from error


def explained(path: Path, error: sqlite3.Error) -> OutboxError:
    """Say what an error of SQLite means for whoever runs the gateway."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    if code in _NO_ROOM or code & _PRIMARY == sqlite3.SQLITE_FULL:
        return OutboxFullError(f"{path}: no room for more events ({error}); free some disk")
    if code & _PRIMARY in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return OutboxFullError(f"{path}: another program keeps it locked; close what has it open")
    if code & _PRIMARY in _NOT_WRITABLE:
        return OutboxError(f"{path}: can't be opened or written ({error}); look at the rights of its folder and disk")
    return OutboxError(
        f"{path}: can't be used as outbox ({error}). Nothing was changed. Move it aside with its -wal and -shm files "
        f"(sqlite3's .recover reads what is left) and start again: a new one is made."
    )


def _open(config: OutboxConfig, bytes_at_most: int | None) -> sqlite3.Connection:
    db = sqlite3.connect(config.path, timeout=10.0, isolation_level=None, check_same_thread=False)
    try:
        if not config.path.exists() or not config.path.stat().st_size:
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # a file that is there keeps its kind
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {config.synchronous}")
        db.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        version = number(db, "PRAGMA user_version")
        if version not in (0, SCHEMA_VERSION):
            raise sqlite3.DatabaseError(f"its layout is number {version}, this program knows {SCHEMA_VERSION}")
        if config.path.stat().st_size <= _CHECKED_BYTES:
            verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
        db.executescript(f"{_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION};")
        if bytes_at_most is not None:
            db.execute(f"PRAGMA max_page_count = {bytes_at_most // number(db, 'PRAGMA page_size')}")
    except BaseException:
        db.close()
        raise
    return db
