"""The Executive dashboard: one page, six figures, this week against the week before."""
# ruff: noqa: S608  the queries are put together from constants of this package; no outside text enters them

from dataclasses import dataclass
from typing import Literal

from tagdock_dashboards.pieces import looks, panels, variables
from tagdock_dashboards.pieces.page import Row, page
from tagdock_dashboards.pieces.panels import Panel
from tagdock_dashboards.pieces.query import IN_SITE
from tagdock_dashboards.pieces.sdk import dashboard, models, stat

UID = "tagdock-executive"


Better = Literal["more", "less", "neither"]


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure of a view, by its column of time; `is_share`: its change is in points, else a ratio.

    A change by `little` is none, and by `much` it is one to look into.
    """

    view: str
    at: str
    sql: str
    better: Better
    is_share: bool = False
    much: float = 0.1
    little: float = 0.02

    def between(self, first: int, end: int) -> str:
        """Write the query over the time that began `first` days ago and ended `end` days ago."""
        after, before = f"now() - interval '{first} days'", f"now() - interval '{end} days'"
        return f"SELECT {self.sql} FROM {self.view} WHERE {IN_SITE} AND {self.at} >= {after} AND {self.at} < {before}"

    @property
    def change(self) -> str:
        """Write what this week differs by from the one before."""
        return "100 * (this - before)" if self.is_share else "this / nullif(before, 0)::float8 - 1"


def build() -> models.Dashboard:
    """Build the dashboard."""
    return page(
        UID,
        "Executive",
        "Six figures of the last seven days beside the seven before: out, in, whole, in doubt, out of order, walked.",
        variables=[variables.site(), variables.console_url()],
        rows=[
            Row("Is it fresh, are the weeks whole?", [panels.freshness(9).span(16), wholeness()]),
            Row("This week against last week", [went(), came(), complete(), doubt(), alerts_raised(), walking()]),
            Row("Day by day", [by_day()]),
            Row("What needs a decision", [open_alerts()]),
        ],
        since="now-28d",
        refresh="5m",
    )


def wholeness() -> Panel:
    """Count the days of both weeks on which anything passed: a week of two days is no week to compare with."""
    day = "floor(extract(epoch FROM now() - hour_at) / 86400)"
    return (
        panels.tiles(
            10,
            "Days on which goods passed",
            """
            On how many of the last seven days (each of 24 hours, back from now) anything passed a door, and of the
            seven before. Where they differ, the figures below compare weeks of different length. Source: throughput_v1.
            """,
            "suffix: of 7",
            f"""
            SELECT count(DISTINCT {day}) FILTER (WHERE {day} < 7) AS "this week",
              count(DISTINCT {day}) FILTER (WHERE {day} >= 7) AS "the week before"
            FROM throughput_v1 WHERE {IN_SITE} AND hour_at > now() - interval '14 days' HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .override_by_name("the week before", looks.override_steps(looks.steps()))
        .no_value("no movements in two weeks")
        .height(4)
        .span(8)
    )


def went() -> Panel:
    """Compare what left."""
    return _flow(1, "Goods out", "out", "left the house by a door")


def came() -> Panel:
    """Compare what came in."""
    return _flow(2, "Goods in", "in", "came in by a door")


def complete() -> Panel:
    """Compare how many door sessions closed with nothing missing, unexpected or at the wrong door."""
    whole = "units_missing = 0 AND items_unexpected = 0 AND items_wrong_door = 0"
    return _two_weeks(
        3,
        "Trucks complete",
        """
        Share of the door sessions that ended in these days in which every expected unit was seen, nothing unexpected,
        and nothing at the wrong door. More is better; the change is in points. Source: session_ends_v1.
        """,
        "percentunit",
        _Figure("session_ends_v1", "closed_at", f"avg(({whole})::int)::float8", "more", True, 1, 0.2),
        nothing="no session ended",
    )


def doubt() -> Panel:
    """Compare the share of passages that a person has to decide."""
    return _two_weeks(
        4,
        "Passages in doubt",
        """
        Share of the tag passages of these days that the gateways left to a person, also those that are decided by now.
        Less is better; the change is in points. Source: lateness_v1.
        """,
        "percentunit",
        _Figure("lateness_v1", "hour_at", "sum(uncertain) / nullif(sum(passages), 0)::float8", "less", True, 0.1, 0.02),
        nothing="no movements",
    )


