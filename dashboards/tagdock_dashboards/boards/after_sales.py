"""The After-sales dashboard: what comes back and why, how long it takes, who has what to do."""
# ruff: noqa: S608  the queries are put together from constants of this package; no outside text enters them

from tagdock_dashboards.pieces import kpis, looks, panels, repairs, staff, variables
from tagdock_dashboards.pieces.page import Row, page
from tagdock_dashboards.pieces.panels import Panel, column
from tagdock_dashboards.pieces.query import IN_SITE
from tagdock_dashboards.pieces.sdk import bargauge, models

UID = "tagdock-after-sales"
IS_OVER = "state IN ('closed', 'declined', 'cancelled')"
CASES = f"FROM returns_v1 WHERE {IN_SITE} AND $__timeFilter(applied_at) AND state NOT IN ('declined', 'cancelled')"
LINK = ("Find", "${console_url}/find?q=${__value.raw:percentencode}")
KINDS = {
    "self_return": looks.PLAIN,
    "undelivered": looks.WARN,
    "refused": looks.BAD,
    "exchange": looks.GOOD,
    "repair": looks.UNKNOWN,
}
ALERTS = ("life_contradiction", "task_overdue", "shipment_exception")


def build() -> models.Dashboard:
    """Build the dashboard."""
    return page(
        UID,
        "After-sales",
        "What comes back and why, how long it takes to look at it and to repair it, who has what to do.",
        variables=[variables.site(), variables.console_url()],
        rows=[
            Row("Is it fresh?", [panels.freshness(20)]),
            Row("What waits now", [open_now(), inspections(), open_cases()]),
            Row("How much comes back, and why", [rate(), refunds(), reasons(), outcomes(), by_day()]),
            Row("How long it takes", [in_states()]),
            Row("Repairs", [repaired(), by_technician()]),
            Row("Who does what", [staff.by_person(11), staff.by_kind(12), staff.figures(17)]),
            Row("Complaints and enquiries", [staff.requests(13), staff.by_class(14)]),
            Row("What is out of order", [panels.alerts(15, "Open alerts of lives, tasks and shipments", ALERTS)]),
        ],
        since="now-28d",
        refresh="1m",
    )


