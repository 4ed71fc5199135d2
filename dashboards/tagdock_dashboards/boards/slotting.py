"""The Slotting dashboard: what flows through each bin, what a better layout promises and saved, what is to be moved."""
# ruff: noqa: S608  the queries are put together from constants of this package; no outside text enters them

from tagdock_dashboards.pieces import looks, panels, variables
from tagdock_dashboards.pieces.floor_map import floor_map
from tagdock_dashboards.pieces.page import Row, page
from tagdock_dashboards.pieces.panels import Panel, column
from tagdock_dashboards.pieces.query import IN_SITE
from tagdock_dashboards.pieces.sdk import models

UID = "tagdock-slotting"
NEWEST_APPROVED = f"""
SELECT DISTINCT ON (site) plan_id FROM plans_v1 WHERE {IN_SITE} AND approved_at IS NOT NULL
ORDER BY site, approved_at DESC
"""


def build() -> models.Dashboard:
    """Build the dashboard."""
    return page(
        UID,
        "Slotting",
        "What flows through each bin, what a better layout promises, what it really saved, which moves are open.",
        variables=[variables.site(), variables.top(20, 50, 100), variables.console_url()],
        rows=[
            Row("Is it fresh?", [panels.freshness(11)]),
            Row("Walked, promised and measured", [promise(), saving(), walked(), weeks()]),
            Row("Moves of the newest approved plan", [moves_now(), open_moves()]),
            Row("Flow", [flow(), busiest()]),
            Row("Plans", [plans()]),
        ],
        since="now-13w",
        refresh="1m",
    )


def walked() -> Panel:
    """Draw the metres of an order line, week by week."""
    return (
        panels.time_series(
            9,
            "Distance per pick, by week",
            """
            Metres from bin to door, one way, of the order lines that left in each week from Monday (UTC), on the floor
            as it was laid out on each day: the mean over the bins that kept the SKU. `known` is the share of lines
            whose bin and way are known; the figure speaks of those only. The present week is not over. Source:
            picks_v1.
            """,
            "lengthm",
            f"""
            SELECT date_trunc('week', day::timestamp) AT TIME ZONE 'UTC' AS "time",
              sum(walk_m) / nullif(sum(placed_lines), 0)::float8 AS "metres a line",
              sum(placed_lines) / nullif(sum(order_lines), 0)::float8 AS "known"
            FROM picks_v1 WHERE $__timeFilter(day::timestamptz) AND {IN_SITE} GROUP BY 1 ORDER BY 1
            """,
        )
        .override_by_name(
            "known",
            [
                *looks.colour_as(looks.UNKNOWN),
                models.DynamicConfigValue("unit", "percentunit"),
                models.DynamicConfigValue("min", 0),
                models.DynamicConfigValue("max", 1),
                models.DynamicConfigValue("custom.axisPlacement", "right"),
            ],
        )
        .interval("1w")
        .insert_nulls(panels.GAP_OF_WEEKS_MS)
        .min(0)
        .no_value("no order line has left from a bin that is known")
        .height(9)
        .span(12)
    )


def weeks() -> Panel:
    """Draw promised against measured saving, week by week."""
    return (
        panels.time_series(
            3,
            "Saving, promised and measured, by week",
            """
            Metres a day that approved plans promised, that their moves done so far promised, and that these moves saved
            on the order lines that really left, by the doors that they left by: whole days since the approval, averaged
            over each week from Monday (UTC). Counted every five minutes. Source: plan_weeks_v1.
            """,
            "suffix: m/day",
            f"""
            SELECT week::timestamptz AS "time", sum(promised_m_per_day) AS "promised",
              sum(expected_m_per_day) AS "done so far", sum(measured_m_per_day) AS "measured"
            FROM plan_weeks_v1 WHERE $__timeFilter(week::timestamptz) AND {IN_SITE} GROUP BY 1 ORDER BY 1
            """,
        )
        .interval("1w")
        .insert_nulls(panels.GAP_OF_WEEKS_MS)
        .no_value("no plan has been approved for a whole day yet")
        .height(9)
        .span(12)
    )


