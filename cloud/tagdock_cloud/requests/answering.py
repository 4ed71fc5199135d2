"""What is done with service requests, each within the caller's transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tagdock_cloud.access.roles import LAB_READER, Caller
from tagdock_cloud.requests.records import CloseBody, FeedbackBody, ReopenBody, RequestBody
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.tasks import doing
from tagdock_cloud.tasks.kinds import DUE, ROLES
from tagdock_cloud.tasks.records import DoneBody
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.problems import Problem, not_found, refused

_SQL = load_queries("tagdock_cloud.requests")
_TASKS = load_queries("tagdock_cloud.tasks")
Request = dict[str, Any]


async def find(transaction: Transaction, caller: Caller, request_id: UUID, *, hold: bool = False) -> Request:
    """Return a service request. Raises Problem: 404, 403 where it is of another site."""
    values = {"request_id": request_id}
    if hold:
        await transaction.one(_SQL["hold"], values)
    found = await transaction.one(_SQL["one"], values)
    if found is None:
        raise not_found("service request", request_id)
    caller.check(found["site"])
    return found


async def open_request(transaction: Transaction, caller: Caller, body: RequestBody, now: datetime) -> Request:
    """Open a request and the task to answer it, which is dealt to a manager. Raises Problem (403, 422)."""
    caller.check(body.site)
    if not await transaction.one(_TASKS["site"], {"site": body.site}):
        raise refused("site", f"there is no site {body.site}")
    epc = await doing.settled_epc(transaction, caller, body.site, body.epc) if body.epc else None
    values = {**body.model_dump(), "epc": epc, "by": caller.id}
    row = await _task(transaction, values, body.due_at, now)
    added = await transaction.one(_SQL["add"], {**values, **row})
    assert added is not None  # noqa: S101  # it was just written
    request = await transaction.one(_SQL["one"], added) or {}
    told = {name: request[name] for name in ("kind", "channel", "class", "customer", "due_at")}
    await _audit(transaction, caller, "request.open", request, None, told)
    return request


async def close(transaction: Transaction, caller: Caller, request: Request, body: CloseBody) -> Request:
    """Answer a request. Once more by the same changes nothing. Raises Problem: 403 for others, 409 where closed."""
    if request["state"] == "closed" and request["closed_by"] == caller.id and request["resolution"] == body.resolution:
        return request
    if request["state"] == "closed":
        raise Problem(409, f"this request is closed already, by {request['closed_by']}")
    if request["owner"] != caller.id and not caller.may("manage"):
        raise Problem(403, f"{request['owner'] or 'a manager'} answers this request")
    await transaction.run(_SQL["blame"], {**request, "liability": body.liability})
    task = await doing.find(transaction, caller, request["task_id"], hold=True)
    await doing.end(transaction, caller, task, DoneBody(note=body.resolution), "said")
    after = await transaction.one(_SQL["one"], request) or request
    await _audit(transaction, caller, "request.close", request, {"state": "open"}, body.model_dump())
    return after


async def reopen(
    transaction: Transaction, caller: Caller, request: Request, body: ReopenBody, now: datetime
) -> Request:
    """Open a request again, with another task. Raises Problem (409) where it is open."""
    if request["state"] == "open":
        raise Problem(409, "this request is open")
    values = {**request, "text": body.reason}
    row = await _task(transaction, values, body.due_at, now)
    await transaction.run(_SQL["reopen"], {**request, **row})
    before = {"state": "closed", "resolution": request["resolution"], "score": request["score"]}
    await _audit(transaction, caller, "request.reopen", request, before, {"reason": body.reason})
    return await transaction.one(_SQL["one"], request) or request


async def score(transaction: Transaction, reference: str, body: FeedbackBody) -> dict[str, Any]:
    """Score the answer, once. Raises Problem: 404, 409 before there is an answer, or where another score stands."""
    request = await transaction.one(_SQL["by_reference"], {"reference": reference})
    if request is None:
        raise Problem(404, "no request goes by this reference")
    if request["state"] == "open":
        raise Problem(409, "there is no answer yet")
    if request["score"] is not None:
        if request["score"] == body.score:
            return {"score": request["score"], "scored_at": request["scored_at"]}
        raise Problem(409, "this answer was scored already")
    row = await transaction.one(_SQL["score"], {**request, **body.model_dump()}) or {}
    await _audit(transaction, LAB_READER, "request.score", request, None, {"score": body.score})
    return row


async def _task(
    transaction: Transaction, values: dict[str, Any], due_at: datetime | None, now: datetime
) -> dict[str, Any]:
    if due_at is not None and due_at <= now:
        raise refused("due_at", "must lie in the future")
    unset = dict.fromkeys(("sku", "quantity", "bin", "to_bin"))
    about = {"kind": "follow_up", "role": ROLES["follow_up"], "why": values["text"][:1000]}
    asked = {**unset, **values, **about, "due_at": due_at or now + DUE["follow_up"]}
    return await transaction.one(_TASKS["open"], asked) or {}


async def _audit(  # noqa: PLR0917
    transaction: Transaction, caller: Caller, action: str, request: Request, before: Any, after: Any
) -> None:
    subject = f"service_request/{request['request_id']}"
    await audit(transaction, caller, action, subject, site=request["site"], before=before, after=after)
