"""The deliverer: claims what is due, sends it, notes how it went. Sending holds no transaction open.

At least once: between sending and noting a worker may be killed; when its claim ends, another one sends the message
again, under the same id. One slow receiver holds up itself alone: each has a few places, and all have a deadline.
"""

import asyncio
import json
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, LiteralString, Protocol

from tagdock_cloud.store.errors import StoreError
from tagdock_cloud.store.pool import AsyncPool
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.webhooks.message import Delivery, Outcome
from tagdock_cloud.webhooks.notifier import Notifier
from tagdock_cloud.webhooks.pace import next_attempt_s, pause_s
from tagdock_cloud.webhooks.post import Poster
from tagdock_cloud.webhooks.targets import Kind, kind_of
from tagdock_cloud.work.complaints import Complaints

logger = logging.getLogger(__name__)
_SQL = load_queries("tagdock_cloud.webhooks")

AT_ONCE = 32
OF_ONE = 4
"""Messages to one webhook at once."""
CLAIM_S = 90.0
"""A claim outlasts the longest attempt (45 s) and the wait for the database to note it."""
LOOK_EVERY_S = 0.5
_NOTE_TRIES = 4
_BACK_OFF_S = (0.5, 10.0)


class Sender(Protocol):
    """Sends one delivery and tells how it went; never longer than its own deadline, and never raises."""

    async def send(self, delivery: Delivery) -> Outcome: ...  # noqa: D102


class Deliverer:
    """Runs on a thread of its own with an event loop of its own, until stopped."""

    def __init__(self, database: str, *, private_webhooks: bool, claim_s: float = CLAIM_S) -> None:
        self._database = database
        self._private_webhooks = private_webhooks
        self._claim_s = claim_s
        self._is_stopping = threading.Event()
        self._complaints = Complaints()
        self._at_work: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="deliverer", daemon=True)

    def start(self) -> None:
        """Start; the database may be away."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end. What it is sending is given up and sent again when its claim ends."""
        self._is_stopping.set()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)

    async def _run(self) -> None:
        self._pool = AsyncPool(self._database, name="tagdock-cloud deliveries", max_size=2)
        await self._pool.open(wait=False)
        poster = Poster(is_private_allowed=self._private_webhooks)
        notifier = Notifier()
        self._senders: Mapping[Kind, Sender] = {"http": poster, "mail": notifier, "mqtt": notifier}
        try:
            await self._deliver_until_stopped()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=0.3) if self._tasks else None
            poster.close()
            await self._pool.close(timeout=0.3)

    async def _deliver_until_stopped(self) -> None:
        wait_s = _BACK_OFF_S[0]
        while not self._is_stopping.is_set():
            try:
                claimed = await self._claim()
            except StoreError as error:
                self._complain(error)
                await self._pause(wait_s * random.uniform(0.5, 1.0))  # noqa: S311
                wait_s = min(2 * wait_s, _BACK_OFF_S[1])
                continue
            wait_s = _BACK_OFF_S[0]
            if self._complaints.went_well("deliveries"):
                logger.info("deliveries work again")
            for delivery in claimed:
                self._begin(delivery)
            if self._tasks and (
                not claimed or len(self._tasks) >= AT_ONCE
            ):  # a place that falls free is filled at once
                await asyncio.wait(self._tasks, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            elif not claimed:
                await self._pause(LOOK_EVERY_S)

    async def _claim(self) -> list[Delivery]:
        room = AT_ONCE - len(self._tasks)
        if room <= 0:
            return []
        busy = json.dumps({webhook: number for webhook, number in self._at_work.items() if number})
        values = {"busy": busy, "of_one": OF_ONE, "most": room, "claim_s": self._claim_s}
        rows = await self._rows(_SQL["claim"], values)
        return [Delivery(**row) for row in sorted(rows, key=lambda row: row["queued_at"])]

    def _begin(self, delivery: Delivery) -> None:
        webhook = str(delivery.webhook_id)
        self._at_work[webhook] += 1
        task = asyncio.create_task(self._deliver(delivery))
        self._tasks.add(task)

        def end(ended: asyncio.Task[None]) -> None:
            self._tasks.discard(ended)
            self._at_work[webhook] -= 1
            if not ended.cancelled() and (error := ended.exception()) is not None:
                logger.error("delivery=%s failed unexpectedly", delivery.delivery_id, exc_info=error)

        task.add_done_callback(end)

    async def _deliver(self, delivery: Delivery) -> None:
        started_s = time.monotonic()
        outcome = await self._senders[kind_of(delivery.url)].send(delivery)
        for attempt in range(_NOTE_TRIES):
            try:
                return await self._note(delivery, outcome)
            except StoreError as error:  # it was sent all the same: noted late, or sent again under the same id
                self._complain(error)
                if time.monotonic() - started_s > self._claim_s:
                    return None
                await asyncio.sleep(2.0**attempt * random.uniform(0.5, 1.0))  # noqa: S311
        return None

    async def _note(self, delivery: Delivery, outcome: Outcome) -> None:
        values: dict[str, Any] = {
            "delivery_id": delivery.delivery_id, "webhook_id": delivery.webhook_id,
            "claimed_until": delivery.claimed_until, "status": outcome.status,
        }  # fmt: skip
        if outcome.is_done:
            await self._rows(_SQL["delivered"], values)
            return
        known = await self._rows(_SQL["webhook_failures"], values)
        wait_s = None if outcome.is_gone else next_attempt_s(delivery.attempts, outcome.retry_after_s)
        failures = (known[0]["failures"] if known else 0) + 1
        values |= {"wait_s": wait_s, "error": outcome.error, "is_gone": outcome.is_gone, "pause_s": pause_s(failures)}
        noted = await self._rows(_SQL["failed"], values)
        if noted and noted[0]["failures"] == 1:  # once: from now on its row says it
            logger.warning("webhook=%s delivery=%s %s", delivery.webhook_id, delivery.delivery_id, outcome.error)

    async def _rows(self, sql: LiteralString, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(sql, values)
            return await cursor.fetchall() if cursor.description else []

    async def _pause(self, wait_s: float) -> None:
        until_s = time.monotonic() + wait_s
        while not self._is_stopping.is_set() and time.monotonic() < until_s:
            await asyncio.sleep(0.1)

    def _complain(self, error: StoreError) -> None:
        if self._complaints.failed("deliveries", str(error), time.monotonic()) is not None:
            logger.warning("deliveries wait: %s", error)
