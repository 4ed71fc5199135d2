"""The database as routes use it: one transaction a request, rows as dicts."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from typing import Annotated, Any, LiteralString

from fastapi import Depends, Request

from tagdock_cloud.store.pool import AsyncPool, DictRow, TupleRow, rows_to_write

WAIT_S = 2.0
"""How long a request waits for a free connection: who asks over HTTP can ask again."""

SLICE_ROWS = 2_000
"""Rows of a slice of an export, which holds two: about a megabyte of movements each."""

Values = Mapping[str, Any]
_NONE: Values = {}


class Transaction:
    """One open transaction. It commits when its `async with` ends well, and rolls back when it does not.

    Statements are planned with the values at hand (`prepare=False`): filters that are left out then cost nothing.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def all(self, sql: LiteralString, values: Values = _NONE) -> list[DictRow]:
        """Return all rows."""
        rows: list[DictRow] = await (await self._connection.execute(sql, values, prepare=False)).fetchall()
        return rows

    async def one(self, sql: LiteralString, values: Values = _NONE) -> DictRow | None:
        """Return the first row, or None."""
        row: DictRow | None = await (await self._connection.execute(sql, values, prepare=False)).fetchone()
        return row

    async def run(self, sql: LiteralString, values: Values = _NONE) -> int:
        """Run a statement and return how many rows it touched."""
        touched: int = (await self._connection.execute(sql, values, prepare=False)).rowcount
        return touched

    async def each(self, sql: LiteralString, asked: Sequence[Values]) -> list[list[DictRow]]:
        """Run one query with each of several values, in one round trip, and return the rows of each.

        What a join with a list would ask at once: on Citus no query reaches into a distributed table for each row of
        another one, so there is one query a site instead.
        """
        async with self._connection.pipeline():
            cursors = [await self._connection.execute(sql, values, prepare=False) for values in asked]
            return [await cursor.fetchall() for cursor in cursors]

    async def slices(
        self, sql: LiteralString, values: Values, columns: Sequence[str]
    ) -> AsyncGenerator[list[TupleRow], None]:
        """Yield all rows, a slice at a time, as tuples of these two or more columns, UUIDs as text.

        The cursor stays in the database, which works on the next slice while the caller writes this one.
        """
        async with rows_to_write(self._connection, "slices") as cursor:
            await cursor.execute(sql, values)
            names = [column.name for column in cursor.description or ()]
            chosen = itemgetter(*map(names.index, columns)) if names != list(columns) else None
            rows = await cursor.fetchmany(SLICE_ROWS)
            while rows:
                fetching = asyncio.create_task(cursor.fetchmany(SLICE_ROWS))
                try:
                    yield rows if chosen is None else list(map(chosen, rows))
                    rows = await fetching
                finally:
                    await _ended(fetching)


async def _ended(task: asyncio.Task[Any]) -> None:
    """Cancel a task whose result nobody waits for any more, and let it end before its connection goes back."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # is looked at, or asyncio complains


class Database:
    """The pool, seen from a route. Raises DatabaseUnavailableError, RowRefusedError, StoreError."""

    def __init__(self, pool: AsyncPool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction."""
        async with self._pool.connection(timeout=WAIT_S) as connection:
            yield Transaction(connection)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Transaction]:
        """Open a transaction that only reads, and that sees one moment however long it takes."""
        async with self.transaction() as transaction:
            await transaction.run("set transaction isolation level repeatable read, read only")
            yield transaction

    async def all(self, sql: LiteralString, values: Values = _NONE) -> list[DictRow]:
        """Return all rows of one query."""
        async with self.transaction() as transaction:
            return await transaction.all(sql, values)

    async def one(self, sql: LiteralString, values: Values = _NONE) -> DictRow | None:
        """Return the first row of one query, or None."""
        async with self.transaction() as transaction:
            return await transaction.one(sql, values)


def _database(request: Request) -> Database:
    return Database(request.app.state.pool)


Db = Annotated[Database, Depends(_database)]
