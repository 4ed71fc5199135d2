"""Sites and doors over HTTP."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tagdock_cloud.doors.records import DoorPage, SitePage
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.database import Database, Db
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.paging import CursorText, FewLimit, page_of_few
from tagdock_cloud.web.problems import not_found

_SQL = load_queries("tagdock_cloud.doors")
router = APIRouter(prefix="/api/v1", tags=["doors"])


@router.get("/sites", response_model=SitePage)
async def list_sites(
    request: Request, db: Db, caller: Viewer, limit: FewLimit = 1000, cursor: CursorText = None
) -> Response:
    """List the caller's sites."""
    return page_of_few(request, await find_sites(db, caller.listed), limit, cursor, "site")


@router.get("/sites/{site}/doors", response_model=DoorPage)
async def list_doors(
    *, request: Request, db: Db, caller: Viewer, site: Site, limit: FewLimit = 1000, cursor: CursorText = None
) -> Response:
    """List a site's doors with today's counts (UTC) and what passed last."""
    caller.check(site)
    if await db.one(_SQL["site"], {"site": site}) is None:
        raise not_found("site", site)
    return page_of_few(request, await find_doors(db, site), limit, cursor, "door")


async def find_sites(db: Database, sites: list[str] | None) -> list[dict[str, Any]]:
    """Return sites by name: those given, or all (None)."""
    return await db.all(_SQL["sites"], {"sites": sites})


async def find_doors(db: Database, site: str) -> list[dict[str, Any]]:
    """Return a site's doors by name, with counts and the last movement."""
    return await db.all(_SQL["doors"], {"site": site})
