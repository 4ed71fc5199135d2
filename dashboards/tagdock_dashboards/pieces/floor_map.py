"""The floor as a picture: one square a bin, where it stands, coloured by a figure."""

from textwrap import dedent

from tagdock_dashboards.pieces.panels import NOTHING
from tagdock_dashboards.pieces.query import Sql, data_source
from tagdock_dashboards.pieces.sdk import Builder, common, common_models, models, xychart, xychart_models

X, Y = "x_m", "y_m"


def floor_map(
    panel_id: int, title: str, says: str, unit: str, sql: str, *, figure: str, most: float | None = None
) -> xychart.Panel:
    """Draw a map. The SQL returns `x_m` and `y_m` (metres), the column `figure`, and texts that the tooltip shows.

    The colour runs from blue over yellow to red, up to `most` or to the largest figure there is.
    """
    colour = [
        models.DynamicConfigValue("color", {"mode": "continuous-BlYlRd"}),
        models.DynamicConfigValue("unit", unit),
    ]
    if most is not None:
        colour += [models.DynamicConfigValue("min", 0), models.DynamicConfigValue("max", most)]
    panel = (
        xychart.Panel()
        .id(panel_id)
        .title(title)
        .description(dedent(says).strip())
        .datasource(data_source())
        .unit("lengthm")
        .no_value(NOTHING)
        .with_target(Sql(sql))
        .mapping(xychart_models.SeriesMapping.MANUAL)
        .series([_series(figure)])
        .show(xychart_models.XYShowMode.POINTS)
        .point_shape(xychart_models.PointShape.SQUARE)
        .point_size(xychart.XychartFieldConfigPointSize().fixed(9))
        .fill_opacity(90)
        .legend(common.VizLegendOptions().show_legend(False).display_mode(common_models.LegendDisplayMode.LIST))
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.SINGLE))
    )
    return panel.override_by_name(figure, colour).height(13).span(24)


def _series(figure: str) -> Builder[xychart_models.XYSeriesConfig]:
    return (
        xychart.XYSeriesConfig()
        .frame(xychart.XychartXYSeriesConfigFrame().matcher(_by("byIndex", 0)))
        .x(xychart.XychartXYSeriesConfigX().matcher(_by("byName", X)))
        .y(xychart.XychartXYSeriesConfigY().matcher(_by("byName", Y)))
        .color(xychart.XychartXYSeriesConfigColor().matcher(_by("byName", figure)))
    )


def _by(matcher: str, what: object) -> xychart.MatcherConfig:
    return xychart.MatcherConfig().id(matcher).options(what)
