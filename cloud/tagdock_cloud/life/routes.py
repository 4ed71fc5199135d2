"""Lives over HTTP: list them, look at one whole, take steps, settle what contradicts them."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory.routes import EpcPath
from tagdock_cloud.life.shapes import LifePage, Presence, PresenceBody, SettlementBody, StepBody, WholeLife, Word
from tagdock_cloud.life.taking import Held, all_tables, hold, life_of, tell_presence, ways_on
from tagdock_cloud.life.working import item_of, settle_passage, take_step
from tagdock_cloud.life.written import after_all, entry_of
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Handler, Manager, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.life")
router = APIRouter(prefix="/api/v1", tags=["lives"])


@router.get("/lives", response_model=LifePage)
async def list_lives(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    state: Word | None = None,
    disposition: Word | None = None,
    sellable: bool | None = None,
    presence: Presence | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List the items that have a life, by EPC; the others are what doors and bins tell of them."""
    (after,) = read_cursor(cursor, str)
    values = {
        "site": site, "sites": caller.listed, "state": state, "disposition": disposition, "sellable": sellable,
        "presence": presence, "after": after, "rows": limit + 1,
    }  # fmt: skip
    return page(request, await db.all(_SQL["page"], values), limit, "epc")


@router.get("/items/{epc:path}/life", response_model=WholeLife)
async def get_life(db: Db, caller: Viewer, epc: EpcPath) -> Response:
    """Return an item's life whole: where it stands, its record, what may come next for the caller, what is to do."""
    async with db.transaction() as transaction:
        return reply(await _whole(transaction, caller, await item_of(transaction, caller, epc)))


@router.post("/items/{epc:path}/life/steps", response_model=WholeLife, status_code=201)
async def step_item(once: Once, caller: Handler, epc: EpcPath, body: StepBody) -> Response:
    """Take an item through a transition. Of two at once one is taken, the other gets 409."""

    async def work(transaction: Transaction) -> Response:
        held, _ = await take_step(transaction, caller, epc, body)
        return reply(await _whole(transaction, caller, held.item), 201)

    return await once(caller, work)


@router.post("/items/{epc:path}/life/contradictions/{step_id}/settle", response_model=WholeLife)
async def settle_contradiction(
    once: Once, caller: Manager, epc: EpcPath, step_id: UUID, body: SettlementBody
) -> Response:
    """Settle a contradiction: the record stands, or the item is where the passage leads, and owes inspections."""

    async def work(transaction: Transaction) -> Response:
        held = await settle_passage(transaction, caller, epc, step_id, body)
        return reply(await _whole(transaction, caller, held.item))

    return await once(caller, work)


@router.post("/items/{epc:path}/life/presence", response_model=WholeLife)
async def note_presence(once: Once, caller: Handler, epc: EpcPath, body: PresenceBody) -> Response:
    """Note that an item is missing, or was found again; what is missing is not for sale."""

    async def work(transaction: Transaction) -> Response:
        held = await hold(transaction, await item_of(transaction, caller, epc))
        is_missing = body.presence == "missing"
        if await tell_presence(transaction, held, caller, is_missing=is_missing, reason=body.reason):
            after = body.model_dump()
            await audit(transaction, caller, "life.presence", f"item/{held.epc}", site=held.site, after=after)
        else:
            await transaction.run(_SQL["unclaim"], {"epc": held.epc})
        return reply(await _whole(transaction, caller, held.item))

    return await once(caller, work)


async def _whole(transaction: Transaction, caller: Caller, item: Any) -> dict[str, Any]:
    values = {"epc": item["epc"], "epcs": [item["epc"]], "site": item["site"]}
    tables = await all_tables(transaction)
    steps = await transaction.all(_SQL["story"], values)
    about = await transaction.one(_SQL["has_doors"], values) or {}
    story = [entry_of(row) for row in steps]
    held = Held(item, tables, story, after_all(story, about["now"]), about["has_doors"])
    _, standing = life_of(held)
    policy = tables[tables.in_force(item["site"], held.now)]
    life = await transaction.one(_SQL["one"], values) if story else None
    hidden = {"epc", "number", "roles"}
    return {
        "epc": item["epc"],
        "life": life,
        "steps": [{name: value for name, value in row.items() if name not in hidden} for row in steps],
        "next": ways_on(policy, standing.life, caller, held.now),
        "tasks": await transaction.all(_SQL["open_tasks_of"], values),
    }
