"""Finding events: one question, asked of our own and of captured ones, merged into one order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from pydantic_core import to_json

from tagdock_cloud.epcis.question import Question
from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Transaction

_SQL = load_queries("tagdock_cloud.epcis")
_COMMON = ("ge_event", "lt_event", "ge_record", "lt_record", "ge_declared", "lt_declared")
_OWN = ("places", "locations", "steps", "epcs", "digests", "reasons", "correctives", "said", "said_first", "epcs_like")
_CAPTURED = (
    "types", "actions", "biz_steps", "dispositions", "read_points", "read_points_within", "read_points_sites",
    "biz_locations", "biz_locations_within", "biz_locations_sites", "keys",
)  # fmt: skip

_SAID: LiteralString = """(
    select s.said_id from epcis_said s
    where s.said @> any(%(said_first)s::jsonb[])
      and not exists (select from jsonb_array_elements(%(said_rest)s::jsonb) as w
                      where not exists (select from jsonb_array_elements(w.value) one where s.said @> one.value))
) e"""
Statement = tuple[LiteralString, dict[str, Any]]
Key = tuple[datetime, int]
"""Where a page begins: the time that it is ordered by, and the number, of the last event before."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which events of the answer: after a key, and how many."""

    rows: int
    after: Key | None = None


def statements(question: Question, sites: list[str] | None, span: Span) -> Iterator[Statement]:
    """Yield the statements that answer a question; `sites` None: of all sites."""
    common: dict[str, Any] = dict.fromkeys(_COMMON) | question.common
    common["declared"] = question.common.get("declared", False)
    common |= {"rows": span.rows, "after_at": None, "after_number": None}
    if span.after is not None:
        common |= {"after_at": span.after[0], "after_number": span.after[1]}
    if question.told:
        yield _told(question, {**dict.fromkeys(_OWN), **common, **question.own, **_said(question), "sites": sites})
    captured = {**dict.fromkeys(_CAPTURED), **common, **question.captured, "sites": sites}
    captured["names"] = to_json(question.names).decode()
    captured["holds"] = to_json(question.holds).decode()
    captured["numbered"] = next((one["names"] for one in question.names if not one["likes"]), None)
    captured["paths"] = [path.path for path in question.paths if path.sign is None]
    timed = [{"path": path.path, "sign": path.sign, "at": path.instants} for path in question.paths if path.sign]
    captured["timed"] = to_json(timed).decode()
    yield _ordered(_SQL["captured_page"], question, "event_time"), captured


async def find(
    transaction: Transaction, question: Question, sites: list[str] | None, span: Span
) -> list[dict[str, Any]]:
    """Return the first events after the key, in the question's order."""
    found = [await transaction.all(sql, values) for sql, values in statements(question, sites, span)]
    return merged(question, found, span.rows)


def find_plainly(
    connection: Connection[DictRow], question: Question, sites: list[str] | None, span: Span
) -> list[dict[str, Any]]:
    """Return the same to a duty."""
    found = [
        connection.execute(sql, values, prepare=False).fetchall() for sql, values in statements(question, sites, span)
    ]
    return merged(question, found, span.rows)


def merged(question: Question, found: Sequence[Sequence[Mapping[str, Any]]], rows: int) -> list[dict[str, Any]]:
    """Put what several statements found in one order."""
    every = [dict(row) for part in found for row in part]
    return sorted(every, key=key_of, reverse=question.descending)[:rows]


def key_of(row: Mapping[str, Any]) -> Key:
    """Return what an event is ordered by."""
    return row["key_at"], row["number"]


def _told(question: Question, values: dict[str, Any]) -> Statement:
    """Walk the index of what narrows most: EPCs, places, else time.

    What is walked is not asked for again as a condition: the planner would take it for rarer than it is, and sort.
    """
    sql = _ordered(_SQL["told_page"], question, "observed_at")
    if (only := values.pop("only_sites", None)) is not None:
        values["sites"] = only if values["sites"] is None else sorted(set(only) & set(values["sites"]))
    if values["epcs"] is not None:
        sql = sql.replace("/*each*/ (select 1) e", "unnest(%(each_epc)s::text[]) e (epc)")
        sql = sql.replace("/*match*/ true", "t.epc = e.epc")
        values |= {"each_epc": values["epcs"], "epcs": None}
    elif question.said:
        sql = sql.replace("/*each*/ (select 1) e", _SAID).replace("/*match*/ true", "t.said_id = e.said_id")
        values["said_rest"], values["said"] = values["said"], None
    elif values["places"] is not None:
        pairs: LiteralString = "unnest(%(at_sites)s::text[], %(at_places)s::text[]) e (site, place)"
        sql = sql.replace("/*each*/ (select 1) e", pairs)
        sql = sql.replace("/*match*/ true", "t.site = e.site and t.place = e.place")
        parts = [place.partition("/") for place in dict.fromkeys(values["places"])]
        values |= {"at_sites": [part[0] for part in parts], "at_places": [part[2] for part in parts], "places": None}
    return sql, values


def _said(question: Question) -> dict[str, Any]:
    """Return what our own events have to say beside their rows, as the query takes it."""
    if not question.said:
        return {}
    return {"said": to_json(question.said).decode(), "said_first": [to_json(one).decode() for one in question.said[0]]}


def _ordered(sql: LiteralString, question: Question, event_time: LiteralString) -> LiteralString:
    column: LiteralString = event_time if question.by == "eventTime" else "recorded_at"
    sql = sql.replace("/*by*/observed_at", column).replace("/*by*/event_time", column)
    if question.descending:
        return sql.replace("/*past*/<", "<").replace("/*way*/desc", "desc")
    return sql.replace("/*past*/<", ">").replace("/*way*/desc", "asc")
