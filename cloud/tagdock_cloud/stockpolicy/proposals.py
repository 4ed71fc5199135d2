"""Proposals to replenish over HTTP: a person approves or declines each."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.orders.entry import hold, write
from tagdock_cloud.orders.records import OF_DELIVERY
from tagdock_cloud.stockpolicy.records import ApprovalBody, DeclineBody, ProposalPage, ProposalRecord, ProposalState
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.opening import open_task
from tagdock_cloud.tasks.records import TaskBody
from tagdock_cloud.web.access import Planner, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Site, Sku
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.stockpolicy")
Row = dict[str, Any]
router = APIRouter(prefix="/api/v1/replenishments", tags=["stock policy"])


@router.get("", response_model=ProposalPage)
async def list_replenishments(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    sku: Sku | None = None,
    state: ProposalState | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List what is and was proposed to be ordered, newest first."""
    caller.check(site)
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    asked = {"sites": caller.listed, "site": site, "sku": sku, "state": state}
    rows = await db.all(_SQL["proposals"], {**asked, "before_at": before_at, "before_id": before_id, "rows": limit + 1})
    return page(request, rows, limit, "proposed_at", "proposal_id")


@router.get("/{proposal_id}", response_model=ProposalRecord)
async def get_replenishment(db: Db, caller: Viewer, proposal_id: UUID) -> Response:
    """Return one proposal."""
    return reply(await _find(db, caller, proposal_id))


@router.post("/{proposal_id}/approve", response_model=ProposalRecord)
async def approve_replenishment(once: Once, caller: Planner, proposal_id: UUID, body: ApprovalBody) -> Response:
    """Order it: its goods are awaited under a notice; of one with a zone, let it be brought there: that is a task.

    Webhooks are told. Once more changes nothing.
    """

    async def work(transaction: Transaction) -> Response:
        before = await _held(transaction, caller, proposal_id)
        if before["state"] == "approved":
            return reply(before)
        _check_open(before)
        quantity = body.quantity or before["quantity"]
        begin = _order if before["zone"] is None else _bring
        begun = await begin(transaction, caller, {**before, "quantity": quantity})
        told = {"quantity": quantity, "reason": body.reason, **begun}
        return reply(await _decide(transaction, caller, before, {"state": "approved", **told}))

    return await once(caller, work)


@router.post("/{proposal_id}/decline", response_model=ProposalRecord)
async def decline_replenishment(once: Once, caller: Planner, proposal_id: UUID, body: DeclineBody) -> Response:
    """Order nothing, and say why; nobody is asked again for a week. Once more changes nothing."""

    async def work(transaction: Transaction) -> Response:
        before = await _held(transaction, caller, proposal_id)
        if before["state"] == "declined":
            return reply(before)
        _check_open(before)
        told = {"quantity": before["quantity"], "reason": body.reason, "notice_id": None, "task_id": None}
        return reply(await _decide(transaction, caller, before, {"state": "declined", **told}))

    return await once(caller, work)


def _check_open(proposal: Row) -> None:
    if proposal["state"] != "open":
        raise Problem(409, f"the proposal is {proposal['state']} already; only an open one can be decided")


async def _order(transaction: Transaction, caller: Caller, proposal: Row) -> Row:
    notice = _notice(proposal)
    await hold(transaction, "inbound", [notice], ["site"])
    await write(transaction, caller, "inbound", [notice])
    return {"notice_id": notice["id"], "task_id": None}


async def _bring(transaction: Transaction, caller: Caller, proposal: Row) -> Row:
    """Open the task to bring it into its zone. Raises Problem (409) where the zone has no bin any more."""
    way = await transaction.one(_SQL["way_to_face"], proposal) or {}
    if way["to_bin"] is None:
        raise Problem(409, f"the zone {proposal['zone']} has no bin any more; decline the proposal")
    body = TaskBody(
        site=proposal["site"], kind="relocate", sku=proposal["sku"], quantity=proposal["quantity"], bin=way["bin"],
        to_bin=way["to_bin"], why=proposal["why"], priority=2, due_at=None,
    )  # fmt: skip
    task = await open_task(transaction, caller, body, datetime.now(UTC))
    return {"notice_id": None, "task_id": task["task_id"]}


def _notice(proposal: Row) -> Row:
    """Return the notice under which what is ordered is awaited."""
    due_at = datetime.combine(proposal["needed_on"], time(), UTC)
    line = {"epc": None, "sku": proposal["sku"], "quantity": proposal["quantity"]}
    head = {"site": proposal["site"], "id": f"replenish-{proposal['proposal_id']}", "partner": "", "door": None}
    return {**head, "due_at": due_at, **dict.fromkeys(OF_DELIVERY), "urgent": False, "lines": [line]}


async def _decide(transaction: Transaction, caller: Caller, before: Row, told: Row) -> Row:
    proposal_id = before["proposal_id"]
    await transaction.run(_SQL["decide_proposal"], {"proposal_id": proposal_id, "by": caller.name, **told})
    after = await _find(transaction, caller, proposal_id)
    verb = {"approved": "approve", "declined": "decline"}[told["state"]]
    change = {"before": {"state": before["state"], "quantity": before["quantity"]}, "after": told}
    await audit(
        transaction, caller, f"replenishment.{verb}", f"replenishment/{proposal_id}", site=before["site"], **change
    )
    return after


async def _held(transaction: Transaction, caller: Caller, proposal_id: UUID) -> Row:
    await transaction.run(_SQL["hold_proposal"], {"proposal_id": proposal_id})
    return await _find(transaction, caller, proposal_id)


async def _find(db: Database | Transaction, caller: Caller, proposal_id: UUID) -> Row:
    """Return a proposal. Raises Problem: 404, or 403 where its site is not the caller's."""
    found = await db.one(_SQL["one_proposal"], {"proposal_id": proposal_id})
    if found is None:
        raise not_found("proposal", proposal_id)
    caller.check(found["site"])
    return found
