"""Who holds a token or a session, asked of the database and remembered for some seconds.

A revoked token, an ended session or a disabled user is out at once in the process that was told, and within
`KEPT_S` in the others. What is not found is not remembered. A database that does not answer is waited for briefly.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.access.secrets import hash_token
from tagdock_cloud.access.sessions import IDLE_S
from tagdock_cloud.store.errors import DatabaseUnavailableError
from tagdock_cloud.store.pool import AsyncPool, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import WAIT_S

KEPT_S = 5.0
MOST_KEPT = 10_000
DEADLINE_S = 5.0
"""For one look-up, on a machine that is busy beyond measure; who asks over HTTP can ask again."""

_SQL = load_queries("tagdock_cloud.access")


class Lookup:
    """Finds callers; one of these a process."""

    def __init__(self, pool: AsyncPool, kept_s: float = KEPT_S) -> None:
        self._pool = pool
        self._kept_s = kept_s
        self._kept: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        self._asking: set[asyncio.Task[DictRow | None]] = set()

    async def by_token(self, token: str) -> Caller | None:
        """Return who holds a token; None where nobody does. Raises DatabaseUnavailableError."""
        return await self._find("token_caller", hash_token(token))

    async def by_session(self, cookie: str) -> Caller | None:
        """Return whose session it is; None where it has ended. Raises DatabaseUnavailableError."""
        return await self._find("session_caller", hash_token(cookie))

    def forget(self) -> None:
        """Forget all that is remembered: something was revoked here."""
        self._kept.clear()

    async def _find(self, query: str, digest: bytes) -> Caller | None:
        kept = self._kept.get(digest)
        if kept is not None and time.monotonic() < kept[1]:
            return kept[0]
        row = await self._ask(query, digest)
        self._kept.pop(digest, None)
        if row is None:
            return None
        caller = caller_from(row)
        self._kept[digest] = (caller, time.monotonic() + self._kept_s)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return caller

    async def _ask(self, query: str, digest: bytes) -> DictRow | None:
        """Ask the database, and turn to something else when it does not answer.

        The question is left to itself then, not cancelled: to cancel one, psycopg asks the database that does not
        answer. The connection's own deadlines end it, and the pool's size bounds how many there are.
        """
        asking = asyncio.create_task(self._row(query, digest))
        self._asking.add(asking)
        asking.add_done_callback(self._end)
        done, _ = await asyncio.wait({asking}, timeout=DEADLINE_S)
        if not done:
            raise DatabaseUnavailableError(f"the database did not answer within {DEADLINE_S:g} s")
        return asking.result()

    async def _row(self, query: str, digest: bytes) -> DictRow | None:
        async with self._pool.connection(WAIT_S) as connection:
            cursor = await connection.execute(_SQL[query], {"digest": digest, "idle_s": IDLE_S})
            return await cursor.fetchone()

    def _end(self, asking: asyncio.Task[DictRow | None]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            asking.exception()  # looked at here, for whoever asked may be gone


def caller_from(row: Mapping[str, object]) -> Caller:
    """Build a caller from a row with name, role, sites, rights, kind."""
    sites, rights = row["sites"], row["rights"]
    return Caller(
        str(row["name"]),
        row["role"],  # type: ignore[arg-type]  # the table's check names the same roles
        None if sites is None else frozenset(sites),  # type: ignore[call-overload]
        None if rights is None else frozenset(rights),  # type: ignore[call-overload]
        row["kind"],  # type: ignore[arg-type]
    )
