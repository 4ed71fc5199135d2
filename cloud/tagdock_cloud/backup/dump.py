"""Make a backup: every table as it was at one moment, in one file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tagdock_cloud.backup.archive import ArchiveWriter
from tagdock_cloud.backup.manifest import FORMAT, BackupError, Manifest, Table
from tagdock_cloud.backup.tally import Tally
from tagdock_cloud.store.pool import Connection, DictRow, connect, translated
from tagdock_cloud.store.queries import load_queries

Progress = Callable[[str], None]
SAY_EVERY_ROWS = 1_000_000
_SQL = load_queries("tagdock_cloud.backup")


def back_up(database: str, file: Path, progress: Progress) -> Manifest:
    """Write a backup of the whole database, in one REPEATABLE READ transaction; the service goes on meanwhile.

    On Citus each worker has a moment of its own: stop ingest for as long as it takes.
    Raises BackupError, DatabaseUnavailableError, StoreError; then there is no new file.
    """
    with connect(database, name="tagdock-cloud backup") as connection, translated(), ArchiveWriter(file) as archive:
        connection.execute(_SQL["one_moment"])
        connection.execute(_SQL["no_deadline"])
        about = _one(connection, "about")
        if about["revision"] is None:
            raise BackupError("this database has no schema of Tagdock: there is nothing to back up")
        span = _one(connection, "span")
        tables = tuple(
            _copy_out(connection, archive, row, progress) for row in connection.execute(_SQL["tables"]).fetchall()
        )
        manifest = Manifest(FORMAT, about["made_at"], about["revision"], about["flavour"], tables, **span)
        size_bytes = archive.finish(manifest)
    progress(f"{file}: {sum(table.rows for table in tables)} rows, {size_bytes} bytes")
    return manifest


def tally_table(connection: Connection[DictRow], copy_out: str) -> Tally:
    """Count a table and take its checksum as it is in the database now."""
    tally = Tally()
    with connection.cursor() as cursor, cursor.copy(copy_out.encode()) as copy:
        for piece in copy:
            tally.take(bytes(piece))
    return tally


def _copy_out(connection: Connection[DictRow], archive: ArchiveWriter, row: DictRow, progress: Progress) -> Table:
    tally, told = Tally(), 0
    out = row["copy_out"].encode()
    with archive.table(row["name"]) as write, connection.cursor() as cursor, cursor.copy(out) as copy:
        for piece in copy:
            tally.take(bytes(piece))
            write(bytes(piece))
            if tally.rows >= told + SAY_EVERY_ROWS:
                told = tally.rows
                progress(f"{row['name']}: {told} rows so far")
    if tally.rows:
        progress(f"{row['name']}: {tally.rows} rows")
    return Table(row["name"], tuple(row["columns"]), tally.rows, tally.checksum)


def _one(connection: Connection[DictRow], query: str) -> dict[str, Any]:
    row = connection.execute(_SQL[query]).fetchone()
    assert row is not None  # noqa: S101  # each is a select without a from
    return row
