"""Records as JSON Lines: what the office knows, and beside it the truth."""

import json
from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any

from tagdock_contract import utc_text

from tagdock_simulators.warehouse.world.records import (
    Booking,
    Count,
    Document,
    Lines,
    Mistake,
    Moved,
    Notice,
    Order,
    ReturnNotice,
    Shipment,
)


def document_line(document: Document) -> bytes:
    """Write what the office knows as one line; `type` says what it is."""
    return _line({"at": utc_text(document.at), **_told(document)})


def moved_lines(moved: Moved) -> bytes:
    """Write what truly happened, a line for each item; `place` is null outside the house."""
    told: dict[str, object] = {"step": moved.step, "where": moved.where, "place": moved.place}
    told |= {"document": moved.document or None} | ({"sscc": moved.sscc} if moved.sscc else {})
    rest = json.dumps(told)[1:]
    at = utc_text(moved.at)
    lines = (
        f'{{"at": "{at}", "epc": "{epc.urn}", "epc_hex": "{epc.hex}", {rest}\n'
        for epc in (item.epc for item in moved.items)
    )
    return "".join(lines).encode()


def mistake_line(mistake: Mistake) -> bytes:
    """Write a mistake, and what a perfect system should have noticed."""
    told = {"at": utc_text(mistake.at), "mistake": mistake.kind, "where": mistake.where}
    return _line({**told, "document": mistake.document or None, "epcs": mistake.epcs, "should": mistake.should})


def _line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told).encode() + b"\n"


@singledispatch
def _told(document: Document) -> dict[str, Any]:
    raise TypeError(f"{type(document).__name__} is no document")


@_told.register
def _(notice: Notice) -> dict[str, Any]:
    pallets = [
        {"sscc": sscc, "items": [{"epc": epc, "sku": sku} for epc, sku in items]} for sscc, items in notice.pallets
    ]
    told = {"type": "asn", "id": notice.id, "door": notice.door, "expected_at": utc_text(notice.expected_at)}
    return {**told, "pallets": pallets}


@_told.register
def _(order: Order) -> dict[str, Any]:
    told = {"type": "order", "id": order.id, "door": order.door, "lines": _skus(order.lines)}
    return {**told, "not_in_stock": _skus(order.not_in_stock)}


@_told.register
def _(shipment: Shipment) -> dict[str, Any]:
    pallets = [
        {"sscc": sscc, "lines": [{"order": order, "sku": sku, "items": items} for order, sku, items in lines]}
        for sscc, lines in shipment.pallets
    ]
    return {"type": "shipment", "id": shipment.id, "door": shipment.door, "pallets": pallets}


@_told.register
def _(notice: ReturnNotice) -> dict[str, Any]:
    told = {"type": "rma", "id": notice.id, "door": notice.door, "expected_at": utc_text(notice.expected_at)}
    return {**told, "items": [{"epc": epc, "sku": sku} for epc, sku in notice.items]}


@_told.register
def _(count: Count) -> dict[str, Any]:
    told = {"type": "count", "id": count.id, "bin": count.bin}
    return {**told, "counted": _skus(count.counted), "booked": _skus(count.booked)}


@_told.register
def _(booking: Booking) -> dict[str, Any]:
    told = {"type": "booking", "bin": booking.bin, "sku": booking.sku, "change": booking.change}
    return {**told, "document": booking.document or None}


def _skus(lines: Lines | Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"sku": sku, "items": items} for sku, items in lines]
