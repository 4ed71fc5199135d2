"""What is due: hours, days, sessions and stock counted for whoever looks over long periods."""

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.work.duty import Duty

_SQL = load_queries("tagdock_cloud.counting")


def count_ahead(connection: Connection[DictRow]) -> None:
    """Count what is over; where there is more than ten seconds' work, the next times go on with it."""
    connection.execute(_SQL["count_ahead"])


DUTIES: tuple[Duty, ...] = (Duty("counting.ahead", 60.0, count_ahead, timeout_s=120.0),)
