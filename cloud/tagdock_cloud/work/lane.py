"""One duty after the other, each in a transaction of its own."""

import logging
import threading
import time
from typing import Literal

from tagdock_cloud.errors import CloudError
from tagdock_cloud.store.errors import StoreError
from tagdock_cloud.store.pool import Connection, DictRow, SyncPool, translated
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.work.complaints import Complaints
from tagdock_cloud.work.duty import Duty

logger = logging.getLogger(__name__)
_SQL = load_queries("tagdock_cloud.work")

Outcome = Literal["done", "elsewhere", "failed"]
CANCEL_TIMEOUT_S = 0.5


class Lane:
    """What one thread of a worker works with. A failing duty is noted and said; it never stops the lane."""

    def __init__(self, pool: SyncPool, complaints: Complaints, lock: threading.Lock) -> None:
        self._pool = pool
        self._complaints = complaints
        self._lock = lock
        self._at_work: Connection[DictRow] | None = None
        self._is_stopped = False

    def do(self, duty: Duty) -> Outcome:
        """Do a duty, unless another worker does it or did it just now."""
        try:
            outcome = self._transact(duty)
        except Exception as error:  # whatever a subject's code raises: it harms no other duty
            if not self._is_stopped:
                self._complain(duty, error)
            return "failed"
        if outcome == "done":
            with self._lock:
                is_news = self._complaints.went_well(duty.name)
            if is_news:
                logger.info("duty=%s works again", duty.name)
        return outcome

    def cancel(self) -> None:
        """End the statement that runs now, from another thread."""
        self._is_stopped = True
        connection = self._at_work
        if connection is not None:
            with translated():
                connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)

    def _transact(self, duty: Duty) -> Outcome:
        values = {"duty": duty.name, "every_s": duty.every_s}
        with self._pool.connection() as connection:
            if not _is(connection, "take", values, "mine") or not _is(connection, "is_due", values, "due"):
                return "elsewhere"
            connection.execute(_SQL["statement_timeout"], {"timeout_ms": round(duty.timeout_s * 1000)})
            self._at_work = connection
            try:
                duty.run(connection)
            finally:
                self._at_work = None
            connection.execute(_SQL["done"], values)
        return "done"

    def _complain(self, duty: Duty, error: Exception) -> None:
        reason = str(error).splitlines()[0][:500] if str(error) else type(error).__name__
        with self._lock:
            unsaid = self._complaints.failed(duty.name, f"{type(error).__name__}: {reason}", time.monotonic())
        if unsaid is not None:
            more = f" ({unsaid} more like it went unsaid)" if unsaid else ""
            logger.warning(
                "duty=%s failed: %s%s",
                duty.name,
                reason,
                more,
                exc_info=None if isinstance(error, CloudError) else error,
            )
        try:
            with self._pool.connection(timeout=1.0) as connection:
                connection.execute(_SQL["failed"], {"duty": duty.name, "every_s": duty.every_s, "error": reason})
        except StoreError:
            return  # the database itself is what fails: there is nowhere to note it


def _is(connection: Connection[DictRow], query: str, values: dict[str, object], column: str) -> bool:
    row = connection.execute(_SQL[query], values).fetchone()
    return row is not None and bool(row[column])
