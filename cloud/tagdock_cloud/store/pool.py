"""Connections to PostgreSQL: the only module that knows psycopg.

Every connection has a connect deadline, a statement deadline and UTC; rows come as dicts; psycopg's errors leave here
as this part's own.
"""

import functools
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec
import psycopg
from psycopg import AsyncConnection, AsyncServerCursor, Connection, conninfo
from psycopg.adapt import Buffer, Loader
from psycopg.rows import DictRow, TupleRow, dict_row, tuple_row
from psycopg.types.json import Jsonb, set_json_dumps
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests
from pydantic_core import to_json

from tagdock_cloud.store.errors import (
    ContendedError,
    DatabaseUnavailableError,
    DatabaseUrlError,
    RowDoubledError,
    RowRefusedError,
    StoreError,
)

__all__ = [
    "AsyncPool",
    "Connection",
    "DictRow",
    "Jsonb",
    "SyncPool",
    "TupleRow",
    "check_url",
    "connect",
    "connect_plainly",
    "listen",
    "rows_to_write",
    "translated",
]

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 30.0
SILENCE_S = 15
"""A peer that vanished (a pulled cable) is noticed after about this time."""

_log = logging.getLogger(__name__)
set_json_dumps(to_json)

_TRY_AGAIN = (
    psycopg.OperationalError,  # connection lost, timeouts, shutdown, out of disk or memory, deadlock, read-only standby
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
    PoolClosed,
    TooManyRequests,
    OSError,
)
_ROWS_AT_FAULT = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.RaiseException)


@contextmanager
def translated() -> Iterator[None]:
    """Turn psycopg's errors into those of this room: a deadlock into ContendedError, and so on."""
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        raise RowDoubledError(_first_line(error), error.diag.constraint_name) from error
    except _ROWS_AT_FAULT as error:
        raise RowRefusedError(_first_line(error), error.diag.constraint_name) from error
    except psycopg.errors.DeadlockDetected as error:
        raise ContendedError(f"the database is not available: {_first_line(error)}") from error
    except _TRY_AGAIN as error:
        raise DatabaseUnavailableError(f"the database is not available: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise _refused_by_a_worker(error) or StoreError(f"the database refused: {_first_line(error)}") from error


def _refused_by_a_worker(error: psycopg.Error) -> StoreError | None:
    """Return what a worker of Citus refused; the coordinator hands on its words, but not the kind of error."""
    text = _first_line(error)
    if not isinstance(error, psycopg.errors.InternalError_):
        return None
    if text.startswith("duplicate key value"):
        return RowDoubledError(text)
    return RowRefusedError(text) if "violates" in text or "no partition of relation" in text else None


def check_url(url: str) -> str:
    """Return the URL if libpq can read it. Raises DatabaseUrlError, which never repeats the password."""
    try:
        is_postgresql = urlsplit(url).scheme in ("postgresql", "postgres")
        conninfo.conninfo_to_dict(url)
    except (psycopg.Error, ValueError):
        is_postgresql = False
    if not is_postgresql:  # libpq's own words would repeat the password
        raise DatabaseUrlError(
            "--database is no PostgreSQL URL; write postgresql://user:password@host:5432/name, "
            "special characters of the password percent-encoded"
        )
    _warn_of_plaintext(url)
    return url


@functools.cache  # once an address
def _warn_of_plaintext(url: str) -> None:
    """Warn where what crosses to another machine may be plain, and the URL does not say that it is meant to be."""
    parts = conninfo.conninfo_to_dict(url)
    hosts = str(parts.get("host") or parts.get("hostaddr") or "").split(",")
    far = [host for host in hosts if host and not host.startswith(("/", "@")) and not _is_this_machine(host)]
    if far and "sslmode" not in parts:
        _log.warning(
            "the database at %s is reached over a network, and libpq would settle for plaintext: "
            "add ?sslmode=verify-full to --database (or sslmode=disable where the network is yours alone)",
            far[0],
        )


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def connect(
    url: str, *, name: str = "tagdock-cloud", statement_timeout_s: float = STATEMENT_TIMEOUT_S
) -> Connection[DictRow]:
    """Open one connection. Raises DatabaseUrlError, DatabaseUnavailableError."""
    check_url(url)
    with _reached(url):
        return Connection[DictRow].connect(url, **_settings(name, statement_timeout_s), row_factory=dict_row)


def connect_plainly(url: str, *, name: str, statement_timeout_s: float) -> Connection[TupleRow]:
    """Open one connection whose rows are tuples, for libraries that bring their own SQL. Raises as `connect`."""
    check_url(url)
    with _reached(url):
        return Connection[TupleRow].connect(url, **_settings(name, statement_timeout_s))


class SyncPool(ConnectionPool[Connection[DictRow]]):
    """A pool for threads; open it with `with`. `connection()` gives one transaction, committed at the end."""

    def __init__(
        self, url: str, *, name: str, max_size: int = 4, statement_timeout_s: float = STATEMENT_TIMEOUT_S
    ) -> None:
        super().__init__(check_url(url), **_pool_settings(name, max_size, statement_timeout_s), open=False)

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Connection[DictRow]]:
        """Lend a connection for one transaction. Raises DatabaseUnavailableError, RowRefusedError, StoreError."""
        with translated(), super().connection(timeout) as connection:
            yield connection


