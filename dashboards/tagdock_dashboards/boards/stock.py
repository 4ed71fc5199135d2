"""The Stock dashboard: what is present, what is short or too much, how long it has been here, how full the bins are."""
# ruff: noqa: S608  the queries are put together from constants of this package; no outside text enters them

from tagdock_dashboards.pieces import looks, panels, variables
from tagdock_dashboards.pieces.floor_map import floor_map
from tagdock_dashboards.pieces.page import Row, page
from tagdock_dashboards.pieces.panels import Panel, column
from tagdock_dashboards.pieces.query import IN_SITE, IN_SKU
from tagdock_dashboards.pieces.sdk import bargauge, models

UID = "tagdock-stock"
IS_PRESENT = "state NOT IN ('in_transit', 'unknown')"
HERE = f"{IN_SITE} AND {IN_SKU}"
PRESENT = f"FROM stock_v1 WHERE {HERE} AND {IS_PRESENT}"
AGES = ("under a day", "1 to 7 days", "1 to 4 weeks", "4 to 13 weeks", "over 13 weeks")
"""What stock_ages_v1 calls ages 0 to 4."""


def build() -> models.Dashboard:
    """Build the dashboard."""
    return page(
        UID,
        "Stock",
        "What is present by SKU, zone and state, what breaks its limits, how long goods stand, how full the bins are.",
        variables=[variables.site(), variables.sku(), variables.top(20, 50, 100), variables.console_url()],
        rows=[
            Row("Is it fresh?", [panels.freshness(12)]),
            Row("Is it enough?", [present(), limits_now(), limits()]),
            Row("What is where", [by_sku(), by_zone(), by_state()]),
            Row("Comes and goes", [in_and_out()]),
            Row("How long it stands", [ages(), oldest()]),
            Row("The floor", [fullness(), fullest()]),
        ],
        since="now-28d",
        refresh="30s",
    )


def present() -> Panel:
    """Count units, items and SKUs that are here, and items that nobody knows."""
    return (
        panels.tiles(
            1,
            "Present now",
            """
            Units and tagged items on record as present, the SKUs they are of, and items that were seen and of which
            nobody has said what they are. It does not depend on the chosen period. Source: stock_v1.
            """,
            "short",
            f"""
            SELECT sum(quantity) FILTER (WHERE {IS_PRESENT}) AS "units",
              sum(items) FILTER (WHERE {IS_PRESENT}) AS "items",
              count(DISTINCT sku) FILTER (WHERE {IS_PRESENT}) AS "SKUs",
              coalesce(sum(items) FILTER (WHERE sku IS NULL OR state = 'unknown'), 0) AS "not known"
            FROM stock_v1 WHERE {HERE} HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .mappings(looks.null_as("nothing", looks.UNKNOWN))
        .override_by_name("not known", looks.override_steps(looks.steps(levels=[(0, looks.GOOD), (1, looks.WARN)])))
        .span(16)
    )


def limits_now() -> Panel:
    """Count the limits that are broken."""
    return (
        panels.tiles(
            2,
            "Limits",
            """
            How many SKUs, families and zones lie below their lower limit, above their upper one, or near one of them,
            by the stock rules of the alerts. No figure: there is no rule. Source: stock_limits_v1.
            """,
            "short",
            f"""
            SELECT count(*) FILTER (WHERE state = 'below') AS "below",
              count(*) FILTER (WHERE state = 'above') AS "above",
              count(*) FILTER (WHERE state = 'near') AS "near"
            FROM stock_limits_v1 WHERE {IN_SITE} HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(levels=[(0, looks.GOOD), (1, looks.WARN)]))
        .override_by_name("below", looks.override_steps(looks.steps(levels=[(0, looks.GOOD), (1, looks.BAD)])))
        .no_value("no rule sets a limit")
        .span(8)
    )


def limits() -> Panel:
    """List what breaks its limit."""
    return (
        panels.rows(
            3,
            "Below, above or near a limit",
            """
            What breaks a stock rule or comes near it, the worst first: units present against the rule's limits. The
            SKU leads into the console. Source: stock_limits_v1.
            """,
            f"""
            SELECT site, kind, coalesce(sku, what) AS what, CASE WHEN sku IS NOT NULL THEN zone END AS zone,
              state, units, low, high, rule
            FROM stock_limits_v1 WHERE {HERE} AND state <> 'within'
            ORDER BY array_position(ARRAY['below', 'above', 'near'], state), units / nullif(low, 0) NULLS LAST, what
            LIMIT 200
            """,
        )
        .override_by_name(
            "state", column("string", mappings=looks.states(below=looks.BAD, above=looks.WARN, near=looks.PLAIN))
        )
        .override_by_name("what", column("string", link=("Find", "${console_url}/find?q=${__value.raw:percentencode}")))
        .no_value("None: every limit is kept")
        .height(8)
    )


def by_sku() -> Panel:
    """Rank SKUs."""
    return (
        _ranking(4, "Largest SKUs", "by SKU", "coalesce(sku, 'SKU not known')", "ORDER BY 2 DESC, 1 LIMIT $top")
        .height(12)
        .span(10)
    )


def by_zone() -> Panel:
    """Rank zones."""
    return (
        _ranking(
            5,
            "By zone",
            "by the zone of the bin they stand in",
            "site || ' ' || coalesce(zone, 'no zone')",
            "ORDER BY 2 DESC, 1",
        )
        .height(12)
        .span(7)
    )


