"""A database for a while, beside another one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tagdock_cloud.backup.manifest import BackupError
from tagdock_cloud.store.errors import StoreError
from tagdock_cloud.store.pool import connect, translated
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.backup")


@contextmanager
def scratch_database(beside: str) -> Iterator[str]:
    """Make a database on the server of another one, yield its URL, drop it. Raises BackupError where it may not."""
    name = f"tagdock_scratch_{os.getpid()}"
    with connect(beside, name="tagdock-cloud scratch", statement_timeout_s=600.0) as connection, translated():
        connection.autocommit = True
        row = connection.execute(_SQL["scratch_statements"], {"name": name}).fetchone()
        assert row is not None  # noqa: S101  # a select without a from
        try:
            with translated():
                connection.execute(row["make"].encode())
        except StoreError as error:
            raise BackupError(f"no scratch database: {error}; give --scratch URL of an empty one") from error
        try:
            yield urlsplit(beside)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(row["drop_it"].encode())
