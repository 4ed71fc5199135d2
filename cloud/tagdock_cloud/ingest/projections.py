"""How a group's movements are stored, and what moves with those that are new, in the transaction that stores them.

Each step is one statement over the temporary tables of `staging` in `queries.sql`. `moved` holds the movements that the
record did not have: site, observed_at, epc, sku, door, direction.
A subject that must move in the same transaction adds a step with a query of its own `queries.sql`. The steps of a way
go to the database in one piece, those of FOLLOW in the one that ends with the commit (decision 0141), so a step cannot
depend on what another one returned. It must cost nothing where it has nothing to do, and come to the same whatever
order movements arrive in (decision 0033), so that `rebuild` comes to it, too.
Locks are taken in the order of the steps, and within a step in the order of the rows' keys.
"""

from dataclasses import dataclass
from typing import LiteralString

from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.ingest")
_SESSIONS = load_queries("tagdock_cloud.sessions")


@dataclass(frozen=True, slots=True)
class Step:
    """One statement without parameters."""

    name: str
    statement: LiteralString


def _steps(*names: str) -> tuple[Step, ...]:
    return tuple(Step(name, _SQL[name]) for name in names)


_LATE = ("items_move", "items_appear", "items_project")
QUICK = _steps("items_step")
"""Every item steps on, and its movement is stored, in one statement; right only where its count says so (0096)."""
CAREFUL = _steps("items_lock", "join_freely", "look_up", "store_new", *_LATE)
"""Some items do not just step on: they are new, late, only sighted, or moved more than once in the group.

Each way stores movements in one statement: what a trigger counts of them is locked in the order of its keys then, where
two statements of one transaction and two of another could wait for each other.
"""
WARY = _steps("items_lock", "join_freely", "look_up", "store_missing", *_LATE)
"""Some movements are in the record already, and must not move anything."""
FOLLOW: tuple[Step, ...] = (
    *_steps("flows_count", "announce"),
    Step("sessions_follow", _SESSIONS["follow"]),
)
"""What follows from the movements that are new, however they were stored."""
(STORE_BIN_READINGS, STORE_READER_EVENTS) = _steps("store_bin_readings", "store_reader_events")
