"""Bring a database to the current schema: alembic runs the steps in `migrations/`, one transaction each."""

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from tagdock_cloud.store import pool
from tagdock_cloud.store.errors import DatabaseUnavailableError, StoreError
from tagdock_cloud.store.statements import split_statements

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_461_646_401
"""Advisory lock, any number of our own. It falls with the connection, so a killed migration blocks nobody."""
_LOCK_TIMEOUT_S = 60
_STEP_LOCK_TIMEOUT_S = 2.0
"""How long a step holds up those who queue behind the lock that it waits for."""
_PAUSE_S = 1.0
_GIVE_UP_S = 600.0
_IN_THE_WAY = ("55P03", "40P01")
"""lock_not_available, deadlock_detected (PostgreSQL 18, Appendix A): somebody is at work with the table."""
_STEP_TIMEOUT_S = 3600.0
_STAYS_AT_THE_COORDINATOR = re.compile(r"(?:--[^\n]*\n|\s)*create (?:or replace )?(?:view|function)\b", re.IGNORECASE)


def migrate(url: str, revision: str = "head") -> list[str]:
    """Bring the database up to a revision and return the revisions that were applied; none where it is current.

    Two processes may call this at once: the second waits, then finds nothing to do.

    Raises:
        DatabaseUrlError, DatabaseUnavailableError: without a connection, or while another migration holds the lock.
        StoreError: when a step failed; it left nothing behind.
    """
    with _connection(url) as connection, _locked(connection):
        before = _current(connection)
        _upgrade(connection, revision)
        after = _current(connection)
    return [step for step in _revisions() if (before or "") < step <= (after or "")]


def _upgrade(connection: Connection, revision: str) -> None:
    """Run the steps. Whoever waits for a lock makes others wait behind it, so a step gives up soon and tries again."""
    config = _config()
    config.attributes["connection"] = connection
    deadline = time.monotonic() + _GIVE_UP_S
    while True:
        try:
            with pool.translated():
                command.upgrade(config, revision)
            return
        except DatabaseUnavailableError as error:
            connection.rollback()
            if getattr(error.__cause__, "sqlstate", None) not in _IN_THE_WAY or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.5, 1.5) * _PAUSE_S)  # noqa: S311


def pending(url: str) -> list[str]:
    """List the revisions that the database still lacks. Raises DatabaseUnavailableError."""
    with _connection(url) as connection:
        current = _current(connection)
    return [step for step in _revisions() if step > (current or "")]


def newest_revision() -> str:
    """Return the revision that this code needs; the table `alembic_version` says which one a database has."""
    return _revisions()[-1]


def run_sql(statements: str) -> None:
    """Run several statements in the migration's transaction, as psycopg takes them: no parameters, no escapes.

    One by one, as Citus sends the text of a statement on to its workers. Of views and functions they need to know
    nothing: these read tables that only the coordinator has.
    """
    cursor = op.get_bind().connection.cursor()
    is_citus = cursor.execute("select from pg_extension where extname = 'citus'").fetchone() is not None
    for statement in split_statements(statements):
        if is_citus:
            stays = _STAYS_AT_THE_COORDINATOR.match(statement) is not None
            cursor.execute(f"set local citus.enable_ddl_propagation = {'off' if stays else 'on'}")
        cursor.execute(statement)


def run_sql_beside(file: str) -> None:
    """Run the `.sql` file that lies beside a migration and bears its name."""
    run_sql(Path(file).with_suffix(".sql").read_text(encoding="utf-8"))


def _revisions() -> list[str]:
    """List all revisions, oldest first; their names sort in their order."""
    return sorted(step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS.parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(MIGRATIONS).replace("%", "%%"))
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    def open_connection() -> pool.Connection[pool.TupleRow]:
        return pool.connect_plainly(url, name="tagdock-cloud migrate", statement_timeout_s=_STEP_TIMEOUT_S)

    engine = create_engine("postgresql+psycopg://", creator=open_connection, poolclass=NullPool)
    try:
        with pool.translated(), engine.connect() as connection:
            yield connection
    except DatabaseUnavailableError:
        raise
    except (SQLAlchemyError, StoreError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise StoreError(f"the migration failed and changed nothing: {reason}") from error


@contextmanager
def _locked(connection: Connection) -> Iterator[None]:
    try:
        connection.exec_driver_sql(f"set lock_timeout = '{_LOCK_TIMEOUT_S}s'")
        connection.exec_driver_sql(f"select pg_advisory_lock({_LOCK})")
        connection.exec_driver_sql(f"set lock_timeout = '{round(_STEP_LOCK_TIMEOUT_S * 1000)}ms'")
        connection.commit()
    except SQLAlchemyError as error:
        raise DatabaseUnavailableError(
            f"another migration has been at work for {_LOCK_TIMEOUT_S} s; try again later"
        ) from error
    yield  # closing the connection releases the lock


def _current(connection: Connection) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    return revision
