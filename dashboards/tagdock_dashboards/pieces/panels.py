"""Panels with the house's settings: a data source, a unit, a description, and a plain word for "nothing there".

Each function takes the panel's stable id, its title, what the figure means and where it comes from, its unit and its
SQL, and returns the SDK's own typed builder, so that a dashboard can set whatever else it needs.
"""

from collections.abc import Sequence
from textwrap import dedent
from typing import Any, TypeVar

from tagdock_dashboards.pieces import looks
from tagdock_dashboards.pieces.query import Sql, data_source
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
    return panel.legend(legend).tooltip(tooltip).line_width(2).span_nulls(False).height(9).span(24)


def stacked_bars(panel: timeseries.Panel) -> timeseries.Panel:
    """Turn a time series into stacked bars: what adds up is shown as adding up, and a gap stays a gap."""
    stacking = common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A")
    panel.draw_style(common_models.GraphDrawStyle.BARS).fill_opacity(80).line_width(0).stacking(stacking)
    return panel.max_data_points(MOST_BARS)


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
    """List rows. Units stand on the columns, by `column`."""
    panel = _common(table.Panel(), panel_id, title, says, unit="none", query=Sql(sql))
    return panel.cell_height(common_models.TableCellHeight.SM).show_header(True).filterable(True).height(9).span(24)


def column(
    unit: str,
    *,
    thresholds: dashboard.ThresholdsConfig | None = None,
    mappings: Sequence[models.ValueMapping] = (),
    link: tuple[str, str] | None = None,
) -> list[models.DynamicConfigValue]:
    """Describe one column of a table: unit, background by thresholds, words for values, link (title, URL)."""
    properties = [models.DynamicConfigValue("unit", unit)]
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
