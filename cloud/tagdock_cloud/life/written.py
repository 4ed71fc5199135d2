"""Rows of the record of lives and of where items stand, read and written. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tagdock_cloud.life.records import Entry, Inspection, Standing, Wish
from tagdock_cloud.life.story import fold
from tagdock_cloud.life.tables import Tables


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Read a row of `life_steps`."""
    names = ("step_id", "site", "at", "kind", "policy_id", "to_state", "actor", "findings", "reason", "case_ref")
    entry = Entry(
        **{name: row[name] for name in names},
        event_id=row["event_id"], door=row["door"], way=row["way"], closes=row["closes"],
    )  # fmt: skip
    if row["kind"] != "taken":
        return entry
    found = row["findings"]
    wish = Wish(
        row["transition"], row["actor"], frozenset(row["roles"]), row["at"], found.get("grade"), found.get("sealed"),
        row["reason"] or None, row["way"],
    )  # fmt: skip
    return replace(entry, wish=wish)


def rows_of(tables: Tables, epc: str, story: Sequence[Entry], new: Iterable[Entry]) -> list[dict[str, Any]]:
    """Write new rows of the record, each with what the item is after it. `story` holds them, too."""
    return [_row(tables, epc, story, entry) for entry in new]


def _row(tables: Tables, epc: str, story: Sequence[Entry], entry: Entry) -> dict[str, Any]:
    after = fold(tables, [other for other in story if other.at <= entry.at or other.kind == "withdrawn"])
    assert after is not None  # noqa: S101  # the entry itself is among them
    names = ("step_id", "site", "at", "kind", "policy_id", "actor", "findings", "reason", "case_ref", "event_id")
    return {
        **{name: getattr(entry, name) for name in (*names, "door", "way", "closes")},
        "epc": epc,
        "to_state": entry.to_state or after.life.state,
        "transition": entry.wish.transition if entry.wish else None,
        "roles": sorted(entry.wish.roles) if entry.wish else [],
        "disposition": tables.disposition(after),
        "is_sellable": tables.is_sellable(after),
    }


def life_row(tables: Tables, epc: str, standing: Standing) -> dict[str, Any]:
    """Write the row of `lives`."""
    life = standing.life
    return {
        "epc": epc, "site": standing.site, "state": life.state, "condition": life.condition, "grade": standing.grade,
        "disposition": tables.disposition(standing), "is_sellable": tables.is_sellable(standing),
        "inspections": [_inspection(one) for one in life.inspections], "is_owed": life.is_owed,
        "work_orders_open": life.work_orders_open, "scrap_asked_by": life.scrap_asked_by,
        "contradictions": standing.contradictions, "missing_since": standing.missing_since, "since": standing.since,
        "steps": standing.steps,
    }  # fmt: skip


def _inspection(one: Inspection) -> dict[str, Any]:
    return {"by": one.by, "grade": one.grade, "sealed": one.sealed}


def after_all(story: Sequence[Entry], now: datetime) -> datetime:
    """Return a moment for what is done now: never before what is on record already."""
    return max([now, *(entry.at for entry in story)])
