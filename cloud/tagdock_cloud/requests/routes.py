"""Service requests over HTTP: list, open, close, reopen; and a score by whoever holds a reference."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from tagdock_cloud.requests import answering
from tagdock_cloud.requests.records import (
    Class,
    CloseBody,
    Customer,
    FeedbackBody,
    Kind,
    ReopenBody,
    RequestBody,
    RequestPage,
    RequestRecord,
    Scored,
    State,
)
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks.records import Case, OrderId
from tagdock_cloud.tasks.routes import Assignee
from tagdock_cloud.web.access import Handler, Integrator, Manager, Public, Viewer
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import EpcText, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.requests")
Reference = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
router = APIRouter(prefix="/api/v1", tags=["requests"])


@router.get("/requests", response_model=RequestPage)
async def list_requests(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    kind: Kind | None = None,
    state: State | None = None,
    class_: Annotated[Class | None, Query(alias="class")] = None,
    owner: Assignee = None,
    customer: Customer | None = None,
    order: OrderId | None = None,
    epc: EpcText | None = None,
    case: Case | None = None,
    is_overdue: bool | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List service requests, the oldest first."""
    caller.check(site)
    after_at, after_id = read_cursor(cursor, datetime, UUID)
    values = {
        "sites": caller.listed, "site": site, "kind": kind, "state": state, "class": class_,
        "owner": caller.id if owner == "me" else owner, "customer": customer, "order": order, "epc": epc, "case": case,
        "is_overdue": is_overdue, "after_at": after_at, "after_id": after_id, "rows": limit + 1,
    }  # fmt: skip
    return page(request, await db.all(_SQL["page"], values), limit, "opened_at", "request_id")


@router.post("/requests", response_model=RequestRecord, status_code=201)
async def open_request(once: Once, caller: Integrator, body: RequestBody) -> Response:
    """Open a complaint or an enquiry; answering it is a task for a manager."""

    async def work(transaction: Transaction) -> Response:
        row = await answering.open_request(transaction, caller, body, datetime.now(UTC))
        return reply(row, 201, {"Location": f"/api/v1/requests/{row['request_id']}"})

    return await once(caller, work)


@router.get("/requests/{request_id}", response_model=RequestRecord)
async def get_request(db: Db, caller: Viewer, request_id: UUID) -> Response:
    """Return one service request."""
    async with db.transaction() as transaction:
        return reply(await answering.find(transaction, caller, request_id))


@router.post("/requests/{request_id}/close", response_model=RequestRecord)
async def close_request(once: Once, caller: Handler, request_id: UUID, body: CloseBody) -> Response:
    """Say what came of it; its task ends. From now on it can be scored."""

    async def work(transaction: Transaction) -> Response:
        found = await answering.find(transaction, caller, request_id, hold=True)
        return reply(await answering.close(transaction, caller, found, body))

    return await once(caller, work)


@router.post("/requests/{request_id}/reopen", response_model=RequestRecord)
async def reopen_request(once: Once, caller: Manager, request_id: UUID, body: ReopenBody) -> Response:
    """Say that it is not over; there is a task again."""

    async def work(transaction: Transaction) -> Response:
        found = await answering.find(transaction, caller, request_id, hold=True)
        return reply(await answering.reopen(transaction, caller, found, body, datetime.now(UTC)))

    return await once(caller, work)


@router.post("/request-feedback/{reference}", response_model=Scored)
async def score_request(db: Db, _: Public, reference: Reference, body: FeedbackBody) -> Response:
    """Score the answer to a request, by whoever holds its reference; once."""
    async with db.transaction() as transaction:
        return reply(await answering.score(transaction, reference, body))
