"""The Dock dashboard: what passes the doors, how fresh and how sure that is, what stands here."""
# ruff: noqa: S608  the queries are put together from constants of this package; no outside text enters them

from tagdock_dashboards.pieces import looks, panels, spans, variables
from tagdock_dashboards.pieces.page import Row, page
from tagdock_dashboards.pieces.panels import Panel, column
from tagdock_dashboards.pieces.query import IN_DOOR, IN_SITE
from tagdock_dashboards.pieces.sdk import models

UID = "tagdock-dock"
PASSED = f"FROM movements_v1 WHERE $__timeFilter(observed_at) AND {IN_SITE} AND {IN_DOOR}"
PRESENT = f"FROM stock_v1 WHERE {IN_SITE} AND state NOT IN ('in_transit', 'unknown')"
AGE_S = "extract(epoch FROM now() - greatest(last_seen_at, last_event_stored_at))"
_NUMBERS = " && ".join(f'@.{name}.type() == "number"' for name in ("reads", "peak_rssi_dbm", "antenna"))
TOLD = f"$.antennas[*] ? ({_NUMBERS})"
"""What antennas read, in Tagdock's own words for evidence; other gateways explain themselves in theirs."""
ITEM_URL = "${console_url}/find?q=${__value.raw:percentencode}&site=${__data.fields.site:percentencode}"


