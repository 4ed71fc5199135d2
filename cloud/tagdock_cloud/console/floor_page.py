"""The page Layout: the floor as it is and as a plan would have it, in the colours of one measure, level by level."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tagdock_cloud.console.colours import (
    NOTHING,
    Colouring,
    Measure,
    bin_flows,
    by_fill,
    by_flow,
    by_regret,
    by_sensors,
)
from tagdock_cloud.console.floor import Drawing, draw, levels, paths
from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.readings import quantity_name, reading_text
from tagdock_cloud.health.routes import find_gateways
from tagdock_cloud.plans.routes import find_plan
from tagdock_cloud.store.queries import load_queries

MOST_WORDS = 6
"""SKUs that a bin's words name; the panel lists them all."""

_SQL = load_queries("tagdock_cloud.console", "floor.sql")
_Rows = Sequence[Mapping[str, Any]]
When = Literal["before", "after"]
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page colours by. `stored`: SKUs by bin as they are shown, today's or a plan's."""

    measure: Measure
    plan: dict[str, Any] | None
    when: When
    days: int
    stored: Mapping[str, Sequence[str]]
    flow: Mapping[str, float] = field(default_factory=dict)
    first_day: Any = None


@router.get("/layout")
async def layout(
    *,
    frame: Framed,
    plan: UUID | Literal[""] | None = None,
    when: When = "before",
    show: Measure = "flow",
    level: Annotated[int, Query(ge=0, le=1000)] = 0,
    days: Annotated[int, Query(ge=1, le=3650)] = 30,
) -> Response:
    """Draw the floor. `level`: counted from below, 0: all. Regret without a named plan is against the newest one."""
    floor = await frame.db.one(_SQL["floor"], {"site": frame.site})
    if floor is None:
        return frame.show("layout.html", may_supply=frame.caller.may("supply"))
    here = {"site": frame.site}
    bins = await frame.db.all(_SQL["floor_bins"], here)
    doors = await frame.db.all(_SQL["floor_doors"], here)
    plans = await frame.db.all(_SQL["plans_done"], here)
    if show == "regret" and not plan and plans:
        plan = plans[0]["plan_id"]
    chosen = await find_plan(frame.db, frame.caller, plan) if plan else None
    shown = await (_planned(frame, show, chosen, when) if chosen else _measured(frame, show, days, bins))
    colouring = await _colouring(frame, shown, bins)
    heights = levels(bins)
    on_level = bins if not 0 < level <= len(heights) else _on_level(bins, heights[level - 1])
    drawing = draw(on_level, doors, floor["aisles"])
    homeless = sum(rate for sku, rate in shown.flow.items() if sku not in {s for k in shown.stored.values() for s in k})
    moved = _moved(shown.plan)
    return await run_in_threadpool(  # a large floor takes most of a second, and others want to be served meanwhile
        frame.show,
        "layout.html",
        drawing=drawing,
        paths=paths(drawing.boxes, colouring.looks, NOTHING),
        moved_path=paths([box for box in drawing.boxes if box.bin in moved], {}, "moved").get("moved", ""),
        data=_data(drawing, shown, colouring),
        legend=colouring.legend,
        shown=shown,
        plans=plans,
        chosen=shown.plan,
        heights=heights,
        level=level if on_level is not bins else 0,
        moved=moved,
        homeless=homeless,
        gateways=await find_gateways(frame.db, frame.site, frame.caller.listed),
        may_supply=frame.caller.may("supply"),
    )


@router.get("/layout/bin")
async def bin_panel(frame: Framed, name: Annotated[str, Query(alias="bin", max_length=200)]) -> Response:
    """Show one bin alone, for the side of the layout."""
    values = {"site": frame.site, "bin": name}
    row = await frame.db.one(_SQL["bin"], values)
    if row is None:
        return frame.show("bin_panel.html", 404, found=None, typed=name)
    return frame.show(
        "bin_panel.html",
        found=row,
        contents=await frame.db.all(_SQL["bin_contents"], values),
        items=await frame.db.all(_SQL["bin_items"], {**values, "rows": 8}),
        flow=await frame.db.one(_SQL["bin_flow"], values),
        sensors=[_in_words(row) for row in await frame.db.all(_SQL["bin_sensors"], values)],
        tasks=await frame.db.all(_SQL["bin_tasks"], values),
    )


def _in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    quantity = row["quantity"]
    return {**row, "name": quantity_name(quantity), "text": reading_text(quantity, row["value"])}


async def _measured(frame: Frame, measure: Measure, days: int, bins: _Rows) -> Shown:
    """Return today's floor with the flow of the last days."""
    rows = await frame.db.all(_SQL["flow_by_sku"], {"site": frame.site, "days": days})
    flow = {row["sku"]: row["lines_per_day"] for row in rows}
    stored = {row["bin"]: row["skus"] for row in bins}
    return Shown(measure, None, "before", days, stored, flow, rows[0]["first_day"] if rows else None)


async def _planned(frame: Frame, measure: Measure, plan: dict[str, Any], when: When) -> Shown:
    """Return the floor before or after a plan, with the flow that it was worked out from."""
    problem = await frame.db.one(_SQL["plan_problem"], plan) or {"items": [], "current": {}}
    flow = {item["sku"]: float(item["picks_per_day"]) for item in problem["items"]}
    assignment = problem["current"] if when == "before" or not plan["plan"] else plan["plan"]["assignment"]
    stored: dict[str, list[str]] = {}
    for sku, places in assignment.items():
        for place in places:
            stored.setdefault(place, []).append(sku)
    return Shown(measure, plan, when, 0, stored, flow)


async def _colouring(frame: Frame, shown: Shown, bins: _Rows) -> Colouring:
    names = [row["bin"] for row in bins]
    if shown.measure == "regret":
        return by_regret((shown.plan["plan"] or {}).get("moves", []) if shown.plan else [], names)
    if shown.measure == "fill":
        return by_fill(await frame.db.all(_SQL["floor_fill"], {"site": frame.site}))
    if shown.measure == "sensors":
        rows = await frame.db.all(_SQL["floor_sensors"], {"site": frame.site})
        return by_sensors(rows, rows[0]["now"]) if rows else Colouring({}, {}, ())
    return by_flow(bin_flows(shown.flow, shown.stored), names)


def _on_level(bins: _Rows, height_m: float) -> list[Mapping[str, Any]]:
    return [row for row in bins if row["z_m"] is not None and round(row["z_m"], 2) == height_m]


def _data(drawing: Drawing, shown: Shown, colouring: Colouring) -> str:
    """Write what the page's script knows of each bin: name, centre, width, height, SKUs, and the measure in words."""
    rows = [
        [
            box.bin,
            round(box.x + box.width / 2, 2),
            round(box.y + box.height / 2, 2),
            round(box.width, 2),
            round(box.height, 2),
            ", ".join(shown.stored.get(box.bin, ())[:MOST_WORDS]),
            colouring.words.get(box.bin, ""),
        ]
        for box in drawing.boxes
    ]
    return to_json(rows).decode().replace("<", "\\u003c")  # nothing in it can end the element that holds it


def _moved(plan: Mapping[str, Any] | None) -> set[str]:
    """Return the bins that a plan's moves touch."""
    moves = (plan["plan"] or {}).get("moves", []) if plan else []
    return {move[end] for move in moves for end in ("from", "to") if move.get(end)}
