"""The page Find: one box for an EPC, a SKU or a bin."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.inventory.epc import epc_candidates
from tagdock_cloud.inventory.record import (
    ItemFilter,
    MovementFilter,
    find_item,
    find_items,
    find_movements,
    recorded_forms,
)
from tagdock_cloud.store.queries import load_queries

MOST_ROWS = 50
_SQL = load_queries("tagdock_cloud.console")
_Typed = Annotated[str, Query(alias="q", max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$")]
router = APIRouter()


@router.get("/find")
async def find(frame: Framed, typed: _Typed = "") -> Response:
    """Show what goes by the name that was typed: where it is, since when, and its history."""
    text = typed.strip()
    content = await _found(frame, text) if text and frame.site else {}
    missed = bool(text) and not content
    return frame.show("find.html", 404 if missed else 200, typed=text, missed=missed, found=content)


@router.get("/find/bin")
async def bin_panel(frame: Framed, typed: _Typed) -> Response:
    """Show one bin alone, for the side of the layout."""
    found = await _bin(frame, typed)
    return frame.show("bin_panel.html", 200 if found else 404, found=found, typed=typed)


async def _found(frame: Frame, text: str) -> dict[str, Any]:
    """Look for an EPC, then for a SKU and a bin of exactly that name, then for what begins like it."""
    epcs = await recorded_forms(frame.db, epc_candidates(text))
    if epcs and (content := await _item(frame, epcs)):
        return content
    content = {**await _sku(frame, text), **await _bin(frame, text)}
    if content:
        return content
    like = {"text": text, "site": frame.site}
    skus, bins = await frame.db.all(_SQL["skus_like"], like), await frame.db.all(_SQL["bins_like"], like)
    return {"skus": skus, "bins": bins} if skus or bins else {}


async def _item(frame: Frame, epcs: list[str]) -> dict[str, Any]:
    item = await find_item(frame.db, frame.caller.listed, epcs)
    history = await find_movements(frame.db, MovementFilter(sites=frame.caller.listed, epcs=epcs), MOST_ROWS)
    if item is None and not history:
        return {}
    sku = await frame.db.one(_SQL["sku"], item) if item and item["sku"] else None
    return {"item": item or {"epc": history[0]["epc"]}, "item_sku": sku, "history": history}


async def _sku(frame: Frame, name: str) -> dict[str, Any]:
    sku = await frame.db.one(_SQL["sku"], {"sku": name})
    wanted = ItemFilter(sites=frame.caller.listed, site=frame.site, sku=name)
    items = await find_items(frame.db, wanted, MOST_ROWS)
    if sku is None and not items:
        return {}
    bins = await frame.db.all(_SQL["sku_bins"], {"sku": name, "site": frame.site})
    return {"sku": sku or {"sku": name}, "sku_items": items, "sku_bins": bins}


async def _bin(frame: Frame, name: str) -> dict[str, Any]:
    where = {"site": frame.site, "bin": name}
    row = await frame.db.one(_SQL["bin"], where)
    if row is None:
        return {}
    wanted = ItemFilter(sites=frame.caller.listed, site=frame.site, bin=name)
    items = await find_items(frame.db, wanted, MOST_ROWS)
    return {"bin": row, "bin_items": items, "readings": await frame.db.all(_SQL["bin_readings"], where)}
