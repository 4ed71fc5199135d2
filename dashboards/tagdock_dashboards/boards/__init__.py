"""The dashboards, one module each."""

from collections.abc import Callable

from tagdock_dashboards.boards import after_sales, dock, environment, executive, fleet, sites, slotting, stock
from tagdock_dashboards.pieces.sdk import models

BOARDS: dict[str, Callable[[], models.Dashboard]] = {
    "dock": dock.build,
    "stock": stock.build,
    "slotting": slotting.build,
    "environment": environment.build,
    "fleet": fleet.build,
    "executive": executive.build,
    "after-sales": after_sales.build,
    "sites": sites.build,
}
"""File name (without `.json`) to the function that builds it; a new dashboard is a module and a line here."""
