"""Following the record as it is stored, without skipping what was committed late."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries

ROWS = 5_000
"""Movements a stretch: small enough that one stretch's work is done in far less than a statement's deadline."""
MOST_STRETCHES = 10
"""Stretches a run: more waits for the next run, so that what was done is committed."""

_SQL = load_queries("tagdock_cloud.corrections", "tail.sql")


def follow(connection: Connection[DictRow], follower: str, sites: Sequence[str]) -> Iterator[tuple[datetime, datetime]]:
    """Yield stretches `(after, upto]` of `stored_at` that hold movements of these sites nobody was shown before.

    A stretch counts as followed when the next one is asked for; a transaction that fails is followed again.
    """
    row = connection.execute(_SQL["mark"], {"follower": follower}).fetchone()
    assert row is not None, "the migration names every follower"  # noqa: S101
    mark: datetime = row["stored_at"]
    for _ in range(MOST_STRETCHES):
        found = connection.execute(_SQL["upto"], {"sites": list(sites), "mark": mark, "rows": ROWS}).fetchone()
        assert found is not None  # noqa: S101  # an aggregate always answers
        if found["rows"]:
            yield mark, found["upto"]
        mark = found["upto"]
        connection.execute(_SQL["advance"], {"follower": follower, "upto": mark})
        if found["rows"] < ROWS:
            return
