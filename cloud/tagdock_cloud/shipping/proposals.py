"""Proposals for stock over sites: what is to move between them, and how a first delivery is split."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.orders.entry import hold, write
from tagdock_cloud.shipping.questions import Asked, Questions
from tagdock_cloud.shipping.records import QuestionRecord, RebalancingRequest, SplitRequest
from tagdock_cloud.shipping.rules import lanes, levels, transfers
from tagdock_cloud.shipping.transfers import SQL, check_sites, paper, plan_all
from tagdock_cloud.web.access import Planner
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.idempotency import Once

Row = dict[str, Any]


async def _carry_rebalancing(transaction: Transaction, caller: Caller, question: Row) -> list[str]:
    """Plan the transfers. Raises Problem (409) where the goods are not free any more."""
    planned = transfers(question["question_id"], question["answer"]["transfers"])
    await plan_all(transaction, caller, planned, question["question_id"])
    return [one["id"] for one in planned]


async def _carry_split(transaction: Transaction, caller: Caller, question: Row) -> list[str]:
    """Announce to each site its share."""
    id_, sku = f"FD-{str(question['question_id'])[:8]}", question["request"]["sku"]
    notices = [
        paper(share["site"], id_, "first delivery", [{"sku": sku, "quantity": share["quantity"]}])
        for share in question["answer"]["shares"]
        if share["quantity"]
    ]
    await hold(transaction, "inbound", notices, ["site"] * len(notices))
    await write(transaction, caller, "inbound", notices)
    return [f"{notice['site']}/{id_}" for notice in notices]


REBALANCINGS = Questions("rebalancing", "rebalancings", _carry_rebalancing, "manage")
SPLITS = Questions("split", "splits", _carry_split, "manage")
router = APIRouter(tags=["shipping"])


@router.post("/api/v1/rebalancings", response_model=QuestionRecord, status_code=201)
async def ask_rebalancing(once: Once, caller: Planner, body: RebalancingRequest) -> Response:
    """Ask what is to move between some sites; a manager approves the answer into transfers."""

    async def work(transaction: Transaction) -> Response:
        return await REBALANCINGS.ask(transaction, caller, await levels_of(transaction, caller, body))

    return await once(caller, work)


@router.post("/api/v1/splits", response_model=QuestionRecord, status_code=201)
async def ask_split(once: Once, caller: Planner, body: SplitRequest) -> Response:
    """Ask how a first delivery is split over some sites; a manager approves the answer into advance notices."""

    async def work(transaction: Transaction) -> Response:
        return await SPLITS.ask(transaction, caller, await delivery_of(transaction, caller, body))

    return await once(caller, work)


async def levels_of(transaction: Transaction, caller: Caller, body: RebalancingRequest) -> Asked:
    """Return the question of what is to move. Raises Problem: 403, 422 for a site that is not there."""
    sites = await _sites(transaction, caller, body.sites)
    values = {"sites": body.sites, "days": body.days}
    known = await transaction.all(SQL["lanes"], values)
    rows = await transaction.all(SQL["levels"], values)
    problem = {
        "levels": levels(rows, body.low_days, body.high_days, body.price, body.prices),
        "lanes": lanes(sites, known, body.km_cost, body.km_a_day),
    }
    return Asked(tuple(sorted(body.sites)), _request(body), problem)


async def delivery_of(transaction: Transaction, caller: Caller, body: SplitRequest) -> Asked:
    """Return the question of how a delivery is split. Raises Problem: 403, 422 for a site that is not there."""
    await _sites(transaction, caller, body.sites)
    names = sorted(set(body.sites))
    values = {"sites": names, "sku": body.like or body.sku, "days": body.days}
    forecasts = [
        {name: row[name] * (1 if name == "site" else body.horizon_days) for name in ("site", "mean", "variance")}
        for row in await transaction.all(SQL["sales"], values)
    ]
    problem = {"sku": body.sku, "quantity": body.quantity, "forecasts": forecasts}
    return Asked(tuple(names), _request(body), problem)


async def _sites(transaction: Transaction, caller: Caller, names: list[str]) -> list[Row]:
    for site in names:
        caller.check(site)
    return await check_sites(transaction, {f"sites[{place}]": site for place, site in enumerate(names)})


def _request(body: RebalancingRequest | SplitRequest) -> Row:
    return body.model_dump(mode="json", exclude_none=True)


router.include_router(REBALANCINGS.router())
router.include_router(SPLITS.router())
