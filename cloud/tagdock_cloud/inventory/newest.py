"""The newest rows of several sites or of an item, asked one by one and merged: the same SQL on every kind of store."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from itertools import chain
from typing import Any, LiteralString

from tagdock_cloud.inventory.spans import spans
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Database, Transaction, Values

AT_ONCE = 16
"""Questions a round trip: what they answer is in memory at once, a page of each."""

_INSTANT = timedelta(microseconds=1)
"""The least that times in the database differ by."""
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
"""Nothing follows from here on, in any time zone: a cursor that somebody made up."""
_SQL = load_queries("tagdock_cloud.inventory")
Row = dict[str, Any]


async def newest_of_sites(db: Database, sql: LiteralString, wanted: Values, rows: int) -> list[Row]:
    """Return the newest rows of the sites that are wanted (`site`, `sites`), newest first.

    `sql`: a query that answers with the newest rows of one site, at most `rows`.
    """
    async with db.transaction() as transaction:
        asked = [{**wanted, **row, "rows": rows} for row in await transaction.all(_SQL["sites"], wanted)]
        return await _newest(transaction, sql, asked, rows)


async def newest_of_item(db: Database, sql: LiteralString, wanted: Values, rows: int) -> list[Row]:
    """Return an item's newest rows, whichever of its names they bear (`epcs`), newest first.

    Only times in which it moved are looked at, the newest first, and no more of them once there are enough rows.
    """
    found: list[Row] = []
    async with db.transaction() as transaction:
        listed = await transaction.one(_SQL["weeks_of_items"], wanted)
        assert listed is not None  # noqa: S101  # a query without a table always answers
        times = spans(listed["weeks"], listed["before_week"], (wanted["since"], _end(wanted)))
        at_once = max(AT_ONCE // max(len(wanted["epcs"]), 1), 1)
        for begin in range(0, len(times), at_once):
            asked = [
                {**wanted, "epc": epc, "since": since, "until": until, "rows": rows}
                for since, until in times[begin : begin + at_once]
                for epc in wanted["epcs"]
            ]
            found += await _newest(transaction, sql, asked, rows)
            if len(found) >= rows:
                break
    return found[:rows]


def _end(wanted: Values) -> datetime | None:
    """Return before when all lies that is wanted: the end asked for, and no later than the row a page follows."""
    ends = [wanted["until"]] + [at + _INSTANT for at in [wanted["before_at"]] if at is not None and at < _LAST]
    return min((end for end in ends if end is not None), default=None)


async def _newest(transaction: Transaction, sql: LiteralString, asked: Sequence[Values], rows: int) -> list[Row]:
    found: Iterable[Row] = ()
    for begin in range(0, len(asked), AT_ONCE):
        answers = await transaction.each(sql, asked[begin : begin + AT_ONCE])
        found = nlargest(rows, chain(found, *answers), key=_key)
    return list(found)


def _key(row: Row) -> tuple[Any, Any]:
    return row["observed_at"], row["event_id"]
