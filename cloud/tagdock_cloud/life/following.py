"""Lives follow the record: what passes doors, and what is corrected of it, becomes steps or contradictions."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4, uuid5

from pydantic_core import to_json

from tagdock_cloud.corrections.tail import follow
from tagdock_cloud.life.arriving import is_arrival
from tagdock_cloud.life.changes import Grown, statements
from tagdock_cloud.life.published import load_tables
from tagdock_cloud.life.records import Entry, Passage, Sent
from tagdock_cloud.life.rules import AWAY
from tagdock_cloud.life.story import fold, open_contradictions, told
from tagdock_cloud.life.tables import Tables
from tagdock_cloud.life.written import entry_of, life_row
from tagdock_cloud.store.pool import Connection, DictRow, connect, translated
from tagdock_cloud.store.queries import load_queries

Row = Mapping[str, Any]
Stories = Mapping[str, Sequence[Entry]]
CHUNK = 500
"""Items whose records are worked out anew at a time."""
_STATEMENT_TIMEOUT_S = 3600.0
_REGISTERED = UUID("5f0a3e0c-6a0e-5c9e-9b53-3c1f2a7d0e44")
"""The name space of what people registered, which has no event of its own."""

_SQL = load_queries("tagdock_cloud.life")


def follow_doors(connection: Connection[DictRow]) -> None:
    """Tell lives what passed doors or was seen in bins since the last time, then what was corrected."""
    sites = [row["site"] for row in connection.execute(_SQL["sites"]).fetchall()]
    for after, upto in follow(connection, "lives", sites):
        values = {"sites": sites, "after": after, "upto": upto}
        _tell(connection, connection.execute(_SQL["passed"], values).fetchall())
    span = connection.execute(_SQL["horizon"]).fetchone()
    if span is not None and span["horizon"] > span["mark"]:
        _tell(connection, connection.execute(_SQL["corrected"], span).fetchall())
        connection.execute(_SQL["followed"], span)


def follow_registered(connection: Connection[DictRow]) -> None:
    """Tell lives that are away what people said since of where their items lie: put away, counted, registered."""
    rows = connection.execute(_SQL["registered_away"], {"away": sorted(AWAY), "rows": CHUNK}).fetchall()
    _tell(connection, [{**row, "event_id": uuid5(_REGISTERED, f"{row['epc']} {row['observed_at']}")} for row in rows])


def _tell(connection: Connection[DictRow], rows: Sequence[Row]) -> None:
    """Tell passages into the lives that they concern: those that began, and those of what comes back."""
    passed = _passages(connection, rows)
    epcs = sorted({one.epc for one in passed})
    begun = sorted(
        (one for one in passed if one.left_at and (one.bin or not is_arrival(one))), key=lambda one: one.site
    )
    for site, of_site in groupby(begun, key=lambda one: one.site):
        connection.execute(_SQL["claim"], {"site": site, "epcs": sorted({one.epc for one in of_site})})
    held = [row["epc"] for row in connection.execute(_SQL["hold"], {"epcs": epcs}).fetchall()]
    if not held:
        return
    stories = dict(_stories(connection, held))
    passages: dict[str, list[Passage]] = defaultdict(list)
    for one in [*passed, *_still_open(connection, stories, {one.event_id for one in passed})]:
        passages[one.epc].append(one)
    tables = load_tables(connection)
    grown = [Grown(epc, story, told(tables, story, passages[epc], uuid4)) for epc, story in stories.items()]
    for name, values in statements(tables, grown, "record", datetime.now(UTC)):
        connection.execute(_SQL[name], values)


def _still_open(connection: Connection[DictRow], stories: Stories, known: set[UUID]) -> list[Passage]:
    """Return what came in and contradicts until now: how it had left may have been told since."""
    open_ = [
        {
            "event_id": entry.event_id,
            "epc": epc,
            "site": entry.site,
            "observed_at": entry.at,
            "door": entry.door,
            "bin": entry.findings.get("bin"),
        }
        for epc, story in stories.items()
        for entry in open_contradictions(story)
        if entry.way == "in" and entry.event_id not in known
    ]
    return _passages(connection, [{**row, "way": "in"} for row in open_])


def _passages(connection: Connection[DictRow], rows: Sequence[Row]) -> list[Passage]:
    """Read passages, those in with how they had left."""
    left = _left_before(connection, [row for row in rows if row["way"] == "in"])
    sent = _by_transfer(connection, left)
    return [
        Passage(
            row["event_id"], row["epc"], row["site"], row["observed_at"], row["door"], row["way"],
            left[row["event_id"]]["left_at"] if row["event_id"] in left else None, sent.get(row["event_id"]),
            row.get("bin"),
        )
        for row in rows
    ]  # fmt: skip


def _by_transfer(connection: Connection[DictRow], left: Mapping[UUID, Row]) -> dict[UUID, Sent]:
    """Return the transfers by which what came in had left."""
    if not left:
        return {}
    values = {
        "event_ids": list(left),
        **{f"{name}s": [row[name] for row in left.values()] for name in ("site", "epc")},
        "ats": [row["left_at"] for row in left.values()],
    }
    found = connection.execute(_SQL["by_transfer"], values).fetchall()
    return {row["event_id"]: Sent(row["transfer"], row["start_site"], row["goal_site"]) for row in found}


def _left_before(connection: Connection[DictRow], came_in: Sequence[Row]) -> dict[UUID, Row]:
    """Return when and where what came in had left; only times are looked at in which each of them can have moved."""
    if not came_in:
        return {}
    epcs = sorted({row["epc"] for row in came_in})
    moved = {row["epc"]: row for row in connection.execute(_SQL["moved_since"], {"epcs": epcs}).fetchall()}
    upto = next(iter(moved.values()))["listed_upto"]
    by_doors = [row for row in came_in if row.get("bin") is None]
    last: dict[UUID, Row] = {}
    for since, rows in _by_age(moved, upto, by_doors):
        last |= _last_before(connection, since, rows)
    if seen := [row for row in came_in if row.get("bin") is not None]:
        last |= _last_before(connection, "-infinity" if upto is None else upto, seen)
        # What lies in a bin mostly moved a while ago: what is compressed is opened for the rest, from its last week on.
        rest = [row for row in seen if row["event_id"] not in last and moved[row["epc"]]["first_at"] is not None]
        if upto is not None and rest:
            weeks = [moved[row["epc"]]["first_at" if row["observed_at"] < upto else "last_at"] for row in rest]
            last |= _last_before(connection, min(weeks), rest)
    return {event_id: row for event_id, row in last.items() if row["has_left"]}


def _last_before(connection: Connection[DictRow], since: datetime | str, came_in: Sequence[Row]) -> dict[UUID, Row]:
    """Return the last that was told of each before it came in, as far as it lies after `since`."""
    values = {
        "epcs": [row["epc"] for row in came_in],
        "event_ids": [row["event_id"] for row in came_in],
        "ats": [row["observed_at"] for row in came_in],
        "seen": [row.get("bin") is not None for row in came_in],
        "since": since,
        "upto": max(row["observed_at"] for row in came_in),
    }
    return {row["event_id"]: row for row in connection.execute(_SQL["last_before"], values).fetchall()}


def _by_age(
    moved: Mapping[str, Row], upto: datetime | None, came_in: Sequence[Row]
) -> Iterator[tuple[datetime | str, list[Row]]]:
    """Part what came in by whether it moved in the part of the record that is compressed: most of it is new."""
    old = [row for row in came_in if upto is None or moved[row["epc"]]["first_at"] is not None]
    new = [row for row in came_in if upto is not None and moved[row["epc"]]["first_at"] is None]
    if old:
        yield "-infinity" if upto is None else min(moved[row["epc"]]["first_at"] for row in old), old
    if upto is not None and new:
        yield upto, new


def _stories(connection: Connection[DictRow], epcs: Iterable[str]) -> Iterator[tuple[str, list[Any]]]:
    """Yield each item with its record, an empty one where it has none."""
    stories: dict[str, list[Any]] = {epc: [] for epc in epcs}
    for row in connection.execute(_SQL["story"], {"epcs": sorted(stories)}).fetchall():
        stories[row["epc"]].append(entry_of(row))
    yield from stories.items()


def rebuild(database: str, progress: Callable[[int], None]) -> int:
    """Work out anew from the record where every item stands, and return how many there are; nobody steps meanwhile.

    Raises DatabaseUnavailableError, StoreError; then everything is as it was.
    """
    connection = connect(database, name="tagdock-cloud rebuild", statement_timeout_s=_STATEMENT_TIMEOUT_S)
    with translated(), connection:
        connection.execute(_SQL["lock_lives"])
        connection.execute(_SQL["forget_lives"])
        tables, after, items = load_tables(connection), "", 0
        while rows := connection.execute(_SQL["all_epcs"], {"after": after, "rows": CHUNK}).fetchall():
            epcs = [row["epc"] for row in rows]
            _put(connection, tables, epcs)
            after, items = epcs[-1], items + len(epcs)
            progress(items)
    return items


def _put(connection: Connection[DictRow], tables: Tables, epcs: Sequence[str]) -> None:
    standings = [(epc, fold(tables, story)) for epc, story in _stories(connection, epcs)]
    lives = [life_row(tables, epc, standing) for epc, standing in standings if standing is not None]
    connection.execute(_SQL["put_lives"], {"rows": to_json(lives).decode()})
