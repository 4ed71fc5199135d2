"""What each SKU at a site is, over HTTP; and all routes of this subject."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tagdock_cloud.stockpolicy.counts.routes import router as counts
from tagdock_cloud.stockpolicy.limits import router as limits
from tagdock_cloud.stockpolicy.proposals import router as proposals
from tagdock_cloud.stockpolicy.records import ErrorList, Pace, PolicyPage, ZoneState, ZoneStockPage
from tagdock_cloud.stockpolicy.velocity import Velocity
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.database import Db
from tagdock_cloud.web.names import Place, Site, Sku
from tagdock_cloud.web.paging import CursorText, FewLimit, Limit, page, page_of_few, read_cursor

_SQL = load_queries("tagdock_cloud.stockpolicy")
router = APIRouter(prefix="/api/v1", tags=["stock policy"])
ROUTERS = (router, limits, proposals, counts)


@router.get("/stock-policy", response_model=PolicyPage)
async def list_policies(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    sku: Sku | None = None,
    velocity: Velocity | None = None,
    pace: Annotated[Pace | None, Query(description="dead and slow: what ties up room and money.")] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List SKUs by site and name: class, stock, limits, what they are expected to need."""
    caller.check(site)
    after_site, after_sku = read_cursor(cursor, str, str)
    asked = {"sites": caller.listed, "site": site, "sku": sku, "velocity": velocity, "pace": pace}
    rows = await db.all(
        _SQL["policies"], {**asked, "after_site": after_site, "after_sku": after_sku, "rows": limit + 1}
    )
    return page(request, rows, limit, "site", "sku")


@router.get("/zone-stock", response_model=ZoneStockPage)
async def list_zone_stock(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    zone: Place | None = None,
    sku: Sku | None = None,
    state: ZoneState | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List what lies of SKUs in zones whose limits speak of both."""
    caller.check(site)
    keys = ("site", "zone", "sku", "rule_id")
    after = read_cursor(cursor, str, str, str, UUID)
    asked = {"sites": caller.listed, "site": site, "zone": zone, "sku": sku, "state": state, "rows": limit + 1}
    places = dict(zip(("after_site", "after_zone", "after_sku", "after_rule"), after, strict=True))
    return page(request, await db.all(_SQL["zone_stock"], {**asked, **places}), limit, *keys)


@router.get("/forecast-errors", response_model=ErrorList)
async def list_errors(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    limit: FewLimit = 1000,
    cursor: CursorText = None,
) -> Response:
    """Tell how far off forecasts were in weeks that they had not seen, by site and class."""
    caller.check(site)
    rows = await db.all(_SQL["error_of_sites"], {"sites": caller.listed, "site": site})
    return page_of_few(request, rows, limit, cursor, "site", "velocity")
