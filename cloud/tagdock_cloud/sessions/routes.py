"""Door sessions over HTTP: open, watch, close."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.sessions.records import SessionEnd, SessionPage, SessionRecord, SessionRequest, SessionState
from tagdock_cloud.sessions.rules import begin_at, check_door, end_at
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Operator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Instant, Place, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found
from tagdock_cloud.web.reply import reply

MOST_GOODS = 5_000
"""Items that one answer names: a truck holds some thousand cartons."""

_SQL = load_queries("tagdock_cloud.sessions")
router = APIRouter(prefix="/api/v1", tags=["sessions"])


@router.get("/sessions", response_model=SessionPage)
async def list_sessions(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    door: Place | None = None,
    state: SessionState | None = None,
    order: Place | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List sessions by when they began, newest first; the period is half open: since <= opened_at < until."""
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    values = {
        "site": site, "sites": caller.listed, "door": door, "state": state, "order": order, "since": since,
        "until": until, "before_at": before_at, "before_id": before_id, "rows": limit + 1,
    }  # fmt: skip
    return page(request, await db.all(_SQL["page"], values), limit, "opened_at", "session_id")


@router.post("/sessions", response_model=SessionRecord, status_code=201)
async def open_session(once: Once, caller: Operator, body: SessionRequest) -> Response:
    """Open a session at a door for an order or an advance notice; what passes there is held against its lines."""
    caller.check(body.site)

    async def work(transaction: Transaction) -> Response:
        session_id = await _open(transaction, caller, body)
        session = await find_session(transaction, body.site, session_id)
        await audit(
            transaction, caller, "session.open", f"session/{session_id}", site=body.site, after=body.model_dump()
        )
        return reply(session, 201, {"Location": f"/api/v1/sessions/{session_id}"})

    return await once(caller, work)


@router.get("/sessions/{session_id}", response_model=SessionRecord)
async def get_session(db: Db, caller: Viewer, session_id: UUID) -> Response:
    """Return one session whole: what is missing of each line, and what to make of every item that passed."""
    async with db.transaction() as transaction:
        return reply(await find_session(transaction, await _site_of(transaction, caller, session_id), session_id))


@router.post("/sessions/{session_id}/close", response_model=SessionRecord)
async def close_session(*, once: Once, caller: Operator, session_id: UUID, body: SessionEnd | None = None) -> Response:
    """Close a session. One that is closed is left as it is."""

    async def work(transaction: Transaction) -> Response:
        site = await _site_of(transaction, caller, session_id)
        values = {"site": site, "session_id": session_id}
        session = await transaction.one(_SQL["lock_one"], values)
        if session and session["is_open"]:
            until_at = end_at(body.until_at if body else None, session["opened_at"], session["now"])
            await transaction.run(_SQL["close"], {**values, "until_at": until_at, "by": caller.id})
            await transaction.run(_SQL["project"], values)
            await transaction.run(_SQL["announce"], values)
            change = {"before": {"state": session["state"]}, "after": {"state": "closed", "until_at": until_at}}
            await audit(transaction, caller, "session.close", f"session/{session_id}", site=site, **change)
        return reply(await find_session(transaction, site, session_id))

    return await once(caller, work)


async def find_session(db: Database | Transaction, site: str, session_id: UUID) -> dict[str, Any]:
    """Return a session whole. Raises Problem (404)."""
    session = await db.one(_SQL["one"], {"site": site, "session_id": session_id, "goods": MOST_GOODS})
    if session is None:
        raise not_found("session", session_id)
    return session


async def _open(transaction: Transaction, caller: Caller, body: SessionRequest) -> UUID:
    values: dict[str, Any] = {**body.model_dump(), "by": caller.id}
    order = await transaction.one(_SQL["order"], values)
    if order is None:
        raise not_found("order" if body.kind == "outbound" else "advance notice", body.order)
    if order["is_cancelled"]:
        raise Problem(409, f"{body.order} was cancelled")
    await transaction.run(_SQL["lock_door"], values)
    there = await transaction.one(_SQL["at_door"], values) or {}
    check_door(body.door, there["session_id"])
    opened_at = begin_at(body.opened_at, there["until_at"], there["now"])
    opened = await transaction.one(_SQL["open"], {**values, "opened_at": opened_at}) or {}
    session_id: UUID = opened["session_id"]
    await transaction.run(_SQL["project"], {"site": body.site, "session_id": session_id})
    await transaction.run(_SQL["announce"], values)
    return session_id


async def _site_of(transaction: Transaction, caller: Caller, session_id: UUID) -> str:
    found = await transaction.one(_SQL["site_of"], {"session_id": session_id})
    if found is None:
        raise not_found("session", session_id)
    caller.check(found["site"])
    return str(found["site"])
