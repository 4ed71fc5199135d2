"""In which weeks each item moved: listed two weeks after each has passed, so that a history opens only those."""

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries

MOST_WEEKS = 8
"""Weeks a run: a record of years is listed in minutes, and each run is over soon."""
_SQL = load_queries("tagdock_cloud.keeping")


def list_weeks(connection: Connection[DictRow]) -> None:
    """List the weeks that are due; only where the record is compressed."""
    mark = connection.execute(_SQL["weeks_mark"]).fetchone()
    if mark is None:
        return
    before_week, due_week = mark["before_week"], mark["due_week"]
    if before_week is None:
        first = connection.execute(_SQL["first_week"]).fetchone()
        before_week = due_week if first is None or first["week"] is None else min(first["week"], due_week)
    upto = min(due_week, before_week + MOST_WEEKS)
    for week in range(before_week, upto):
        connection.execute(_SQL["list_week"], {"week": week})
        connection.execute(_SQL["list_bits"], {"week": week})
    if upto > before_week or mark["before_week"] is None:
        connection.execute(_SQL["weeks_advance"], {"before_week": max(upto, before_week)})
