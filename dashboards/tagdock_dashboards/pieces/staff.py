"""What people have to do and have done: tasks by person and by kind, requests and how they were answered."""
# ruff: noqa: S608  the queries are put together from constants of this package; no outside text enters them

from tagdock_dashboards.pieces import kpis, looks, panels
from tagdock_dashboards.pieces.panels import Panel, column
from tagdock_dashboards.pieces.query import IN_SITE
from tagdock_dashboards.pieces.sdk import dashboard, models, table

IS_LATE = "state = 'open' AND due_at < now()"
WANTED = f"{IN_SITE} AND (state = 'open' OR state = 'done' AND $__timeFilter(done_at))"
TASKS = f"""
  count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE {IS_LATE}) AS overdue,
  count(*) FILTER (WHERE state = 'done') AS done,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM done_at - {{since}})::float8)
    FILTER (WHERE state = 'done') AS "took",
  (count(*) FILTER (WHERE state = 'done' AND done_how IN ('scan', 'read')))::float8
    / nullif(count(*) FILTER (WHERE state = 'done'), 0) AS "by scan or read"
"""
ANSWER_S = "percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM closed_at - opened_at)::float8)"
OVERDUE = looks.steps(levels=[(0, looks.GOOD), (1, looks.BAD)])


def by_person(panel_id: int) -> Panel:
    """List the work of each person."""
    return _tasks(
        panel_id,
        "Tasks by person",
        """
        Tasks by the person who has them, or who had them when they were done: open and overdue now, done in the period,
        the median of the time from getting one to its end, and the share that a scan or a reader ended. Work by which
        people are compared: mind what your agreements say of it. Source: tasks_v1.
        """,
        f"""
        SELECT coalesce(assignee, 'nobody yet') AS person, site,
          {TASKS.format(since="coalesce(assigned_at, opened_at)")}
        FROM tasks_v1 WHERE {WANTED} GROUP BY 1, 2 ORDER BY overdue DESC, open DESC, 1, 2 LIMIT 200
        """,
    ).span(14)


def by_kind(panel_id: int) -> Panel:
    """List the work of each kind."""
    return _tasks(
        panel_id,
        "Tasks by kind",
        """
        Tasks by kind: open and overdue now, done in the period, the median of the time from opening to end, and the
        share that a scan or a reader ended. Source: tasks_v1.
        """,
        f"""
        SELECT kind, {TASKS.format(since="opened_at")}
        FROM tasks_v1 WHERE {WANTED} GROUP BY 1 ORDER BY overdue DESC, open DESC, 1
        """,
    ).span(10)


def figures(panel_id: int) -> Panel:
    """List what each person had a hand in, and what became of it."""
    return (
        panels.rows(
            panel_id,
            "Figures by person",
            """
            What each person had a hand in over the period, and what became of it: of the orders that they picked or
            packed, those that left in time, and returns of such orders by those that left whole; of the lines that they
            counted, those without a difference in the record; the median of the stays in a state that their step ended;
            their repairs. It judges the house as much as the person: mind what your agreements say of it. Source:
            kpi_people_v1.
            """,
            f"""
            SELECT person, site, {kpis.share_of("on_time_dispatch")} AS "on-time dispatch",
              {kpis.share_of("return_rate")} AS "return rate", {kpis.share_of("stock_accuracy")} AS "stock accuracy",
              {kpis.median_of("time_in_state")} AS "time in a state", {kpis.median_of("repair_time")} AS "repair time",
              {kpis.share_of("first_time_fix")} AS "first-time fix"
            FROM kpi_people_v1 WHERE {IN_SITE} AND $__timeFilter(at)
            GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT 200
            """,
        )
        .override_by_name("on-time dispatch", _share(kpis.dispatch_steps()))
        .override_by_name("return rate", _share())
        .override_by_name("stock accuracy", _share(kpis.accuracy_steps()))
        .override_by_name("time in a state", column("s"))
        .override_by_name("repair time", column("s"))
        .override_by_name("first-time fix", _share())
        .no_value("nobody had a hand in anything")
        .height(9)
    )


def requests(panel_id: int) -> Panel:
    """Count complaints and enquiries, and how they were answered."""
    score = [
        *looks.override_steps(looks.steps(levels=[(1, looks.BAD), (3, looks.WARN), (4, looks.GOOD)])),
        *looks.override_nulls("nobody said", looks.UNKNOWN),
    ]
    return (
        panels.tiles(
            panel_id,
            "Complaints and enquiries",
            """
            Open and overdue now; closed in the period, half of them within so long, and the mean of the scores (1 to 5)
            that were given for those. Source: service_requests_v1.
            """,
            "short",
            f"""
            SELECT count(*) FILTER (WHERE state = 'open') AS "open", count(*) FILTER (WHERE {IS_LATE}) AS "overdue",
              count(*) FILTER (WHERE state = 'closed') AS "closed",
              {ANSWER_S} AS "to the answer",
              round(avg(score), 1)::float8 AS "score"
            FROM service_requests_v1 WHERE {IN_SITE} AND (state = 'open' OR $__timeFilter(closed_at))
            HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(unknown=looks.PLAIN))
        .override_by_name("overdue", looks.override_steps(OVERDUE))
        .override_by_name(
            "to the answer",
            [models.DynamicConfigValue("unit", "s"), *looks.override_nulls("none closed", looks.UNKNOWN)],
        )
        .override_by_name("score", score)
        .no_value("no request")
        .span(24)
    )


def by_class(panel_id: int) -> Panel:
    """List requests by what they are about."""
    return (
        panels.rows(
            panel_id,
            "What requests are about",
            """
            Requests that were opened in the period by class and kind, with whom they were laid to, where that was
            decided: how many, how many are open still, the median until closing, and the mean score.
            Source: service_requests_v1.
            """,
            f"""
            SELECT class, kind, count(*) AS requests, count(*) FILTER (WHERE state = 'open') AS open,
              {ANSWER_S} AS "to the answer",
              round(avg(score), 1)::float8 AS score,
              string_agg(DISTINCT liability, ', ' ORDER BY liability) AS "laid to"
            FROM service_requests_v1 WHERE {IN_SITE} AND $__timeFilter(opened_at)
            GROUP BY class, kind ORDER BY requests DESC, class, kind LIMIT 100
            """,
        )
        .override_by_name("to the answer", column("s"))
        .no_value("no request")
        .height(7)
    )


def _share(thresholds: dashboard.ThresholdsConfig | None = None) -> list[models.DynamicConfigValue]:
    return column("percentunit", thresholds=thresholds, mappings=looks.null_as("none", looks.UNKNOWN))


def _tasks(panel_id: int, title: str, says: str, sql: str) -> table.Panel:
    return (
        panels.rows(panel_id, title, says, sql)
        .override_by_name("overdue", column("short", thresholds=OVERDUE))
        .override_by_name("took", column("s"))
        .override_by_name("by scan or read", column("percentunit"))
        .no_value("no task")
        .height(10)
    )
