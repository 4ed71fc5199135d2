"""Work orders over HTTP: list, open, parts, progress, test, close; and how far it is, for whoever holds a reference."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVarTuple
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.repairs import working
from tagdock_cloud.repairs.records import (
    CloseBody,
    OrderBody,
    OrderPage,
    OrderRecord,
    PartBody,
    Progress,
    ProgressBody,
    State,
    TestBody,
)
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.records import Case
from tagdock_cloud.tasks.routes import Assignee
from tagdock_cloud.web.access import Handler, Public, Viewer
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import EpcText, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.repairs")
Reference = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Told = TypeVarTuple("Told")
router = APIRouter(prefix="/api/v1", tags=["repairs"])


@router.get("/repairs", response_model=OrderPage)
async def list_repairs(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    state: State | None = None,
    is_open: bool | None = None,
    technician: Assignee = None,
    epc: EpcText | None = None,
    case: Case | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List work orders, the oldest first. A technician sees their own."""
    caller.check(site)
    after_at, after_id = read_cursor(cursor, datetime, UUID)
    values = {
        "sites": caller.listed, "site": site, "state": state, "is_open": is_open, "epc": epc, "case": case,
        "technician": caller.id if technician == "me" else technician,
        "own": caller.id if caller.role == "technician" else None,
        "after_at": after_at, "after_id": after_id, "rows": limit + 1,
    }  # fmt: skip
    return page(request, await db.all(_SQL["page"], values), limit, "opened_at", "work_order_id")


@router.post("/repairs", response_model=OrderRecord, status_code=201)
async def open_repair(once: Once, caller: Handler, body: OrderBody) -> Response:
    """Open a work order: the item steps into repair and is not for sale until it is closed and inspected."""

    async def work(transaction: Transaction) -> Response:
        order = await working.open_order(transaction, caller, body)
        return reply(order, 201, {"Location": f"/api/v1/repairs/{order['work_order_id']}"})

    return await once(caller, work)


@router.get("/repairs/{work_order_id}", response_model=OrderRecord)
async def get_repair(db: Db, caller: Viewer, work_order_id: UUID) -> Response:
    """Return one work order whole. Of a technician's, only theirs."""
    async with db.transaction() as transaction:
        return reply(await working.find(transaction, caller, work_order_id))


@router.post("/repairs/{work_order_id}/parts", response_model=OrderRecord)
async def add_part(once: Once, caller: Handler, work_order_id: UUID, body: PartBody) -> Response:
    """Note a part that went out or in; what goes in is taken from stock. What was tested before counts no longer."""
    return await _change(once, caller, work_order_id, working.add_part, body)


@router.post("/repairs/{work_order_id}/progress", response_model=OrderRecord)
async def note_progress(once: Once, caller: Handler, work_order_id: UUID, body: ProgressBody) -> Response:
    """Say where the work stands: it waits for parts, it is tested, it goes on."""
    return await _change(once, caller, work_order_id, working.note_progress, body)


@router.post("/repairs/{work_order_id}/test", response_model=OrderRecord)
async def note_test(once: Once, caller: Handler, work_order_id: UUID, body: TestBody) -> Response:
    """Note what the test showed."""
    return await _change(once, caller, work_order_id, working.note_test, body)


@router.post("/repairs/{work_order_id}/close", response_model=OrderRecord)
async def close_repair(once: Once, caller: Handler, work_order_id: UUID, body: CloseBody) -> Response:
    """Close a work order: repaired after a test that was passed, or irreparable. The item is inspected, or scrapped."""
    return await _change(once, caller, work_order_id, working.close, body)


@router.get("/repair-progress/{reference}", response_model=Progress)
async def repair_progress(db: Db, _: Public, reference: Reference) -> Response:
    """Tell whoever holds a work order's reference how far it is, and nothing else."""
    row = await db.one(_SQL["by_reference"], {"reference": reference})
    if row is None:
        raise Problem(404, "no repair goes by this reference")
    return reply(row)


async def _change(
    once: Once,
    caller: Caller,
    work_order_id: UUID,
    change: Callable[[Transaction, Caller, working.Order, *Told], Awaitable[working.Order]],
    *told: *Told,
) -> Response:
    """Hold a work order and change it as told."""

    async def work(transaction: Transaction) -> Response:
        order = await working.find(transaction, caller, work_order_id, hold=True)
        return reply(await change(transaction, caller, order, *told))

    return await once(caller, work)
