"""SKUs over HTTP: list, and write in bulk."""

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.goods.records import SkuList, SkuPage, Written
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db
from tagdock_cloud.web.names import Label
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import refused
from tagdock_cloud.web.reply import reply

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


@router.put("/skus", response_model=Written, max_body_size=16 * 2**20)
async def put_skus(db: Db, caller: Integrator, body: SkuList) -> Response:
    """Add SKUs, or overwrite them whole; all of them or none."""
    caller.check_everywhere()
    values = {"skus": to_json(body.items).decode()}
    async with db.transaction() as transaction:
        await transaction.run(_SQL["lock"])
        taken = await transaction.one(_SQL["gtin_taken"], values)
        if taken:
            place = next(index for index, record in enumerate(body.items) if record.gtin == taken["gtin"])
            raise refused(f"items[{place}].gtin", f"{taken['gtin']} is the GTIN of SKU {taken['sku']!r} already")
        changed = await transaction.one(_SQL["changed"], values) or {}
        await transaction.run(_SQL["release_gtins"], values)
        await transaction.run(_SQL["upsert"], values)
        if changed["after"]:
            await audit(transaction, caller, "skus.put", "skus", before=changed["before"], after=changed["after"])
    return reply({"written": len(body.items)})
