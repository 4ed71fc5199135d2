"""The dashboards, one module each."""

from collections.abc import Callable

from tagdock_dashboards.boards import dock
from tagdock_dashboards.pieces.sdk import models

BOARDS: dict[str, Callable[[], models.Dashboard]] = {"dock": dock.build}
"""File name (without `.json`) to the function that builds it; a new dashboard is a module and a line here."""
