"""The page Shipping: orders that wait for a site and why, who is to ship them, transfers, and what carriers tell."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Path
from starlette.requests import Request
from starlette.responses import Response

from tagdock_cloud.console.frame import Frame, Framed, frame_of
from tagdock_cloud.console.paging import Cursor, cut
from tagdock_cloud.console.proposed import newest_question
from tagdock_cloud.console.trying import Work, read_form, try_work
from tagdock_cloud.orders.records import OrderId
from tagdock_cloud.orders.waiting import cancel_one
from tagdock_cloud.shipping.allocations import ALLOCATIONS, asked
from tagdock_cloud.shipping.parcels import ShipmentBody
from tagdock_cloud.shipping.records import AllocationRequest
from tagdock_cloud.shipping.shipments import add_one
from tagdock_cloud.shipping.transfers import SQL as TRANSFERS
from tagdock_cloud.shipping.transfers import call_off
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Manager, Planner
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.paging import read_cursor
from tagdock_cloud.web.problems import Problem

MOST_SHOWN = 100
_WAITING = load_queries("tagdock_cloud.orders", "waiting.sql")
_SHIPMENTS = load_queries("tagdock_cloud.shipping", "shipments.sql")
_NO_KEY = dict.fromkeys(("before_at", "before_id", "after"))
_Field = Annotated[str, Form(max_length=200)]
_Shown = Annotated[Site | None, Form()]
Row = dict[str, Any]
router = APIRouter()


@router.get("/shipping")
async def shipping(
    frame: Framed, done: bool = False, waiting: Cursor = None, transfers: Cursor = None, shipments: Cursor = None
) -> Response:
    """Show what waits to be shipped, what goes between sites, and what carriers have.

    `done`: something was changed. `waiting`, `transfers`, `shipments`: where these lists go on.
    """
    return await _page(frame, is_done=done, after=(waiting, transfers, shipments))


@router.post("/shipping/shipments")
async def add_shipment_here(
    *,
    frame: Framed,
    caller: Integrator,
    order: _Field = "",
    carrier: _Field = "",
    tracking: _Field = "",
    service: _Field = "",
    is_insured: bool = Form(False),
    is_signed: bool = Form(False),
) -> Response:
    """Tell of a shipment that a carrier takes."""
    told = {"order": order.strip(), "carrier": carrier.strip(), "tracking": tracking.strip(), "service": service}

    async def work(transaction: Transaction) -> None:
        body = read_form(ShipmentBody, site=frame.site, is_insured=is_insured, is_signed=is_signed, **told)
        await add_one(transaction, caller, body)

    typed = {**told, "is_insured": is_insured, "is_signed": is_signed}
    return await _tried(frame, work, typed)


@router.post("/shipping/allocations")
async def ask_here(request: Request, db: Db, caller: Planner, site: _Shown = None) -> Response:
    """Ask which site is to ship which of the orders that wait. That concerns all sites; `site` is the one shown."""
    frame = await frame_of(request, db, caller, site)

    async def work(transaction: Transaction) -> None:
        await ALLOCATIONS.put(transaction, caller, await asked(transaction, caller, AllocationRequest()))

    return await _tried(frame, work)


@router.post("/shipping/allocations/{question_id}/approve")
async def approve_here(frame: Framed, caller: Planner, question_id: UUID) -> Response:
    """Do as the proposal says: the orders are their sites' own."""
    return await _tried(frame, lambda transaction: ALLOCATIONS.approve(transaction, caller, question_id))


@router.post("/shipping/allocations/{question_id}/cancel")
async def cancel_here(frame: Framed, caller: Planner, question_id: UUID) -> Response:
    """Call a question off that is not answered yet."""
    return await _tried(frame, lambda transaction: ALLOCATIONS.call_off(transaction, caller, question_id))


@router.post("/shipping/orders/{order_id}/cancel")
async def cancel_order(
    request: Request, db: Db, caller: Integrator, order_id: Annotated[OrderId, Path()], site: _Shown = None
) -> Response:
    """Cancel an order that waits for a site."""
    frame = await frame_of(request, db, caller, site)
    return await _tried(frame, lambda transaction: cancel_one(transaction, caller, order_id))


@router.post("/shipping/transfers/{transfer_id}/cancel")
async def cancel_transfer_here(frame: Framed, caller: Manager, transfer_id: Annotated[OrderId, Path()]) -> Response:
    """Call a transfer off of which nothing has left."""
    return await _tried(frame, lambda transaction: call_off(transaction, caller, transfer_id))


async def _page(
    frame: Frame,
    problem: Problem | None = None,
    *,
    is_done: bool = False,
    typed: Row | None = None,
    after: tuple[str | None, str | None, str | None] = (None, None, None),
) -> Response:
    caller, site = frame.caller, frame.site
    is_everywhere = caller.sites is None
    question = await newest_question(frame, "allocation", ALLOCATIONS) if is_everywhere else None
    answer = (question or {}).get("answer") or {}
    (order_id,) = read_cursor(after[0], str)
    waiting = await _rows(frame, _WAITING["page"], state="waiting", after=order_id) if is_everywhere else []
    planned_at, transfer_id = read_cursor(after[1], datetime, str)
    key = {"before_at": planned_at, "before_id": transfer_id}
    transfers = await _rows(frame, TRANSFERS["page"], site=site, state=None, **key)
    named = {"site": site, "order_id": None, "state": None}
    created_at, shipment_id = read_cursor(after[2], datetime, UUID)
    key = {"before_at": created_at, "before_id": shipment_id}
    troubled = await _rows(frame, _SHIPMENTS["page"], **named, is_exception=True) if after[2] is None else []
    others = await _rows(frame, _SHIPMENTS["page"], **named, is_exception=False, **key)
    request = frame.request
    shown_waiting, more_waiting = cut(request, waiting, MOST_SHOWN, "id", name="waiting")
    shown_transfers, more_transfers = cut(request, transfers, MOST_SHOWN, "planned_at", "id", name="transfers")
    shown, more_shipments = cut(request, others, MOST_SHOWN, "created_at", "shipment_id", name="shipments")
    return frame.show(
        "shipping.html",
        problem.status if problem else 200,
        is_everywhere=is_everywhere,
        waiting=shown_waiting,
        why=_why(answer),
        question=question,
        answer=answer,
        more_waiting=more_waiting,
        transfers=shown_transfers,
        more_transfers=more_transfers,
        shipments=[await _with_cases(frame, shipment) for shipment in troubled[:MOST_SHOWN]] + shown,
        more_shipments=more_shipments,
        typed=typed or {},
        exceptions=len(troubled),
        may={right: caller.may(right) for right in ("plan", "manage", "supply")},
        mistake=problem.detail if problem else "",
        is_done=is_done,
    )


async def _rows(frame: Frame, query: Any, **asked_for: Any) -> list[Row]:
    return await frame.db.all(query, {**_NO_KEY, "listed": frame.caller.listed, "rows": MOST_SHOWN + 1, **asked_for})


async def _with_cases(frame: Frame, shipment: Row) -> Row:
    return {**shipment, "cases": await frame.db.all(_SHIPMENTS["cases"], shipment)}


def _why(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return why each order waits that the last proposal leaves waiting, in the solver's words."""
    return {one["order"]: one["why"] for one in answer.get("waiting", ())}


async def _tried(frame: Frame, work: Work, typed: Row | None = None) -> Response:
    """Do it and show the page; what stands against it is told there."""
    then = f"/shipping?{urlencode({'site': frame.site, 'done': 'true'})}"
    return await try_work(frame, work, then, lambda problem: _page(frame, problem, typed=typed))
