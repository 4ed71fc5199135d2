"""The dashboard of environment and bin sensors: inside the range, out of it, silent, running low."""
# ruff: noqa: S608  the queries are put together from constants of this package; no outside text enters them

from tagdock_dashboards.pieces import looks, panels, spans, variables
from tagdock_dashboards.pieces.page import Row, page
from tagdock_dashboards.pieces.panels import Panel, column
from tagdock_dashboards.pieces.query import IN_SITE
from tagdock_dashboards.pieces.sdk import dashboard, models

UID = "tagdock-environment"
STALE_S = 3600
"""A sensor is called silent after an hour, as the alert rule of a fresh system does."""
LOW_BATTERY_PCT = 15
AGE_S = "extract(epoch FROM now() - observed_at)"
IS_STALE = f"observed_at < now() - interval '{STALE_S} seconds'"
IS_OUT = "(value < low OR value > high)"
SENSORS = f"FROM sensors_v1 WHERE {IN_SITE}"


def build() -> models.Dashboard:
    """Build the dashboard."""
    return page(
        UID,
        "Environment and bins",
        "Temperature and humidity against what the zones prescribe, bin sensors, batteries, sensors that fell silent.",
        variables=[variables.site(), variables.zone(), variables.console_url()],
        rows=[
            Row("Is it fresh?", [panels.freshness(8)]),
            Row("Is anything wrong?", [sensors_now(), trouble()]),
            Row("Over time", [over_time(2, "temperature_c", "celsius"), over_time(3, "humidity_pct", "humidity")]),
            Row("In the bins", [bin_sensors(), batteries()]),
            Row("Alerts", [alerts()]),
        ],
        since="now-24h",
        refresh="30s",
    )


def sensors_now() -> Panel:
    """Count sensors by how they are."""
    panel = panels.tiles(
        1,
        "Sensors",
        f"""
        Sensors that spoke within a month: all of them; those whose last value lies outside the range that their zone
        prescribes; those whose last word is not a good one; those silent for an hour; those whose battery is under
        {LOW_BATTERY_PCT} %. It does not depend on the chosen period. Source: sensors_v1.
        """,
        "short",
        f"""
        SELECT count(*) AS "sensors", count(*) FILTER (WHERE {IS_OUT} AND quality = 'good') AS "out of range",
          count(*) FILTER (WHERE quality <> 'good') AS "in doubt", count(*) FILTER (WHERE {IS_STALE}) AS "silent",
          count(*) FILTER (WHERE quantity = 'battery_pct' AND value < {LOW_BATTERY_PCT}) AS "low battery"
        {SENSORS} HAVING count(*) > 0
        """,
    ).thresholds(looks.steps(levels=[(0, looks.GOOD), (1, looks.BAD)]))
    return (
        panel.override_by_name("sensors", looks.override_steps(looks.steps(unknown=looks.PLAIN)))
        .no_value("no sensor has spoken yet")
        .height(4)
        .span(24)
    )


def trouble() -> Panel:
    """List the sensors that somebody has to look at."""
    return (
        panels.rows(
            4,
            "Sensors to look at",
            f"""
            Sensors out of their range, in doubt, silent for an hour, or with a battery under {LOW_BATTERY_PCT} %, with
            what they said last and when. It does not depend on the chosen period. Source: sensors_v1.
            """,
            f"""
            SELECT site, zone, bin, quantity, value, low, high, quality, {AGE_S} AS "spoke", gateway,
              CASE WHEN {IS_STALE} THEN 'silent' WHEN quality <> 'good' THEN 'in doubt'
                WHEN {IS_OUT} THEN 'out of range' ELSE 'low battery' END AS trouble
            {SENSORS} AND ({IS_OUT} OR {IS_STALE} OR quality <> 'good'
              OR (quantity = 'battery_pct' AND value < {LOW_BATTERY_PCT}))
            ORDER BY observed_at DESC LIMIT 200
            """,
        )
        .override_by_name("spoke", column("s"))
        .no_value("None: every sensor is well")
        .height(8)
    )


