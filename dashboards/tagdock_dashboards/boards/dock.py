"""The Dock dashboard: what passes the doors, how fresh and how sure that is, what stands here, what a plan promises."""
# ruff: noqa: S608  the queries are put together from constants of this package; no outside text enters them

from tagdock_dashboards.pieces import looks, panels, variables
from tagdock_dashboards.pieces.page import Row, page
from tagdock_dashboards.pieces.panels import Panel, column
from tagdock_dashboards.pieces.query import IN_DOOR, IN_SITE
from tagdock_dashboards.pieces.sdk import models

UID = "tagdock-dock"
PASSED = f"FROM movements_v1 WHERE $__timeFilter(observed_at) AND {IN_SITE} AND {IN_DOOR}"
PRESENT = f"FROM stock_v1 WHERE {IN_SITE} AND state NOT IN ('in_transit', 'unknown')"
AGE_S = "extract(epoch FROM now() - greatest(last_seen_at, last_event_stored_at))"
ITEM_URL = "${console_url}/find?q=${__value.raw:percentencode}&site=${__data.fields.site:percentencode}"
LATENCY_S = "extract(epoch FROM stored_at - observed_at)"


def build() -> models.Dashboard:
    """Build the dashboard."""
    return page(
        UID,
        "Dock",
        "What passes the doors, how fresh and how certain that is, what is present, what a better layout promises.",
        variables=[variables.site(), variables.door(), variables.top(10, 20, 50), variables.console_url()],
        rows=[
            Row("Is it fresh?", [gateway_ages(), latency_now(), doubt_now(), gateways()]),
            Row("Through the doors", [passed(), throughput()]),
            Row("How sure, how late", [latency(), uncertain()]),
            Row("Present stock", [stock_by_sku(), stock_by_zone()]),
            Row("Slotting", [promise(), saving(), plans()]),
        ],
    )


def gateway_ages() -> Panel:
    """Show each gateway as a tile that turns red when it falls silent."""
    return (
        panels.each_row(
            panels.tiles(
                1,
                "Age of each gateway's last message",
                """
                How long ago the cloud last heard from each gateway: its status or a stored event, whichever is later.
                Orange from 75 seconds, red from five minutes, red too when it was never heard of. Measured by the
                database's clock when the query ran; it does not depend on the chosen period. Source: gateways_v1.
                """,
                "s",
                f"SELECT site || ' ' || gateway AS gateway, {AGE_S} AS age FROM gateways_v1 WHERE {IN_SITE} ORDER BY 1",
            )
        )
        .thresholds(looks.age_steps())
        .mappings(looks.null_as("never heard of"))
        .no_value("no gateway is registered")
        .decimals(0)
        .span(12)
    )


def latency_now() -> Panel:
    """Show how late the figures on this page are."""
    return (
        panels.tiles(
            2,
            "Slowest 1 % of movements",
            """
            99th percentile, over the period, of the time from the observation at the door to the commit in the database
            (stored_at - observed_at): passage detection, outbox, network, ingest, and any offset between the gateway's
            clock and the database's. Source: movements_v1.
            """,
            "s",
            f"SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY {LATENCY_S}) AS p99 {PASSED}",
        )
        .thresholds(looks.steps(levels=[(-86_400, looks.GOOD), (5, looks.WARN), (60, looks.BAD)]))
        .mappings(looks.null_as("no movements", looks.UNKNOWN))
    )


def doubt_now() -> Panel:
    """Show the share of passages that a person has to decide."""
    return (
        panels.tiles(
            3,
            "Uncertain share",
            """
            Share of the period's tag passages at the chosen doors that the gateway could not decide (direction
            `uncertain`) and left to a person. Source: movements_v1.
            """,
            "percentunit",
            f"SELECT avg((direction = 'uncertain')::int) AS uncertain {PASSED}",
        )
        .thresholds(looks.steps(levels=[(0, looks.GOOD), (0.001, looks.WARN), (0.01, looks.BAD)]))
        .mappings(looks.null_as("no movements", looks.UNKNOWN))
    )


def gateways() -> Panel:
    """List the gateways with what waits in their outboxes."""
    return (
        panels.rows(
            4,
            "Gateways",
            """
            Each gateway as it last reported itself. State is its own word and may be old: read it with the age beside
            it. Waiting events lie in the gateway's outbox and are not yet acknowledged as committed; refused batches
            are parked there with their reason. Source: gateways_v1.
            """,
            f"""
            SELECT site, gateway, state, {AGE_S} AS "last message",
              extract(epoch FROM now() - last_event_stored_at) AS "last event",
              outbox_events AS "waiting events", extract(epoch FROM now() - oldest_unacked_at) AS "oldest waiting",
              outbox_refused_batches AS "refused batches"
            FROM gateways_v1 WHERE {IN_SITE} ORDER BY 4 DESC NULLS FIRST
            """,
        )
        .override_by_name("state", column("none", mappings=_gateway_states()))
        .override_by_name("last message", column("s", thresholds=looks.age_steps(), mappings=looks.null_as("never")))
        .override_by_name("last event", column("s", mappings=looks.null_as("none yet", looks.UNKNOWN)))
        .override_by_name("waiting events", column("short"))
        .override_by_name("oldest waiting", column("s", mappings=looks.null_as("nothing waits", looks.UNKNOWN)))
        .override_by_name("refused batches", column("short", thresholds=looks.steps(levels=[(1, looks.BAD)])))
        .no_value("no gateway is registered")
        .height(6)
    )


