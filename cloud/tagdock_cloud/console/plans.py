"""The pages about plans: ask for one, read one, approve it, print its moves."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.console.bars import choices, how_far, plan_bars, plan_verdict
from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.trying import read_form, try_work
from tagdock_cloud.console.wishes import request_of
from tagdock_cloud.plans.moves import Step, decide
from tagdock_cloud.plans.records import PlanRequest
from tagdock_cloud.plans.results import find_pictures, find_savings
from tagdock_cloud.plans.routes import approve, ask, cancel, find_moves, find_plan, find_plans
from tagdock_cloud.plans.rules import compare
from tagdock_cloud.web.access import Planner
from tagdock_cloud.web.database import Db, Transaction
from tagdock_cloud.web.problems import Problem

MOST_SHOWN = 200
_Field = Annotated[str, Form(max_length=100)]
_Decision = Callable[[Transaction, UUID, Caller], Awaitable[dict[str, Any]]]
router = APIRouter()


@router.get("/plans")
async def plans(frame: Framed) -> Response:
    """List a site's plans, with the form to ask for one."""
    return frame.show(
        "plans.html", plans=await find_plans(frame.db, frame.caller, frame.site, rows=50), mistake=None, typed={}
    )


@router.post("/plans")
async def ask_for_plan(
    *,
    frame: Framed,
    caller: Planner,
    site: _Field,
    represents_days: _Field = "",
    at_most: _Field = "",
    time_limit_s: _Field = "",
    cost_m_per_move: _Field = "",
    weights: _Field = "",
    scale: Annotated[str, Form(max_length=2000)] = "",
    close_aisles: _Field = "",
    add_rack: _Field = "",
    policy: _Field = "",
) -> Response:
    """Ask for a plan with what the form says; a field that was left empty leaves the choice to the solver."""
    typed = {
        "represents_days": represents_days,
        "at_most": at_most,
        "time_limit_s": time_limit_s,
        "cost_m_per_move": cost_m_per_move,
        "weights": weights,
        "scale": scale,
        "close_aisles": close_aisles,
        "add_rack": add_rack,
        "policy": policy,
    }

    async def work(transaction: Transaction) -> UUID:
        return await ask(transaction, read_form(PlanRequest, site=site, **request_of(typed)), caller)

    return await try_work(frame, work, _address, lambda problem: _form_again(frame, typed, problem))


@router.get("/plans/{plan_id}")
async def plan(frame: Framed, plan_id: UUID, beside: Annotated[UUID | None, Query()] = None) -> Response:
    """Show one plan: what it saves, what it moves, and why; beside another one where that is wanted."""
    return await _plan_page(frame, plan_id, beside=beside)


@router.post("/plans/{plan_id}/again")
async def ask_again(frame: Framed, db: Db, caller: Planner, plan_id: UUID, at_most: _Field = "") -> Response:
    """Ask for the same plan with another number of moves."""
    before = await find_plan(db, caller, plan_id)

    async def work(transaction: Transaction) -> UUID:
        return await ask(transaction, read_form(PlanRequest, **{**before["request"], "at_most": at_most}), caller)

    return await try_work(frame, work, _address, lambda problem: _plan_page(frame, plan_id, problem))


@router.post("/plans/{plan_id}/cancel")
async def cancel_plan(frame: Framed, caller: Planner, plan_id: UUID) -> Response:
    """Call a plan off: the solver ends with the best that it has."""
    return await _decided(frame, caller, plan_id, decision=cancel, then=_address(plan_id))


@router.post("/plans/{plan_id}/approve")
async def approve_plan(frame: Framed, caller: Planner, plan_id: UUID) -> Response:
    """Approve a plan and show its list of moves."""
    return await _decided(frame, caller, plan_id, decision=approve, then=f"{_address(plan_id)}/moves")


@router.get("/plans/{plan_id}/moves")
async def moves(frame: Framed, plan_id: UUID) -> Response:
    """Show a plan's moves as a list to print and tick off."""
    return await _moves_page(frame, plan_id)


@router.post("/plans/{plan_id}/moves/{step}/{ending}")
async def end_move(
    *, frame: Framed, caller: Planner, plan_id: UUID, step: Step, ending: Literal["confirm", "cancel"]
) -> Response:
    """Confirm a move, or call it off, and show the list again."""

    async def work(transaction: Transaction) -> None:
        await decide(transaction, caller, plan_id, step, "done" if ending == "confirm" else "cancelled")

    then = f"{_address(plan_id)}/moves#step-{step}"
    return await try_work(frame, work, then, lambda problem: _moves_page(frame, plan_id, problem))


def _address(plan_id: UUID) -> str:
    return f"/plans/{plan_id}"


async def _decided(frame: Frame, caller: Caller, plan_id: UUID, *, decision: _Decision, then: str) -> Response:
    """Carry a decision out and go on; where the plan's state forbids it, show the plan with the reason."""

    async def work(transaction: Transaction) -> None:
        await decision(transaction, plan_id, caller)

    return await try_work(frame, work, then, lambda problem: _plan_page(frame, plan_id, problem))


async def _moves_page(frame: Frame, plan_id: UUID, problem: Problem | None = None) -> Response:
    found = await find_plan(frame.db, frame.caller, plan_id)
    listed = await find_moves(frame.db, plan_id)
    status, mistake = (problem.status, problem.detail) if problem else (200, None)
    return frame.show("moves.html", status, plan=found, moves=listed, far=how_far(listed), mistake=mistake)


async def _plan_page(
    frame: Frame, plan_id: UUID, problem: Problem | None = None, beside: UUID | None = None
) -> Response:
    found = await find_plan(frame.db, frame.caller, plan_id)
    listed = await find_moves(frame.db, plan_id)
    is_made = found["state"] in {"done", "approved"} and found["status"] != "infeasible"
    compared = None
    if beside is not None:
        compared = compare(found, await find_plan(frame.db, frame.caller, beside))
    others = await find_plans(frame.db, frame.caller, found["site"], rows=20) if is_made else []
    return frame.show(
        "plan.html",
        problem.status if problem else 200,
        plan=found,
        bars=plan_bars(found),
        verdict=plan_verdict(found),
        choices=choices(found),
        pictures=await find_pictures(frame.db, plan_id),
        savings=await find_savings(frame.db, plan_id) if found["approved_at"] else [],
        others=[row for row in others if row["plan_id"] != plan_id and row["objective_m_per_day"] is not None],
        compared=compared,
        moves=listed[:MOST_SHOWN],
        more=max(0, len(listed) - MOST_SHOWN),
        far=how_far(listed),
        mistake=problem.detail if problem else None,
    )


async def _form_again(frame: Framed, typed: dict[str, str], problem: Problem) -> Response:
    found = await find_plans(frame.db, frame.caller, frame.site, rows=50)
    return frame.show("plans.html", problem.status, plans=found, mistake=problem.detail, typed=typed)
