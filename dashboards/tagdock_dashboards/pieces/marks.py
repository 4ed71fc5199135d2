"""Marks on every time axis: when a plan was approved, and while something was out of order."""
# ruff: noqa: S608  the query is put together from constants of this package

from tagdock_dashboards.pieces import looks
from tagdock_dashboards.pieces.query import IN_SITE, Sql, data_source
from tagdock_dashboards.pieces.sdk import Builder, dashboard, models

Mark = Builder[models.AnnotationQuery]


def approvals() -> Mark:
    """Mark the moments at which plans were approved."""
    return _marks("Plans approved", "plan", looks.PLAIN)


def faults() -> Mark:
    """Mark the times during which a gateway was silent or due work failed."""
    return _marks("Faults", "fault", looks.BAD)


def _marks(name: str, kind: str, colour: str) -> Mark:
    sql = f"""
        SELECT begins_at AS time, ends_at AS timeend, words AS text, site || ',' || kind AS tags
        FROM marks_v1 WHERE $__timeFilter(begins_at) AND {IN_SITE} AND kind = '{kind}' ORDER BY 1 DESC LIMIT 500
    """
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(data_source())
        .enable(True)
        .icon_color(colour)
        .target(Sql(sql, ref_id=name))
    )
