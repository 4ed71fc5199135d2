"""How long each series of the record is kept."""

from typing import Any, Literal, get_args

from tagdock_cloud.store.pool import Connection, DictRow
from tagdock_cloud.store.queries import load_queries

Series = Literal["movements", "bin_readings", "reader_events", "epcis"]
SERIES: tuple[Series, ...] = get_args(Series)
LEAST_DAYS = 31
"""Whole months are dropped of all series but EPCIS events; what was observed this month is never."""
_SQL = load_queries("tagdock_cloud.keeping")


def list_retention(connection: Connection[DictRow]) -> list[dict[str, Any]]:
    """Return series, keep_days (None: for ever) and begins_at (what was observed before has been dropped)."""
    return connection.execute(_SQL["retention"]).fetchall()


def keep(connection: Connection[DictRow], series: Series, keep_days: int | None) -> None:
    """Keep a series so many days (31..), None: for ever; what is older is dropped by the worker from then on."""
    if series == "epcis":
        connection.execute(_SQL["keep_epcis"], {"keep_days": keep_days})
        return
    connection.execute(_SQL["keep"], {"series": series, "keep_days": keep_days})
    connection.execute(_SQL["follow_retention"])
