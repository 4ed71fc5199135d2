"""The Fleet dashboard: gateways and readers, what waits, how late, what was refused, whose clock is wrong."""
# ruff: noqa: S608  the queries are put together from constants of this package; no outside text enters them

from tagdock_dashboards.pieces import looks, panels, spans, variables
from tagdock_dashboards.pieces.page import Row, page
from tagdock_dashboards.pieces.panels import Panel, column
from tagdock_dashboards.pieces.query import IN_SITE
from tagdock_dashboards.pieces.sdk import dashboard, models

UID = "tagdock-fleet"
AGE_S = "extract(epoch FROM now() - greatest(last_seen_at, last_event_stored_at))"
CLOCK_WARN_S, CLOCK_BAD_S = 0.5, 5.0
"""A clock that is off by half a second shows in the latency; one off by five turns the order of two doors around."""


def build() -> models.Dashboard:
    """Build the dashboard."""
    return page(
        UID,
        "Fleet",
        "Gateways and readers: who is up, what waits, how late movements come, what was refused, whose clock is wrong.",
        variables=[variables.site(), variables.console_url()],
        rows=[
            Row("Gateways", [panels.freshness(11), summary(), gateways()]),
            Row("Readers", [readers(), reader_events()]),
            Row("From the door to the record", [end_to_end(), refused_by_hour(), latency(), refused()]),
            Row("The service itself", [ingests(), duties()]),
        ],
        since="now-6h",
    )


def summary() -> Panel:
    """Count who is well and who is not."""
    return (
        panels.tiles(
            1,
            "Who is well",
            """
            Gateways that said within five minutes that they are online, and those that did not; readers that are not
            up; events that wait in the gateways' outboxes; batches that were refused and are kept there. It does not
            depend on the chosen period. Source: gateways_v1, readers_v1.
            """,
            "short",
            f"""
            SELECT count(*) FILTER (WHERE {_IS_WELL}) AS "gateways up",
              count(*) FILTER (WHERE NOT {_IS_WELL}) AS "gateways down",
              (SELECT count(*) FROM readers_v1 WHERE {IN_SITE} AND state <> 'up') AS "readers down",
              sum(outbox_events) AS "events waiting", sum(outbox_refused_batches) AS "batches refused"
            FROM gateways_v1 WHERE {IN_SITE} HAVING count(*) > 0
            """,
        )
        .thresholds(looks.steps(levels=[(0, looks.GOOD), (1, looks.BAD)]))
        .override_by_name("gateways up", looks.override_steps(looks.steps(unknown=looks.BAD, levels=[(1, looks.GOOD)])))
        .override_by_name(
            "events waiting",
            looks.override_steps(looks.steps(levels=[(0, looks.GOOD), (1000, looks.WARN), (100_000, looks.BAD)])),
        )
        .no_value("no gateway is registered")
        .height(4)
        .span(24)
    )


def gateways() -> Panel:
    """List the gateways."""
    return (
        panels.rows(
            2,
            "Gateways",
            """
            Each gateway as it last reported itself. Read the state with the age beside it: it is its own word. The
            clock is the gateway's against the database's, with the way of the message in it. `lost` counts what had
            to be let go while its disk was full, by kind. Source: gateways_v1.
            """,
            f"""
            SELECT site, gateway, state, {AGE_S} AS "last message", software, outbox_events AS "waiting events",
              extract(epoch FROM now() - oldest_unacked_at) AS "oldest waiting", outbox_refused_batches AS "refused",
              clock_offset_s AS "clock ahead", nullif(lost::text, '{{}}') AS lost
            FROM gateways_v1 WHERE {IN_SITE} ORDER BY 4 DESC NULLS FIRST
            """,
        )
        .override_by_name("state", column("string", mappings=looks.states(online=looks.GOOD, offline=looks.BAD)))
        .override_by_name("last message", column("s", thresholds=looks.age_steps(), mappings=looks.null_as("never")))
        .override_by_name("waiting events", column("short"))
        .override_by_name("oldest waiting", column("s", mappings=looks.null_as("nothing waits", looks.UNKNOWN)))
        .override_by_name("refused", column("short", thresholds=looks.steps(levels=[(1, looks.BAD)])))
        .override_by_name(
            "clock ahead", column("s", thresholds=_clock(), mappings=looks.null_as("not told", looks.UNKNOWN))
        )
        .override_by_name("lost", column("string", mappings=looks.null_as("nothing", looks.UNKNOWN)))
        .no_value("no gateway is registered")
        .height(8)
    )


