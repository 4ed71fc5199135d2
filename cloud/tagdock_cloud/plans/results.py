"""What a plan shows over HTTP: pictures, rates, what it saved, and another plan beside it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from tagdock_cloud.plans.records import Picture, PictureList, PlanComparison, RatesRecord, SavingsList
from tagdock_cloud.plans.routes import find_plan
from tagdock_cloud.plans.rules import compare
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.database import Database, Db
from tagdock_cloud.web.problems import Problem, not_found
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.plans")
_NO_RATES: dict[str, Any] = {"first_day": None, "end_day": None, "method": None, "items": {}}
SVG = "image/svg+xml"
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""A picture is looked at and does nothing: its own style, no script, nothing loaded."""

router = APIRouter(prefix="/api/v1", tags=["plans"])


@router.get("/plans/{plan_id}/pictures", response_model=PictureList)
async def list_pictures(db: Db, caller: Viewer, plan_id: UUID) -> Response:
    """List the pictures that a plan has; the solver draws them when it is done."""
    await find_plan(db, caller, plan_id)
    return reply({"items": await find_pictures(db, plan_id)})


@router.get("/plans/{plan_id}/pictures/{what}.svg", response_class=Response, responses={200: {"content": {SVG: {}}}})
async def get_picture(db: Db, caller: Viewer, plan_id: UUID, what: Picture) -> Response:
    """Return one picture as SVG."""
    await find_plan(db, caller, plan_id)
    row = await db.one(_SQL["picture"], {"plan_id": plan_id, "what": what})
    if row is None:
        raise not_found(f"picture of plan {plan_id}", what)
    return Response(row["svg"], media_type=SVG, headers={"Content-Security-Policy": SVG_POLICY})


@router.get("/plans/{plan_id}/savings", response_model=SavingsList)
async def list_savings(db: Db, caller: Viewer, plan_id: UUID) -> Response:
    """Tell week by week what an approved plan promised and what its moves saved on what was really picked."""
    await find_plan(db, caller, plan_id)
    return reply({"items": await find_savings(db, plan_id)})


@router.get("/plans/{plan_id}/rates", response_model=RatesRecord)
async def get_rates(db: Db, caller: Viewer, plan_id: UUID) -> Response:
    """Return the rates that a plan was made for, each with its interval."""
    await find_plan(db, caller, plan_id)
    row = await db.one(_SQL["rates"], {"plan_id": plan_id})
    return reply((row and row["rates"]) or _NO_RATES)


@router.get("/plans/{plan_id}/compare/{other_plan_id}", response_model=PlanComparison)
async def compare_plans(db: Db, caller: Viewer, plan_id: UUID, other_plan_id: UUID) -> Response:
    """Put two plans of one site side by side."""
    one, other = [await find_plan(db, caller, found) for found in (plan_id, other_plan_id)]
    if one["site"] != other["site"]:
        raise Problem(409, f"the plans are of two sites, {one['site']} and {other['site']}")
    return reply(compare(one, other))


async def find_pictures(db: Database, plan_id: UUID) -> list[str]:
    """Return the names of a plan's pictures."""
    return [row["what"] for row in await db.all(_SQL["pictures"], {"plan_id": plan_id})]


async def find_savings(db: Database, plan_id: UUID) -> list[dict[str, Any]]:
    """Return what a plan promised and what it saved, week by week."""
    return await db.all(_SQL["savings"], {"plan_id": plan_id})
