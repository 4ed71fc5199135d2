"""Plans over HTTP: ask, read, approve."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.plans.records import Approval, MovePage, PlanPage, PlanRecord, PlanRequest
from tagdock_cloud.plans.rules import check_approvable, check_cancellable, check_queue, dated
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Planner, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Instant, Site
from tagdock_cloud.web.paging import CursorText, FewLimit, Limit, page, read_cursor
from tagdock_cloud.web.problems import not_found, refused
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.plans")
router = APIRouter(prefix="/api/v1", tags=["plans"])


@router.post("/plans", response_model=PlanRecord, status_code=201)
async def ask_plan(once: Once, caller: Planner, body: PlanRequest) -> Response:
    """Ask for a plan; a solver takes it up and its state moves from asked over solving to done or failed."""

    async def work(transaction: Transaction) -> Response:
        plan_id = await ask(transaction, body, caller)
        plan = await transaction.one(_SQL["one"], {"plan_id": plan_id})
        return reply(plan, 201, {"Location": f"/api/v1/plans/{plan_id}"})

    return await once(caller, work)


@router.get("/plans", response_model=PlanPage)
async def list_plans(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List plans, newest first; since <= asked_at < until."""
    caller.check(site)
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    when = (since, until)
    rows = await find_plans(db, caller, site, rows=limit + 1, before=(before_at, before_id), asked=when)
    return page(request, rows, limit, "asked_at", "plan_id")


@router.get("/plans/{plan_id}", response_model=PlanRecord)
async def get_plan(db: Db, caller: Viewer, plan_id: UUID) -> Response:
    """Return one plan whole."""
    return reply(await find_plan(db, caller, plan_id))


@router.get("/plans/{plan_id}/moves", response_model=MovePage)
async def list_moves(
    *, request: Request, db: Db, caller: Viewer, plan_id: UUID, limit: FewLimit = 1000, cursor: CursorText = None
) -> Response:
    """List a plan's moves in the order in which they can be carried out."""
    (after,) = read_cursor(cursor, int)
    await find_plan(db, caller, plan_id)
    return page(request, await find_moves(db, plan_id, limit + 1, after), limit, "step")


@router.post("/plans/{plan_id}/approve", response_model=Approval)
async def approve_plan(once: Once, caller: Planner, plan_id: UUID) -> Response:
    """Approve a plan: its moves become the site's list, in the place of another plan's. Once more changes nothing."""

    async def work(transaction: Transaction) -> Response:
        return reply(await approve(transaction, plan_id, caller))

    return await once(caller, work)


@router.post("/plans/{plan_id}/cancel", response_model=PlanRecord)
async def cancel_plan(once: Once, caller: Planner, plan_id: UUID) -> Response:
    """Call a plan off. One that is being solved is done shortly after, with the best legal layout found so far."""

    async def work(transaction: Transaction) -> Response:
        return reply(await cancel(transaction, plan_id, caller))

    return await once(caller, work)


async def cancel(transaction: Transaction, plan_id: UUID, caller: Caller) -> dict[str, Any]:
    """Ask the solver to stop. Raises Problem: 403, 404, or 409 where the plan is not being worked out."""
    plan = await transaction.one(_SQL["one"], {"plan_id": plan_id})
    if plan is None:
        raise not_found("plan", plan_id)
    caller.check(plan["site"])
    if plan["cancel_asked_at"] is not None:
        return plan
    check_cancellable(plan)
    await transaction.run(_SQL["cancel"], {"plan_id": plan_id, "asked_by": caller.name})
    after = await transaction.one(_SQL["one"], {"plan_id": plan_id}) or plan
    states = {"before": {"state": plan["state"]}, "after": {"state": after["state"]}}
    await audit(transaction, caller, "plan.cancel", f"plan/{plan_id}", site=plan["site"], **states)
    return after


async def ask(transaction: Transaction, body: PlanRequest, caller: Caller) -> UUID:
    """Put a plan and its job into the database.

    Raises Problem: 403 for a site that is not the caller's, 422 without a layout, 409 while too many wait.
    """
    caller.check(body.site)
    site = await transaction.one(_SQL["lock_site"], {"site": body.site})
    if site is None or not site["imported"]:
        raise refused(
            "site", f"site {body.site} has no layout; import one first (PUT /api/v1/sites/{body.site}/layout)"
        )
    check_queue(body.site, site["open_plans"])
    request = dated(body, site["now"], site["first_at"])
    values = {"plan_id": uuid4(), "site": body.site, "asked_by": caller.name, "request": to_json(request).decode()}
    await transaction.run(_SQL["insert"], {**values, "layout_version": site["layout_version"]})
    await transaction.run(_SQL["defer"], values)
    await audit(transaction, caller, "plan.ask", f"plan/{values['plan_id']}", site=body.site, after=request)
    return values["plan_id"]  # type: ignore[return-value]  # the one value that is no text


async def approve(transaction: Transaction, plan_id: UUID, caller: Caller) -> dict[str, Any]:
    """Turn a plan's moves into the site's list. Raises Problem: 403, 404, or 409 saying why it cannot be approved."""
    values = {"plan_id": plan_id, "approved_by": caller.name}
    plan = await transaction.one(_SQL["one"], values)
    if plan is None:
        raise not_found("plan", plan_id)
    caller.check(plan["site"])
    await transaction.run(_SQL["lock_site"], plan)
    plan = await transaction.one(_SQL["one"], values) or plan  # as it is now that nobody else approves
    if plan["state"] == "approved":
        return {**plan, "replaced": None}
    check_approvable(plan)
    former = await transaction.one(_SQL["replace"], plan)
    await transaction.run(_SQL["approve"], values)
    await transaction.run(_SQL["fill_moves"], values)
    await transaction.run(_SQL["open_moves"], values)
    approved = await transaction.one(_SQL["one"], values) or plan
    replaced = former and former["plan_id"]
    states = {"before": {"state": plan["state"]}, "after": {"state": approved["state"], "replaced": replaced}}
    await audit(transaction, caller, "plan.approve", f"plan/{plan_id}", site=plan["site"], **states)
    return {**approved, "replaced": replaced}


async def find_plans(
    db: Database,
    caller: Caller,
    site: str | None,
    *,
    rows: int,
    before: tuple[datetime | None, UUID | None] = (None, None),
    asked: tuple[datetime | None, datetime | None] = (None, None),
) -> list[dict[str, Any]]:
    """Return plans of the caller's sites before a key, newest first; `asked`: the half open time in which they were."""
    values = {"site": site, "sites": caller.listed, "before_at": before[0], "before_id": before[1], "rows": rows}
    return await db.all(_SQL["page"], {**values, "since": asked[0], "until": asked[1]})


async def find_plan(db: Database, caller: Caller, plan_id: UUID) -> dict[str, Any]:
    """Return a plan. Raises Problem: 404, or 403 where it is of a site that is not the caller's."""
    plan = await db.one(_SQL["one"], {"plan_id": plan_id})
    if plan is None:
        raise not_found("plan", plan_id)
    caller.check(plan["site"])
    return plan


async def find_moves(
    db: Database, plan_id: UUID, rows: int | None = None, after: int | None = None
) -> list[dict[str, Any]]:
    """Return a plan's moves in their order: so many after a step, or all."""
    return await db.all(_SQL["moves"], {"plan_id": plan_id, "step": None, "rows": rows, "after": after})