def readers() -> Panel:
    """List the readers, those in trouble first."""
    return (
        panels.rows(
            3,
            "Readers",
            """
            Each reader as its gateway sees it: connection, reads since the gateway started, the last read, the reader's
            clock against the gateway's, and what is wrong. An old word of a silent gateway is old: see the age. Source:
            readers_v1.
            """,
            f"""
            SELECT site, gateway, reader, state, reads, extract(epoch FROM now() - last_read_at) AS "last read",
              clock_offset_s AS "clock ahead", detail, extract(epoch FROM now() - told_at) AS "told"
            FROM readers_v1 WHERE {IN_SITE} ORDER BY state = 'up', site, gateway, reader LIMIT 500
            """,
        )
        .override_by_name(
            "state", column("string", mappings=looks.states(up=looks.GOOD, connecting=looks.WARN, down=looks.BAD))
        )
        .override_by_name("last read", column("s", mappings=looks.null_as("none yet", looks.UNKNOWN)))
        .override_by_name(
            "clock ahead", column("s", thresholds=_clock(), mappings=looks.null_as("none", looks.UNKNOWN))
        )
        .override_by_name("told", column("s", thresholds=looks.age_steps()))
        .no_value("no gateway has told of a reader")
        .span(14)
    )


def reader_events() -> Panel:
    """List what the readers reported of themselves."""
    return (
        panels.rows(
            4,
            "What readers reported",
            """
            The newest 100 events of readers in the period: up, down, hot, an antenna that fell off. Source:
            reader_events_v1.
            """,
            f"""
            SELECT observed_at AS "at", site, reader, antenna, state, detail FROM reader_events_v1
            WHERE $__timeFilter(observed_at) AND {IN_SITE} ORDER BY observed_at DESC LIMIT 100
            """,
        )
        .override_by_name("at", column("dateTimeAsLocal"))
        .no_value("None: no reader had anything to report")
        .span(10)
    )


def end_to_end() -> Panel:
    """Show how late movements come."""
    return (
        panels.tiles(
            9,
            "From the door to the database",
            """
            Time from the observation at the door to the commit in the database over the period: the middle passage, the
            99th percentile (both to an eighth), and the slowest, which after an outage tells how long it was. Source:
            movements_v1; beyond a day lateness_v1, beyond five weeks lateness_days_v1.
            """,
            "s",
            spans.percentiles(spans.lateness(doors=False)),
        )
        .thresholds(looks.steps(levels=[(-86_400, looks.GOOD), (5, looks.WARN), (60, looks.BAD)]))
        .mappings(looks.null_as("no movements", looks.UNKNOWN))
        .no_value("no movements")
        .span(12)
    )


def refused_by_hour() -> Panel:
    """Draw when batches were refused."""
    panel = panels.stacked_bars(
        panels.time_series(
            10,
            "Batches refused, by hour",
            """
            Batches that the cloud could not read, by the hour in which they came and by gateway: a burst after an
            upgrade is a version that does not match. Source: refused_batches_v1.
            """,
            "short",
            f"""
            SELECT date_trunc('hour', refused_at, 'UTC') AS "time", site || ' ' || gateway AS metric,
              count(*) AS "refused"
            FROM refused_batches_v1 WHERE $__timeFilter(refused_at) AND {IN_SITE} GROUP BY 1, 2 ORDER BY 1, 2
            """,
        )
    )
    return panel.min(0).no_value("None: nothing was refused in this period").height(5).span(12)