def build() -> models.Dashboard:
    """Build the dashboard."""
    return page(
        UID,
        "Dock",
        "What passes the doors, how fresh and how certain that is, what is present.",
        variables=[variables.site(), variables.door(), variables.top(10, 20, 50), variables.console_url()],
        rows=[
            Row("Is it fresh?", [gateway_ages(), latency_now(), doubt_now(), gateways()]),
            Row("Through the doors", [passed(), throughput()]),
            Row("At the doors now", [sessions(), waiting()]),
            Row("Trucks of the period", [expected_and_seen(), dwell()]),
            Row("How sure, how late", [uncertain(), antennas(), latency()]),
            Row("Present stock", [stock_by_sku(), stock_by_zone()]),
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
            (stored_at - observed_at), to an eighth: passage detection, outbox, network, ingest, and any offset between
            the gateway's clock and the database's. Source: movements_v1; beyond a day lateness_v1.
            """,
            "s",
            f"SELECT p99 FROM ({spans.percentiles(spans.lateness())}) AS late",
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
            `uncertain`) and left to a person, also those that are decided by now. Source: movements_v1; beyond a day
            lateness_v1.
            """,
            "percentunit",
            f"SELECT sum(uncertain) / nullif(sum(passages), 0)::float8 AS uncertain FROM {spans.lateness()}",
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
        .override_by_name("state", column("string", mappings=_gateway_states()))
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
        f"coalesce(sum(n) FILTER (WHERE direction = '{direction}'), 0) AS \"{direction}\""
        for direction in looks.DIRECTION_COLOURS
    )
    panel = panels.tiles(
        5,
        "Passages in the period",
        """
        Tag passages at the chosen doors by direction, corrections applied. In and out change what is present; pass
        went by without entering; uncertain waits for a person. A passage is counted once, however often it was sent.
        Source: movements_v1; beyond a day whole hours of throughput_v1.
        """,
        "short",
        f"SELECT {counts} FROM {spans.passages()} HAVING count(*) > 0",
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
            Tag passages a minute, corrections applied, averaged over each bar's width; the first and the last bar are
            cut by the period's ends and read low. A gap means that nothing was stored for that time: look at the
            gateways' age before reading it as a quiet door. Source: movements_v1, by time of observation; beyond a day
            throughput_v1, by hour.
            """,
            "suffix: /min",
            f"""
            SELECT "time", site || ' ' || door || ' ' || direction AS metric,
              n * 60000.0 / {spans.STEP_MS} AS "per minute"
            FROM (
              SELECT {spans.POINT}, site, door, direction, sum(n) AS n FROM {spans.passages()} GROUP BY 1, 2, 3, 4
            ) AS bars ORDER BY 1, 2
            """,
        )
    )
    for direction in ("pass", "uncertain"):
        panel.override_by_regexp(f"/ {direction}$/", looks.colour_as(looks.DIRECTION_COLOURS[direction]))
    return panel.interval("10s").min(0).no_value("no movements")


def sessions() -> Panel:
    """List what stands at the doors: expected against seen."""
    return (
        panels.rows(
            14,
            "Door sessions in progress",
            """
            Trucks at the chosen doors now: units that their order or notice expects, what of it is still missing, what
            was seen that nobody expected, and what passed another door. It does not depend on the chosen period.
            Source: door_sessions_v1.
            """,
            f"""
            SELECT site, door, kind, order_id AS "order", partner, extract(epoch FROM now() - opened_at) AS "open for",
              units_expected AS expected, units_missing AS missing, items_seen AS "items seen",
              items_unexpected AS unexpected, items_wrong_door AS "wrong door"
            FROM door_sessions_v1 WHERE {IN_SITE} AND {IN_DOOR} AND state <> 'closed' ORDER BY opened_at LIMIT 100
            """,
        )
        .override_by_name("open for", column("s"))
        .override_by_name("unexpected", column("short", thresholds=looks.steps(levels=[(1, looks.WARN)])))
        .override_by_name("wrong door", column("short", thresholds=looks.steps(levels=[(1, looks.BAD)])))
        .no_value("None: no truck stands at a door")
        .height(8)
        .span(14)
    )


def waiting() -> Panel:
    """List what came in by a door and lies there still."""
    return (
        panels.rows(
            15,
            "Waiting at the doors",
            """
            Items that came in by a door and have not been put into a bin yet, by door: how many, and how long the first
            of them has been waiting. Counted every five minutes (`as of` tells how long ago); it does not depend on
            the chosen period. Source: stock_ages_v1.
            """,
            f"""
            SELECT site, door, sum(items) AS items, sum(units) AS units,
              extract(epoch FROM now() - min(first_since)) AS "longest",
              extract(epoch FROM now() - min(counted_at)) AS "as of"
            FROM stock_ages_v1 WHERE {IN_SITE} AND {IN_DOOR} AND door IS NOT NULL
            GROUP BY site, door ORDER BY 5 DESC LIMIT 100
            """,
        )
        .override_by_name(
            "longest", column("s", thresholds=looks.steps(levels=[(0, looks.GOOD), (14_400, looks.WARN)]))
        )
        .override_by_name("as of", column("s", thresholds=looks.counted_steps()))
        .no_value("None: nothing waits at a door")
        .height(8)
        .span(10)
    )


def expected_and_seen() -> Panel:
    """Draw what trucks were to carry against what was seen, by day."""
    panel = panels.stacked_bars(
        panels.time_series(
            16,
            "Expected against seen, by day",
            """
            Units that the orders and notices of the sessions over by then expected, by UTC day: those seen at their
            door, and those missing; beside them items that nobody expected there or that passed another door. Source:
            session_ends_v1.
            """,
            "short",
            f"""
            SELECT date_trunc('day', closed_at, 'UTC') AS "time",
              sum(units_expected - units_missing) AS "seen as expected", sum(units_missing) AS "missing",
              sum(items_unexpected) AS "unexpected", sum(items_wrong_door) AS "wrong door"
            FROM session_ends_v1 WHERE $__timeFilter(closed_at) AND {IN_SITE} AND {IN_DOOR} GROUP BY 1 ORDER BY 1
            """,
        )
    )
    for name, colour in (("seen as expected", looks.GOOD), ("missing", looks.WARN), ("unexpected", "purple")):
        panel.override_by_name(name, looks.colour_as(colour))
    panel.override_by_name("wrong door", looks.colour_as(looks.BAD))
    return panel.min(0).no_value("no session was closed in this period").span(14)


def dwell() -> Panel:
    """Rank doors by how long trucks stood at them."""
    return (
        panels.rows(
            17,
            "Dwell at the door",
            """
            How long sessions that ended in the period took, from opening to their last passage or to somebody's word:
            how many, the middle one, and the slowest in ten. Source: session_ends_v1.
            """,
            f"""
            SELECT site, door, count(*) AS sessions, percentile_cont(0.5) WITHIN GROUP (ORDER BY stood_s) AS "median",
              percentile_cont(0.9) WITHIN GROUP (ORDER BY stood_s) AS "p90"
            FROM (
              SELECT site, door, extract(epoch FROM closed_at - opened_at)::float8 AS stood_s
              FROM session_ends_v1 WHERE $__timeFilter(closed_at) AND {IN_SITE} AND {IN_DOOR}
            ) AS ended GROUP BY 1, 2 ORDER BY 5 DESC LIMIT 100
            """,
        )
        .override_by_name("median", column("s"))
        .override_by_name("p90", column("s"))
        .no_value("no session was closed in this period")
        .span(10)
    )


def antennas() -> Panel:
    """List how well each antenna reads."""
    return (
        panels.rows(
            18,
            "Read quality by antenna",
            """
            The newest 2,000 passages of the period's last day: in how many of its door's each antenna read the tag at
            all, how often, and how strongly at the peak, on average. An antenna that falls behind its neighbour is
            loose, turned, or behind a pallet. Passages of gateways that tell no evidence are left out. Source:
            passage_evidence_v1.
            """,
            f"""
            SELECT site, door, reader, antenna, count(*) / max(every)::float8 AS "passages read",
              avg(reads)::float8 AS "reads each", avg(peak_rssi_dbm)::float8 AS "peak"
            FROM (
              SELECT site, door, jsonb_path_query_array(evidence::jsonb, '{TOLD}') AS told,
                count(*) OVER (PARTITION BY site, door) AS every
              FROM (
                SELECT site, door, evidence FROM passage_evidence_v1
                WHERE $__timeFilter(observed_at) AND observed_at > $__timeTo()::timestamptz - interval '1 day'
                  AND {IN_SITE} AND {IN_DOOR} ORDER BY observed_at DESC LIMIT 2000
              ) AS newest
            ) AS passages, jsonb_to_recordset(told)
              AS a (reader text, antenna numeric, reads numeric, peak_rssi_dbm numeric)
            GROUP BY 1, 2, 3, 4 ORDER BY 5, 1, 2, 3, 4 LIMIT 200
            """,
        )
        .override_by_name(
            "passages read",
            column(
                "percentunit", thresholds=looks.steps(levels=[(0, looks.BAD), (0.5, looks.WARN), (0.8, looks.GOOD)])
            ),
        )
        .override_by_name("peak", column("dBm"))
        .override_by_name("reads each", [*column("short"), models.DynamicConfigValue("decimals", 1)])
        .no_value("no passage of the last day tells which antennas read it")
        .span(12)
    )


def latency() -> Panel:
    """Draw how long a movement takes from the door into the database."""
    return (
        panels.seconds_of_all_sizes(
            panels.time_series(
                7,
                "From the door to the database",
                """
            Time from the observation at the door to the commit in the database (stored_at - observed_at): passage
            detection, outbox, network, ingest, and any offset between the two clocks (a gateway whose clock runs ahead
            shows a slowest below zero). Median and 99th percentile to an eighth. Source: movements_v1, by time of
            observation; beyond a day lateness_v1, by hour, beyond five weeks lateness_days_v1.
            """,
                "s",
                spans.percentiles(spans.lateness(), over_time=True),
            )
        )
        .interval("10s")
        .no_value("no movements")
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
            {PASSED} AND direction = 'uncertain' AND settled_direction = 'uncertain' ORDER BY observed_at DESC LIMIT 100
            """,
        )
        .override_by_name("seen at", column("dateTimeAsLocal"))
        .override_by_name("confidence", column("percentunit"))
        .override_by_name(
            "epc", column("string", link=("Open in the console", "${console_url}/?q=${__value.raw:percentencode}"))
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


def _gateway_states() -> list[models.ValueMapping]:
    return [
        models.ValueMap(
            {
                "online": models.ValueMappingResult(text="online", color=looks.GOOD),
                "offline": models.ValueMappingResult(text="offline", color=looks.BAD),
            }
        )
    ]
