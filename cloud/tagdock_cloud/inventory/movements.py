"""Movements over HTTP: page by page, or whole as an export."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from tagdock_cloud.inventory.record import MovementFilter, find_movements, recorded_forms
from tagdock_cloud.inventory.records import MovementPage, MovementRecord, SettledDirection
from tagdock_cloud.inventory.rules import candidates
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.database import Database, Db
from tagdock_cloud.web.export import EXPORTED, Rows, asked_form, export
from tagdock_cloud.web.names import EpcText, Instant, Label, Place, Site, Sku
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor

_SQL = load_queries("tagdock_cloud.inventory")
COLUMNS: Final = tuple(MovementRecord.model_fields)
router = APIRouter(prefix="/api/v1", tags=["inventory"])


async def _wanted(
    *,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    door: Annotated[Place | None, Query(description="Where it counts, whatever was reported.")] = None,
    bin: Place | None = None,  # noqa: A002  # the field's word
    zone: Annotated[Label | None, Query(description="What was put into its bins or taken out of them.")] = None,
    direction: Annotated[SettledDirection | None, Query(description="As it counts; none: did not happen.")] = None,
    sku: Sku | None = None,
    epc: EpcText | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> MovementFilter:
    caller.check(site)
    epcs = None if epc is None else await recorded_forms(db, candidates(epc))
    place = {"site": site, "door": door, "bin": bin, "zone": zone, "direction": direction, "sku": sku}
    return MovementFilter(sites=caller.listed, epcs=epcs, since=since, until=until, **place)  # type: ignore[arg-type]


Wanted = Annotated[MovementFilter, Depends(_wanted)]


@router.get("/movements", response_model=MovementPage, responses=EXPORTED)
async def list_movements(
    *,
    request: Request,
    db: Db,
    _: Viewer,
    wanted: Wanted,
    limit: Limit = 100,
    cursor: CursorText = None,
    accept: Annotated[str, Header(max_length=1000)] = "",
) -> Response:
    """List movements, newest first; the period is half open: since <= observed_at < until.

    As CSV or NDJSON all of them come, site by site, the oldest first.
    """
    form = asked_form(accept)
    if form is not None:
        return await export(request, form, "movements", COLUMNS, _all(db, wanted))
    before = read_cursor(cursor, datetime, UUID)
    rows = await find_movements(db, wanted, limit + 1, (before[0], before[1]))
    return page(request, rows, limit, "observed_at", "event_id")


async def _all(db: Database, wanted: MovementFilter) -> AsyncGenerator[Rows, None]:
    """Yield all movements that are wanted; each site is walked along its own key, so nothing has to be sorted."""
    async with db.snapshot() as transaction:
        for row in await transaction.all(_SQL["sites"], asdict(wanted)):
            values: dict[str, Any] = asdict(replace(wanted, site=row["site"]))
            async with aclosing(transaction.slices(_SQL["movements_of_site"], values, COLUMNS)) as slices:
                async for rows in slices:
                    yield rows
