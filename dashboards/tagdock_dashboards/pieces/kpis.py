"""What a warehouse is judged by, each told once: what came back, what left in time, how right the record is."""

from tagdock_dashboards.pieces import looks
from tagdock_dashboards.pieces.query import IN_SITE
from tagdock_dashboards.pieces.sdk import dashboard

CAME = f"FROM returns_v1 WHERE {IN_SITE} AND $__timeFilter(applied_at) AND state NOT IN ('declined', 'cancelled')"
"""Cases of returns of the period."""
SENT = f"FROM orders_v1 WHERE {IN_SITE} AND kind = 'outbound' AND $__timeFilter(completed_at)"
"""Orders that left whole in the period."""
DUE = f"FROM dispatch_v1 WHERE {IN_SITE} AND $__timeFilter(due_at) AND state <> 'open'"
"""Orders whose time to leave came in the period, with `state`: `on_time`, `late` or `overdue`."""
ON_TIME = "avg((state = 'on_time')::int)::float8"
COUNTED = f"FROM count_accuracy_v1 WHERE {IN_SITE} AND $__timeFilter(day::timestamptz)"
"""Lines (a SKU in a bin) that were counted on the period's days."""
ACCURACY = "sum(lines_right)::float8 / nullif(sum(lines), 0)"


def shares(good: float, fair: float) -> dashboard.ThresholdsConfig:
    """Build the colours of a share that is to be high."""
    return looks.steps(levels=[(0, looks.BAD), (fair, looks.WARN), (good, looks.GOOD)])


def dispatch_steps() -> dashboard.ThresholdsConfig:
    """Build the colours of on-time dispatch."""
    return shares(0.98, 0.95)


def accuracy_steps() -> dashboard.ThresholdsConfig:
    """Build the colours of stock accuracy by lines."""
    return shares(0.98, 0.95)
