"""Health over HTTP: for probes, for Prometheus, and for whoever watches the gateways."""

from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, Response

from tagdock_cloud.health.metrics import metrics_text
from tagdock_cloud.health.records import Alive, GatewayPage, Ready
from tagdock_cloud.health.rules import freshness
from tagdock_cloud.store.errors import StoreError
from tagdock_cloud.store.migrate import newest_revision
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Public, Viewer
from tagdock_cloud.web.database import Database, Db
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.problems import Problem
from tagdock_cloud.web.reply import reply

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
    """Tell Prometheus about gateways, refused batches, ingest and the solver's queue."""
    sites = caller.listed
    refused, ingests = await db.all(_SQL["refused_by_gateway"], {"sites": sites}), await db.all(_SQL["ingests"])
    queue = await find_plan_queue(db, None, sites)
    text = metrics_text(await find_gateways(db, None, sites), refused, ingests, queue)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@router.get("/api/v1/gateways", response_model=GatewayPage)
async def list_gateways(db: Db, caller: Viewer, site: Site | None = None) -> Response:
    """List gateways with their readers, their queue and how fresh their word is."""
    caller.check(site)
    return reply({"items": await find_gateways(db, site, caller.listed)})


async def find_gateways(db: Database, site: str | None, sites: list[str] | None) -> list[dict[str, Any]]:
    """Return gateways by name, each judged by the database's clock."""
    rows = await db.all(_SQL["gateways"], {"site": site, "sites": sites})
    for row in rows:
        row["freshness"] = freshness(row["state"], row["last_seen_at"], row.pop("now"))
    return rows


async def find_refused(db: Database, site: str | None, sites: list[str] | None) -> list[dict[str, Any]]:
    """Return the batches that were refused last, newest first, each with its reason."""
    return await db.all(_SQL["refused"], {"site": site, "sites": sites})


async def find_plan_queue(db: Database, site: str | None, sites: list[str] | None) -> dict[str, Any]:
    """Return how many plans wait for the solver, how many it works on, and since when the oldest waits."""
    return await db.one(_SQL["plan_queue"], {"site": site, "sites": sites}) or {}
