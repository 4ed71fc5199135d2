"""The page Layout: the floor coloured by flow, as it is and as a plan would have it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tagdock_cloud.console.floor import Colouring, bin_flows, class_limits, draw, legend
from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.plans.routes import find_plan
from tagdock_cloud.store.queries import load_queries

_SQL = load_queries("tagdock_cloud.console")
Stored = dict[str, list[str]]
When = Literal["before", "after"]
router = APIRouter()


@router.get("/layout")
async def layout(
    frame: Framed,
    plan: UUID | None = None,
    when: When = "before",
    days: Annotated[int, Query(ge=1, le=3650)] = 30,
) -> Response:
    """Draw the floor; with a plan, before or after it, coloured by the flow that the plan was worked out from."""
    floor = await frame.db.one(_SQL["floor"], {"site": frame.site})
    if floor is None:
        return frame.show("layout.html")
    bins = await frame.db.all(_SQL["floor_bins"], {"site": frame.site})
    doors = await frame.db.all(_SQL["floor_doors"], {"site": frame.site})
    today = {row["bin"]: row["skus"] for row in bins}
    if plan is None:
        flow, first_day = await _measured(frame, days)
        stored, chosen = today, None
    else:
        chosen = await find_plan(frame.db, frame.caller, plan)
        flow, stored = await _planned(frame, chosen, when)
        first_day = None
    flows = bin_flows(flow, stored)
    colouring = Colouring(flows, stored, class_limits(flows.values()))
    return await run_in_threadpool(  # a large floor takes most of a second, and others want to be served meanwhile
        frame.show,
        "layout.html",
        drawing=draw(bins, doors, floor["aisles"], colouring),
        shades=legend(flows, colouring.limits),
        idle=sum(1 for row in bins if not flows.get(row["bin"])),
        plans=await frame.db.all(_SQL["plans_done"], {"site": frame.site}),
        chosen=chosen,
        when=when,
        days=days,
        first_day=first_day,
        unplaced_flow=sum(
            rate for sku, rate in flow.items() if sku not in {s for skus in stored.values() for s in skus}
        ),
        moved=_moved(chosen),
    )


async def _measured(frame: Frame, days: int) -> tuple[dict[str, float], Any]:
    rows = await frame.db.all(_SQL["flow_by_sku"], {"site": frame.site, "days": days})
    return {row["sku"]: row["lines_per_day"] for row in rows}, rows[0]["first_day"] if rows else None


async def _planned(frame: Frame, chosen: dict[str, Any], when: When) -> tuple[dict[str, float], Stored]:
    problem = await frame.db.one(_SQL["plan_problem"], chosen) or {"items": [], "current": {}}
    flow = {item["sku"]: float(item["picks_per_day"]) for item in problem["items"]}
    assignment = problem["current"] if when == "before" or not chosen["plan"] else chosen["plan"]["assignment"]
    stored: Stored = {}
    for sku, places in assignment.items():
        for place in places:
            stored.setdefault(place, []).append(sku)
    return flow, stored


def _moved(chosen: dict[str, Any] | None) -> set[str]:
    """Return the bins that a plan's moves touch."""
    moves = (chosen["plan"] or {}).get("moves", []) if chosen else []
    return {move[end] for move in moves for end in ("from", "to") if move.get(end)}