def passed() -> Panel:
    """Count the period's passages by direction."""
    counts = ", ".join(
        f"count(*) FILTER (WHERE direction = '{direction}') AS \"{direction}\"" for direction in looks.DIRECTION_COLOURS
    )
    panel = panels.tiles(
        5,
        "Passages in the period",
        """
        Tag passages at the chosen doors by direction. In and out change what is present; pass went by without entering;
        uncertain waits for a person. A passage is counted once, however often it was sent. Source: movements_v1.
        """,
        "short",
        f"SELECT {counts} {PASSED} HAVING count(*) > 0",
    )
    for direction, colour in looks.DIRECTION_COLOURS.items():
        panel.override_by_name(direction, looks.colour_as(colour))
    return panel.no_value("no movements").height(4).span(24)


def throughput() -> Panel:
    """Draw passages a minute, one series a door and direction."""
    panel = panels.stacked_bars(
        panels.time_series(
            6,
            "Throughput by door and direction",
            """
            Tag passages a minute, averaged over each bar's width; the first and the last bar are cut by the period's
            ends and read low. A gap means that nothing was stored for that time: look at the gateways' age before
            reading it as a quiet door. Source: movements_v1, by time of observation.
            """,
            "suffix: /min",
            f"""
            SELECT $__timeGroupAlias(observed_at, $__interval), site || ' ' || door || ' ' || direction AS metric,
              count(*) * 60000.0 / $__interval_ms AS "per minute"
            {PASSED} GROUP BY 1, 2 ORDER BY 1, 2
            """,
        )
    )
    for direction in ("pass", "uncertain"):
        panel.override_by_regexp(f"/ {direction}$/", looks.colour_as(looks.DIRECTION_COLOURS[direction]))
    return panel.interval("10s").min(0).no_value("no movements")


def latency() -> Panel:
    """Draw how long a movement takes from the door into the database."""
    return (
        panels.time_series(
            7,
            "From the door to the database",
            """
            Time from the observation at the door to the commit in the database (stored_at - observed_at), as observed:
            with passage detection, outbox, network and ingest, and with any offset between the two clocks (a gateway
            whose clock runs ahead shows negative times). Source: movements_v1, by time of observation.
            """,
            "s",
            f"""
            SELECT "time", percentiles[1] AS "median", percentiles[2] AS "p99", slowest FROM (
              SELECT $__timeGroupAlias(observed_at, $__interval), max({LATENCY_S}) AS slowest,
                percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY {LATENCY_S}) AS percentiles
              {PASSED} GROUP BY 1
            ) AS passages ORDER BY 1
            """,
        )
        .interval("10s")
        .no_value("no movements")
        .span(12)
    )


def uncertain() -> Panel:
    """List the passages that wait for a person."""
    return (
        panels.rows(
            8,
            "Uncertain passages to decide",
            """
            The newest 100 passages of the period whose direction the gateway left open, with its confidence in its best
            guess (0 to 1). The EPC leads to the item's history in the console. Source: movements_v1.
            """,
            f"""
            SELECT observed_at AS "seen at", site, door, coalesce(sku, 'not known') AS sku, epc, confidence
            {PASSED} AND direction = 'uncertain' ORDER BY observed_at DESC LIMIT 100
            """,
        )
        .override_by_name("seen at", column("dateTimeAsLocal"))
        .override_by_name("confidence", column("percentunit"))
        .override_by_name(
            "epc", column("none", link=("Open in the console", "${console_url}/?q=${__value.raw:percentencode}"))
        )
        .no_value("None: every passage of this period is decided")
        .span(12)
    )


def stock_by_sku() -> Panel:
    """Rank SKUs by what is present."""
    return (
        panels.bars(
            9,
            "Present stock, largest SKUs",
            """
            Units on record as present now: the registered quantity of every item that has not left by a door and is
            known to the system. It does not depend on the chosen period. Source: stock_v1.
            """,
            "short",
            f"""
            SELECT coalesce(sku, 'SKU not known') AS sku, sum(quantity) AS units
            {PRESENT} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $top
            """,
        )
        .color_scheme(looks.fixed(looks.PLAIN))
        .no_value("nothing is present")
    )


def stock_by_zone() -> Panel:
    """Rank zones by what is present."""
    return (
        panels.bars(
            10,
            "Present stock by zone",
            """
            Units on record as present now, by the zone of the bin they stand in; items that came in and have no bin yet
            are in no zone. It does not depend on the chosen period. Source: stock_v1.
            """,
            "short",
            f"""
            SELECT site || ' ' || coalesce(zone, 'no zone') AS zone, sum(quantity) AS units
            {PRESENT} GROUP BY 1 ORDER BY 2 DESC, 1
            """,
        )
        .color_scheme(looks.fixed(looks.PLAIN))
        .no_value("nothing is present")
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
            11,
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
            12,
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
            13,
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
        .override_by_name("plan", column("none", link=("Open in the console", "${console_url}/plans/${__value.raw}")))
        .no_value("nobody has asked for a plan yet")
        .height(7)
    )


def _gateway_states() -> list[models.ValueMapping]:
    return [
        models.ValueMap(
            {
                "online": models.ValueMappingResult(text="online", color=looks.GOOD),
                "offline": models.ValueMappingResult(text="offline", color=looks.BAD),
            }
        )
    ]
