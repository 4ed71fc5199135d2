"""SQL queries of Grafana's PostgreSQL data source, which the SDK has no class for."""

from dataclasses import dataclass
from textwrap import dedent
from typing import Literal

from tagdock_dashboards.pieces.sdk import Builder, Dataquery, common_models

Format = Literal["time_series", "table"]

DATA_SOURCE_TYPE = "grafana-postgresql-datasource"
DATA_SOURCE_UID = "tagdock"
"""Panels name the data source by this uid, so it has to be the same wherever they are loaded."""

IN_SITE = "site = ANY (ARRAY[$site]::text[])"
"""Limits a query to the chosen sites; unlike `IN ($site)` it stays legal SQL while there is no site yet."""

EVERY = "'*'"
"""What "All" becomes where it has to hold for values that stand in no list. The database drops the condition then,
before it plans: an estimate of a condition that is always true would send it down the wrong way."""

IN_DOOR = f"(ARRAY[$door]::text[] = ARRAY[{EVERY}] OR door = ANY (ARRAY[$door]::text[]))"
"""Limits a query to the chosen doors, or not at all."""

IN_SKU = f"(ARRAY[$sku]::text[] = ARRAY[{EVERY}] OR sku = ANY (ARRAY[$sku]::text[]))"
"""Limits a query to the chosen SKUs, or not at all: then items count, too, of which nobody knows their SKU."""


def data_source() -> common_models.DataSourceRef:
    """Name the data source that every query runs on."""
    return common_models.DataSourceRef(type_val=DATA_SOURCE_TYPE, uid=DATA_SOURCE_UID)


@dataclass
class SqlQuery(Dataquery):
    """One query as the data source stores it."""

    sql: str
    format: Format
    ref_id: str

    def to_json(self) -> dict[str, object]:
        """Return the target object of a panel."""
        return {
            "datasource": data_source().to_json(),
            "editorMode": "code",
            "format": self.format,
            "rawQuery": True,
            "rawSql": self.sql,
            "refId": self.ref_id,
        }


class Sql(Builder[Dataquery]):
    """Build a query from SQL text. Only `*_v1` views may be read; comments are not kept by every Grafana."""

    def __init__(self, sql: str, *, format: Format = "table", ref_id: str = "A") -> None:  # noqa: A002  Grafana's word
        self._query = SqlQuery(dedent(sql).strip(), format, ref_id)

    def build(self) -> Dataquery:
        """Return the query."""
        return self._query
