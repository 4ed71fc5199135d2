"""A whole dashboard from its parts."""

from collections.abc import Sequence
from dataclasses import dataclass

from tagdock_dashboards.pieces import marks
from tagdock_dashboards.pieces.panels import Panel
from tagdock_dashboards.pieces.sdk import Builder, dashboard, models
from tagdock_dashboards.pieces.variables import Variable

TAG = "tagdock"
"""Every dashboard carries it; the links between the dashboards are found by it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A titled row of panels; their widths fill lines of 24 columns."""

    title: str
    panels: Sequence[Panel]


def page(
    uid: str,
    title: str,
    says: str,
    *,
    variables: Sequence[Variable],
    rows: Sequence[Row],
    since: str = "now-24h",
    refresh: str = "10s",
) -> models.Dashboard:
    """Put a dashboard together. `uid` is its address for ever: at most 40 letters, digits, - or _."""
    builder = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(says)
        .tags([TAG])
        .time(since, "now")
        .timezone("browser")
        .refresh(refresh)
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .variables(list(variables))
        .links(_links())
        .annotations([marks.approvals(), marks.faults()])
    )
    for number, row in enumerate(rows, start=1):
        builder.with_row(dashboard.Row(row.title).id(1000 + number))
        for panel in row.panels:
            builder.with_panel(panel)
    return builder.build()


def _links() -> list[Builder[models.DashboardLink]]:
    console = dashboard.DashboardLink("Console").type(models.DashboardLinkType.LINK).icon("external link")
    siblings = dashboard.DashboardLink("Tagdock").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    return [
        console.url("${console_url}/").target_blank(True),
        siblings.as_dropdown(True).include_vars(True).keep_time(True),
    ]
