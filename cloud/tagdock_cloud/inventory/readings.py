"""Bin readings over HTTP: what sensors told, and what they told last."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from tagdock_cloud.inventory.newest import newest_of_sites
from tagdock_cloud.inventory.records import ReadingPage, ReadingRecord
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.database import Database, Db
from tagdock_cloud.web.export import EXPORTED, Rows, asked_form, export
from tagdock_cloud.web.names import Instant, Label, Place, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor

_SQL = load_queries("tagdock_cloud.inventory")
COLUMNS: Final = tuple(ReadingRecord.model_fields)
Quantity = Annotated[str, Query(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="mass_kg, temperature_c, ...")]
router = APIRouter(prefix="/api/v1", tags=["inventory"])


async def _wanted(
    *,
    caller: Viewer,
    site: Site | None = None,
    bin: Place | None = None,  # noqa: A002  # the field's word
    zone: Label | None = None,
    quantity: Quantity | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> dict[str, Any]:
    caller.check(site)
    place = {"sites": caller.listed, "site": site, "bin": bin, "zone": zone, "quantity": quantity}
    return {**place, "since": since, "until": until}


Wanted = Annotated[dict[str, Any], Depends(_wanted)]


@router.get("/bin-readings", response_model=ReadingPage, responses=EXPORTED)
async def list_readings(
    *,
    request: Request,
    db: Db,
    _: Viewer,
    wanted: Wanted,
    limit: Limit = 100,
    cursor: CursorText = None,
    accept: Annotated[str, Header(max_length=1000)] = "",
) -> Response:
    """List bin readings, newest first; as CSV or NDJSON all of them come, site by site, the oldest first."""
    form = asked_form(accept)
    if form is not None:
        return await export(request, form, "bin-readings", COLUMNS, _all(db, wanted))
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    values = {**wanted, "before_at": before_at, "before_id": before_id}
    rows = await newest_of_sites(db, _SQL["readings"], values, limit + 1)
    return page(request, rows, limit, "observed_at", "event_id")


@router.get("/bin-readings/latest", response_model=ReadingPage)
async def list_latest(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site,
    bin: Place | None = None,  # noqa: A002
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List what was read last of each bin and quantity of a site, by bin."""
    caller.check(site)
    after_bin, after_quantity = read_cursor(cursor, str, str)
    values = {"site": site, "bin": bin, "after_bin": after_bin, "after_quantity": after_quantity, "rows": limit + 1}
    return page(request, await db.all(_SQL["latest_readings"], values), limit, "bin", "quantity")


async def _all(db: Database, wanted: dict[str, Any]) -> AsyncGenerator[Rows, None]:
    async with db.snapshot() as transaction:
        for row in await transaction.all(_SQL["sites"], wanted):
            values = {**wanted, "site": row["site"]}
            async with aclosing(transaction.slices(_SQL["readings_of_site"], values, COLUMNS)) as slices:
                async for rows in slices:
                    yield rows