def latency() -> Panel:
    """Draw the latency of each gateway."""
    return (
        panels.seconds_of_all_sizes(
            panels.time_series(
                5,
                "Slowest 1 % from the door to the database, by gateway",
                """
            99th percentile, to an eighth, of the time from observation to commit within each point's width, by gateway:
            passage detection, outbox, network and ingest, and the offset between the clocks. After an outage it shows
            how much was made up for. Source: movements_v1, by time of observation; beyond a day lateness_v1, by hour,
            beyond five weeks lateness_days_v1.
            """,
                "s",
                f"""
            SELECT "time", metric, min(late_s) FILTER (WHERE upto >= 0.99 * passages) AS "p99" FROM (
              SELECT {spans.POINT}, site || ' ' || gateway AS metric, late_s,
                sum(sum(passages)) OVER (PARTITION BY {spans.POINT_ALONE}, site, gateway ORDER BY late_s) AS upto,
                sum(sum(passages)) OVER (PARTITION BY {spans.POINT_ALONE}, site, gateway) AS passages
              FROM {spans.lateness(doors=False)} GROUP BY 1, site, gateway, late_s
            ) AS bands GROUP BY 1, 2 ORDER BY 1, 2
            """,
            )
        )
        .interval("10s")
        .no_value("no movements")
        .span(12)
    )


def refused() -> Panel:
    """List refused batches."""
    return (
        panels.rows(
            6,
            "Refused batches",
            """
            The newest 100 batches that the cloud could not read, with the reason; the gateway keeps them, too. Whatever
            the chosen period. Source: refused_batches_v1.
            """,
            f"""
            SELECT refused_at AS "refused at", site, gateway, seq, reason, payload_bytes AS "size"
            FROM refused_batches_v1 WHERE {IN_SITE} ORDER BY refused_at DESC LIMIT 100
            """,
        )
        .override_by_name("refused at", column("dateTimeAsLocal"))
        .override_by_name("size", column("bytes"))
        .no_value("None: nothing was refused")
        .span(12)
    )


def ingests() -> Panel:
    """List the programs that store."""
    return (
        panels.rows(
            7,
            "Ingest programs",
            """
            Each program that stores what gateways send: what it has stored since its first start, what came twice, how
            late the last group was when it was committed. They serve all sites. Source: ingests_v1.
            """,
            """
            SELECT client_id AS program, extract(epoch FROM now() - last_committed_at) AS "last commit",
              events_stored AS stored, events_doubled AS doubled, batches_refused AS refused,
              last_group_events AS "last group", last_lag_s AS "late by"
            FROM ingests_v1 ORDER BY client_id
            """,
        )
        .override_by_name("last commit", column("s", mappings=looks.null_as("none yet", looks.UNKNOWN)))
        .override_by_name(
            "late by",
            column("s", thresholds=looks.steps(levels=[(-86_400, looks.GOOD), (5, looks.WARN), (60, looks.BAD)])),
        )
        .no_value("no program has stored anything yet")
        .height(7)
        .span(12)
    )


def duties() -> Panel:
    """List due work."""
    return (
        panels.rows(
            8,
            "Due work",
            """
            What the service does at intervals (alerts, deliveries, retention, sessions): when it was last done, how
            long it took, and how often in a row it failed. Source: duties_v1.
            """,
            """
            SELECT duty, extract(epoch FROM now() - done_at) AS "done", every_s AS "every", took_s AS took,
              failures, error
            FROM duties_v1 ORDER BY failures DESC, now() - done_at DESC NULLS FIRST
            """,
        )
        .override_by_name("done", column("s", mappings=looks.null_as("never", looks.BAD)))
        .override_by_name("every", column("s"))
        .override_by_name("took", column("s"))
        .override_by_name("failures", column("short", thresholds=looks.steps(levels=[(0, looks.GOOD), (1, looks.BAD)])))
        .no_value("no worker has run yet: start tagdock-cloud work")
        .height(7)
        .span(12)
    )


_IS_WELL = "coalesce(state = 'online' AND last_seen_at > now() - interval '5 minutes', false)"


def _clock() -> dashboard.ThresholdsConfig:
    return looks.steps(
        levels=[
            (-1e9, looks.BAD),
            (-CLOCK_BAD_S, looks.WARN),
            (-CLOCK_WARN_S, looks.GOOD),
            (CLOCK_WARN_S, looks.WARN),
            (CLOCK_BAD_S, looks.BAD),
        ]
    )
