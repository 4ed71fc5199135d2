"""What is due: counts of bins by class, asked for as fast as they are made."""

from datetime import UTC, datetime, timedelta

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.work.duty import Duty

_SQL = load_queries("tagdock_cloud.stockpolicy.counts")
MOST_OPEN = 20
"""Counts of a site that are asked for at once: a shift's work; the next follow when these are made."""
WITHIN_DAYS = 3
BY = "count cadence"


def ask_due(connection: Connection[DictRow]) -> None:
    """Ask for counts of bins that are due, at each site that says how often."""
    for row in connection.execute(_SQL["cadenced_sites"]).fetchall():
        open_ = connection.execute(_SQL["asked_today"], {"site": row["site"], "by": BY}).fetchone()
        room = MOST_OPEN - (open_["open"] if open_ else 0)
        if room <= 0:
            continue
        for due in connection.execute(_SQL["due"], {"site": row["site"], "rows": room}).fetchall():
            last = f"last counted {due['counted_at']:%Y-%m-%d}" if due["counted_at"] else "never counted"
            why = f"class {due['velocity']}: every {due['every_days']} days, {last}"
            scope = {"site": due["site"], "bin": due["bin"], "zone": None, "sku": None, "velocity": due["velocity"]}
            due_at = datetime.now(UTC) + timedelta(days=WITHIN_DAYS)
            connection.execute(_SQL["ask"], {**scope, "method": "epcs", "why": why, "due_at": due_at, "by": BY})


DUTIES: tuple[Duty, ...] = (Duty("stockpolicy.counts", 60.0, ask_due, timeout_s=60.0),)
