"""How well repairs go: how long they took, and whether one was enough."""
# ruff: noqa: S608  the queries are put together from constants of this package

from tagdock_dashboards.pieces.query import IN_SITE

AGAIN_DAYS = 30
"""An item that is to be repaired again so soon was not repaired: the span in which service desks count a repeat."""


def ends() -> str:
    """Write a source of the period's closed work orders.

    Columns: `site`, `technician`, `state`, `took_s`, `is_repeat` (it followed another repair of the item), `is_fixed`
    (it ended as repaired, and no other followed).
    """
    soon = f"interval '{AGAIN_DAYS} days'"
    return f"""(
      SELECT site, technician, state, extract(epoch FROM closed_at - opened_at)::float8 AS took_s,
        coalesce(before_at >= opened_at - {soon}, false) AS is_repeat,
        state = 'repaired' AND coalesce(next_at > closed_at + {soon}, true) AS is_fixed
      FROM (SELECT *, lag(closed_at) OVER item AS before_at, lead(opened_at) OVER item AS next_at FROM work_orders_v1
        WINDOW item AS (PARTITION BY epc ORDER BY opened_at, work_order_id)) AS following
      WHERE {IN_SITE} AND $__timeFilter(closed_at)
    ) AS repairs"""


FIRST_TIME = (
    "(count(*) FILTER (WHERE is_fixed AND NOT is_repeat))::float8 / nullif(count(*) FILTER (WHERE NOT is_repeat), 0)"
)
"""The share of repairs that were enough; a repeat counts with the repair that it repeats."""
MEDIAN_S = "percentile_cont(0.5) WITHIN GROUP (ORDER BY took_s)"
