"""The only module that knows psycopg: run one query, read-only and with deadlines."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tagdock_dashboards.errors import DatabaseError, QueryError
from tagdock_dashboards.needs import Answer, Kind

MOST_ROWS = 20_000
"""No panel draws more than a few thousand points; a query that returns more has forgotten to group or to limit."""

CONNECT_TIMEOUT_S = 10

_NUMBERS = frozenset({20, 21, 23, 700, 701, 1700})
_TIMES = frozenset({1082, 1114, 1184})
"""PostgreSQL's type numbers: int8, int2, int4, float4, float8, numeric; date, timestamp, timestamptz (pg_type.dat)."""


class Database:
    """An open connection on which nothing can be changed."""

    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._connection = connection

    def run(self, sql: str) -> Answer:
        """Run one SELECT and return at most MOST_ROWS rows.

        A server-side cursor takes one SELECT and nothing else, and keeps a runaway result out of this process.

        Raises:
            QueryError: the database refused the query or it took too long.
            DatabaseError: the connection is gone.
        """
        start_s = perf_counter()
        try:
            with self._connection.transaction(force_rollback=True), self._connection.cursor(name="panel") as cursor:
                cursor.execute(sql.encode())
                rows = cursor.fetchmany(MOST_ROWS + 1)
                columns = tuple((column.name, _kind(column.type_code)) for column in cursor.description or ())
        except psycopg.errors.QueryCanceled:
            raise QueryError("took longer than the time limit") from None
        except psycopg.Error as error:
            if self._connection.broken:
                raise DatabaseError(f"the database went away: {_first_line(error)}") from error
            raise QueryError(_first_line(error)) from error
        return Answer(columns, rows[:MOST_ROWS], perf_counter() - start_s, complete=len(rows) <= MOST_ROWS)

    def has_timescaledb(self) -> bool:
        """Tell whether the extension is there, so that $__timeGroup may become time_bucket."""
        return bool(self.run("SELECT extname FROM pg_extension WHERE extname = 'timescaledb'").rows)


@contextmanager
def connect(url: str, *, query_timeout_s: float) -> Iterator[Database]:
    """Open a read-only connection on which every query has `query_timeout_s` seconds.

    Raises DatabaseError when the database cannot be reached.
    """
    options = f"-c statement_timeout={query_timeout_s * 1000:.0f} -c default_transaction_read_only=on -c timezone=UTC"
    try:
        given = conninfo_to_dict(url).get("options") or ""
        connection = psycopg.connect(
            url,
            options=f"{given} {options}",
            connect_timeout=CONNECT_TIMEOUT_S,
            tcp_user_timeout=int((query_timeout_s + CONNECT_TIMEOUT_S) * 1000),
            application_name="tagdock-dashboards check",
            autocommit=True,
        )
    except psycopg.Error as error:
        raise DatabaseError(f"cannot reach the database: {_first_line(error)}; check --database") from error
    with connection:
        connection.execute("SET cursor_tuple_fraction = 1")  # plan as Grafana's plain query would be planned
        yield Database(connection)


def _kind(type_code: int) -> Kind:
    return "number" if type_code in _NUMBERS else "time" if type_code in _TIMES else "text"


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
