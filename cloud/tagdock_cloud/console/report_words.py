"""How the page Reports says figures, periods and results. Pure."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from tagdock_cloud.console.language import later, spoken
from tagdock_cloud.console.words import known
from tagdock_cloud.reports.words import MEANINGS, TITLES, Tongue

PERIODS = {"day": later("every day"), "week": later("every week"), "month": later("every month")}
STATES = {"waiting": later("being worked out"), "done": later("ready"), "failed": later("failed")}


def kpi(name: str) -> str:
    """Write a figure's name, as the report itself does."""
    return Tongue(spoken().code).say(TITLES[name])


def kpi_meaning(name: str) -> str:
    """Say what a figure is told from, as the report itself does."""
    return Tongue(spoken().code).say(MEANINGS[name])


def span(asked: Mapping[str, Any]) -> str:
    """Write the days of a result's period, the first and the last."""
    first = date.fromisoformat(asked["first_day"])
    last = date.fromisoformat(asked["next_day"]) - timedelta(days=1)
    return f"{first}" if first == last else f"{first} – {last}"


FILTERS: dict[str, Callable[..., Any]] = {
    "kpi": kpi,
    "kpi_meaning": kpi_meaning,
    "report_period": known(PERIODS),
    "report_state": known(STATES),
    "span": span,
}