class AsyncPool(AsyncConnectionPool[AsyncConnection[DictRow]]):
    """The same for asyncio; open it with `async with`."""

    def __init__(
        self, url: str, *, name: str, max_size: int = 8, statement_timeout_s: float = STATEMENT_TIMEOUT_S
    ) -> None:
        super().__init__(check_url(url), **_pool_settings(name, max_size, statement_timeout_s), open=False)

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[AsyncConnection[DictRow]]:
        """Lend a connection for one transaction. Raises DatabaseUnavailableError, RowRefusedError, StoreError."""
        with translated():
            async with super().connection(timeout) as connection:
                yield connection


async def listen(url: str, channel: str) -> AsyncIterator[str]:
    """Yield what is notified on a channel, and "" every ten seconds of silence. Raises DatabaseUnavailableError."""
    with translated():
        settings = _settings("tagdock-cloud listen", STATEMENT_TIMEOUT_S)
        async with await AsyncConnection.connect(url, autocommit=True, **settings) as connection:
            await connection.execute(psycopg.sql.SQL("listen {}").format(psycopg.sql.Identifier(channel)))
            yield ""
            while True:
                silent = True
                async for notice in connection.notifies(timeout=10.0):
                    silent = False
                    yield notice.payload
                if silent:
                    await connection.execute("select 1")
                    yield ""


def rows_to_write(connection: AsyncConnection[DictRow], name: str) -> AsyncServerCursor[TupleRow]:
    """Make a cursor that stays in the database, for rows that are written again at once: a fifth of the usual work.

    Rows are tuples, UUIDs stay text, JSON is read by msgspec.
    """
    cursor = connection.cursor(name, row_factory=tuple_row)
    cursor.adapters.register_loader("uuid", TextLoader)
    cursor.adapters.register_loader("jsonb", _JsonLoader)
    return cursor


class _JsonLoader(Loader):
    def load(self, data: Buffer) -> Any:
        try:
            return msgspec.json.decode(data)
        except msgspec.MsgspecError:  # a number beyond any double, which `json` takes
            return json.loads(bytes(data))


@contextmanager
def _reached(url: str) -> Iterator[None]:
    """Say where the database was looked for, as far as that is no secret."""
    try:
        with translated():
            yield
    except DatabaseUnavailableError as error:
        place = urlsplit(url)._replace(netloc=urlsplit(url).netloc.rpartition("@")[2], query="").geturl()
        raise DatabaseUnavailableError(
            f"{error}. Is {place} right, is the server up, are user and password?"
        ) from error


def _settings(name: str, statement_timeout_s: float) -> dict[str, Any]:
    return {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": name,
        "keepalives_idle": SILENCE_S,
        "tcp_user_timeout": SILENCE_S * 1000,
        "options": f"-c statement_timeout={round(statement_timeout_s * 1000)} -c timezone=UTC"
        " -c idle_in_transaction_session_timeout=60000",
    }


def _pool_settings(name: str, max_size: int, statement_timeout_s: float) -> dict[str, Any]:
    return {
        "kwargs": {**_settings(name, statement_timeout_s), "row_factory": dict_row},
        "min_size": 1,
        "max_size": max_size,
        "timeout": float(CONNECT_TIMEOUT_S),
        "max_waiting": 200,
        "reconnect_timeout": 60.0,
        "name": name,
    }


def _first_line(error: BaseException) -> str:
    """Return an error's first line: libpq adds hints and statements below it, which belong in the server's log."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
