"""Where figures over time are read from: the record for a day, what is counted by hour for weeks, by day for months.

Grafana puts the period's ends into the query as numbers, so that the database drops the sources that are not asked
before it looks at any row (decision 0117).
"""
# ruff: noqa: S608  the queries are put together from constants of this package

from tagdock_dashboards.pieces.query import IN_DOOR, IN_SITE

DAY_MS = 26 * 3_600_000
"""Up to this long the record is read: a day, and what a person adds who looks at it since midnight."""
MONTHS_MS = 35 * 86_400_000
"""Beyond this, hours would be finer than a screen is wide."""

LENGTH_MS = "($__to - $__from)"
IS_DAY = f"{LENGTH_MS} <= {DAY_MS}"
IS_WEEKS = f"{LENGTH_MS} > {DAY_MS} AND {LENGTH_MS} <= {MONTHS_MS}"
IS_MONTHS = f"{LENGTH_MS} > {MONTHS_MS}"

STEP_MS = (
    f"greatest($__interval_ms, CASE WHEN {IS_MONTHS} THEN 86400000 WHEN {LENGTH_MS} > {DAY_MS} THEN 3600000 ELSE 0 END)"
)
"""How long one point is: what the panel's width gives, and no shorter than what is counted."""

POINT_ALONE = f"date_bin(make_interval(secs => {STEP_MS} / 1000.0), at, '2000-01-01Z')"
POINT = f'{POINT_ALONE} AS "time"'
"""The point that a row of these sources belongs to, without and with its name."""

_LATE_S = "date_part('epoch', stored_at - observed_at)"
_BAND_S = f"10 ^ ((floor(10 * log(greatest({_LATE_S} * 1000, 1))) + 0.5) / 10 - 3)"


def passages(*, doors: bool = True) -> str:
    """Write a source of passages, corrections applied: `site`, `at`, `door`, `direction`, `n`."""
    by_door = f" AND {IN_DOOR}" if doors else ""
    return f"""(
      SELECT site, observed_at AS at, settled_door AS door, settled_direction AS direction, 1::bigint AS n
      FROM movements_v1 WHERE $__timeFilter(observed_at) AND {IN_SITE}{by_door} AND door IS NOT NULL
        AND settled_direction <> 'none' AND {IS_DAY}
      UNION ALL
      SELECT site, hour_at, door, told.direction, told.n FROM throughput_v1
      CROSS JOIN LATERAL (VALUES ('in', "in"), ('out', "out"), ('pass', pass), ('uncertain', uncertain))
        AS told (direction, n)
      WHERE $__timeFilter(hour_at) AND {IN_SITE}{by_door} AND told.n <> 0 AND NOT ({IS_DAY})
    ) AS passages"""


def lateness(*, doors: bool = True) -> str:
    """Write a source of lateness as reported: `site`, `at`, `door`, `gateway`, `late_s`, `slowest_s`, and counts."""
    by_door = f" AND {IN_DOOR}" if doors else ""
    columns = "site, {at} AS at, door, gateway, late_s, passages, uncertain, slowest_s"
    return f"""(
      SELECT site, observed_at AS at, door, gateway, {_BAND_S} AS late_s, 1::bigint AS passages,
        (direction = 'uncertain')::int::bigint AS uncertain, {_LATE_S} AS slowest_s
      FROM movements_v1 WHERE $__timeFilter(observed_at) AND {IN_SITE}{by_door} AND door IS NOT NULL AND {IS_DAY}
      UNION ALL
      SELECT {columns.format(at="hour_at")}
      FROM lateness_v1 WHERE $__timeFilter(hour_at) AND {IN_SITE}{by_door} AND {IS_WEEKS}
      UNION ALL
      SELECT {columns.format(at="day_at")}
      FROM lateness_days_v1 WHERE $__timeFilter(day_at) AND {IN_SITE}{by_door} AND {IS_MONTHS}
    ) AS lateness"""


def readings(quantity: str) -> str:
    """Write a source of a sensor's quantity, good readings only: `site`, `at`, `bin`, `readings`, `total`."""
    chosen = f"{IN_SITE} AND quantity = '{quantity}'"
    return f"""(
      SELECT site, observed_at AS at, bin, 1::bigint AS readings, value AS total FROM bin_readings_v1
      WHERE $__timeFilter(observed_at) AND {chosen} AND quality = 'good' AND {IS_DAY}
      UNION ALL
      SELECT site, hour_at, bin, readings, total FROM reading_hours_v1
      WHERE $__timeFilter(hour_at) AND {chosen} AND NOT ({IS_DAY})
    ) AS readings"""


def percentiles(source: str, *, over_time: bool = False) -> str:
    """Write a query of the median, the 99th percentile and the slowest; one row, or one a point."""
    point, by, each = (
        (f"{POINT}, ", "GROUP BY 1, late_s", f"PARTITION BY {POINT_ALONE} ")
        if over_time
        else ("", "GROUP BY late_s", "")
    )
    named, end = ('"time", ', "GROUP BY 1 ORDER BY 1") if over_time else ("", "HAVING count(*) > 0")
    return f"""
    SELECT {named}least(min(late_s) FILTER (WHERE upto >= 0.5 * passages), max(slowest_s)) AS "median",
      least(min(late_s) FILTER (WHERE upto >= 0.99 * passages), max(slowest_s)) AS "p99", max(slowest_s) AS "slowest"
    FROM (
      SELECT {point}late_s, max(slowest_s) AS slowest_s, sum(sum(passages)) OVER ({each}ORDER BY late_s) AS upto,
        sum(sum(passages)) OVER ({each.strip()}) AS passages
      FROM {source} {by}
    ) AS bands {end}
    """
