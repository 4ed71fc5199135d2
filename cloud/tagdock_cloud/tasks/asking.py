"""Tasks open by themselves, where a site's rule says so: put away what came in, pick and pack what is ordered."""

import logging
from collections.abc import Sequence

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.kinds import DUE, MOST_OPEN

log = logging.getLogger(__name__)

MOST_ORDERS = 200
"""Orders that are gone through at a time; more wait for the next time, the urgent ones first."""

_SQL = load_queries("tagdock_cloud.tasks", "floor_rules.sql")


def ask_to_put_away(connection: Connection[DictRow], epcs: Sequence[str]) -> None:
    """Open tasks for those of these items, which moved just now, that came in; call off those for what left."""
    connection.execute(_SQL["moot"], {"epcs": list(epcs)})
    connection.execute(_SQL["put_away"], {"epcs": list(epcs), "full": _full(connection), "due": DUE["put_away"]})


def ask_to_pick(connection: Connection[DictRow]) -> None:
    """Open tasks for orders: to pick what is due soon, to pack what is picked whole. Safe beside other workers."""
    full = _full(connection)
    connection.execute(_SQL["called_off"])
    connection.execute(_SQL["pick"], {"full": full, "rows": MOST_ORDERS, "due": DUE["pick"]})
    connection.execute(_SQL["pack"], {"full": full, "rows": MOST_ORDERS, "due": DUE["pack"]})


def call_off_all(connection: Connection[DictRow]) -> None:
    """Call off what is moot by now, whatever made it so."""
    connection.execute(_SQL["moot"], {"epcs": None})


def _full(connection: Connection[DictRow]) -> list[str]:
    """Return the sites whose list is full, and say so: what comes in meanwhile nobody is asked to put away."""
    sites = [row["site"] for row in connection.execute(_SQL["full"], {"most": MOST_OPEN}).fetchall()]
    for site in sites:
        log.warning("site %s has %d open tasks: no others open by themselves until some end", site, MOST_OPEN)
    return sites