def over_time(panel_id: int, quantity: str, unit: str) -> Panel:
    """Draw a quantity, the mean of each zone, with its least and largest reading."""
    name = {"temperature_c": "Temperature", "humidity_pct": "Relative humidity"}[quantity]
    return (
        panels.time_series(
            panel_id,
            f"{name} by zone",
            """
            Mean of the good readings of each zone's sensors over each point's width; a single sensor out of its range
            stands in the list above. A gap means that no sensor spoke. Source: bin_readings_v1, beyond a day
            reading_hours_v1, by hour; bins_v1.
            """,
            unit,
            f"""
            SELECT "time", coalesce(b.zone, 'no zone') AS metric, sum(total) / sum(readings) AS "mean"
            FROM (
              SELECT {spans.POINT}, site, bin, sum(total) AS total, sum(readings) AS readings
              FROM {spans.readings(quantity)} GROUP BY 1, 2, 3
            ) AS told LEFT JOIN bins_v1 b USING (site, bin)
            WHERE coalesce(b.zone, 'no zone') = ANY (ARRAY[$zone]::text[]) GROUP BY 1, 2 ORDER BY 1, 2
            """,
        )
        .interval("1m")
        .no_value("no sensor has spoken in this period")
        .span(12)
    )


def bin_sensors() -> Panel:
    """List what the bins' sensors last said."""
    return (
        panels.rows(
            5,
            "Bins, as their sensors see them",
            """
            The last word of each sensor of a bin: whether something is there, how much, how full. Red: silent for an
            hour. It does not depend on the chosen period. Source: sensors_v1.
            """,
            f"""
            SELECT site, bin, zone, max(value) FILTER (WHERE quantity = 'occupied') AS occupied,
              max(value) FILTER (WHERE quantity = 'count') AS count,
              max(value) FILTER (WHERE quantity = 'mass_kg') AS mass,
              max(value) FILTER (WHERE quantity = 'distance_mm') AS distance,
              extract(epoch FROM now() - max(observed_at)) AS "spoke"
            {SENSORS} AND quantity IN ('occupied', 'count', 'mass_kg', 'distance_mm')
            GROUP BY site, bin, zone ORDER BY max(observed_at) DESC LIMIT 500
            """,
        )
        .override_by_name("occupied", column("bool_yes_no", mappings=looks.null_as("-", looks.UNKNOWN)))
        .override_by_name("mass", column("masskg"))
        .override_by_name("distance", column("lengthmm"))
        .override_by_name("spoke", column("s", thresholds=_silence()))
        .no_value("no bin has a sensor that spoke")
        .span(14)
    )


def batteries() -> Panel:
    """Rank the weakest batteries."""
    return (
        panels.bars(
            6,
            "Weakest batteries",
            """
            The 20 sensors with the least left in their batteries, as they said last. It does not depend on the chosen
            period. Source: sensors_v1.
            """,
            "percent",
            f"""
            SELECT bin || ' (' || site || ')' AS sensor, value AS "left" {SENSORS} AND quantity = 'battery_pct'
            ORDER BY 2, 1 LIMIT 20
            """,
        )
        .max(100)
        .thresholds(looks.steps(unknown=looks.BAD, levels=[(LOW_BATTERY_PCT, looks.WARN), (30, looks.GOOD)]))
        .no_value("no sensor tells of its battery")
        .height(9)
        .span(10)
    )


def alerts() -> Panel:
    """List the open alerts about sensors."""
    return panels.alerts(7, "Open alerts of sensors and bins", ("environment", "sensor_stale", "bin_over"))


def _silence() -> dashboard.ThresholdsConfig:
    return looks.steps(unknown=looks.BAD, levels=[(-86_400, looks.GOOD), (STALE_S, looks.BAD)])
