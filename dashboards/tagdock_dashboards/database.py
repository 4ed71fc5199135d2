"""The only module that knows psycopg: run one query, read-only and with deadlines."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tagdock_dashboards.deadline import within
from tagdock_dashboards.errors import DatabaseError, QueryError
from tagdock_dashboards.needs import Answer, Kind

MOST_ROWS = 20_000
"""No panel draws more than a few thousand points; a query that returns more has forgotten to group or to limit."""

CONNECT_TIMEOUT_S = 10

GRACE_S = 2.0
"""How much longer than the server's own time limit is waited for it to say so."""

_NUMBERS = frozenset({20, 21, 23, 700, 701, 1700})
_TIMES = frozenset({1082, 1114, 1184})
"""PostgreSQL's type numbers: int8, int2, int4, float4, float8, numeric; date, timestamp, timestamptz (pg_type.dat)."""


class Database:
    """An open connection on which nothing can be changed."""

    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]", query_timeout_s: float) -> None:
        self._connection = connection
        self._query_timeout_s = query_timeout_s
        self._is_cut = False

    def run(self, sql: str) -> Answer:
        """Run one SELECT and return at most MOST_ROWS rows.

        Raises:
            QueryError: the database refused the query or it took too long.
            DatabaseError: the connection is gone, or the server no longer keeps its own time limit.
        """
        try:
            return within(self._query_timeout_s + GRACE_S, lambda: self._fetch(sql))
        except TimeoutError:
            self._cut()
            raise DatabaseError(
                f"the database gave no answer, not even that the query took longer than {self._query_timeout_s:g} s"
            ) from None
        except psycopg.errors.QueryCanceled:
            raise QueryError("took longer than the time limit") from None
        except psycopg.Error as error:
            if self._connection.broken:
                raise DatabaseError(f"the database went away: {_first_line(error)}") from error
            raise QueryError(_first_line(error)) from error

    def close(self) -> None:
        """Close the connection, unless a call still waits on it: libpq does not stand that."""
        if not self._is_cut:
            self._connection.close()

    def _cut(self) -> None:
        """Shut the socket under the waiting call, so that the call ends and lets go of the connection by itself."""
        self._is_cut = True
        with socket.socket(fileno=os.dup(self._connection.pgconn.socket)) as wire:
            wire.shutdown(socket.SHUT_RDWR)

    def _fetch(self, sql: str) -> Answer:
        """Fetch by a server-side cursor: it takes one SELECT and nothing else, and keeps a flood on the server."""
        start_s = perf_counter()
        with self._connection.transaction(force_rollback=True), self._connection.cursor(name="panel") as cursor:
            cursor.execute(sql.encode())
            rows = cursor.fetchmany(MOST_ROWS + 1)
            columns = tuple((column.name, _kind(column.type_code)) for column in cursor.description or ())
        return Answer(columns, rows[:MOST_ROWS], perf_counter() - start_s, complete=len(rows) <= MOST_ROWS)

    def has_timescaledb(self) -> bool:
        """Tell whether the extension is there, so that $__timeGroup may become time_bucket."""
        return bool(self.run("SELECT extname FROM pg_extension WHERE extname = 'timescaledb'").rows)


@contextmanager
def connect(url: str, *, query_timeout_s: float) -> Iterator[Database]:
    """Open a read-only connection on which every query has `query_timeout_s` seconds.

    Raises DatabaseError when the database cannot be reached.
    """
    settings = {
        "statement_timeout": f"{query_timeout_s * 1000:.0f}",
        "default_transaction_read_only": "on",
        "timezone": "UTC",
        "cursor_tuple_fraction": "1",  # plan a cursor as Grafana's plain query would be planned
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    try:
        given = conninfo_to_dict(url).get("options") or ""
        connection = psycopg.connect(
            url,
            options=f"{given} {options}",
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="tagdock-dashboards check",
            autocommit=True,
        )
    except psycopg.Error as error:
        raise DatabaseError(f"cannot reach the database: {_first_line(error)}; check --database") from error
    database = Database(connection, query_timeout_s)
    try:
        yield database
    finally:
        database.close()


def _kind(type_code: int) -> Kind:
    return "number" if type_code in _NUMBERS else "time" if type_code in _TIMES else "text"


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
