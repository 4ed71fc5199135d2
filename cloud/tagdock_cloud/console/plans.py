"""The pages about plans: ask for one, read one, approve it, print its moves."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from tagdock_cloud.console.bars import plan_bars, plan_verdict
from tagdock_cloud.console.frame import Framed
from tagdock_cloud.plans.records import PlanRequest
from tagdock_cloud.plans.routes import approve, ask, find_moves, find_plan, find_plans
from tagdock_cloud.web.access import Planner
from tagdock_cloud.web.database import Db
from tagdock_cloud.web.problems import Problem

MOST_SHOWN = 200
_Field = Annotated[str, Form(max_length=100)]
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
    db: Db,
    caller: Planner,
    site: _Field,
    represents_days: _Field = "",
    at_most: _Field = "",
    time_limit_s: _Field = "",
    cost_m_per_move: _Field = "",
) -> Response:
    """Ask for a plan with what the form says; a field that was left empty leaves the choice to the solver."""
    typed = {
        "represents_days": represents_days,
        "at_most": at_most,
        "time_limit_s": time_limit_s,
        "cost_m_per_move": cost_m_per_move,
    }
    try:
        request = PlanRequest.model_validate(
            {"site": site, **{name: text for name, text in typed.items() if text.strip()}}
        )
        async with db.transaction() as transaction:
            plan_id = await ask(transaction, request, caller)
    except ValidationError as error:
        return await _form_again(frame, typed, _first_mistake(error), 422)
    except Problem as problem:
        return await _form_again(frame, typed, problem.detail, problem.status)
    return RedirectResponse(f"/plans/{plan_id}", 303)


@router.get("/plans/{plan_id}")
async def plan(frame: Framed, plan_id: UUID) -> Response:
    """Show one plan: what it saves, what it moves, and why."""
    return await _plan_page(frame, plan_id)


@router.post("/plans/{plan_id}/approve")
async def approve_plan(frame: Framed, db: Db, caller: Planner, plan_id: UUID) -> Response:
    """Approve a plan and show its list of moves."""
    try:
        async with db.transaction() as transaction:
            await approve(transaction, plan_id, caller)
    except Problem as problem:
        if problem.status != 409:
            raise
        return await _plan_page(frame, plan_id, problem)
    return RedirectResponse(f"/plans/{plan_id}/moves", 303)


@router.get("/plans/{plan_id}/moves")
async def moves(frame: Framed, plan_id: UUID) -> Response:
    """Show a plan's moves as a list to print and tick off."""
    found = await find_plan(frame.db, frame.caller, plan_id)
    return frame.show("moves.html", plan=found, moves=await find_moves(frame.db, plan_id))


async def _plan_page(frame: Framed, plan_id: UUID, problem: Problem | None = None) -> Response:
    found = await find_plan(frame.db, frame.caller, plan_id)
    listed = await find_moves(frame.db, plan_id)
    return frame.show(
        "plan.html",
        problem.status if problem else 200,
        plan=found,
        bars=plan_bars(found),
        verdict=plan_verdict(found),
        moves=listed[:MOST_SHOWN],
        more=max(0, len(listed) - MOST_SHOWN),
        mistake=problem.detail if problem else None,
    )


async def _form_again(frame: Framed, typed: dict[str, str], mistake: str, status: int) -> Response:
    found = await find_plans(frame.db, frame.caller, frame.site, rows=50)
    return frame.show("plans.html", status, plans=found, mistake=mistake, typed=typed)


def _first_mistake(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the form'}: {first['msg']}"