def by_state() -> Panel:
    """Rank states."""
    return _ranking(6, "By state", "by state", "state", "ORDER BY 2 DESC, 1").height(12).span(7)


def in_and_out() -> Panel:
    """Draw what came and went, day by day."""
    panel = panels.stacked_bars(
        panels.time_series(
            7,
            "Passages in and out, by day",
            """
            Tag passages into and out of the house by UTC day, corrections applied. The present day is not over.
        Whatever the chosen SKU. Source: throughput_v1.
        """,
            "short",
            f"""
            SELECT date_trunc('day', hour_at, 'UTC') AS "time", sum("in") AS "in", -sum("out") AS "out"
            FROM throughput_v1 WHERE $__timeFilter(hour_at) AND {IN_SITE} GROUP BY 1 ORDER BY 1
            """,
        )
    )
    for direction in ("in", "out"):
        panel.override_by_name(direction, looks.colour_as(looks.DIRECTION_COLOURS[direction]))
    return panel.interval("1d").no_value("no movements")


def ages() -> Panel:
    """Show how long goods have been where they are."""
    names = ", ".join(f"'{name}'" for name in AGES)
    return (
        panels.bars(
            8,
            "Units by the time since their last step",
            """
            How long it is since what is present came in or was last moved: what stands longest is dead stock. Counted
            every five minutes; it does not depend on the chosen period. Source: stock_ages_v1.
            """,
            "short",
            f"""
            SELECT (ARRAY[{names}])[1 + age] AS age, sum(units) AS units FROM stock_ages_v1 WHERE {HERE}
            GROUP BY stock_ages_v1.age ORDER BY stock_ages_v1.age
            """,
        )
        .color_scheme(looks.fixed(looks.PLAIN))
        .no_value("nothing is present")
        .span(10)
    )


def oldest() -> Panel:
    """List SKUs that nothing moved for longest."""
    return (
        panels.rows(
            9,
            "SKUs that stand longest",
            """
            The SKUs whose newest present item has stood longest, with what is present of them: candidates for the far
            bins, a sale, or the scrap. Counted every five minutes (`as of` tells how long ago); it does not depend on
            the chosen period. Source: stock_ages_v1.
            """,
            f"""
            SELECT site, sku, extract(epoch FROM now() - max(last_since)) AS "stands for", sum(units) AS units,
              sum(items) AS items, extract(epoch FROM now() - min(counted_at)) AS "as of"
            FROM stock_ages_v1 WHERE {HERE} AND sku IS NOT NULL
            GROUP BY site, sku ORDER BY max(last_since) LIMIT $top
            """,
        )
        .override_by_name("stands for", column("s"))
        .override_by_name("as of", column("s", thresholds=looks.counted_steps()))
        .no_value("nothing is present")
        .height(10)
        .span(14)
    )


def fullness() -> Panel:
    """Draw how full each bin is."""
    return floor_map(
        10,
        "How full the bins are",
        """
        Each bin where it stands (metres, seen from above; levels of a rack lie on each other, the fullest on top),
        coloured by what fills it most: places for SKUs, volume or mass, as slotting counts them. Grey: it has no bound.
        Choose one site. Source: bin_fill_v1.
        """,
        "percentunit",
        f"""
        SELECT x_m, y_m, filled_share AS filled, bin, zone, skus AS "SKUs", units FROM bin_fill_v1
        WHERE {IN_SITE} AND x_m IS NOT NULL AND y_m IS NOT NULL ORDER BY filled_share NULLS FIRST LIMIT 20000
        """,
        figure="filled",
        most=1.0,
    ).no_value("the layout has no bins with coordinates")


def fullest() -> Panel:
    """List bins that hold more than they may, and those that hold much."""
    return (
        panels.rows(
            11,
            "Fullest bins",
            """
            Bins by what fills them most, the fullest first; over 100 % the bin holds more than it may. `occupied` is
            what the bin's sensor last said (1: something is there). Source: bin_fill_v1.
            """,
            f"""
            SELECT site, bin, zone, filled_share AS filled, skus AS "SKUs", items, units, occupied,
              extract(epoch FROM now() - occupied_observed_at) AS "sensor spoke"
            FROM bin_fill_v1 WHERE {IN_SITE} ORDER BY filled_share DESC NULLS LAST, bin LIMIT $top
            """,
        )
        .override_by_name(
            "filled",
            column(
                "percentunit", thresholds=looks.steps(levels=[(0, looks.GOOD), (0.9, looks.WARN), (1.0001, looks.BAD)])
            ),
        )
        .override_by_name("sensor spoke", column("s", mappings=looks.null_as("no sensor", looks.UNKNOWN)))
        .no_value("there is no bin")
        .height(8)
    )


def _ranking(panel_id: int, title: str, by: str, name: str, order: str) -> bargauge.Panel:
    return (
        panels.bars(
            panel_id,
            title,
            f"""
            Units on record as present now, {by}. It does not depend on the chosen period. Source: stock_v1.
            """,
            "short",
            f"SELECT {name} AS name, sum(quantity) AS units {PRESENT} GROUP BY 1 {order}",
        )
        .color_scheme(looks.fixed(looks.PLAIN))
        .no_value("nothing is present")
    )
