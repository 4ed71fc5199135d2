"""Returns over HTTP: apply, look, accept, decide, refund, archive; the terms; and why goods come back."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVarTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.inventory.record import all_recorded_forms
from tagdock_cloud.inventory.rules import candidates
from tagdock_cloud.life.shapes import Case as CaseRef
from tagdock_cloud.returns import cases, deciding
from tagdock_cloud.returns.cases import Case, hold_case
from tagdock_cloud.returns.records import (
    FactsBody,
    NoteBody,
    OrderBody,
    OutcomeBody,
    Pareto,
    Reason,
    ReasonBody,
    ReturnBody,
    ReturnPage,
    WholeReturn,
)
from tagdock_cloud.returns.rules import CHANGED_IN, ReturnKind, ReturnState
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Handler, Integrator, Manager, Viewer
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import EpcText, Instant, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.returns")
router = APIRouter(prefix="/api/v1", tags=["returns"])
Told = TypeVarTuple("Told")


@router.get("/returns", response_model=ReturnPage)
async def list_returns(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    state: ReturnState | None = None,
    kind: ReturnKind | None = None,
    reason: Reason | None = None,
    order: CaseRef | None = None,
    epc: EpcText | None = None,
    archived: bool | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List cases, newest first. `archived`: those that are closed or called off, or the others."""
    before_at, before_ref = read_cursor(cursor, datetime, str)
    async with db.transaction() as transaction:
        epcs = None if epc is None else (await all_recorded_forms(transaction, [candidates(epc)]))[0]
        values = {
            "site": site, "sites": caller.listed, "state": state, "kind": kind, "reason": reason, "order": order,
            "epcs": epcs, "archived": archived, "before_at": before_at, "before_ref": before_ref, "rows": limit + 1,
        }  # fmt: skip
        return page(request, await transaction.all(_SQL["page"], values), limit, "applied_at", "case_ref")


@router.post("/returns", response_model=WholeReturn, status_code=201)
async def apply_for_return(once: Once, caller: Integrator, body: ReturnBody) -> Response:
    """Announce what is to come back. What the terms refuse is kept as declined, with what stands against it."""

    async def work(transaction: Transaction) -> Response:
        case_ref = await cases.apply(transaction, caller, body)
        whole = await cases.whole_case(transaction, caller, case_ref)
        return reply(whole, 201, {"Location": f"/api/v1/returns/{case_ref}"})

    return await once(caller, work)


@router.get("/returns/{case_ref}", response_model=WholeReturn)
async def get_return(db: Db, caller: Viewer, case_ref: CaseRef) -> Response:
    """Return a case whole: its lines, what people found, what became of it."""
    async with db.transaction() as transaction:
        return reply(await cases.whole_case(transaction, caller, case_ref))


@router.post("/returns/{case_ref}/facts", response_model=WholeReturn)
async def note_facts(once: Once, caller: Manager, case_ref: CaseRef, body: FactsBody) -> Response:
    """Note who is liable, who pays the freight, and how the claim on the carrier stands."""
    return await _change(once, caller, case_ref, cases.set_facts, body)


@router.post("/returns/{case_ref}/accept", response_model=WholeReturn)
async def accept_return(once: Once, caller: Manager, case_ref: CaseRef, body: ReasonBody) -> Response:
    """Set aside what stands against a case."""
    return await _change(once, caller, case_ref, cases.accept, body.reason, states=CHANGED_IN["accept"])


@router.post("/returns/{case_ref}/decline", response_model=WholeReturn)
async def decline_return(once: Once, caller: Manager, case_ref: CaseRef, body: ReasonBody) -> Response:
    """Decline what is announced; what is here already goes back by an outcome."""
    return await _change(once, caller, case_ref, cases.end, "declined", body.reason, states=CHANGED_IN["decline"])


@router.post("/returns/{case_ref}/cancel", response_model=WholeReturn)
async def cancel_return(once: Once, caller: Integrator, case_ref: CaseRef, body: ReasonBody) -> Response:
    """Call off what is announced or declined: nothing comes."""
    return await _change(once, caller, case_ref, cases.end, "cancelled", body.reason, states=CHANGED_IN["cancel"])


@router.post("/returns/{case_ref}/lines/{line}/outcome", response_model=WholeReturn)
async def decide_outcome(once: Once, caller: Handler, case_ref: CaseRef, line: int, body: OutcomeBody) -> Response:
    """Decide what becomes of an item, as far as its grade leads there."""
    return await _change(once, caller, case_ref, deciding.decide, line, body)


@router.post("/returns/{case_ref}/refund", response_model=WholeReturn)
async def refund(once: Once, caller: Manager, case_ref: CaseRef) -> Response:
    """Tell webhooks that the customer gets the money back: only after the inspections that permit it, and once."""
    return await _change(once, caller, case_ref, deciding.remedy, "refund", None)


@router.post("/returns/{case_ref}/exchange", response_model=WholeReturn)
async def exchange(once: Once, caller: Manager, case_ref: CaseRef, body: OrderBody) -> Response:
    """Tell webhooks that the customer gets other goods by this order: only after the inspections, and once."""
    return await _change(once, caller, case_ref, deciding.remedy, "exchange", body.order)


@router.post("/returns/{case_ref}/reship", response_model=WholeReturn)
async def reship(once: Once, caller: Manager, case_ref: CaseRef, body: OrderBody) -> Response:
    """Send again what was not delivered, before the parcel is back."""
    return await _change(once, caller, case_ref, deciding.reship, body.order)


@router.post("/returns/{case_ref}/close", response_model=WholeReturn)
async def close_return(once: Once, caller: Manager, case_ref: CaseRef, body: NoteBody) -> Response:
    """Put a case into the archive, once everything that came has its outcome; goods still on their way go on."""
    return await _change(once, caller, case_ref, cases.end, "closed", body.note, states=CHANGED_IN["close"])


@router.get("/return-reasons", response_model=Pareto)
async def count_reasons(
    *, db: Db, caller: Viewer, site: Site | None = None, since: Instant | None = None, until: Instant | None = None
) -> Response:
    """Count why goods come back, the most frequent reason first (a Pareto); since <= applied_at < until."""
    values = {"site": site, "sites": caller.listed, "since": since, "until": until}
    rows = await db.all(_SQL["reasons"], values)
    return reply({"cases": sum(row["cases"] for row in rows), "items": rows})


async def _change(
    once: Once,
    caller: Caller,
    case_ref: str,
    change: Callable[[Transaction, Caller, Case, *Told], Awaitable[None]],
    *told: *Told,
    states: Sequence[str] = (),
) -> Response:
    """Hold a case that is in one of some states, and change it as told."""

    async def work(transaction: Transaction) -> Response:
        await change(transaction, caller, await hold_case(transaction, caller, case_ref, *states), *told)
        return reply(await cases.whole_case(transaction, caller, case_ref))

    return await once(caller, work)
