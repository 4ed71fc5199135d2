"""Shipments with carriers: what was handed over, what the carrier tells of it, and what needs somebody."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.orders.records import OrderId
from tagdock_cloud.shipping.exceptions import open_cases
from tagdock_cloud.shipping.parcels import (
    NewsTaken,
    ShipmentBody,
    ShipmentNewsList,
    ShipmentPage,
    ShipmentRecord,
    ShipmentState,
    ShipmentWhole,
)
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found, refused
from tagdock_cloud.web.reply import reply

_SQL = load_queries("tagdock_cloud.shipping", "shipments.sql")
NEWS_BYTES = 2**20
router = APIRouter(prefix="/api/v1/shipments", tags=["shipping"])


@router.get("", response_model=ShipmentPage)
async def list_shipments(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    order: OrderId | None = None,
    state: ShipmentState | None = None,
    is_exception: bool | None = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List shipments, newest first."""
    caller.check(site)
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    asked = {"site": site, "order_id": order, "state": state, "is_exception": is_exception}
    values = {**asked, "listed": caller.listed, "before_at": before_at, "before_id": before_id, "rows": limit + 1}
    return page(request, await db.all(_SQL["page"], values), limit, "created_at", "shipment_id")


@router.post("", response_model=ShipmentRecord, status_code=201)
async def add_shipment(once: Once, caller: Integrator, body: ShipmentBody) -> Response:
    """Tell of a shipment of an order. The same once more changes nothing."""
    caller.check(body.site)

    async def work(transaction: Transaction) -> Response:
        shipment = await add_one(transaction, caller, body)
        return reply(shipment, 201, {"Location": f"/api/v1/shipments/{shipment['shipment_id']}"})

    return await once(caller, work)


async def add_one(transaction: Transaction, caller: Caller, body: ShipmentBody) -> dict[str, Any]:
    """Do that, and return the shipment. Raises Problem: 403, 409 where it is another one's, 422 without the order."""
    caller.check(body.site)
    told = body.model_dump()
    if await transaction.one(_SQL["order"], told) is None:
        raise refused("order", f"site {body.site} has no order {body.order!r} to ship")
    is_new = await transaction.run(_SQL["insert"], {**told, "by": caller.name})
    shipment = await transaction.one(_SQL["named"], told)
    if shipment is None or _words(shipment) != {**told, "order_id": body.order}:
        raise Problem(409, f"{body.carrier} has a shipment {body.tracking} already, of another order or service")
    if is_new:
        subject = f"shipment/{shipment['shipment_id']}"
        await audit(transaction, caller, "shipment.add", subject, site=body.site, after=told)
    return shipment


@router.post("/news", response_model=NewsTaken, max_body_size=NEWS_BYTES)
async def tell_shipments(once: Once, caller: Integrator, body: ShipmentNewsList) -> Response:
    """Take in what carriers tell, all or none, in any order; what was told before changes nothing."""

    async def work(transaction: Transaction) -> Response:
        news = body.model_dump(mode="json")["items"]
        rows = await transaction.all(_SQL["whose"], {"news": to_json(news).decode()})
        known = {(row["carrier"], row["tracking"]): row for row in rows}
        for place, one in enumerate(news):
            shipment = known.get((one["carrier"], one["tracking"]))
            if shipment is None:
                raise refused(f"items[{place}].tracking", f"{one['carrier']} has no shipment {one['tracking']!r} here")
            caller.check(shipment["site"])
            one["shipment_id"] = shipment["shipment_id"]
        cases: list[str] = []
        new = await transaction.all(_SQL["tell"], {"news": to_json(news).decode(), "by": caller.name})
        if new:
            shipment_ids = {row["shipment_id"] for row in new}
            await transaction.one(_SQL["follow"], {"ids": sorted(shipment_ids)})
            cases = await open_cases(transaction, caller, shipment_ids)
            sites = {row["site"] for row in rows}
            site = sites.pop() if len(sites) == 1 else None
            await audit(transaction, caller, "shipment.tell", "shipments", site=site, after=new)
        return reply({"told": len(news), "new": len(new), "cases": cases})

    return await once(caller, work)


@router.get("/{shipment_id}", response_model=ShipmentWhole)
async def get_shipment(db: Db, caller: Viewer, shipment_id: UUID) -> Response:
    """Return one shipment with what the doors saw of its order and all that its carrier told."""
    values = {"shipment_id": shipment_id}
    shipment = await db.one(_SQL["one"], values)
    if shipment is None:
        raise not_found("shipment", shipment_id)
    caller.check(shipment["site"])
    dock, cases = await db.one(_SQL["dock"], shipment), await db.all(_SQL["cases"], shipment)
    return reply({**shipment, "dock": dock, "cases": cases, "news": await db.all(_SQL["news"], values)})


def _words(shipment: dict[str, Any]) -> dict[str, Any]:
    names = ("site", "order_id", "carrier", "tracking", "service", "is_insured", "is_signed")
    return {**{name: shipment[name] for name in names}, "order": shipment["order_id"]}
