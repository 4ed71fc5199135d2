"""The audit over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tagdock_cloud.access.records import AuditPage
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Admin
from tagdock_cloud.web.database import Db
from tagdock_cloud.web.names import Instant, Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor

_SQL = load_queries("tagdock_cloud.access")
_Word = Annotated[str, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
router = APIRouter(prefix="/api/v1", tags=["access"])


@router.get("/audit", response_model=AuditPage)
async def list_audit(
    *,
    request: Request,
    db: Db,
    caller: Admin,
    who: _Word | None = None,
    action: _Word | None = None,
    subject: _Word | None = None,
    site: Site | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List changes, newest first; an admin of some sites sees what concerns those."""
    (before,) = read_cursor(cursor, int)
    period = {"since": since, "until": until, "before": before, "rows": limit + 1}
    values = {"who": who, "action": action, "subject": subject, "site": site, "sites": caller.listed, **period}
    return page(request, await db.all(_SQL["audit_page"], values), limit, "audit_id")
