"""The choices at the top of a dashboard."""
# ruff: noqa: S608  the queries are put together from constants of this package

from tagdock_dashboards.pieces.query import EVERY, IN_SITE, data_source
from tagdock_dashboards.pieces.sdk import Builder, dashboard, models

Variable = Builder[models.VariableModel]

CONSOLE_URL = "http://127.0.0.1:8000"
"""Where `tagdock-cloud serve` shows its console unless told otherwise."""


def site() -> Variable:
    """Choose sites: those with a layout or a gateway. "All" lists them, so that the site index is used."""
    return _query("site", "Site", "SELECT site FROM layouts_v1 UNION SELECT site FROM gateways_v1 ORDER BY site")


def door() -> Variable:
    """Choose doors: those of the layout and those that goods passed lately.

    "All" holds for every door, also one that stands in no list.
    """
    return _query(
        "door",
        "Door",
        f"SELECT door FROM doors_v1 WHERE {IN_SITE} UNION "
        f"SELECT door FROM throughput_v1 WHERE {IN_SITE} AND hour_at >= now() - interval '7 days' ORDER BY door",
    ).all_value(EVERY)


def sku() -> Variable:
    """Choose SKUs: those that are listed. "All" holds for every SKU, and for items of which nobody knows theirs."""
    return _query("sku", "SKU", "SELECT sku FROM skus_v1 ORDER BY sku LIMIT 10000").all_value(EVERY)


def zone() -> Variable:
    """Choose zones: those of the bins, and `no zone` for what lies outside of all."""
    return _query(
        "zone",
        "Zone",
        f"SELECT zone FROM zones_v1 WHERE {IN_SITE} UNION SELECT zone FROM bins_v1 "
        f"WHERE {IN_SITE} AND zone IS NOT NULL UNION SELECT 'no zone' ORDER BY zone",
    )


def top(*choices: int) -> Variable:
    """Choose how many rows a ranking shows; the first is the default."""
    first = str(choices[0])
    return (
        dashboard.CustomVariable("top")
        .label("Top")
        .description("How many SKUs the rankings show.")
        .values(",".join(map(str, choices)))
        .current(models.VariableOption(True, first, first))
        .options([models.VariableOption(str(c) == first, str(c), str(c)) for c in choices])
        .allow_custom_value(False)
    )


def console_url() -> Variable:
    """Where links into the console lead: a constant that `build --console-url` sets."""
    return (
        dashboard.ConstantVariable("console_url")
        .label("Console")
        .description("Base address of Tagdock's console; links lead there.")
        .value(CONSOLE_URL)
    )


def _query(name: str, label: str, sql: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(data_source())
        .query(sql)
        .definition(sql)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .current(models.VariableOption(True, ["All"], ["$__all"]))
    )
