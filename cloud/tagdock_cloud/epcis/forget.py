"""Forgetting events that nobody wants to keep any longer, step by step, and never one that a subscriber waits for."""

import logging
import time
from typing import Final

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries

ROWS: Final = 5_000
"""Events a step: a fraction of a second of work."""
BUDGET_S: Final = 5.0
"""After this time the rest waits for the next run. A run a minute forgets more than ingest can bring in a minute."""

logger = logging.getLogger(__name__)
_SQL = load_queries("tagdock_cloud.epcis")


def forget(connection: Connection[DictRow], rows: int = ROWS) -> None:
    """Forget what is older than somebody asked to keep; nothing where nobody did."""
    row = connection.execute(_SQL["forgettable"]).fetchone()
    if row is None or row["before"] is None:
        return
    until = time.monotonic() + BUDGET_S
    count = 0
    while time.monotonic() < until:
        step = connection.execute(_SQL["forget"], {"before": row["before"], "rows": rows}).fetchone()
        forgotten: int = (step or {})["forgotten"]
        count += forgotten
        if forgotten < rows:
            break
    if count:
        logger.info("retention: forgot %d EPCIS events", count)


def forget_said(connection: Connection[DictRow]) -> None:
    """Forget what only forgotten events said beside their rows; not now, where events are just being told."""
    row = connection.execute(_SQL["try_said"]).fetchone()
    if row is not None and row["is_held"]:
        connection.execute(_SQL["forget_said"], {"rows": ROWS})
