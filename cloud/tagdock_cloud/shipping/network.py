"""One view over all sites, and what is said of them: where they lie, what they can do, the lanes between them."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.shipping.parcels import Network
from tagdock_cloud.shipping.records import Lanes, SiteFacts, SiteFactsBody
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Manager, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.problems import not_found, refused
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged

_SQL = load_queries("tagdock_cloud.shipping", "network.sql")
MOST_BYTES = 2**20
router = APIRouter(prefix="/api/v1", tags=["shipping"])


@router.get("/network", response_model=Network)
async def get_network(db: Db, caller: Viewer) -> Response:
    """Show the caller's sites side by side: stock, open orders, transfers on the way, what is left of the day."""
    waiting = await db.one(_SQL["waiting"]) if caller.sites is None else None
    sites = await db.all(_SQL["network"], {"listed": caller.listed})
    return reply({"items": sites, "waiting_orders": waiting and waiting["orders"]})


@router.get("/sites/{site}/facts", response_model=SiteFacts)
async def get_facts(request: Request, db: Db, caller: Viewer, site: Site) -> Response:
    """Return where a site lies and what it can do a day."""
    caller.check(site)
    facts = await db.one(_SQL["facts"], {"site": site})
    if facts is None:
        raise not_found("site that says where it lies", site)
    return tagged(request, facts)


@router.put("/sites/{site}/facts", response_model=SiteFacts, responses={201: {"model": SiteFacts}})
async def put_facts(
    *, request: Request, db: Db, caller: Integrator, site: Site, body: SiteFactsBody, if_match: IfMatch = None
) -> Response:
    """Say where a site lies and what it can do a day (201), or say it anew."""
    caller.check(site)
    told: dict[str, Any] = {"site": site, **body.model_dump()}
    told["vehicles"] = to_json(told["vehicles"]).decode()
    async with db.transaction() as transaction:
        if await transaction.one(_SQL["site"], told) is None:
            raise not_found("site", site)
        before = await transaction.one(_SQL["facts"], told)
        check_unchanged(f"facts of site {site}", before, if_match)
        await transaction.run(_SQL["put_facts"], told)
        after = await transaction.one(_SQL["facts"], told)
        if after != before:
            await audit(transaction, caller, "site.facts", f"site/{site}", site=site, before=before, after=after)
    return tagged(request, after, 200 if before else 201)


@router.get("/lanes", response_model=Lanes)
async def list_lanes(request: Request, db: Db, caller: Viewer) -> Response:
    """List the lanes that somebody knows better than the distance tells, of the caller's sites."""
    lanes = await db.all(_SQL["lanes"])
    own = [lane for lane in lanes if caller.sites is None or {lane["start_site"], lane["goal_site"]} <= caller.sites]
    return tagged(request, {"items": own})


@router.put("/lanes", response_model=Lanes, max_body_size=MOST_BYTES)
async def put_lanes(*, request: Request, db: Db, caller: Manager, body: Lanes, if_match: IfMatch = None) -> Response:
    """Replace the list of lanes whole."""
    caller.check_everywhere()
    told = to_json(body.model_dump()["items"]).decode()
    async with db.transaction() as transaction:
        await transaction.run(_SQL["lock_lanes"])
        missing = await transaction.one(_SQL["lanes_missing"], {"lanes": told})
        if missing:
            ends = f"{missing['start_site']} or {missing['goal_site']}"
            raise refused(f"items[{missing['place']}]", f"there is no site {ends}")
        before = {"items": await transaction.all(_SQL["lanes"])}
        check_unchanged("the list of lanes", before, if_match)
        await transaction.run(_SQL["forget_lanes"])
        await transaction.run(_SQL["put_lanes"], {"lanes": told})
        after = {"items": await transaction.all(_SQL["lanes"])}
        if after != before:
            await audit(transaction, caller, "lanes.put", "lanes", before=before, after=after)
    return tagged(request, after)
