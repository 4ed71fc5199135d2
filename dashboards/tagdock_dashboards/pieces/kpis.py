"""What a warehouse is judged by: what came back, what left in time, how right the record is; also by person.

What counts for a figure the views `kpi_facts_v1` and `kpi_people_v1` say, which reports read, too: both tell the same.
"""

from tagdock_dashboards.pieces import looks
from tagdock_dashboards.pieces.query import IN_SITE
from tagdock_dashboards.pieces.sdk import dashboard


def _facts(kpi: str) -> str:
    return f"FROM kpi_facts_v1 WHERE kpi = '{kpi}' AND {IN_SITE} AND $__timeFilter(at)"


RETURNED = _facts("return_rate")
"""Units that came back in the period (`part`; `word`: the reason) and units of orders that left whole (`whole`)."""
CAME = f"{RETURNED} AND part > 0"
"""What came back in the period, an item a row."""
DUE = _facts("on_time_dispatch")
"""Orders whose time to leave came in the period, with `word`: `on_time`, `late` or `overdue`."""
COUNTED = _facts("stock_accuracy")
"""Lines (a SKU in a bin) that were counted in the period."""
SHARE = "sum(part)::float8 / nullif(sum(whole), 0)"
"""What of the facts counts as it should."""


def share_of(kpi: str) -> str:
    """Write the share of one figure among the facts of several."""
    return (
        f"(sum(part) FILTER (WHERE kpi = '{kpi}'))::float8"
        f" / nullif((sum(whole) FILTER (WHERE kpi = '{kpi}'))::float8, 0)"
    )


def median_of(kpi: str) -> str:
    """Write the median of one figure among the facts of several, in seconds."""
    return f"percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE kpi = '{kpi}')"


def shares(good: float, fair: float) -> dashboard.ThresholdsConfig:
    """Build the colours of a share that is to be high."""
    return looks.steps(levels=[(0, looks.BAD), (fair, looks.WARN), (good, looks.GOOD)])


def dispatch_steps() -> dashboard.ThresholdsConfig:
    """Build the colours of on-time dispatch."""
    return shares(0.98, 0.95)


def accuracy_steps() -> dashboard.ThresholdsConfig:
    """Build the colours of stock accuracy by lines."""
    return shares(0.98, 0.95)
