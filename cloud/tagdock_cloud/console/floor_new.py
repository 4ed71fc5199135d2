"""The page that lays a floor out: drawn from a few numbers or read from a CSV file, looked at before it is saved.

What is saved goes through the layout's own route (`PUT /api/v1/sites/{site}/layout`) with the tag of what was there
when the preview was made, so nobody overwrites a floor that they have not seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.console.colours import NOTHING
from tagdock_cloud.console.floor import draw, levels, paths
from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.mistakes import told
from tagdock_cloud.layout.drawn import AislePlan, lay_out
from tagdock_cloud.layout.places import lay_down_site
from tagdock_cloud.layout.records import Layout
from tagdock_cloud.layout.routes import find_layout
from tagdock_cloud.layout.rules import canonical
from tagdock_cloud.layout.sheet import COLUMNS, Mistake, layout_of, read_sheet, write_sheet
from tagdock_cloud.web.access import Integrator
from tagdock_cloud.web.database import Db
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.problems import Problem
from tagdock_cloud.web.tags import tag_of

MOST_BYTES = 8 * 2**20
MOST_NAMED = 20
"""Bins or SKUs that the preview names; the rest is counted."""
_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
_Keep = Annotated[bool, Query(description="Leave SKUs in bins that keep their name.")]
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Change:
    """What a new floor does to the present one: bins by name that come and go, and SKUs that lose their only bin."""

    bins: int
    doors: int
    came: tuple[str, ...]
    gone: tuple[str, ...]
    homeless: tuple[str, ...]
    is_same: bool


@router.get("/layout/new")
async def lay(frame: Framed, _: Integrator) -> Response:
    """Show the form of aisles and the place for a file, with the present floor's size beside them."""
    present = await find_layout(frame.db, frame.site) if frame.site else None
    return frame.show("layout_new.html", plan=AislePlan(), columns=COLUMNS, has_layout=present is not None)


@router.post("/layout/site")
async def name_site(db: Db, caller: Integrator, site: Annotated[Site, Form()]) -> Response:
    """Lay down the first site, and go on to lay out its floor."""
    await lay_down_site(db, caller, site)
    return RedirectResponse(f"/layout/new?{urlencode({'site': site})}", 303)


@router.get("/layout/sheet.csv")
async def sheet(frame: Framed) -> Response:
    """Write the present floor as a CSV file that the same page reads."""
    present = await find_layout(frame.db, frame.site) if frame.site else None
    if present is None:
        raise Problem(404, f"{frame.site} has no layout yet")
    text = await run_in_threadpool(lambda: write_sheet(Layout.model_validate_json(present)))
    headers = {"Content-Disposition": f'attachment; filename="{frame.site}-layout.csv"'}
    return Response("\ufeff" + text, media_type="text/csv; charset=utf-8", headers=headers)  # so that Excel reads UTF-8


@router.post("/layout/check/aisles")
async def check_aisles(frame: Framed, _: Integrator, body: AislePlan, keep: _Keep = True) -> Response:
    """Preview a floor drawn from a few numbers."""
    present = await _present(frame)
    try:
        layout = await run_in_threadpool(lay_out, body, str(present.get("name", "")))
    except Problem as problem:
        return _wrong(frame, [Mistake(0, field, reason) for field, reason in problem.errors])
    return await run_in_threadpool(_preview, frame, layout, present, keep)


@router.post("/layout/check/sheet", max_body_size=MOST_BYTES, openapi_extra=_CSV)
async def check_sheet(request: Request, frame: Framed, _: Integrator, keep: _Keep = True) -> Response:
    """Preview a floor from a CSV file, or list what is wrong in it by line."""
    present = await _present(frame)
    content = await request.body()

    def read() -> Response:
        read = read_sheet(content)
        rest = {name: present[name] for name in ("name", "aisles") if present.get(name) is not None}
        layout, mistakes = layout_of(read, rest)
        if layout is None:
            return _wrong(frame, mistakes)
        return _preview(frame, layout, present, keep and not read.has_skus)

    return await run_in_threadpool(read)


async def _present(frame: Frame) -> dict[str, Any]:
    """Return the present layout with its tag; empty where there is none."""
    present = await find_layout(frame.db, frame.site) if frame.site else None
    return {} if present is None else {**from_json(present), "tag": tag_of(present)}


def _wrong(frame: Frame, mistakes: Sequence[Mistake]) -> Response:
    return frame.show("layout_preview.html", mistakes=mistakes, told=told, drawing=None)


def _preview(frame: Frame, layout: Layout, present: Mapping[str, Any], keep: bool) -> Response:
    stored = {bin_["id"]: bin_["skus"] for bin_ in present.get("bins", ())}
    if keep:
        for bin_ in layout.bins:
            bin_.skus = stored.get(bin_.id, [])
    document = canonical(layout)
    rows = [{**row.model_dump(), "bin": row.id} for row in layout.bins]
    doors = [{**row.model_dump(), "door": row.id, "aisle_end": row.end} for row in layout.doors]
    drawing = draw(rows, doors, layout.aisles.model_dump() if layout.aisles else None)
    looks = {bin_.id: "f3" for bin_ in layout.bins if bin_.skus}
    return frame.show(
        "layout_preview.html",
        mistakes=[],
        drawing=drawing,
        paths=paths(drawing.boxes, looks, NOTHING),
        change=_change(layout, stored, document, present),
        heights=levels(rows),
        loses_matrix=present.get("bin_door_m") is not None or present.get("bin_bin_m") is not None,
        most_named=MOST_NAMED,
        tag=present.get("tag", ""),
        document=document.decode().replace("<", "\\u003c"),
    )


def _change(layout: Layout, stored: Mapping[str, Sequence[str]], document: bytes, present: Mapping[str, Any]) -> Change:
    names = {bin_.id for bin_ in layout.bins}
    kept = {sku for bin_ in layout.bins for sku in bin_.skus}
    had = {sku for skus in stored.values() for sku in skus}
    return Change(
        len(layout.bins),
        len(layout.doors),
        tuple(sorted(names - stored.keys())),
        tuple(sorted(stored.keys() - names)),
        tuple(sorted(had - kept)),
        tag_of(document) == present.get("tag"),
    )
