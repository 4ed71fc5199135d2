"""SKUs over HTTP: list, and write one by one or in bulk."""

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.goods.records import SkuBody, SkuList, SkuPage, SkuRecord, Written
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.names import Label, Sku
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import not_found, refused
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged

_SQL = load_queries("tagdock_cloud.goods")
router = APIRouter(prefix="/api/v1", tags=["goods"])


@router.get("/skus", response_model=SkuPage)
async def list_skus(
    request: Request, db: Db, _: Viewer, family: Label | None = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """List SKUs by name."""
    (after,) = read_cursor(cursor, str)
    rows = await db.all(_SQL["page"], {"after": after, "family": family, "rows": limit + 1})
    return page(request, rows, limit, "sku")


@router.get("/skus/{sku:path}", response_model=SkuRecord)
async def get_sku(request: Request, db: Db, _: Viewer, sku: Sku) -> Response:
    """Return one SKU."""
    row = await db.one(_SQL["one"], {"sku": sku})
    if row is None:
        raise not_found("SKU", sku)
    return tagged(request, row)


@router.put("/skus", response_model=Written, max_body_size=16 * 2**20)
async def put_skus(db: Db, caller: Integrator, body: SkuList) -> Response:
    """Add SKUs, or overwrite them whole; all of them or none."""
    caller.check_everywhere()
    async with db.transaction() as transaction:
        await transaction.run(_SQL["lock"])
        await _write(transaction, caller, body.items, [f"items[{place}]." for place in range(len(body.items))])
    return reply({"written": len(body.items)})


@router.put("/skus/{sku:path}", response_model=SkuRecord, responses={201: {"model": SkuRecord}})
async def put_sku(
    *, request: Request, db: Db, caller: Integrator, sku: Sku, body: SkuBody, if_match: IfMatch = None
) -> Response:
    """Add one SKU (201), or overwrite it whole."""
    caller.check_everywhere()
    async with db.transaction() as transaction:
        await transaction.run(_SQL["lock"])
        before = await transaction.one(_SQL["one"], {"sku": sku})
        check_unchanged(f"SKU {sku}", before, if_match)
        await _write(transaction, caller, [SkuRecord(sku=sku, **body.model_dump())], [""])
        after = await transaction.one(_SQL["one"], {"sku": sku})
    return tagged(request, after, 200 if before else 201)


async def _write(transaction: Transaction, caller: Caller, skus: list[SkuRecord], fields: list[str]) -> None:
    """Write SKUs whole. Raises Problem (422) on a GTIN that is taken; `fields` is what to call each SKU's fields by."""
    values = {"skus": to_json(skus).decode()}
    taken = await transaction.one(_SQL["gtin_taken"], values)
    if taken:
        place = next(index for index, record in enumerate(skus) if record.gtin == taken["gtin"])
        raise refused(f"{fields[place]}gtin", f"{taken['gtin']} is the GTIN of SKU {taken['sku']!r} already")
    changed = await transaction.one(_SQL["changed"], values) or {}
    await transaction.run(_SQL["release_gtins"], values)
    await transaction.run(_SQL["upsert"], values)
    if changed["after"]:
        await audit(transaction, caller, "skus.put", "skus", before=changed["before"], after=changed["after"])