def moves_now() -> Panel:
    """Count the moves by what became of them."""
    counts = ", ".join(
        f"count(*) FILTER (WHERE status = '{status}') AS \"{status}\""
        for status in ("done", "open", "waiting", "flagged")
    )
    return (
        panels.tiles(
            4,
            "Moves",
            """
            Moves of the newest approved plan of each chosen site: done, open now, waiting for an earlier one, and
            flagged (the goods were read elsewhere, or not in time). Source: moves_v1.
            """,
            "short",
            f"""
            SELECT {counts}, count(*) FILTER (WHERE confirmed_at IS NOT NULL) AS "confirmed by reads"
            FROM moves_v1 WHERE plan_id IN ({NEWEST_APPROVED.strip()}) HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .override_by_name("flagged", looks.override_steps(looks.steps(levels=[(0, looks.GOOD), (1, looks.WARN)])))
        .no_value("no plan is approved")
        .height(4)
        .span(24)
    )


def open_moves() -> Panel:
    """List what is to be done next."""
    return (
        panels.rows(
            5,
            "Moves to do",
            """
            The moves that can be done now or need a look, in their order: what a move saves, why, and where the goods
            were read if that was elsewhere. Source: moves_v1.
            """,
            f"""
            SELECT step, sku, from_bin AS "from", to_bin AS "to", status, saves_m_per_day AS "saves", why,
              extract(epoch FROM now() - ready_at) AS "open for", seen_bin AS "seen in", plan_id AS plan
            FROM moves_v1 WHERE plan_id IN ({NEWEST_APPROVED.strip()}) AND status IN ('open', 'flagged')
            ORDER BY status = 'open', step LIMIT $top
            """,
        )
        .override_by_name("status", column("string", mappings=looks.states(open=looks.PLAIN, flagged=looks.WARN)))
        .override_by_name("saves", column("suffix: m/day"))
        .override_by_name("open for", column("s"))
        .override_by_name("plan", column("string", link=("Open in the console", "${console_url}/plans/${__value.raw}")))
        .no_value("None: no move is open")
        .height(9)
    )


def flow() -> Panel:
    """Draw how many order lines leave each bin."""
    return floor_map(
        6,
        "Order lines from each bin",
        """
        Order lines a day of the last four weeks, by the bins that their SKUs are kept in (spread evenly where there are
        several), each bin where it stands. Red far from the doors is what a better layout brings nearer. Choose one
        site. Source: bin_flows_v1.
        """,
        "suffix: /day",
        f"""
        SELECT x_m, y_m, lines_per_day AS "lines", bin, zone, skus AS "SKUs" FROM bin_flows_v1
        WHERE {IN_SITE} AND x_m IS NOT NULL AND y_m IS NOT NULL ORDER BY lines_per_day LIMIT 20000
        """,
        figure="lines",
    ).no_value("the layout has no bins with coordinates")


def busiest() -> Panel:
    """Rank bins by their flow."""
    return (
        panels.bars(
            7,
            "Busiest bins",
            """
            Bins by the order lines a day of the last four weeks of the SKUs kept in them. Source: bin_flows_v1.
            """,
            "suffix: /day",
            f"""
            SELECT site || ' ' || bin AS bin, lines_per_day AS "lines" FROM bin_flows_v1 WHERE {IN_SITE}
            ORDER BY 2 DESC, 1 LIMIT $top
            """,
        )
        .color_scheme(looks.fixed(looks.PLAIN))
        .no_value("there is no bin")
        .span(24)
    )


LATEST_PLANS = f"""
SELECT DISTINCT ON (site) site, current_m_per_day, objective_m_per_day, lower_bound_m_per_day
FROM plans_v1 WHERE {IN_SITE} AND state IN ('done', 'approved') AND objective_m_per_day IS NOT NULL
ORDER BY site, asked_at DESC
"""


def promise() -> Panel:
    """Show what the newest plan promises, beside today and the proven floor."""
    return (
        panels.tiles(
            1,
            "Objective of the newest plan",
            """
            What slotting's objective says of today's layout, of the newest finished plan, and of the lower bound that
            the solver proved (no layout under these rules is better); summed over the chosen sites. A promise on
            measured flow, not a measurement. Source: plans_v1.
            """,
            "suffix: m/day",
            f"""
            SELECT sum(current_m_per_day) AS "today", sum(objective_m_per_day) AS "with the plan",
              sum(lower_bound_m_per_day) AS "proven floor" FROM ({LATEST_PLANS.strip()}) AS latest
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .mappings(looks.null_as("no plan yet", looks.UNKNOWN))
        .decimals(0)
        .span(16)
    )


def saving() -> Panel:
    """Show the newest plan's promise as a share."""
    return (
        panels.tiles(
            2,
            "Promised saving",
            """
            1 - objective with the plan / objective today, over the newest finished plan of each chosen site. A promise
            on measured flow, not a measurement. Source: plans_v1.
            """,
            "percentunit",
            f"""
            SELECT 1 - sum(objective_m_per_day) / nullif(sum(current_m_per_day), 0) AS saving
            FROM ({LATEST_PLANS.strip()}) AS latest
            """,
        )
        .thresholds(looks.steps(levels=[(0, looks.PLAIN), (0.01, looks.GOOD)]))
        .mappings(looks.null_as("no plan yet", looks.UNKNOWN))
        .span(8)
    )


def plans() -> Panel:
    """List the newest plans."""
    return (
        panels.rows(
            8,
            "Plans",
            """
            The newest 20 plans of the chosen sites: asked when and by whom, how far they are, what they promise. A
            failed plan gives its reason. Source: plans_v1.
            """,
            f"""
            SELECT asked_at AS "asked at", site, state, status, current_m_per_day AS "today",
              objective_m_per_day AS "with the plan",
              1 - objective_m_per_day / nullif(current_m_per_day, 0) AS "saving",
              (SELECT count(*) FROM moves_v1 m WHERE m.plan_id = p.plan_id AND m.state = 'open') AS "open moves",
              solver, seconds, asked_by AS "asked by", error, plan_id AS "plan"
            FROM plans_v1 p WHERE {IN_SITE} ORDER BY asked_at DESC LIMIT 20
            """,
        )
        .override_by_name("asked at", column("dateTimeAsLocal"))
        .override_by_name("today", column("suffix: m/day"))
        .override_by_name("with the plan", column("suffix: m/day"))
        .override_by_name("saving", column("percentunit"))
        .override_by_name("seconds", column("s"))
        .override_by_name("plan", column("string", link=("Open in the console", "${console_url}/plans/${__value.raw}")))
        .no_value("nobody has asked for a plan yet")
        .height(7)
    )
