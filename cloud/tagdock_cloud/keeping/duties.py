"""What keeps the record in shape, done again and again by `tagdock-cloud work`."""

import logging

from tagdock_cloud.keeping.weeks import list_weeks
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.work.duty import Duty

logger = logging.getLogger(__name__)
_SQL = load_queries("tagdock_cloud.keeping")


def make_partitions(connection: Connection[DictRow]) -> None:
    """Make the partitions of the months to come, so that ingest never has to wait for one."""
    connection.execute(_SQL["lock_timeout"])
    connection.execute(_SQL["ensure_ahead"])


def drop_old(connection: Connection[DictRow]) -> None:
    """Drop what is older than somebody asked to keep; nothing where nobody did."""
    connection.execute(_SQL["lock_timeout"])
    row = connection.execute(_SQL["drop_old"]).fetchone()
    if row is not None and row["dropped"]:
        connection.execute(_SQL["forget_weeks"])
        logger.info("retention: dropped %d partitions", row["dropped"])


def fold_stock(connection: Connection[DictRow]) -> None:
    """Add up the differences that ingest and people left in the stock, so that asking for it stays cheap."""
    connection.execute(_SQL["fold_stock"])


def forget_empty_stock(connection: Connection[DictRow]) -> None:
    """Forget the counts of places where nothing is any more."""
    connection.execute(_SQL["forget_empty_stock"])


DUTIES: tuple[Duty, ...] = (
    Duty("keeping.partitions", 6 * 3600.0, make_partitions),
    Duty("keeping.retention", 3600.0, drop_old, timeout_s=1800.0),
    Duty("keeping.weeks", 60.0, list_weeks, timeout_s=600.0),
    Duty("keeping.stock", 5.0, fold_stock),
    Duty("keeping.empty_stock", 3600.0, forget_empty_stock),
)
