"""Settle between gateways: follow the record, weigh what two gateways told of one tag, enter what lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from tagdock_cloud.corrections.rules import Report, bouts, peak_dbm_of, reads_of, settle
from tagdock_cloud.corrections.tail import follow
from tagdock_cloud.store.pool import Connection, DictRow, Jsonb
from tagdock_cloud.store.queries import load_queries

WIDEST = timedelta(hours=1)
"""A tag that two gateways tell of without a pause is looked at this far around the news, and no further."""

_SQL = load_queries("tagdock_cloud.corrections", "settle.sql")


@dataclass(frozen=True, slots=True)
class Question:
    """A tag of a site that two gateways told of, and the time that has to be looked at."""

    site: str
    epc: str
    from_at: datetime
    to_at: datetime
    window: timedelta

    def widened(self, by: timedelta) -> "Question":
        """Look further around."""
        return replace(self, from_at=self.from_at - by, to_at=self.to_at + by)


def settle_news(connection: Connection[DictRow]) -> None:
    """Settle all that was stored or decided since the last time."""
    rows = connection.execute(_SQL["sites"]).fetchall()
    sites = {"sites": [row["site"] for row in rows], "windows": [row["window_s"] for row in rows]}
    changes: list[dict[str, Any]] = []
    for after, upto in follow(connection, "settle", sites["sites"]):
        news = connection.execute(_SQL["news"], {**sites, "after": after, "upto": upto}).fetchall()
        changes += _answers(connection, _rivals(connection, sites, news))
    changes += _answers(connection, connection.execute(_SQL["decided"], sites).fetchall())
    connection.execute(_SQL["forget_decided"], sites)
    if changes:  # at once, as what is corrected is locked in the order of its keys; the last word on each counts
        once = {change["event_id"]: change for change in changes}
        connection.execute(_SQL["correct"], {"rows": Jsonb(list(once.values()))})


def tell_uncertain(connection: Connection[DictRow]) -> None:
    """Tell webhooks what waits for a person. After settling, so that nobody is asked about a report that lost."""
    sites = [row["site"] for row in connection.execute(_SQL["listened"]).fetchall()]
    for after, upto in follow(connection, "review", sites):
        passages = connection.execute(_SQL["uncertain"], {"sites": sites, "after": after, "upto": upto}).fetchall()
        connection.execute(_SQL["tell_uncertain"], {"passages": Jsonb(passages)})


def _rivals(connection: Connection[DictRow], sites: dict[str, Any], news: Sequence[DictRow]) -> list[DictRow]:
    """Find which of the news another gateway told of, too."""
    if not news:
        return []
    widest = timedelta(seconds=max(sites["windows"]))
    ats = [row["observed_at"] for row in news]
    span = {"from_at": min(ats) - widest, "to_at": max(ats) + widest, "epcs": sorted({row["epc"] for row in news})}
    names = {"news_sites": "site", "news_epcs": "epc", "news_ats": "observed_at", "news_gateways": "gateway"}
    told = {name: [row[column] for row in news] for name, column in names.items()}
    return connection.execute(_SQL["rivals"], {**sites, **span, **told}).fetchall()


def _answers(connection: Connection[DictRow], rows: Iterable[DictRow]) -> list[dict[str, Any]]:
    questions = [
        Question(row["site"], row["epc"], row["from_at"], row["to_at"], timedelta(seconds=row["window_s"]))
        for row in rows
    ]
    changes: list[dict[str, Any]] = []
    around = timedelta()
    while questions:
        around = max(2 * around, 4 * max(each.window for each in questions))
        asked = [each.widened(around) for each in questions]
        found = _reports(connection, asked)
        is_last = around >= WIDEST
        whole = [is_last or not _is_cut(each, told) for each, told in zip(asked, found, strict=True)]
        for question, told, is_whole in zip(questions, found, whole, strict=True):
            if is_whole:
                changes += _changes(question, told)
        questions = [question for question, is_whole in zip(questions, whole, strict=True) if not is_whole]
    return changes


def _reports(connection: Connection[DictRow], asked: Sequence[Question]) -> list[list[DictRow]]:
    values = {
        "sites": [each.site for each in asked],
        "epcs": [each.epc for each in asked],
        "from_ats": [each.from_at for each in asked],
        "to_ats": [each.to_at for each in asked],
        "from_at": min(each.from_at for each in asked),
        "to_at": max(each.to_at for each in asked),
    }
    found: list[list[DictRow]] = [[] for _ in asked]
    for place, rows in groupby(connection.execute(_SQL["reports"], values).fetchall(), itemgetter("n")):
        found[place - 1] = list(rows)
    return found


def _is_cut(asked: Question, rows: Sequence[DictRow]) -> bool:
    """Tell whether what was found may go on beyond the time that was looked at."""
    if not rows:
        return False
    first_at: datetime = rows[0]["observed_at"]
    last_at: datetime = rows[-1]["observed_at"]
    return first_at - asked.from_at <= asked.window or asked.to_at - last_at <= asked.window


def _changes(question: Question, rows: Sequence[DictRow]) -> list[dict[str, Any]]:
    """Compare what loses with what is entered as lost. Only bouts that the news are in are settled."""
    entered = {row["event_id"]: row for row in rows}
    changes = []
    for bout in bouts([_report(row) for row in rows], question.window):
        if bout[-1].observed_at < question.from_at or bout[0].observed_at > question.to_at:
            continue
        lost = settle(bout, question.window)
        for one in bout:
            row, winner = entered[one.event_id], lost.get(one.event_id)
            if winner is not None and row["lost_to"] != winner:
                changes.append(_loss(row, entered[winner]))
            elif winner is None and row["kind"] == "lost":
                changes.append(_correction(row, "withdrawn", "nothing stronger stands against it any more"))
    return changes


def _report(row: DictRow) -> Report:
    decided = row["corrected_direction"] if row["kind"] == "decided" else None
    strength = reads_of(row["evidence"]), peak_dbm_of(row["evidence"])
    return Report(row["event_id"], row["observed_at"], row["gateway"], row["confidence"], *strength, decided)


def _loss(row: DictRow, winner: DictRow) -> dict[str, Any]:
    reason = f"gateway {winner['gateway']} told of the same passage at {winner['door']} with stronger evidence"
    return {**_correction(row, "lost", reason), "direction": "none", "lost_to": str(winner["event_id"])}


def _correction(row: DictRow, kind: str, reason: str) -> dict[str, Any]:
    key = {"site": row["site"], "observed_at": row["observed_at"], "event_id": row["event_id"]}
    return {**key, "kind": kind, "by": "settlement", "reason": reason}
