"""Allocations: which site ships which of the orders that wait. Approved, the orders are the sites' own."""

from typing import Any

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.orders.entry import write
from tagdock_cloud.orders.records import Kind
from tagdock_cloud.shipping.questions import Asked, Questions
from tagdock_cloud.shipping.records import AllocationRequest, QuestionRecord
from tagdock_cloud.shipping.rules import (
    MOST_WAITING,
    check_free,
    check_names,
    check_still_waiting,
    demand,
    parts,
)
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Planner
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.problems import Problem

_SQL = load_queries("tagdock_cloud.shipping", "allocations.sql")
Row = dict[str, Any]


async def _carry(transaction: Transaction, caller: Caller, question: Row) -> dict[str, Any]:
    """Give the orders to their sites. Raises Problem (409) where they, or the stock, are not as they were."""
    caller.check_everywhere()
    await transaction.run(_SQL["alone"])
    shipped = question["answer"]["shipped"]
    ids = [given["order"] for given in shipped]
    waiting = {row["id"]: row for row in await transaction.all(_SQL["held"], {"ids": ids})}
    check_still_waiting(shipped, waiting, question["asked_at"])
    sites = {site["site"]: site["next_cut_off_at"] for site in await transaction.all(_SQL["sites"])}
    orders = parts(shipped, waiting, sites)
    await check_and_write(transaction, caller, orders)
    await transaction.run(_SQL["allocated"], {"ids": ids, "question_id": question["question_id"]})
    return {"orders": len(ids), "shipments": len(orders)}


async def check_and_write(transaction: Transaction, caller: Caller, orders: list[Row]) -> None:
    """Enter outbound orders whose goods are free. Raises Problem (409)."""
    skus = sorted({line["sku"] for order in orders for line in order["lines"]})
    rows = await transaction.all(_SQL["free"], {"sites": sorted({order["site"] for order in orders}), "skus": skus})
    check_free(orders, {(row["site"], row["sku"]): row["free"] for row in rows})
    await check_new(transaction, "outbound", orders)
    await write(transaction, caller, "outbound", orders)


async def check_new(transaction: Transaction, kind: Kind, orders: list[Row]) -> None:
    """Check that no site has a paper of such a name. Raises Problem (409)."""
    check_names(await transaction.all(_SQL["taken"], {"kind": kind, "orders": to_json(orders).decode()}))


ALLOCATIONS = Questions("allocation", "allocations", _carry, "plan")
router = APIRouter(tags=["shipping"])


@router.post("/api/v1/allocations", response_model=QuestionRecord, status_code=201)
async def ask_allocation(once: Once, caller: Planner, body: AllocationRequest) -> Response:
    """Ask which site is to ship which of the orders that wait; approve the answer, and they belong to those sites."""

    async def work(transaction: Transaction) -> Response:
        return await ALLOCATIONS.ask(transaction, caller, await asked(transaction, caller, body))

    return await once(caller, work)


async def asked(transaction: Transaction, caller: Caller, body: AllocationRequest) -> Asked:
    """Gather what an allocation is to be worked out from. Raises Problem: 403, 409 where nothing waits."""
    caller.check_everywhere()
    sites = await transaction.all(_SQL["sites"])
    if not sites:
        raise Problem(409, "no site says where it lies; say it first (PUT /api/v1/sites/{site}/facts)")
    await transaction.run(_SQL["settle"])
    orders = await transaction.all(_SQL["waiting"], {"rows": MOST_WAITING})
    if not orders:
        raise Problem(409, "no order waits for a site")
    names = [site["site"] for site in sites]
    skus = sorted({line["sku"] for order in orders for line in order["lines"]})
    stock = await transaction.all(_SQL["free"], {"sites": names, "skus": skus})
    request = body.model_dump(mode="json", exclude_none=True)
    problem = demand(sites[0]["now"], sites, stock, orders, body.costs.model_dump())
    return Asked(tuple(names), request, problem, body.time_limit_s, body.seed)


router.include_router(ALLOCATIONS.router())
