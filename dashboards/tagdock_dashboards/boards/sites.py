"""The Sites dashboard: one row a site, what each promised and kept, what waits and what is on the way."""
# ruff: noqa: S608  the queries are put together from constants of this package; no outside text enters them

from tagdock_dashboards.pieces import kpis, looks, panels, variables
from tagdock_dashboards.pieces.page import Row, page
from tagdock_dashboards.pieces.panels import Panel, column
from tagdock_dashboards.pieces.query import IN_SITE
from tagdock_dashboards.pieces.sdk import dashboard, models

UID = "tagdock-sites"
CHOSEN = "ANY (ARRAY[$site]::text[])"
EXCEPTIONS = f"FROM shipment_exceptions_v1 WHERE {IN_SITE} AND $__timeFilter(created_at)"
LATE = looks.steps(levels=[(0, looks.GOOD), (1, looks.BAD)])
SOME = looks.steps(levels=[(0, looks.GOOD), (1, looks.WARN)])
LINK = ("Find", "${console_url}/find?q=${__value.raw:percentencode}")
ORDER_COLOURS = {"on time": looks.GOOD, "late": looks.WARN, "overdue": looks.BAD}


def build() -> models.Dashboard:
    """Build the dashboard."""
    return page(
        UID,
        "Sites",
        "One row a site: is its stock as recorded, does it send in time, what waits, is on the way, or comes back?",
        variables=[variables.site(), variables.console_url()],
        rows=[
            Row("Is it fresh?", [panels.freshness(20)]),
            Row("All chosen sites", [kept(), waiting()]),
            Row("Site by site", [each()]),
            Row("Day by day", [dispatch(), on_time(), accuracy()]),
            Row("What waits and what is on the way", [orders(), transfers(), exceptions(), runs()]),
        ],
        since="now-28d",
        refresh="1m",
    )


