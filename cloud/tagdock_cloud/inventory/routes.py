"""Items, movements and stock over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from pydantic_core import to_json
from starlette.responses import Response
from tagdock_contract import Direction

from tagdock_cloud.goods.records import Written
from tagdock_cloud.inventory.epc import gtin14
from tagdock_cloud.inventory.record import MovementFilter, find_item, find_items, find_movements, recorded_forms
from tagdock_cloud.inventory.records import ItemList, ItemPage, ItemRecord, MovementPage, State, StockPage
from tagdock_cloud.inventory.rules import candidates, canonical_epcs, missing_place
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db
from tagdock_cloud.web.names import EpcText, Instant, Label, Place, Site, Sku
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import not_found
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.inventory")
EpcPath = Annotated[str, Path(max_length=400, description="Hex, URN or GS1 Digital Link, percent-encoded.")]
router = APIRouter(prefix="/api/v1", tags=["inventory"])


@router.get("/movements", response_model=MovementPage)
async def list_movements(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    door: Place | None = None,
    bin: Place | None = None,  # noqa: A002  # the field's word
    direction: Direction | None = None,
    sku: Sku | None = None,
    epc: EpcText | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List movements, newest first; the period is half open: since <= observed_at < until."""
    caller.check(site)
    before = read_cursor(cursor, datetime, UUID)
    epcs = None if epc is None else await recorded_forms(db, candidates(epc))
    wanted = MovementFilter(
        sites=caller.listed,
        site=site,
        door=door,
        bin=bin,
        direction=direction,
        sku=sku,
        epcs=epcs,
        since=since,
        until=until,
    )
    rows = await find_movements(db, wanted, limit + 1, (before[0], before[1]))
    return page(request, rows, limit, "observed_at", "event_id")


@router.get("/items", response_model=ItemPage)
async def list_items(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    sku: Sku | None = None,
    state: State | None = None,
    bin: Place | None = None,  # noqa: A002
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List items by EPC: what each is, where it is, since when."""
    caller.check(site)
    (after,) = read_cursor(cursor, str)
    wanted = {"site": site, "sku": sku, "state": state, "bin_": bin}
    rows = await find_items(db, caller.listed, rows=limit + 1, after=after, **wanted)
    return page(request, rows, limit, "epc")


@router.put("/items", response_model=Written, max_body_size=16 * 2**20)
async def put_items(db: Db, caller: Integrator, body: ItemList) -> Response:
    """Register cartons and where they stand; all of them or none. The same words again change nothing."""
    for site in {item.site for item in body.items}:
        caller.check(site)
    epcs = canonical_epcs([item.epc for item in body.items])
    rows = [{**item.model_dump(), "epc": epc, "gtin": gtin14(epc)} for item, epc in zip(body.items, epcs, strict=True)]
    values: dict[str, Any] = {"items": to_json(rows).decode()}
    async with db.transaction() as transaction:
        missing = await transaction.one(_SQL["places_missing"], values)
        if missing:
            raise missing_place(missing)
        known = await transaction.all(_SQL["registered"], {"epcs": epcs})
        for item in known:  # what stands at another site is not to be claimed by this one
            caller.check(item["site"])
        await transaction.run(_SQL["register"], values)
        await transaction.run(_SQL["project"], {"epcs": epcs})
        if rows:
            await audit(transaction, caller, "items.put", "items", before=known, after=rows)
    return reply({"written": len(rows)})


@router.get("/items/{epc:path}/history", response_model=MovementPage)
async def item_history(
    *, request: Request, db: Db, caller: Viewer, epc: EpcPath, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """List one item's movements, newest first."""
    before = read_cursor(cursor, datetime, UUID)
    epcs = await recorded_forms(db, candidates(epc))
    rows = await find_movements(db, MovementFilter(sites=caller.listed, epcs=epcs), limit + 1, (before[0], before[1]))
    if not rows and await find_item(db, caller.listed, epcs) is None:
        raise not_found("item", epc)
    return page(request, rows, limit, "observed_at", "event_id")


@router.get("/items/{epc:path}", response_model=ItemRecord)
async def where_is(db: Db, caller: Viewer, epc: EpcPath) -> Response:
    """Tell where an item is and since when."""
    row = await find_item(db, caller.listed, await recorded_forms(db, candidates(epc)))
    if row is None:
        raise not_found("item", epc)
    return reply(row)


@router.get("/stock", response_model=StockPage)
async def list_stock(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    sku: Sku | None = None,
    zone: Label | None = None,
    state: State | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """Count what is there by SKU, zone and state; without `state`, what has left or is unknown does not count."""
    caller.check(site)
    keys = ("site", "sku", "zone", "state")
    after = dict(zip((f"after_{key}" for key in keys), read_cursor(cursor, str, str, str, str), strict=True))
    chosen = {"site": site, "sites": caller.listed, "sku": sku, "zone": zone, "state": state}
    values = {**chosen, **after, "rows": limit + 1}
    return page(request, await db.all(_SQL["stock"], values), limit, *keys)
