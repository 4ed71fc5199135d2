"""Moves of an approved plan over HTTP: people confirm what they have carried out, and call off what they will not."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.plans.records import MoveRecord
from tagdock_cloud.plans.rules import is_decided, told
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Planner
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.problems import not_found
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.plans")
Step = Annotated[int, Path(ge=0, le=2**31 - 1)]
router = APIRouter(prefix="/api/v1", tags=["plans"])


@router.post("/plans/{plan_id}/moves/{step}/confirm", response_model=MoveRecord)
async def confirm_move(once: Once, caller: Planner, plan_id: UUID, step: Step) -> Response:
    """Confirm that a move was carried out: from now on its SKU is kept in the new bin. Once more changes nothing."""

    async def work(transaction: Transaction) -> Response:
        return reply(await decide(transaction, caller, plan_id, step, "done"))

    return await once(caller, work)


@router.post("/plans/{plan_id}/moves/{step}/cancel", response_model=MoveRecord)
async def cancel_move(once: Once, caller: Planner, plan_id: UUID, step: Step) -> Response:
    """Call a move off: nothing is kept elsewhere for it. Once more changes nothing."""

    async def work(transaction: Transaction) -> Response:
        return reply(await decide(transaction, caller, plan_id, step, "cancelled"))

    return await once(caller, work)


async def decide(
    transaction: Transaction, caller: Caller, plan_id: UUID, step: int, state: Literal["done", "cancelled"]
) -> dict[str, Any]:
    """End an open move. Raises Problem: 403, 404, or 409 where it is not open."""
    values = {"plan_id": plan_id, "step": step, "state": state, "decided_by": caller.name, "after": None, "rows": None}
    plan = await transaction.one(_SQL["one"], values)
    if plan is None:
        raise not_found("plan", plan_id)
    caller.check(plan["site"])
    await transaction.run(_SQL["lock_site"], plan)  # one change of the floor at a time
    before = await transaction.one(_SQL["moves"], values)
    if before is None:
        raise not_found(f"move of plan {plan_id} with step", step)
    if is_decided(before, state):
        return before
    await transaction.run(_SQL["end_move"], values)
    after = await transaction.one(_SQL["moves"], values) or before
    subject = f"plan/{plan_id}/move/{step}"
    await audit(transaction, caller, f"move.{state}", subject, site=plan["site"], before=before, after=after)
    await transaction.one(_SQL["tell"], {"site": plan["site"], "body": to_json(told(plan_id, after)).decode()})
    return after
