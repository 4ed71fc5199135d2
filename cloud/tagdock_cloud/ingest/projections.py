"""What moves with the movements that are new, in the transaction that stores them.

Each step is one statement over the temporary table `moved` (see `staging` in `queries.sql`), which holds the movements
that the record did not have: site, observed_at, event_id, gateway, epc, gtin, sku, door, bin, direction, confidence.
A subject that must move in the same transaction adds a step with a query of its own `queries.sql`. All steps go to the
database in one piece, so a step cannot depend on what another one returned. It must cost nothing where it has nothing
to do, and come to the same whatever order movements arrive in (decision 0033), so that `rebuild` comes to it, too.
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


STEPS: tuple[Step, ...] = (
    *(
        Step(name, _SQL[name])
        for name in (
            "items_lock",
            "items_move",
            "items_appear",
            "items_project",
            "flows_count",
            "announce",
        )
    ),
    Step("sessions_follow", _SESSIONS["follow"]),
)
