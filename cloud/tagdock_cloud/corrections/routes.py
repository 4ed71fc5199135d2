"""Review over HTTP: what is uncertain, and what a person decides of it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.corrections.records import (
    DecisionBody,
    PassageHistory,
    PassagePage,
    ReviewState,
    SettlementBody,
    SettlementRecord,
)
from tagdock_cloud.inventory.newest import newest_of_sites
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager, Operator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Instant, Place, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import not_found
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged

_SQL = load_queries("tagdock_cloud.corrections")
router = APIRouter(prefix="/api/v1", tags=["review"])


@router.get("/passages", response_model=PassagePage)
async def list_passages(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    state: Annotated[ReviewState, Query(description="uncertain: nobody decided yet.")] = "uncertain",
    site: Site | None = None,
    door: Place | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List passages that wait for a person, or that a person decided, newest first."""
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    place = {"site": site, "sites": caller.listed, "door": door, "since": since, "until": until}
    wanted = {**place, "before_at": before_at, "before_id": before_id}
    rows = await newest_of_sites(db, _SQL[state], wanted, limit + 1)
    return page(request, rows, limit, "observed_at", "event_id")


@router.get("/sites/{site}/passages/{event_id}", response_model=PassageHistory)
async def get_passage(db: Db, _: Viewer, site: Site, event_id: UUID, observed_at: Instant) -> Response:
    """Return one passage with all its corrections, newest first."""
    return reply(await _find(db, {"site": site, "observed_at": observed_at, "event_id": event_id}))


@router.post("/movements/{event_id}/decision", response_model=PassageHistory)
async def decide(once: Once, caller: Operator, event_id: UUID, body: DecisionBody) -> Response:
    """Decide what a passage was; items, flows and door sessions follow at once. A later decision replaces this one.

    The report itself is never changed. The same decision again changes nothing.
    """

    async def work(transaction: Transaction) -> Response:
        return reply(await decide_passage(transaction, caller, event_id, body))

    return await once(caller, work)


@router.get("/sites/{site}/settlement", response_model=SettlementRecord)
async def get_settlement(request: Request, db: Db, _: Viewer, site: Site) -> Response:
    """Tell how close two gateways' reports of a tag must be to be taken for one passage."""
    return tagged(request, await _settlement(db, site))


@router.put("/sites/{site}/settlement", response_model=SettlementRecord)
async def put_settlement(
    *, request: Request, db: Db, caller: Manager, site: Site, body: SettlementBody, if_match: IfMatch = None
) -> Response:
    """Set it for what is reported from now on."""
    async with db.transaction() as transaction:
        before = await _settlement(transaction, site)
        check_unchanged("the settlement", before, if_match)
        await transaction.run(_SQL["set_settlement"], {"site": site, "window_s": body.window_s})
        after = await _settlement(transaction, site)
        await audit(transaction, caller, "settlement.put", f"site/{site}", site=site, before=before, after=after)
    return tagged(request, after)


async def decide_passage(
    transaction: Transaction, caller: Caller, event_id: UUID, body: DecisionBody
) -> dict[str, Any]:
    """Enter a person's decision, with its line in the audit; return the passage. Raises Problem (403, 404)."""
    caller.check(body.site)
    key = {"site": body.site, "observed_at": body.observed_at, "event_id": event_id}
    before = await _find(transaction, key)
    said = {"kind": "decided", "direction": body.direction, "door": body.door, "reason": body.comment}
    rows = to_json([{**key, **said, "by": caller.id}]).decode()
    told = await transaction.one(_SQL["correct"], {"rows": rows})
    after = await _find(transaction, key)
    if told and told["told"]:
        subject = f"movement/{event_id}"
        change = {"before": before["correction"], "after": after["correction"]}
        await audit(transaction, caller, "passage.decide", subject, site=body.site, **change)
    return after


async def _settlement(db: Database | Transaction, site: str) -> dict[str, Any]:
    settlement = await db.one(_SQL["settlement"], {"site": site})
    if settlement is None:
        raise not_found("site", site)
    return settlement


async def _find(db: Database | Transaction, key: dict[str, Any]) -> dict[str, Any]:
    passage = await db.one(_SQL["passage"], key)
    if passage is None:
        raise not_found("passage by a door with this site, observed_at and event_id:", key["event_id"])
    return {**passage, **(await db.one(_SQL["passage_corrections"], key) or {})}
