"""Items over HTTP: register them, find them, list them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.epcis.history import captured_history
from tagdock_cloud.goods.records import Written
from tagdock_cloud.inventory.epc import gtin14
from tagdock_cloud.inventory.record import (
    ItemFilter,
    MovementFilter,
    find_item,
    find_items,
    find_movements,
    find_settled_forms,
    find_where,
    recorded_forms,
)
from tagdock_cloud.inventory.records import (
    HistoryPage,
    ItemList,
    ItemPage,
    ItemRecord,
    State,
    WherePage,
    WhereQuestion,
)
from tagdock_cloud.inventory.rules import candidates, check_distinct, missing_place
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db
from tagdock_cloud.web.export import EXPORTED, Rows, asked_form, export
from tagdock_cloud.web.names import Instant, Label, Place, Site, Sku
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import not_found
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import tagged

_SQL = load_queries("tagdock_cloud.inventory")
COLUMNS: Final = tuple(ItemRecord.model_fields)
EpcPath = Annotated[str, Path(max_length=400, description="Hex, URN or GS1 Digital Link, percent-encoded.")]
router = APIRouter(prefix="/api/v1", tags=["inventory"])


async def _wanted(
    *,
    caller: Viewer,
    site: Site | None = None,
    sku: Sku | None = None,
    state: State | None = None,
    door: Place | None = None,
    bin: Place | None = None,  # noqa: A002  # the field's word
    zone: Label | None = None,
    known: Annotated[bool | None, Query(description="false: only those of which nobody knows what they are.")] = None,
) -> ItemFilter:
    caller.check(site)
    place = {"site": site, "door": door, "bin": bin, "zone": zone}
    return ItemFilter(sites=caller.listed, sku=sku, state=state, known=known, **place)


Wanted = Annotated[ItemFilter, Depends(_wanted)]


@router.get("/items", response_model=ItemPage, responses=EXPORTED)
async def list_items(
    *,
    request: Request,
    db: Db,
    _: Viewer,
    wanted: Wanted,
    limit: Limit = 100,
    cursor: CursorText = None,
    accept: Annotated[str, Header(max_length=1000)] = "",
) -> Response:
    """List items by EPC: what each is, where it is, since when."""
    form = asked_form(accept)
    if form is not None:
        return await export(request, form, "items", COLUMNS, _all(db, wanted))
    (after,) = read_cursor(cursor, str)
    return page(request, await find_items(db, wanted, limit + 1, after), limit, "epc")


async def _all(db: Database, wanted: ItemFilter) -> AsyncGenerator[Rows, None]:
    values = {**asdict(wanted), "after": None, "rows": None}
    async with db.snapshot() as transaction, aclosing(transaction.slices(_SQL["items"], values, COLUMNS)) as slices:
        async for rows in slices:
            yield rows


@router.put("/items", response_model=Written, max_body_size=16 * 2**20)
async def put_items(db: Db, caller: Integrator, body: ItemList) -> Response:
    """Register cartons and where they stand; all of them or none. The same words again change nothing."""
    for site in {item.site for item in body.items}:
        caller.check(site)
    async with db.transaction() as transaction:
        places = [f"items[{place}]." for place in range(len(body.items))]
        epcs = await find_settled_forms(transaction, list(zip(body.items, places, strict=True)))
        check_distinct(epcs, places)
        rows = [
            {**item.model_dump(exclude={"plus", "company_prefix_digits"}), "epc": epc, "gtin": gtin14(epc)}
            for item, epc in zip(body.items, epcs, strict=True)
        ]
        values: dict[str, Any] = {"items": to_json(rows).decode()}
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


@router.post("/items/where-is", response_model=WherePage, max_body_size=512 * 1024)
async def where_are(db: Db, caller: Viewer, body: WhereQuestion) -> Response:
    """Tell where up to 1,000 items are, in the order of the question. It changes nothing and may be asked again."""
    asked = [candidates(epc, f"epcs[{place}]") for place, epc in enumerate(body.epcs)]
    found = await find_where(db, caller.listed, asked)
    return reply({"items": [{"asked": epc, "item": item} for epc, item in zip(body.epcs, found, strict=True)]})


@router.get("/items/{epc:path}/history", response_model=HistoryPage)
async def item_history(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    epc: EpcPath,
    site: Site | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List one item's movements and what others told of it by EPCIS, newest first; since <= observed_at < until."""
    at, event_id = read_cursor(cursor, datetime, UUID)
    before = (at, event_id)
    epcs = await recorded_forms(db, candidates(epc))
    where: Any = {"sites": caller.listed, "site": site, "since": since, "until": until}
    moved = await find_movements(db, MovementFilter(**where, epcs=epcs), limit + 1, before)
    told = await captured_history(db, epcs, limit + 1, **where, before=before)
    rows = sorted([*moved, *told], key=lambda row: (row["observed_at"], row["event_id"]), reverse=True)
    if not rows and await find_item(db, caller.listed, epcs) is None:
        raise not_found("item", epc)
    return page(request, rows, limit, "observed_at", "event_id")


@router.get("/items/{epc:path}", response_model=ItemRecord)
async def where_is(request: Request, db: Db, caller: Viewer, epc: EpcPath) -> Response:
    """Tell where an item is and since when."""
    row = await find_item(db, caller.listed, await recorded_forms(db, candidates(epc)))
    if row is None:
        raise not_found("item", epc)
    return tagged(request, row)