def alerts_raised() -> Panel:
    """Compare how often something was out of order."""
    return _two_weeks(
        5,
        "Alerts raised",
        """
        Alerts of severity critical or warning raised in these days: stock, environment, silent gateways, goods that
        left without an order. Less is better. Source: alerts_v1.
        """,
        "short",
        _Figure("alerts_v1", "raised_at", "count(*) FILTER (WHERE severity <> 'info')", "less"),
        nothing="none",
    )


def walking() -> Panel:
    """Compare the metres of an order line."""
    return _two_weeks(
        6,
        "Metres a pick",
        """
        Metres from bin to door, one way, of an order line that left in these UTC days, on the floor as it was laid out
        then, where bin and way are known. Less is better. What plans promised and saved stands on the Slotting
        dashboard. Source: picks_v1.
        """,
        "lengthm",
        _Figure("picks_v1", "day", "sum(walk_m) / nullif(sum(placed_lines), 0)::float8", "less"),
        nothing="no line's way is known",
    )


def by_day() -> Panel:
    """Draw in and out by day."""
    panel = panels.time_series(
        7,
        "Goods in and out, by day",
        """
        Tag passages into and out of the house by UTC day, corrections applied. The first and the present day are cut by
        the period's ends. Source: throughput_v1.
        """,
        "short",
        f"""
        SELECT date_trunc('day', hour_at, 'UTC') AS "time", sum("in") AS "in", sum("out") AS "out"
        FROM throughput_v1 WHERE $__timeFilter(hour_at) AND {IN_SITE} GROUP BY 1 ORDER BY 1
        """,
    )
    for direction in ("in", "out"):
        panel.override_by_name(direction, looks.colour_as(looks.DIRECTION_COLOURS[direction]))
    return panel.interval("1d").min(0).no_value("no movements").height(8)


def open_alerts() -> Panel:
    """List what stands open."""
    return panels.alerts(8, "Open alerts")


def _flow(panel_id: int, title: str, column: str, what: str) -> Panel:
    return _two_weeks(
        panel_id,
        title,
        f"""
        Tag passages that {what} in the last seven days, hour by hour, and in the seven before, corrections applied.
        Whether more is better is for you to judge. Source: throughput_v1.
        """,
        "short",
        _Figure("throughput_v1", "hour_at", f'sum("{column}")', "neither"),
        nothing="no movements",
    )


def _two_weeks(panel_id: int, title: str, says: str, unit: str, figure: _Figure, *, nothing: str) -> stat.Panel:
    """Show a figure over the last seven days, over the seven before, and how it changed: for better or for worse."""
    change_is = "change" if figure.better == "neither" else f"change ({figure.better} is better)"
    sql = f"""
    SELECT this AS "this week", before AS "the week before",
      round(({figure.change})::numeric, 4)::float8 AS "{change_is}"
    FROM (SELECT ({figure.between(7, 0)}) AS this, ({figure.between(14, 7)}) AS before) AS weeks
    """
    change = [
        models.DynamicConfigValue("unit", "suffix: points" if figure.is_share else "percentunit"),
        models.DynamicConfigValue("decimals", 2 if figure.is_share else 1),
        *looks.override_steps(_judged(figure)),
        *looks.override_nulls("no comparison", looks.UNKNOWN),
    ]
    return (
        panels.tiles(panel_id, title, says, unit, sql)
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .mappings(looks.null_as(nothing, looks.UNKNOWN))
        .override_by_name("the week before", looks.override_steps(looks.steps()))
        .override_by_name(change_is, change)
        .height(6)
        .span(8)
    )


def _judged(figure: _Figure) -> dashboard.ThresholdsConfig:
    """Build the colours of a change: much for the worse is red, a little is orange, for the better green, none grey."""
    much, little = figure.much, figure.little
    match figure.better:
        case "more":
            falls = [(-1e9, looks.BAD), (-much, looks.WARN)]
            return looks.steps(levels=[*falls, (-little, looks.UNKNOWN), (little, looks.GOOD)])
        case "less":
            rises = [(little, looks.WARN), (much, looks.BAD)]
            return looks.steps(levels=[(-1e9, looks.GOOD), (-little, looks.UNKNOWN), *rises])
        case "neither":
            return looks.steps()
