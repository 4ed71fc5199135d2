"""Panels with the house's settings: a data source, a unit, a description, and a plain word for "nothing there".

Each function takes the panel's stable id, its title, what the figure means and where it comes from, its unit and its
SQL, and returns the SDK's own typed builder, so that a dashboard can set whatever else it needs.
"""

from collections.abc import Sequence
from textwrap import dedent
from typing import Any, TypeVar

from tagdock_dashboards.pieces import looks
from tagdock_dashboards.pieces.query import IN_SITE, Sql, data_source
from tagdock_dashboards.pieces.sdk import (
    Builder,
    bargauge,
    common,
    common_models,
    dashboard,
    models,
    stat,
    table,
    timeseries,
)

Panel = Builder[models.Panel]
_P = TypeVar("_P", timeseries.Panel, stat.Panel, bargauge.Panel, table.Panel)

NOTHING = "no data"
GAP_MS = 36 * 3_600_000
"""A line is broken where it has no point for so long: points stand a day apart at most, but for weeks."""
GAP_OF_WEEKS_MS = 10 * 24 * 3_600_000
SEVERITIES = {"critical": looks.BAD, "warning": looks.WARN, "info": looks.PLAIN}

MOST_BARS = 200
"""Bars across a panel: more could not be told apart, and each costs a row a series (32 for eight doors)."""


def time_series(panel_id: int, title: str, says: str, unit: str, sql: str) -> timeseries.Panel:
    """Draw values over time. The SQL returns `time`, numbers, and a text column `metric` for several series."""
    legend = (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.TABLE)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["max", "lastNotNull"])
    )
    tooltip = common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI)
    panel = _common(timeseries.Panel(), panel_id, title, says, unit=unit, query=Sql(sql, format="time_series"))
    return panel.legend(legend).tooltip(tooltip).line_width(2).span_nulls(False).insert_nulls(GAP_MS).height(9).span(24)


def stacked_bars(panel: timeseries.Panel) -> timeseries.Panel:
    """Turn a time series into stacked bars: what adds up is shown as adding up, and a gap stays a gap."""
    stacking = common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A")
    panel.draw_style(common_models.GraphDrawStyle.BARS).fill_opacity(80).line_width(0).stacking(stacking)
    return panel.insert_nulls(False).max_data_points(MOST_BARS)


def seconds_of_all_sizes(panel: timeseries.Panel) -> timeseries.Panel:
    """Stretch the axis so that milliseconds and hours both show; below ten milliseconds, and below zero, it is even."""
    scale = common.ScaleDistributionConfig().type(common_models.ScaleDistribution.SYMLOG).log(10)
    return panel.scale_distribution(scale.linear_threshold(0.01)).max_data_points(MOST_BARS)


def tiles(panel_id: int, title: str, says: str, unit: str, sql: str) -> stat.Panel:
    """Show numbers as tiles, one a number column (or one a row, with `each_row`)."""
    panel = _common(stat.Panel(), panel_id, title, says, unit=unit, query=Sql(sql))
    return (
        panel.color_mode(common_models.BigValueColorMode.BACKGROUND)
        .color_scheme(looks.by_threshold())
        .thresholds(looks.steps())
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .height(5)
        .span(6)
    )


def each_row(panel: stat.Panel) -> stat.Panel:
    """Show one tile a row, named by the row's text column. At most 60 rows."""
    return panel.reduce_options(common.ReduceDataOptions().values(True).limit(60)).text_mode(
        common_models.BigValueTextMode.VALUE_AND_NAME
    )


def bars(panel_id: int, title: str, says: str, unit: str, sql: str) -> bargauge.Panel:
    """Rank rows as horizontal bars: one text column names them, one number column is their length."""
    panel = _common(bargauge.Panel(), panel_id, title, says, unit=unit, query=Sql(sql))
    return (
        panel.orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .value_mode(common_models.BarGaugeValueMode.TEXT)
        .reduce_options(common.ReduceDataOptions().values(True).limit(100))
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .min(0)
        .height(10)
        .span(12)
    )


def rows(panel_id: int, title: str, says: str, sql: str) -> table.Panel:
    """List rows. Units stand on the columns, by `column`; a text stays one, also a SKU that looks like a number."""
    panel = _common(table.Panel(), panel_id, title, says, unit="none", query=Sql(sql))
    panel.override_by_field_type("string", [models.DynamicConfigValue("unit", "string")])
    return panel.cell_height(common_models.TableCellHeight.SM).show_header(True).filterable(True).height(9).span(24)