def open_now() -> Panel:
    """Count open cases by where they stand."""
    counted = ", ".join(
        f"count(*) FILTER (WHERE state = '{state}') AS \"{name}\""
        for state, name in (
            ("announced", "announced"),
            ("on_hold", "on hold"),
            ("received", "received"),
            ("decided", "decided"),
        )
    )
    return (
        panels.tiles(
            1,
            "Returns open",
            """
            Cases of returns that are not closed, by where they stand: announced and not here yet; on hold, as somebody
            has to decide whether they are taken; here and to be inspected; decided and not carried out. What is on hold
            waits for a person. It does not depend on the chosen period. Source: returns_v1.
            """,
            "short",
            f"""
            SELECT {counted}
            FROM returns_v1 WHERE {IN_SITE} AND (NOT {IS_OVER} OR $__timeFilter(applied_at)) HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .override_by_name("on hold", looks.override_steps(looks.steps(levels=[(0, looks.GOOD), (1, looks.WARN)])))
        .no_value("no return")
        .span(14)
    )


def inspections() -> Panel:
    """Count what waits to be inspected."""
    late = looks.steps(levels=[(0, looks.GOOD), (1, looks.BAD)])
    waits = [
        models.DynamicConfigValue("unit", "s"),
        *looks.override_steps(looks.steps(levels=[(0, looks.GOOD), (86_400, looks.WARN), (3 * 86_400, looks.BAD)])),
        *looks.override_nulls("none waits", looks.GOOD),
    ]
    return (
        panels.tiles(
            2,
            "Inspections waiting",
            """
            Open tasks to inspect an item, those past their time, and how long the oldest has waited: orange after a
            day, red after three. It does not depend on the chosen period. Source: tasks_v1.
            """,
            "short",
            f"""
            SELECT count(*) FILTER (WHERE state = 'open') AS "waiting",
              count(*) FILTER (WHERE state = 'open' AND due_at < now()) AS "overdue",
              extract(epoch FROM now() - min(opened_at) FILTER (WHERE state = 'open'))::float8 AS "longest"
            FROM tasks_v1 WHERE {IN_SITE} AND kind = 'inspect' AND (state = 'open' OR $__timeFilter(opened_at))
            HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .override_by_name("overdue", looks.override_steps(late))
        .override_by_name("longest", waits)
        .no_value("no inspection")
        .span(10)
    )


def open_cases() -> Panel:
    """List the cases that wait longest."""
    return (
        panels.rows(
            3,
            "Cases that wait longest",
            """
            Open cases of returns whose goods are here or that are on hold, the oldest first: since they were received,
            or applied for. The case leads into the console. Source: returns_v1.
            """,
            f"""
            SELECT case_ref AS "case", state,
              extract(epoch FROM now() - coalesce(received_at, applied_at))::float8 AS "waits for",
              site, kind, reason, order_id AS "order", liability
            FROM returns_v1 WHERE {IN_SITE} AND state IN ('on_hold', 'received', 'decided')
            ORDER BY coalesce(received_at, applied_at), case_ref LIMIT 100
            """,
        )
        .override_by_name("case", column("string", link=LINK))
        .override_by_name(
            "state",
            column("string", mappings=looks.states(on_hold=looks.WARN, received=looks.PLAIN, decided=looks.GOOD)),
        )
        .override_by_name("waits for", column("s"))
        .no_value("None: no case waits")
        .height(8)
    )


def rate() -> Panel:
    """Compare what came back with what left."""
    return (
        panels.tiles(
            4,
            "Return rate",
            """
            Units that came back in the period, of every case but declined and cancelled ones, by the units of orders of
            customers that left whole in it. What comes back this week mostly left earlier: over short periods it
            swings.
            Source: kpi_facts_v1.
            """,
            "short",
            f"""
            SELECT {kpis.SHARE} AS "return rate", sum(part) AS "units back", sum(whole) AS "units sent"
            {kpis.RETURNED} HAVING sum(part + whole) > 0
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .override_by_name(
            "return rate",
            [models.DynamicConfigValue("unit", "percentunit"), *looks.override_nulls("nothing sent", looks.UNKNOWN)],
        )
        .no_value("nothing sent, nothing back")
        .span(12)
    )


def refunds() -> Panel:
    """Count what was paid back or exchanged, and how soon."""
    soon = [
        models.DynamicConfigValue("unit", "s"),
        *looks.override_steps(
            looks.steps(levels=[(0, looks.GOOD), (7 * 86_400, looks.WARN), (14 * 86_400, looks.BAD)])
        ),
        *looks.override_nulls("not known", looks.UNKNOWN),
    ]
    return (
        panels.tiles(
            5,
            "Refunds and exchanges",
            """
            Refunds and exchanges that were told to the shop in the period, and half of the refunds took at most so long
            from the door to it: red from fourteen days, in which a consumer is owed the money (2011/83/EU, article 13).
            Source: returns_v1.
            """,
            "short",
            f"""
            SELECT count(*) FILTER (WHERE $__timeFilter(refunded_at)) AS "refunds",
              count(*) FILTER (WHERE $__timeFilter(exchanged_at)) AS "exchanges",
              percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM refunded_at - received_at)::float8)
                FILTER (WHERE $__timeFilter(refunded_at)) AS "door to refund"
            FROM returns_v1 WHERE {IN_SITE} AND ($__timeFilter(refunded_at) OR $__timeFilter(exchanged_at))
            HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .override_by_name("door to refund", soon)
        .no_value("no refund, no exchange")
        .span(12)
    )


def reasons() -> Panel:
    """Rank the reasons, each with what share it and those before it make up."""
    return _ranking(
        6,
        "Why goods come back (Pareto)",
        """
        Units that came back in the period by the reason of their case, the most frequent first; in brackets what share
        of all of them it and those above it make up. Source: kpi_facts_v1.
        """,
        f"""
        SELECT replace(reason, '_', ' ') || ' ('
            || round(100 * sum(n) OVER (ORDER BY n DESC, reason) / sum(n) OVER ()) || ' %)' AS name, n AS units
        FROM (SELECT word AS reason, sum(part) AS n {kpis.CAME} GROUP BY word) AS counted
        ORDER BY n DESC, reason LIMIT 20
        """,
        "no return",
    )


def outcomes() -> Panel:
    """Rank what became of goods."""
    return _ranking(
        7,
        "What becomes of it",
        """
        Lines of returns whose outcome was decided in the period, by outcome and by the grade of the inspection (A
        sealed, B opened, C faulty). Source: return_lines_v1.
        """,
        f"""
        SELECT replace(outcome, '_', ' ') || coalesce(' (' || grade || ')', '') AS name, count(*) AS lines
        FROM return_lines_v1 WHERE {IN_SITE} AND $__timeFilter(outcome_at) AND outcome IS NOT NULL
        GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20
        """,
        "nothing decided",
    )


