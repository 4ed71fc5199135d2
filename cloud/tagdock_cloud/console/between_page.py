"""The page Between sites: what is to move between them, how a first delivery is split, transfers that people plan."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import Response

from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.goods_typed import MOST_CHARACTERS, sku_of, tallied
from tagdock_cloud.console.proposed import newest_question
from tagdock_cloud.console.trying import Work, read_form, try_work
from tagdock_cloud.shipping.proposals import REBALANCINGS, SPLITS, delivery_of, levels_of
from tagdock_cloud.shipping.questions import Questions
from tagdock_cloud.shipping.records import RebalancingRequest, SplitRequest, TransferBody
from tagdock_cloud.shipping.transfers import plan_one
from tagdock_cloud.web.access import Manager, Planner
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.problems import Problem

_KINDS: dict[str, Questions] = {"rebalancing": REBALANCINGS, "split": SPLITS}
_Field = Annotated[str, Form(max_length=200)]
_Sites = Annotated[list[Site], Form(max_length=500)]
Kind = Literal["rebalancing", "split"]
Row = dict[str, Any]
router = APIRouter()


@router.get("/shipping/between")
async def between(frame: Framed, done: bool = False) -> Response:
    """Show what was proposed last between the caller's sites, and the forms that ask. `done`: something was changed."""
    return await _page(frame, {}, is_done=done)


@router.post("/shipping/rebalancings")
async def ask_rebalancing_here(
    *,
    frame: Framed,
    caller: Planner,
    sites: _Sites = [],  # noqa: B006  # a form that ticks none sends nothing
    days: _Field = "",
    low_days: _Field = "",
    high_days: _Field = "",
    price: _Field = "",
    km_cost: _Field = "",
) -> Response:
    """Ask what is to move between some sites."""
    typed = {"days": days, "low_days": low_days, "high_days": high_days, "price": price, "km_cost": km_cost}

    async def work(transaction: Transaction) -> None:
        body = read_form(RebalancingRequest, sites=sites, **typed)
        await REBALANCINGS.put(transaction, caller, await levels_of(transaction, caller, body))

    return await _tried(frame, work, {**typed, "sites": sites})


@router.post("/shipping/splits")
async def ask_split_here(
    *,
    frame: Framed,
    caller: Planner,
    sku: _Field = "",
    quantity: _Field = "",
    like: _Field = "",
    horizon_days: _Field = "",
    sites: _Sites = [],  # noqa: B006
) -> Response:
    """Ask how a first delivery is split over some sites."""
    typed = {"sku": sku.strip(), "quantity": quantity, "like": like.strip(), "horizon_days": horizon_days}

    async def work(transaction: Transaction) -> None:
        body = read_form(SplitRequest, sites=sites, **typed)
        await SPLITS.put(transaction, caller, await delivery_of(transaction, caller, body))

    return await _tried(frame, work, {**typed, "split_sites": sites})


@router.post("/shipping/proposals/{kind}/{question_id}/approve")
async def approve_proposal(frame: Framed, caller: Manager, kind: Kind, question_id: UUID) -> Response:
    """Do as the proposal says: transfers are planned, or each site is told of its share."""
    return await _tried(frame, lambda transaction: _KINDS[kind].approve(transaction, caller, question_id), {})


@router.post("/shipping/proposals/{kind}/{question_id}/cancel")
async def cancel_proposal(frame: Framed, caller: Planner, kind: Kind, question_id: UUID) -> Response:
    """Call a question off that is not answered yet."""
    return await _tried(frame, lambda transaction: _KINDS[kind].call_off(transaction, caller, question_id), {})


@router.post("/shipping/transfers")
async def plan_transfer_here(
    *,
    frame: Framed,
    caller: Manager,
    id: _Field = "",  # noqa: A002
    goal_site: _Field = "",
    items: Annotated[str, Form(max_length=MOST_CHARACTERS)] = "",
) -> Response:
    """Plan a transfer from the site that is shown to another one."""
    typed = {"id": id.strip(), "goal_site": goal_site, "items": items}

    async def work(transaction: Transaction) -> None:
        lines = [{"sku": await sku_of(transaction, text), "quantity": units} for text, units in tallied(items)]
        told = {"id": typed["id"], "start_site": frame.site, "goal_site": goal_site, "lines": lines}
        await plan_one(transaction, caller, read_form(TransferBody, **told))

    return await _tried(frame, work, typed)


async def _page(frame: Frame, typed: Row, problem: Problem | None = None, *, is_done: bool = False) -> Response:
    caller = frame.caller
    everywhere = [row["site"] for row in frame.sites]
    proposals = {kind: await newest_question(frame, kind, asked) for kind, asked in _KINDS.items()}
    return frame.show(
        "between.html",
        problem.status if problem else 200,
        proposals=proposals,
        typed={"sites": everywhere, "split_sites": everywhere, **typed},
        may={right: caller.may(right) for right in ("plan", "manage")},
        mistake=problem.detail if problem else "",
        is_done=is_done,
    )


async def _tried(frame: Frame, work: Work, typed: Row) -> Response:
    """Do it and show the page; what stands against it is told there, with what was typed."""
    then = f"/shipping/between?{urlencode({'site': frame.site, 'done': 'true'})}"
    return await try_work(frame, work, then, lambda problem: _page(frame, typed, problem))
