"""What is committed, as it is committed: one poller for all listeners of this process.

Polling, not notifications: it needs nothing of who writes, survives every restart of the database, and one small
indexed query five times a second serves any number of listeners.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from tagdock_cloud.store.errors import StoreError
from tagdock_cloud.web import sse
from tagdock_cloud.web.database import Database
from tagdock_cloud.web.problems import Problem
from tagdock_cloud.web.topic import Position, Row, Topic, now_and_sites, read_lately, read_missed

RETRY_S = 1.0
BEAT_EVERY = timedelta(seconds=1)
ROWS = 2_000
FURTHEST_BEHIND = timedelta(seconds=10)
MOST_LISTENERS = 200
MOST_WAITING_BYTES = 4 * 2**20
"""What waits for one listener, some 10,000 movements; a slower one is let go, comes back and resumes where it was."""
FURTHEST_BACK = timedelta(hours=24)
MOST_RESUMED = 1_000_000
"""Who was away for longer, or missed more, is better off with an export."""

_log = logging.getLogger(__name__)


class Listener:
    """One client of the stream: the sites it wants (None: all), and a bounded queue of what waits for it."""

    def __init__(self, sites: list[str] | None) -> None:
        self.sites = sites
        self.is_let_go = False
        self._waiting_bytes = 0
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()  # bounded by its bytes

    def offer(self, chunk: bytes) -> None:
        """Queue a chunk; a listener for whom too much waits already is let go."""
        if self._waiting_bytes + len(chunk) > MOST_WAITING_BYTES:
            self.let_go()
        elif not self.is_let_go:
            self._waiting_bytes += len(chunk)
            self._chunks.put_nowait(chunk)

    def let_go(self) -> None:
        """End the stream, forget what waits, and wake who waits for it."""
        self.is_let_go = True
        while not self._chunks.empty():
            self._chunks.get_nowait()
        self._chunks.put_nowait(b"")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield chunks until the listener is let go."""
        while not self.is_let_go:
            chunk = await self._chunks.get()
            self._waiting_bytes -= len(chunk)
            yield chunk


class Feed:
    """Polls one topic while anybody listens, and hands each listener what is of its sites."""

    def __init__(self, topic: Topic, db: Database, is_stopping: Callable[[], bool]) -> None:
        self._topic = topic
        self._db = db
        self._is_stopping = is_stopping
        self._listeners: set[Listener] = set()
        self._followers = 0
        self._poller: asyncio.Task[None] | None = None
        self._beaten_at: datetime | None = None

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the places for clients for the time of the `with`. Raises Problem (503) where all are taken."""
        if self._followers >= MOST_LISTENERS:
            raise Problem(
                503, f"{MOST_LISTENERS} clients listen already; try again later", headers={"Retry-After": "10"}
            )
        self._followers += 1
        try:
            yield
        finally:
            self._followers -= 1

    async def follow(self, sites: list[str] | None, point: tuple[datetime, UUID] | None) -> AsyncGenerator[bytes, None]:
        """Yield what was committed after a resume point and then what is committed, as it is.

        What was missed is read from the record at the pace of the client, and only then does anything wait for it.
        """
        yield sse.opening()
        position = None if point is None else Position.after(self._topic, *point)
        if position is not None:
            async for chunk in self._missed(position, sites):
                yield chunk
        with self._listening(sites) as listener:
            if position is not None:
                async for chunk in self._missed(position, sites):  # what was committed just before it listened
                    yield chunk
            async for chunk in listener.chunks():
                yield chunk

    @contextlib.contextmanager
    def _listening(self, sites: list[str] | None) -> Iterator[Listener]:
        listener = Listener(sites)
        self._listeners.add(listener)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll_while_heard())
        elif self._beaten_at is not None:
            listener.offer(sse.beat(self._beaten_at))
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def stop(self) -> None:
        """Stop polling."""
        if self._poller is not None:
            self._poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poller

    async def _missed(self, position: Position, sites: list[str] | None) -> AsyncGenerator[bytes, None]:
        """Yield what was committed after a position up to now, or a gap where that is too much, and move it on."""
        missed = 0
        while True:
            async with self._db.transaction() as transaction:
                now, everywhere = await now_and_sites(transaction)
                if now - position.at > FURTHEST_BACK or missed >= MOST_RESUMED or self._is_stopping():
                    break
                wanted = everywhere if sites is None else sites
                rows, is_more = await read_missed(transaction, position, wanted, ROWS)
            position.take(rows)
            missed += len(rows)
            if rows:
                yield b"".join(self._written(row) for row in rows)
            if not is_more:
                return
        position.skip_to(now)
        yield sse.gap(f"more than a day or {MOST_RESUMED:,} events were missed")

    async def _poll_while_heard(self) -> None:
        position: Position | None = None
        while self._listeners and not self._is_stopping():
            try:
                now, rows = await self._poll(position)
            except StoreError as error:
                _log.warning("the stream waits for the database: %s", error)
                self._beaten_at = None
                await asyncio.sleep(RETRY_S)
                continue
            if position is None:  # what was committed before anybody listened is noted, not told
                position = Position(self._topic, now)
            else:
                self._hand_out(rows)
            position.take(rows)
            if len(rows) == ROWS and now - position.at > FURTHEST_BEHIND:
                position = Position(self._topic, now)
                self._tell_all(sse.gap("more came in than the stream can carry"))
            if self._beaten_at is None or now - self._beaten_at >= BEAT_EVERY:
                self._beaten_at = now
                self._tell_all(sse.beat(now))
            await asyncio.sleep(0 if len(rows) == ROWS else self._topic.poll_s)
        for listener in self._listeners:  # a server that stops waits for its streams to end
            listener.let_go()

    async def _poll(self, position: Position | None) -> tuple[datetime, list[Row]]:
        async with self._db.transaction() as transaction:
            now, sites = await now_and_sites(transaction)
            return now, await read_lately(transaction, position or Position(self._topic, now), sites, ROWS)

    def _written(self, row: Row) -> bytes:
        point = (row[self._topic.at], row[self._topic.key])
        return sse.event(self._topic.event, point, row)

    def _hand_out(self, rows: list[Row]) -> None:
        written = [(row["site"], self._written(row)) for row in rows]
        chunks: dict[tuple[str, ...] | None, bytes] = {}  # most clients listen to the same sites: one copy for all
        for listener in self._listeners:
            key = None if listener.sites is None else tuple(listener.sites)
            if key not in chunks:
                chunks[key] = b"".join(text for site, text in written if key is None or site in key)
            if chunks[key]:
                listener.offer(chunks[key])

    def _tell_all(self, chunk: bytes) -> None:
        for listener in self._listeners:
            listener.offer(chunk)
