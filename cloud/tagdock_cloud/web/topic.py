"""What a stream tells of, and how far a reader of it has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Transaction

OVERLAP = timedelta(seconds=2)
"""How long before its commit a transaction may have begun that is still told; the look back of every poll."""
LEAST_ROWS = 100
SITES_AT_ONCE = 100
"""Sites a round trip where what was missed is read."""

_SQL = load_queries("tagdock_cloud.web")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Topic:
    """What a stream tells of: it lies below `/api/v1/stream/`, and `about` describes it.

    Rows have a `site`, and are told in the order of `at`, then `key` (a UUID of each).

    `lately`: the query for what any of `sites` has `after` a moment shortly ago but for what was `seen`, `rows` at
    most. `of_site`: the same of one `site`, after any moment. Both answer in the order in which rows are told.
    """

    event: str
    path: str
    about: str
    at: str
    key: str
    lately: LiteralString
    of_site: LiteralString
    poll_s: float


class Position:
    """How far a reader has come: a moment, and what it saw shortly before."""

    def __init__(self, topic: Topic, at: datetime) -> None:
        self.topic = topic
        self.at = at
        self._seen: dict[UUID, datetime] = {}

    @classmethod
    def after(cls, topic: Topic, at: datetime, key: UUID) -> "Position":
        """Return the position after one row."""
        position = cls(topic, at)
        position.take([{topic.key: key, topic.at: at}])
        return position

    def skip_to(self, at: datetime) -> None:
        """Go on from a later moment, whatever lies before it."""
        self.at = max(self.at, at)

    @property
    def values(self) -> Row:
        """What the queries have to know."""
        return {"after": self.at - OVERLAP, "seen": list(self._seen)}

    def take(self, rows: Iterable[Row]) -> None:
        """Take note of rows that were read, and drop what the next look back cannot meet any more."""
        for row in rows:
            self._seen[row[self.topic.key]] = row[self.topic.at]
            self.at = max(self.at, row[self.topic.at])
        self._seen = {key: at for key, at in self._seen.items() if at > self.at - OVERLAP}


async def read_lately(transaction: Transaction, position: Position, sites: Sequence[str], rows: int) -> list[Row]:
    """Return what is news to a reader who looked shortly ago."""
    return await transaction.all(position.topic.lately, {**position.values, "sites": list(sites), "rows": rows})


async def read_missed(
    transaction: Transaction, position: Position, sites: Sequence[str], rows: int
) -> tuple[list[Row], bool]:
    """Return what comes next after a position of some time ago, about `rows` in order, and whether there is more.

    Each site is walked by itself; where one has more than was asked for, nothing behind its last row is told yet.
    """
    topic, least = position.topic, max(LEAST_ROWS, rows // max(1, len(sites)))
    asked = [{**position.values, "site": site, "rows": least} for site in sites]
    answers: list[list[Row]] = []
    for begin in range(0, len(asked), SITES_AT_ONCE):
        answers += await transaction.each(topic.of_site, asked[begin : begin + SITES_AT_ONCE])
    cuts = [(answer[-1][topic.at], answer[-1][topic.key]) for answer in answers if len(answer) == least]
    found = sorted((row for answer in answers for row in answer), key=lambda row: (row[topic.at], row[topic.key]))
    if not cuts:
        return found, False
    return [row for row in found if (row[topic.at], row[topic.key]) <= min(cuts)], True


async def now_and_sites(transaction: Transaction) -> tuple[datetime, list[str]]:
    """Return the database's clock, which all of this is told by, and all sites."""
    row = await transaction.one(_SQL["now_and_sites"]) or {}
    return row["now"], row["sites"]
