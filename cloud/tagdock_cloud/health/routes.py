"""Health over HTTP: for probes, for Prometheus, and for whoever watches the gateways."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, Response

from tagdock_cloud.health.metrics import metrics_text
from tagdock_cloud.health.records import Alive, GatewayPage, GatewayRecord, ReaderPage, Ready, RefusedPage
from tagdock_cloud.health.rules import freshness, readers_of
from tagdock_cloud.store.errors import StoreError
from tagdock_cloud.store.migrate import newest_revision
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager, Public, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db
from tagdock_cloud.web.names import Instant, Site
from tagdock_cloud.web.paging import CursorText, FewLimit, Limit, page, page_of_few, read_cursor
from tagdock_cloud.web.problems import Problem, not_found
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import tagged

_SQL = load_queries("tagdock_cloud.health")
_NEWEST = newest_revision()
router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=Alive)
async def healthz(_: Public) -> Response:
    """Tell that the process answers."""
    return reply({"status": "ok"})


@router.get("/readyz", response_model=Ready)
async def readyz(db: Db, _: Public) -> Response:
    """Tell whether the database answers and has the schema that this program needs; 503 with the reason where not."""
    try:
        row = await db.one(_SQL["schema"])
    except StoreError as error:
        raise Problem(503, str(error), headers={"Retry-After": "5"}) from error
    version = row["version_num"] if row else "none"
    if version < _NEWEST:
        raise Problem(503, f"the schema is at {version}, {_NEWEST} is needed: run `tagdock-cloud migrate`")
    return reply({"status": "ready", "schema_version": version})


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(db: Db, caller: Viewer) -> Response:
    """Tell Prometheus about gateways, refused batches, ingest, the solver's queue, due work, deliveries and alerts."""
    sites = caller.listed
    async with db.transaction() as transaction:
        refused = await transaction.all(_SQL["refused_by_gateway"], {"sites": sites})
        ingests, duties = await transaction.all(_SQL["ingests"]), await transaction.all(_SQL["duties"])
        deliveries = await transaction.one(_SQL["deliveries"]) or {}
        alerts = await transaction.all(_SQL["open_alerts"], {"sites": sites})
    text = metrics_text(
        gateways=await find_gateways(db, None, sites),
        refused=refused,
        ingests=ingests,
        queue=await find_plan_queue(db, None, sites),
        duties=duties,
        deliveries=deliveries,
        alerts=alerts,
    )
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@router.get("/api/v1/gateways", response_model=GatewayPage)
async def list_gateways(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    limit: FewLimit = 1000,
    cursor: CursorText = None,
) -> Response:
    """List gateways with their readers, their queue, what they lost, and how fresh their word is."""
    caller.check(site)
    return page_of_few(request, await find_gateways(db, site, caller.listed), limit, cursor, "site", "gateway")


@router.get("/api/v1/gateways/{site}/{gateway}", response_model=GatewayRecord)
async def get_gateway(request: Request, db: Db, caller: Viewer, site: Site, gateway: Site) -> Response:
    """Return one gateway."""
    caller.check(site)
    rows = await find_gateways(db, site, caller.listed, gateway)
    if not rows:
        raise not_found("gateway", f"{site}/{gateway}")
    return tagged(request, rows[0])


@router.get("/api/v1/readers", response_model=ReaderPage)
async def list_readers(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    gateway: Site | None = None,
    limit: FewLimit = 1000,
    cursor: CursorText = None,
) -> Response:
    """List readers as their gateways described them last."""
    caller.check(site)
    gateways = await find_gateways(db, site, caller.listed, gateway)
    readers = [reader for row in gateways for reader in readers_of(row)]
    return page_of_few(request, readers, limit, cursor, "site", "gateway", "reader")


@router.get("/api/v1/refused-batches", response_model=RefusedPage)
async def list_refused(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    gateway: Site | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List batches that were refused, newest first, each with its reason; since <= refused_at < until."""
    caller.check(site)
    before_at, before_id = read_cursor(cursor, datetime, int)
    where = {"site": site, "sites": caller.listed, "gateway": gateway, "since": since, "until": until}
    values = {**where, "before_at": before_at, "before_id": before_id, "rows": limit + 1}
    rows = await db.all(_SQL["refused"], values)
    return page(request, rows, limit, "refused_at", "refusal_id")


@router.delete("/api/v1/refused-batches/{refusal_id}", status_code=204)
async def forget_refused(db: Db, caller: Manager, refusal_id: Annotated[int, Path(ge=1, lt=2**63)]) -> Response:
    """Forget a refused batch whose cause is mended, or that nobody wants any more. Its gateway keeps its own copy."""
    async with db.transaction() as transaction:
        before = await transaction.one(_SQL["refusal"], {"refusal_id": refusal_id})
        if before is None:
            raise not_found("refused batch", refusal_id)
        caller.check(before["site"])
        await transaction.run(_SQL["forget_refusal"], {"refusal_id": refusal_id})
        subject = f"refused_batch/{refusal_id}"
        await audit(transaction, caller, "refused_batch.forget", subject, site=before["site"], before=before)
    return Response(status_code=204)


async def find_gateways(
    db: Database, site: str | None, sites: list[str] | None, gateway: str | None = None
) -> list[dict[str, Any]]:
    """Return gateways by name, each judged by the database's clock."""
    rows = await db.all(_SQL["gateways"], {"site": site, "sites": sites, "gateway": gateway})
    for row in rows:
        row["freshness"] = freshness(row["state"], row["last_seen_at"], row.pop("now"))
    return rows


async def find_plan_queue(db: Database, site: str | None, sites: list[str] | None) -> dict[str, Any]:
    """Return how many plans wait for the solver, how many it works on, and since when the oldest waits."""
    return await db.one(_SQL["plan_queue"], {"site": site, "sites": sites}) or {}
