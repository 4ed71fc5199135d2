"""Subscriptions: what newly answers a query goes to the queue of webhooks, in the order of its record."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json

from tagdock_cloud.epcis.find import Key, Span, find_plainly, key_of
from tagdock_cloud.epcis.naming import NO_NAMES, Names
from tagdock_cloud.epcis.parameters import place_names, read_question
from tagdock_cloud.epcis.question import Question, QuestionError
from tagdock_cloud.epcis.render import event_of, query_document
from tagdock_cloud.epcis.schedule import next_after, read_schedule
from tagdock_cloud.epcis.whose import names_known
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries

ROWS: Final = 1000
"""Events that one subscription is told in one run."""
EVENTS: Final = 100
"""Events of one document."""
MOST_BYTES: Final = 700_000
"""Of a document: the queue of webhooks takes a megabyte as the database writes it."""

_SQL = load_queries("tagdock_cloud.epcis")


def deliver(connection: Connection[DictRow]) -> None:
    """Tell every stream, and every schedule that is due, what is new."""
    row = connection.execute(_SQL["horizon"]).fetchone()
    assert row is not None  # noqa: S101  # a query without `from` has one row
    for subscription in connection.execute(_SQL["subscriptions_due"]).fetchall():
        _deliver(connection, subscription, row["horizon"])


def _deliver(connection: Connection[DictRow], subscription: Mapping[str, Any], horizon: datetime) -> None:
    after: Key = (subscription["after_at"], subscription["after_number"])
    moved: dict[str, Any] = {"subscription_id": subscription["subscription_id"], "problem": None, "told": False}
    try:
        whose = names_known(connection, place_names(subscription["query"]))
        question = news(subscription["query"], horizon, whose)
    except QuestionError as error:
        moved |= {"problem": str(error), "after_at": after[0], "after_number": after[1], "next_at": None}
        connection.execute(_SQL["subscription_moved"], moved)
        return
    rows = find_plainly(connection, question, subscription["sites"], Span(ROWS, after))
    if rows or (subscription["schedule"] and subscription["report_if_empty"]):
        for body in _documents(rows, subscription, horizon):
            connection.execute(_SQL["tell_webhook"], {"webhook_id": subscription["webhook_id"], "body": body})
        moved["told"] = True
    is_done = len(rows) < ROWS
    key = max(after, (horizon, 0)) if is_done else key_of(rows[-1])
    connection.execute(
        _SQL["subscription_moved"],
        {**moved, "after_at": key[0], "after_number": key[1], "next_at": _next(subscription, horizon, is_done=is_done)},
    )


def news(query: Mapping[str, Any], horizon: datetime, whose: Names = NO_NAMES) -> Question:
    """Read a query as one for news: in the order of the record, up to where nothing can still appear."""
    question = read_question(query, whose)
    question.by, question.descending, question.at_most, question.too_many = "recordTime", False, None, None
    question.common["lt_record"] = min(horizon, question.common.get("lt_record", horizon))
    return question


def _next(subscription: Mapping[str, Any], now: datetime, *, is_done: bool) -> datetime | None:
    """Return when a schedule is due again: at once while there is more to tell."""
    if subscription["schedule"] is None:
        return None
    due: datetime = subscription["next_at"]
    return next_after(read_schedule(subscription["schedule"]), max(now, due)) if is_done else due


def _documents(rows: Sequence[Mapping[str, Any]], subscription: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Write what is told: documents of at most a hundred events, fewer where they are large."""
    events = [event_of(row, subscription["epc_format"]) for row in rows]
    chunk: list[dict[str, Any]] = []
    weight = 0
    for event in events:
        size = len(to_json(event))
        if chunk and (len(chunk) == EVENTS or weight + size > MOST_BYTES):
            yield _document(chunk, subscription, now)
            chunk, weight = [], 0
        chunk.append(event)
        weight += size
    if chunk or not events:
        yield _document(chunk, subscription, now)


def _document(events: Sequence[Mapping[str, Any]], subscription: Mapping[str, Any], now: datetime) -> str:
    document = query_document(events, now, name=subscription["name"], subscription=str(subscription["subscription_id"]))
    return to_json(document).decode()
