"""Alerts over HTTP: what is open, what was, and who has seen it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.alerts.records import Acknowledgement, AlertKind, AlertPage, AlertRecord, Severity
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Operator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Instant, Label, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import not_found
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.alerts")
router = APIRouter(prefix="/api/v1", tags=["alerts"])


@router.get("/alerts", response_model=AlertPage)
async def list_alerts(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    kind: AlertKind | None = None,
    severity: Severity | None = None,
    originator: Label | None = None,
    is_open: bool | None = None,
    is_acknowledged: bool | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List alerts, newest first. `is_open=true`: those whose cause is still there."""
    caller.check(site)
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    values = {
        "sites": caller.listed, "site": site, "kind": kind, "severity": severity, "originator": originator,
        "is_open": is_open, "is_acknowledged": is_acknowledged, "since": since, "until": until,
        "before_at": before_at, "before_id": before_id, "rows": limit + 1,
    }  # fmt: skip
    return page(request, await db.all(_SQL["page"], values), limit, "raised_at", "alert_id")


@router.get("/alerts/{alert_id}", response_model=AlertRecord)
async def get_alert(db: Db, caller: Viewer, alert_id: UUID) -> Response:
    """Return one alert."""
    async with db.transaction() as transaction:
        return reply(await _find(transaction, caller, alert_id))


@router.post("/alerts/{alert_id}/acknowledge", response_model=AlertRecord)
async def acknowledge_alert(once: Once, caller: Operator, alert_id: UUID, body: Acknowledgement) -> Response:
    """Say that somebody has seen it; it stays open until its cause is gone. Once more changes nothing."""

    async def work(transaction: Transaction) -> Response:
        before = await _find(transaction, caller, alert_id)
        values = {"alert_id": alert_id, "by": caller.name, "comment": body.comment}
        if await transaction.run(_SQL["acknowledge"], values):
            subject = f"alert/{alert_id}"
            change = {
                "before": {"acknowledged_by": None},
                "after": {"acknowledged_by": caller.name, **body.model_dump()},
            }
            await audit(transaction, caller, "alert.acknowledge", subject, site=before["site"], **change)
        return reply(await _find(transaction, caller, alert_id))

    return await once(caller, work)


async def _find(transaction: Transaction, caller: Caller, alert_id: UUID) -> dict[str, Any]:
    """Return an alert. Raises Problem: 404, or 403 where it is of another site."""
    row = await transaction.one(_SQL["one"], {"alert_id": alert_id})
    if row is None:
        raise not_found("alert", alert_id)
    caller.check(row["site"])
    return row