def kept() -> Panel:
    """Tell what all the sites kept of their promises."""
    nothing = looks.override_nulls
    return (
        panels.tiles(
            1,
            "Promises",
            """
            On-time dispatch: of the orders whose time to leave came in the period, those that left whole by then. Stock
            accuracy: of the lines (a SKU in a bin) counted in it, those without a difference. Return rate: cases of
            returns by the orders that left whole. The first two are orange under 98 % and red under 95 %.
            Source: kpi_facts_v1.
            """,
            "percentunit",
            f"""
            SELECT (SELECT {kpis.SHARE} {kpis.DUE}) AS "on-time dispatch",
              (SELECT {kpis.SHARE} {kpis.COUNTED}) AS "stock accuracy",
              (SELECT {kpis.SHARE} {kpis.RETURNED}) AS "return rate"
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .override_by_name(
            "on-time dispatch",
            [*looks.override_steps(kpis.dispatch_steps()), *nothing("nothing was due", looks.UNKNOWN)],
        )
        .override_by_name(
            "stock accuracy", [*looks.override_steps(kpis.accuracy_steps()), *nothing("not counted", looks.UNKNOWN)]
        )
        .override_by_name("return rate", nothing("nothing sent", looks.UNKNOWN))
        .decimals(1)
        .span(11)
    )


def waiting() -> Panel:
    """Count what waits and what is on the way."""
    return (
        panels.tiles(
            2,
            "Waiting and on the way now",
            """
            Orders that no site has got yet (whatever the chosen sites), open orders of the sites and those past their
            time, transfers planned or shipped; they do not depend on the chosen period. Exceptions are shipments made
            out in it that somebody has to see to: refused, undeliverable, damaged, lost.
            Source: waiting_orders_v1, network_v1, transfers_v1, shipment_exceptions_v1.
            """,
            "short",
            f"""
            SELECT (SELECT count(*) FROM waiting_orders_v1 WHERE state = 'waiting') AS "without a site",
              sum(open_orders) AS "open orders", sum(overdue_orders) AS "overdue",
              (SELECT count(*) FROM transfers_v1 WHERE received_at IS NULL
                AND state IN ('planned', 'shipped') AND (start_site = {CHOSEN} OR goal_site = {CHOSEN})) AS "transfers",
              (SELECT count(*) {EXCEPTIONS}) AS "exceptions"
            FROM network_v1 WHERE {IN_SITE} HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .override_by_name("without a site", looks.override_steps(SOME))
        .override_by_name("overdue", looks.override_steps(LATE))
        .override_by_name("exceptions", looks.override_steps(LATE))
        .no_value("there is no site")
        .span(13)
    )


def each() -> Panel:
    """List the sites, each with its figures."""
    return (
        panels.rows(
            3,
            "Sites",
            """
            A row for each chosen site. Over the period: on-time dispatch, stock accuracy and return rate, as in the
            tiles above, and shipments that somebody has to see to. Now: open orders, those past their time, transfers
            on the way to it and from it, and how many order lines it may still take today.
            Source: network_v1, kpi_facts_v1, shipment_exceptions_v1.
            """,
            f"""
            SELECT n.site, d.share AS "on-time dispatch", a.share AS "stock accuracy", n.open_orders AS "open orders",
              n.overdue_orders AS "overdue", coalesce(e.n, 0) AS "exceptions",
              r.share AS "return rate", n.transfers_in AS "transfers in",
              n.transfers_out AS "transfers out", n.lines_left_today AS "lines left today", n.units
            FROM network_v1 AS n
            LEFT JOIN (SELECT site, {kpis.SHARE} AS share {kpis.DUE} GROUP BY site) AS d ON d.site = n.site
            LEFT JOIN (SELECT site, {kpis.SHARE} AS share {kpis.COUNTED} GROUP BY site) AS a ON a.site = n.site
            LEFT JOIN (SELECT site, {kpis.SHARE} AS share {kpis.RETURNED} GROUP BY site) AS r ON r.site = n.site
            LEFT JOIN (SELECT site, count(*) AS n {EXCEPTIONS} GROUP BY site) AS e ON e.site = n.site
            WHERE n.{IN_SITE} ORDER BY n.site LIMIT 500
            """,
        )
        .override_by_name("on-time dispatch", _share("nothing was due", kpis.dispatch_steps()))
        .override_by_name("stock accuracy", _share("not counted", kpis.accuracy_steps()))
        .override_by_name("return rate", _share("nothing sent"))
        .override_by_name("overdue", column("short", thresholds=LATE))
        .override_by_name("exceptions", column("short", thresholds=LATE))
        .override_by_name("lines left today", column("short", mappings=looks.null_as("no limit", looks.UNKNOWN)))
        .override_by_name("units", column("short"))
        .no_value("there is no site")
        .height(7)
    )


def dispatch() -> Panel:
    """Draw what was due and what became of it."""
    panel = panels.stacked_bars(
        panels.time_series(
            4,
            "Orders by the day they were due",
            """
            Orders of the chosen sites by the UTC day on which they were to leave: left by then, left later, still here.
            Source: kpi_facts_v1.
            """,
            "short",
            f"""
            SELECT date_trunc('day', at, 'UTC') AS "time", count(*) FILTER (WHERE word = 'on_time') AS "on time",
              count(*) FILTER (WHERE word = 'late') AS "late", count(*) FILTER (WHERE word = 'overdue') AS "overdue"
            {kpis.DUE} GROUP BY 1 ORDER BY 1
            """,
        )
    )
    for name, colour in ORDER_COLOURS.items():
        panel.override_by_name(name, looks.colour_as(colour))
    return panel.interval("1d").no_value("nothing was due").height(8)


def on_time() -> Panel:
    """Draw the sites' on-time dispatch."""
    return (
        panels.time_series(
            5,
            "On-time dispatch by site",
            """
            Of the orders due on a UTC day, the share that left whole in time, site by site. Source: kpi_facts_v1.
            """,
            "percentunit",
            f"""
            SELECT date_trunc('day', at, 'UTC') AS "time", site AS metric, {kpis.SHARE} AS share
            {kpis.DUE} GROUP BY 1, 2 ORDER BY 1, 2
            """,
        )
        .interval("1d")
        .min(0)
        .max(1)
        .no_value("nothing was due")
        .height(8)
        .span(12)
    )


def accuracy() -> Panel:
    """Draw the sites' stock accuracy."""
    return (
        panels.time_series(
            6,
            "Stock accuracy by site",
            """
            Of the lines (a SKU in a bin) counted on a UTC day, the share without a difference, site by site. What was
            found after all was the count's mistake and is no difference. Source: kpi_facts_v1.
            """,
            "percentunit",
            f"""
            SELECT date_trunc('day', at, 'UTC') AS "time", site AS metric, {kpis.SHARE} AS share
            {kpis.COUNTED} GROUP BY 1, 2 ORDER BY 1, 2
            """,
        )
        .interval("1d")
        .max(1)
        .no_value("nothing was counted")
        .height(8)
        .span(12)
    )


def orders() -> Panel:
    """List the orders that no site has got."""
    return (
        panels.rows(
            7,
            "Orders without a site",
            """
            Orders that wait to be given to a site, urgent ones first, then by what was promised; whatever the chosen
            sites. Source: waiting_orders_v1.
            """,
            """
            SELECT order_id AS "order", urgent::int AS urgent,
              extract(epoch FROM now() - asked_at)::float8 AS "waits for",
              promised_at AS "promised", partner, jsonb_array_length(lines) AS lines, value
            FROM waiting_orders_v1 WHERE state = 'waiting'
            ORDER BY urgent DESC, promised_at NULLS LAST, asked_at, order_id LIMIT 200
            """,
        )
        .override_by_name("urgent", column("bool_yes_no"))
        .override_by_name("waits for", column("s"))
        .override_by_name("promised", column("dateTimeAsLocal"))
        .no_value("None: every order has its site")
        .height(8)
    )


def transfers() -> Panel:
    """List the transfers that are not received."""
    colours = looks.states(planned=looks.UNKNOWN, shipped=looks.PLAIN, short=looks.BAD)
    return (
        panels.rows(
            8,
            "Transfers on the way",
            """
            Transfers from or to the chosen sites that are planned, shipped, or came in short in the period, by what the
            doors of both sites saw; what is due first stands first. Source: transfers_v1.
            """,
            f"""
            SELECT transfer_id AS "transfer", state, start_site AS "from", goal_site AS "to", due_at AS "due",
              units_planned AS planned, units_shipped AS shipped, units_received AS received
            FROM transfers_v1 WHERE (start_site = {CHOSEN} OR goal_site = {CHOSEN})
              AND (received_at IS NULL OR $__timeFilter(received_at))
              AND (state IN ('planned', 'shipped') OR state = 'short' AND $__timeFilter(received_at))
            ORDER BY due_at NULLS LAST, transfer_id LIMIT 200
            """,
        )
        .override_by_name("state", column("string", mappings=colours))
        .override_by_name("due", column("dateTimeAsLocal"))
        .no_value("None: nothing is on the way between sites")
        .height(8)
        .span(12)
    )


def exceptions() -> Panel:
    """List the shipments that somebody has to see to."""
    return (
        panels.rows(
            9,
            "Shipments with exceptions",
            """
            Shipments made out in the period whose carrier tells that they were refused, cannot be delivered, are
            damaged or lost, the newest first. The order leads into the console. Source:
            shipment_exceptions_v1.
            """,
            f"""
            SELECT order_id AS "order", state, carrier, tracking, site, state_since AS "since"
            {EXCEPTIONS} ORDER BY state_since DESC, tracking LIMIT 200
            """,
        )
        .override_by_name("order", column("string", link=LINK))
        .override_by_name("since", column("dateTimeAsLocal"))
        .no_value("None: every shipment is well")
        .height(8)
        .span(12)
    )


def runs() -> Panel:
    """List the runs of vehicles: what is delivered, what failed, what is behind."""
    return (
        panels.rows(
            10,
            "Runs of vehicles",
            """
            Runs from the chosen sites that still have stops before them, and those whose last stop lies in the period:
            stops by what became of them, how many should have been reached by now and were not, and when the next one
            is planned. Source: run_stops_v1.
            """,
            f"""
            SELECT site, vehicle, run, min(arrives_at) AS "first stop", count(*) AS stops,
              count(*) FILTER (WHERE state = 'delivered') AS delivered,
              count(*) FILTER (WHERE state = 'failed') AS failed,
              count(*) FILTER (WHERE state = 'planned' AND arrives_at < now()) AS behind,
              min(arrives_at) FILTER (WHERE state = 'planned') AS "next stop"
            FROM run_stops_v1 WHERE {IN_SITE} GROUP BY run_id, site, vehicle, run
            HAVING count(*) FILTER (WHERE state = 'planned') > 0
              OR max(arrives_at) BETWEEN $__timeFrom() AND $__timeTo()
            ORDER BY behind DESC, "next stop" NULLS LAST, max(arrives_at) DESC, site, vehicle, run LIMIT 200
            """,
        )
        .override_by_name("first stop", column("dateTimeAsLocal"))
        .override_by_name("failed", column("short", thresholds=LATE))
        .override_by_name("behind", column("short", thresholds=SOME))
        .override_by_name("next stop", column("dateTimeAsLocal", mappings=looks.null_as("all ended", looks.UNKNOWN)))
        .no_value("None: no vehicle drove or is to drive")
        .height(8)
    )


def _share(nothing: str, thresholds: dashboard.ThresholdsConfig | None = None) -> list[models.DynamicConfigValue]:
    return column("percentunit", thresholds=thresholds, mappings=looks.null_as(nothing, looks.UNKNOWN))
