"""What others told of an item, as rows of its history."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from tagdock_cloud.epcis.links import canonical
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.database import Database

_SQL = load_queries("tagdock_cloud.epcis")


async def captured_history(
    db: Database,
    epcs: Iterable[str],
    rows: int,
    *,
    sites: list[str] | None = None,
    site: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime | None, UUID | None] = (None, None),
) -> list[dict[str, Any]]:
    """Return what captured events say of an EPC in any of its forms, before a key, newest first; since <= time < until.

    The key of a row (`observed_at`, `event_id`) is of the shape that movements have; `event_id` is made of the event's
    number here, `epcis.event_id` is the event's own.
    """
    names = list(dict.fromkeys(map(canonical, epcs)))
    where = {"names": names, "sites": sites, "site": site, "since": since, "until": until}
    values = {**where, "rows": rows, "before_at": before[0], "before_id": before[1]}
    return [_row(row) for row in await db.all(_SQL["history"], values)]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    outer = {name: row.pop(name) for name in ("site", "observed_at", "stored_at", "key_id", "epc")}
    return {**outer, "event_id": outer.pop("key_id"), "epcis": row}
