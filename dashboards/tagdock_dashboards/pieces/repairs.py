"""How well repairs go: how long they took, and whether one was enough. What a repeat is, the view `repairs_v1` says."""

from tagdock_dashboards.pieces.query import IN_SITE

AGAIN_DAYS = 30
"""An item that is to be repaired again so soon was not repaired; the view has the same span."""
CLOSED = f"FROM repairs_v1 WHERE {IN_SITE} AND $__timeFilter(closed_at)"
"""The period's closed work orders: `site`, `technician`, `state`, `took_s`, `is_repeat`, `is_fixed`."""
FIRST_TIME = (
    "(count(*) FILTER (WHERE is_fixed AND NOT is_repeat))::float8 / nullif(count(*) FILTER (WHERE NOT is_repeat), 0)"
)
"""The share of repairs that were enough; a repeat counts with the repair that it repeats."""
MEDIAN_S = "percentile_cont(0.5) WITHIN GROUP (ORDER BY took_s)"
