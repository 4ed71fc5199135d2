"""Bring a backup back: the schema it was made with, its rows, a comparison, and then the newest schema."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tagdock_cloud.backup.archive import ArchiveReader
from tagdock_cloud.backup.dump import SAY_EVERY_ROWS, Progress, tally_table
from tagdock_cloud.backup.manifest import BackupError, Manifest, Table, differences
from tagdock_cloud.backup.tally import Tally
from tagdock_cloud.store.migrate import migrate, newest_revision
from tagdock_cloud.store.pool import Connection, DictRow, connect, translated
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.backup")
HOURS = "hours"
"""Passages by hour: a table on some flavours, a view on others, where they follow from the movements."""
_COUNTS_HOURS = "movements_count_hours"


def restore(database: str, file: Path, progress: Progress, *, is_forced: bool = False) -> Manifest:
    """Restore into an empty database, whatever flavour it is of; with `is_forced` what was in it goes first.

    The rows come in one transaction, which is committed only when every table read back is the one in the backup.
    Raises BackupError, DatabaseUnavailableError, StoreError; then the database holds no rows of it.
    """
    with ArchiveReader(file) as archive:
        manifest = archive.manifest
        if manifest.revision > newest_revision():
            raise BackupError(f"{file} has schema {manifest.revision}, newer than this Tagdock's {newest_revision()}")
        _make_room(database, is_forced=is_forced)
        migrate(database, manifest.revision)
        with connect(database, name="tagdock-cloud restore") as connection, translated():
            connection.execute(_SQL["no_deadline"])
            _load(connection, archive, progress)
    migrate(database)
    return manifest


def _make_room(database: str, *, is_forced: bool) -> None:
    with connect(database, name="tagdock-cloud restore") as connection, translated():
        row = connection.execute(_SQL["has_schema"]).fetchone()
        if row is None or not row["filled"]:
            return
        if not is_forced:
            raise BackupError("the database is not empty: give an empty one, or --force to lose what is in it")
        connection.execute(_SQL["no_deadline"])
        connection.execute(_SQL["wipe"])
        connection.execute(_SQL["make_schema"])


def _load(connection: Connection[DictRow], archive: ArchiveReader, progress: Progress) -> None:
    manifest = archive.manifest
    here = {row["name"]: row for row in connection.execute(_SQL["tables"]).fetchall()}
    wanted = _check_tables(manifest, here)
    kept = [] if HOURS in wanted else [_COUNTS_HOURS]
    triggers = connection.execute(_SQL["triggers"], {"but": kept}).fetchall()
    _run(connection, (trigger["off"] for trigger in triggers))
    for row in connection.execute(_SQL["empty"], {"tables": list(here)}).fetchall():
        _run(connection, [row["statement"]])
    if manifest.first_at is not None:
        connection.execute(_SQL["ensure_partitions"], {"first_at": manifest.first_at, "last_at": manifest.last_at})
    for name in _in_order(wanted, connection.execute(_SQL["references"]).fetchall()):
        _copy_in(connection, archive, wanted[name], here[name]["copy_in"], progress)
    _run(connection, (trigger["on_again"] for trigger in triggers))
    sequences = connection.execute(_SQL["sequences"], {"tables": list(wanted)}).fetchall()
    _run(connection, (row["statement"] for row in sequences))
    for table in wanted.values():
        tally = tally_table(connection, here[table.name]["copy_out"])
        _check(table, tally, "the database after the restore")
    progress(f"{len(wanted)} tables read back: counts and checksums are those of the backup")


def _check_tables(manifest: Manifest, here: dict[str, DictRow]) -> dict[str, Table]:
    """Return the tables to load by name. Raises BackupError where schema and backup are not of one kind."""
    wanted = {table.name: table for table in manifest.tables if table.name in here}
    strange = ({table.name for table in manifest.tables} ^ here.keys()) - {HOURS}
    strange |= {name for name, table in wanted.items() if list(table.columns) != here[name]["columns"]}
    if strange:
        raise BackupError(f"schema {manifest.revision} is another one in the backup: {', '.join(sorted(strange))}")
    return wanted


def _in_order(names: Iterable[str], references: Sequence[DictRow]) -> list[str]:
    """Sort tables so that each comes after those that it refers to."""
    waits = {name: {row["to_table"] for row in references if row["from_table"] == name} for name in names}
    ordered: list[str] = []
    while waits:
        ready = sorted(name for name, others in waits.items() if not others & waits.keys())
        if not ready:
            raise BackupError(f"these tables refer to each other in a circle: {', '.join(sorted(waits))}")
        ordered += ready
        waits = {name: others for name, others in waits.items() if name not in ready}
    return ordered


def _copy_in(
    connection: Connection[DictRow], archive: ArchiveReader, table: Table, copy_in: str, progress: Progress
) -> None:
    tally, told = Tally(), 0
    with connection.cursor() as cursor, cursor.copy(copy_in.encode()) as copy:
        for piece in archive.pieces(table.name):
            tally.take(piece)
            copy.write(piece)
            if tally.rows >= told + SAY_EVERY_ROWS:
                told = tally.rows
                progress(f"{table.name}: {told} of {table.rows} rows")
    _check(table, tally, "the file")


def _check(table: Table, tally: Tally, where: str) -> None:
    difference = differences(table, tally.rows, tally.checksum)
    if difference is not None:
        raise BackupError(f"{where} is not what was backed up: {difference}")


def _run(connection: Connection[DictRow], statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement.encode())