def by_day() -> Panel:
    """Draw the cases by day and kind."""
    panel = panels.stacked_bars(
        panels.time_series(
            8,
            "Returns by day and kind",
            """
            Cases applied for, by UTC day and kind, without declined and cancelled ones. The present day is not over.
            Source: returns_v1.
            """,
            "short",
            f"""
            SELECT date_trunc('day', applied_at, 'UTC') AS "time", kind AS metric, count(*) AS cases
            {CASES} GROUP BY 1, 2 ORDER BY 1
            """,
        )
    )
    for kind, colour in KINDS.items():
        panel.override_by_regexp(f"/^{kind}$/", looks.colour_as(colour))
    return panel.interval("1d").no_value("no return").height(8)


def in_states() -> Panel:
    """Tell how long items stay in each state of their lives."""
    return (
        panels.rows(
            9,
            "Time in each state",
            """
            Of the items' stays in each state that ended in the period: how many, the median, and what nine of ten keep;
            beside them how many items stand in it now, and the longest of them. Items that left for good are left out.
            Source: life_stays_v1.
            """,
            f"""
            SELECT state, count(*) FILTER (WHERE $__timeFilter(until)) AS "ended",
              percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE $__timeFilter(until)) AS "median",
              percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE $__timeFilter(until)) AS "nine of ten",
              count(*) FILTER (WHERE until IS NULL) AS "there now",
              max(seconds) FILTER (WHERE until IS NULL) AS "longest there"
            FROM life_stays_v1 WHERE {IN_SITE} AND NOT is_gone AND ($__timeFilter(until) OR until IS NULL)
            GROUP BY state ORDER BY "median" DESC NULLS LAST, state
            """,
        )
        .override_by_name("median", column("s"))
        .override_by_name("nine of ten", column("s"))
        .override_by_name("longest there", column("s"))
        .no_value("no item has a life yet")
        .height(9)
    )


def repaired() -> Panel:
    """Tell how repairs went."""
    first = [
        models.DynamicConfigValue("unit", "percentunit"),
        *looks.override_steps(looks.steps(levels=[(0, looks.BAD), (0.75, looks.WARN), (0.9, looks.GOOD)])),
        *looks.override_nulls("none to judge", looks.UNKNOWN),
    ]
    return (
        panels.tiles(
            10,
            "Repairs closed",
            f"""
            Work orders closed in the period: half of them took at most so long from opening to closing; first-time fix
            is the share that ended as repaired and whose item needed no other within {repairs.AGAIN_DAYS} days (a
            repeat counts with the one that it repeats; what ended in the last {repairs.AGAIN_DAYS} days may still
            change). Source: repairs_v1.
            """,
            "short",
            f"""
            SELECT count(*) AS "closed", {repairs.MEDIAN_S} AS "repair time", {repairs.FIRST_TIME} AS "first-time fix",
              count(*) FILTER (WHERE state = 'irreparable') AS "irreparable"
            {repairs.CLOSED} HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .override_by_name("repair time", [models.DynamicConfigValue("unit", "s")])
        .override_by_name("first-time fix", first)
        .no_value("no repair closed")
        .height(5)
        .span(24)
    )


def by_technician() -> Panel:
    """List the repairs of each person."""
    return (
        panels.rows(
            16,
            "Repairs by technician",
            """
            Work orders closed in the period by the person who had them at last, as in the tiles above: how many, the
            median of their time, the share that were enough, and irreparable ones. Source: repairs_v1.
            """,
            f"""
            SELECT site, coalesce(technician, 'nobody named') AS technician, count(*) AS closed,
              {repairs.MEDIAN_S} AS "repair time", {repairs.FIRST_TIME} AS "first-time fix",
              count(*) FILTER (WHERE state = 'irreparable') AS irreparable
            {repairs.CLOSED} GROUP BY 1, 2 ORDER BY closed DESC, 2, 1 LIMIT 200
            """,
        )
        .override_by_name("repair time", column("s"))
        .override_by_name(
            "first-time fix", column("percentunit", mappings=looks.null_as("none to judge", looks.UNKNOWN))
        )
        .no_value("no repair closed")
        .height(7)
    )


def _ranking(panel_id: int, title: str, says: str, sql: str, nothing: str) -> bargauge.Panel:
    return panels.bars(panel_id, title, says, "short", sql).color_scheme(looks.fixed(looks.PLAIN)).no_value(nothing)