def freshness(panel_id: int) -> stat.Panel:
    """Show how old and how complete the page is; every dashboard begins with it or with more of its kind."""
    panel = tiles(
        panel_id,
        "Age and completeness of this page",
        """
        How long ago a gateway of the chosen sites was last heard of, how long ago the last event was stored, how many
        gateways have been silent for five minutes (what they see is missing on this page until they come back), and how
        long ago long periods were last counted. By the database's clock when the query ran, whatever the chosen period.
        Source: gateways_v1, counted_v1.
        """,
        "s",
        f"""
        SELECT extract(epoch FROM now() - max(greatest(last_seen_at, last_event_stored_at))) AS "last heard of",
          extract(epoch FROM now() - max(last_event_stored_at)) AS "last event stored",
          count(*) FILTER (WHERE coalesce(greatest(last_seen_at, last_event_stored_at), '-infinity')
            < now() - interval '{looks.STALE_BAD_S} seconds') AS "gateways silent",
          extract(epoch FROM now() - (SELECT looked_until FROM counted_v1)) AS "counted"
        FROM gateways_v1 WHERE {IN_SITE} HAVING count(*) > 0
        """,  # noqa: S608  constants of this package
    )
    silent = looks.override_steps(looks.steps(unknown=looks.BAD, levels=[(0, looks.GOOD), (1, looks.BAD)]))
    return (
        panel.thresholds(looks.age_steps())
        .mappings(looks.null_as("never"))
        .override_by_name("last event stored", looks.override_steps(looks.steps(unknown=looks.PLAIN)))
        .override_by_name("gateways silent", [*silent, models.DynamicConfigValue("unit", "short")])
        .override_by_name("counted", looks.override_steps(looks.counted_steps()))
        .no_value("no gateway is registered")
        .decimals(0)
        .height(4)
        .span(24)
    )


def alerts(panel_id: int, title: str, kinds: Sequence[str] = ()) -> table.Panel:
    """List the open alerts of some kinds, or of all; every dashboard shows those that concern it."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    only = f" AND kind IN ({listed})" if kinds else ""
    return (
        rows(
            panel_id,
            title,
            """
            What stands against the alert rules now, the most severe first: since when, what it is, and who has seen it.
            Source: alerts_v1.
            """,
            f"""
            SELECT severity, site, message, raised_at AS "raised at", acknowledged_by AS "seen by", kind, originator
            FROM alerts_v1 WHERE {IN_SITE} AND cleared_at IS NULL{only}
            ORDER BY array_position(ARRAY['critical', 'warning', 'info'], severity), raised_at DESC LIMIT 200
            """,  # noqa: S608  the kinds are constants of this package
        )
        .override_by_name("severity", column("string", mappings=looks.states(**SEVERITIES), width_px=90))
        .override_by_name("site", column("string", width_px=120))
        .override_by_name("raised at", column("dateTimeAsLocal", width_px=170))
        .override_by_name("seen by", column("string", width_px=130))
        .override_by_name("kind", column("string", width_px=150))
        .no_value("None: no alert is open")
        .height(8)
    )


def column(
    unit: str,
    *,
    thresholds: dashboard.ThresholdsConfig | None = None,
    mappings: Sequence[models.ValueMapping] = (),
    link: tuple[str, str] | None = None,
    width_px: int | None = None,
) -> list[models.DynamicConfigValue]:
    """Describe one column of a table: unit, background by thresholds, words for values, link (title, URL), width."""
    properties = [models.DynamicConfigValue("unit", unit)]
    if width_px is not None:
        properties.append(models.DynamicConfigValue("custom.width", width_px))
    if thresholds is not None:
        properties += [
            models.DynamicConfigValue("thresholds", thresholds.build().to_json()),
            models.DynamicConfigValue("color", {"mode": "thresholds"}),
            models.DynamicConfigValue("custom.cellOptions", {"type": "color-background"}),
        ]
    if mappings:
        properties.append(models.DynamicConfigValue("mappings", [mapping.to_json() for mapping in mappings]))
    if link is not None:
        properties.append(models.DynamicConfigValue("links", [{"title": link[0], "url": link[1], "targetBlank": True}]))
    return properties


def _common(panel: _P, panel_id: int, title: str, says: str, *, unit: str, query: Sql) -> _P:
    configured: Any = panel.id(panel_id).title(title).description(dedent(says).strip()).datasource(data_source())
    configured.with_target(query).unit(unit).no_value(NOTHING)
    return panel
