"""The page Find: one box for an EPC, a barcode, a SKU, an order, a bin or a door."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.readings import quantity_name, reading_text
from tagdock_cloud.doors.routes import find_doors
from tagdock_cloud.epcis.history import captured_history
from tagdock_cloud.inventory.epc import epc_candidates
from tagdock_cloud.inventory.record import (
    ItemFilter,
    MovementFilter,
    find_item,
    find_items,
    find_movements,
    recorded_forms,
)
from tagdock_cloud.inventory.scans import Scan, read_scan, unknown_epc
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.paging import CursorText, read_cursor, write_cursor

MOST_ROWS = 50
_SQL = {**load_queries("tagdock_cloud.console"), **load_queries("tagdock_cloud.console", "find.sql")}
_ORDER = load_queries("tagdock_cloud.orders")["one"]
_Typed = Annotated[str, Query(alias="q", max_length=400, pattern=r"^[^\x00-\x1c\x1e\x1f\x7f]*$")]
"""What may be typed or scanned: no control characters but the one that scanners send between elements (GS)."""
_Before = tuple[datetime | None, UUID | None]
router = APIRouter()


@router.get("/find")
async def find(frame: Framed, typed: _Typed = "", cursor: CursorText = None) -> Response:
    """Show what goes by the name that was typed: where it is, since when, and its history page by page."""
    text = typed.strip()
    at, event_id = read_cursor(cursor, datetime, UUID)
    scan = read_scan(text)
    content = await _found(frame, text, scan, (at, event_id)) if text and frame.site else {}
    missed = bool(text) and not content.keys() - {"like", "unknown"}
    shown = {
        "typed": text,
        "missed": missed,
        "found": content,
        "is_misread": scan.is_misread,
        "is_older": cursor is not None,
    }
    return frame.show("find.html", 404 if missed and "like" not in content else 200, **shown)


async def _found(frame: Frame, text: str, scan: Scan, before: _Before) -> dict[str, Any]:
    """Look for an item, then for goods, orders, bins and doors of exactly that name, then for what begins like it."""
    epcs = await recorded_forms(frame.db, epc_candidates(scan.link or text))
    if epcs and (content := await _item(frame, epcs, before)):
        return content
    content = await _sku(frame, text)
    if scan.link is None:  # a barcode with a serial number means one item, not its kind
        for row in await frame.db.all(_SQL["sku_of_gtin"], {"gtin": scan.gtin}):
            content |= await _sku(frame, row["sku"])
    content |= await _bin(frame, text)
    content |= await _orders(frame, scan.order or text)
    content |= await _door(frame, text, before)
    if content:
        return content
    unknown = unknown_epc(scan.link or text)
    if unknown and (gtin := unknown.get("gtin")):
        unknown["sku"] = ", ".join(row["sku"] for row in await frame.db.all(_SQL["sku_of_gtin"], {"gtin": gtin}))
    content = {"unknown": unknown} if unknown else {}
    return content | await _like(frame, text)


async def _item(frame: Frame, epcs: list[str], before: _Before) -> dict[str, Any]:
    sites = frame.caller.listed
    item = await find_item(frame.db, sites, epcs)
    moved = await find_movements(frame.db, MovementFilter(sites=sites, epcs=epcs), MOST_ROWS + 1, before)
    told = await captured_history(frame.db, epcs, MOST_ROWS + 1, sites=sites, before=before)
    history = sorted([*moved, *told], key=lambda row: (row["observed_at"], row["event_id"]), reverse=True)
    if item is None and not history and before == (None, None):
        return {}
    sku = await frame.db.one(_SQL["sku"], item) if item and item["sku"] else None
    relocated = await frame.db.all(_SQL["relocated"], {"epcs": epcs, "sites": sites})
    shown = item or {"epc": history[0]["epc"] if history else epcs[0]}
    return {
        "item": shown,
        "item_sku": sku,
        "relocated": relocated,
        "history": history[:MOST_ROWS],
        "older": _older(history),
    }


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
    readings = [_in_words(reading) for reading in await frame.db.all(_SQL["bin_readings"], where)]
    return {"bin": row, "bin_items": items, "readings": readings}


def _in_words(reading: dict[str, Any]) -> dict[str, Any]:
    quantity = reading["quantity"]
    return {**reading, "name": quantity_name(quantity), "text": reading_text(quantity, reading["value"])}


async def _orders(frame: Frame, number: str) -> dict[str, Any]:
    """Return the order and the advance notice of a number, each with its lines and its sessions at doors."""
    orders = []
    for row in await frame.db.all(_SQL["order_kinds"], {"site": frame.site, "id": number}):
        key = {"site": frame.site, "kind": row["kind"], "id": number}
        order = await frame.db.one(_ORDER, key)
        if order:
            orders.append({**order, **key, "sessions": await frame.db.all(_SQL["order_sessions"], key)})
    return {"orders": orders} if orders else {}


async def _door(frame: Frame, name: str, before: _Before) -> dict[str, Any]:
    door = await frame.db.one(_SQL["door"], {"site": frame.site, "door": name})
    if door is None or frame.site is None:
        return {}
    today = next((row for row in await find_doors(frame.db, frame.site) if row["door"] == name), None)
    wanted = MovementFilter(sites=frame.caller.listed, site=frame.site, door=name)
    passed = await find_movements(frame.db, wanted, MOST_ROWS + 1, before)
    return {"door": {**door, "today": today}, "passed": passed[:MOST_ROWS], "older": _older(passed)}


async def _like(frame: Frame, text: str) -> dict[str, Any]:
    asked = {"text": text, "site": frame.site, "sites": frame.caller.listed}
    kinds = ("skus", "bins", "orders", "doors") + (("epcs",) if text.startswith(("urn:epc:", "http")) else ())
    found = {kind: await frame.db.all(_SQL[f"{kind}_like"], asked) for kind in kinds}
    return {"like": found} if any(found.values()) else {}


def _older(rows: list[dict[str, Any]]) -> str | None:
    """Return where the next page begins; None where this one is the last."""
    if len(rows) <= MOST_ROWS:
        return None
    last = rows[MOST_ROWS - 1]
    return write_cursor((last["observed_at"], last["event_id"]))
