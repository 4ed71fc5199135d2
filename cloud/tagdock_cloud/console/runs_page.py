"""The page Delivery runs: the day's runs of a site's own vehicles, asked for, compared, approved and followed."""

from datetime import datetime
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import Response

from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.paging import Cursor, cut
from tagdock_cloud.console.run_picture import draw
from tagdock_cloud.console.trying import Work, read_form, try_work
from tagdock_cloud.orders.records import OrderId
from tagdock_cloud.shipping.daily import stops
from tagdock_cloud.shipping.parcels import StopEnd
from tagdock_cloud.shipping.records import RunsRequest
from tagdock_cloud.shipping.runs import RUNS, asked, end_one
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Operator, Planner
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.names import Text
from tagdock_cloud.web.paging import read_cursor
from tagdock_cloud.web.problems import Problem

MOST_SHOWN = 50
_SQL = load_queries("tagdock_cloud.console", "runs.sql")
_RUNS = load_queries("tagdock_cloud.shipping", "runs.sql")
_Field = Annotated[str, Form(max_length=100)]
Row = dict[str, Any]
router = APIRouter()


@router.get("/shipping/runs")
async def runs(frame: Framed, cursor: Cursor = None) -> Response:
    """List what was asked for a site's vehicles, newest first, with the form that asks."""
    return await _list(frame, {}, cursor)


@router.post("/shipping/runs")
async def ask_runs_here(
    *,
    frame: Framed,
    caller: Planner,
    day: _Field = "",
    speed_km_h: _Field = "",
    service_min: _Field = "",
) -> Response:
    """Ask for the runs of a day."""
    typed = {"day": day, "speed_km_h": speed_km_h, "service_min": service_min}

    async def work(transaction: Transaction) -> None:
        body = read_form(RunsRequest, site=frame.site, **typed)
        await RUNS.put(transaction, caller, await asked(transaction, caller, body))

    then = f"/shipping/runs?{urlencode({'site': frame.site})}"
    return await try_work(frame, work, then, lambda problem: _list(frame, typed, None, problem))


@router.get("/shipping/runs/{question_id}")
async def one_day(frame: Framed, question_id: UUID, done: bool = False) -> Response:
    """Show a day's runs: each vehicle's stops, on a list and in a picture."""
    return await _page(frame, question_id, is_done=done)


@router.post("/shipping/runs/{question_id}/approve")
async def approve_runs(frame: Framed, caller: Planner, question_id: UUID) -> Response:
    """Do it so: each order is a stop of its run."""
    return await _tried(frame, question_id, lambda transaction: RUNS.approve(transaction, caller, question_id))


@router.post("/shipping/runs/{question_id}/cancel")
async def cancel_runs(frame: Framed, caller: Planner, question_id: UUID) -> Response:
    """Call a question off that is not answered yet."""
    return await _tried(frame, question_id, lambda transaction: RUNS.call_off(transaction, caller, question_id))


@router.post("/shipping/runs/{question_id}/stops/{order}/end")
async def end_stop_here(
    *,
    frame: Framed,
    caller: Operator,
    question_id: UUID,
    order: OrderId,
    state: _Field = "",
    note: Annotated[Text, Form()] = "",
) -> Response:
    """Tell how a stop ended."""

    async def work(transaction: Transaction) -> None:
        await end_one(transaction, caller, question_id, order, read_form(StopEnd, state=state, note=note))

    return await _tried(frame, question_id, work)


async def _list(frame: Frame, typed: Row, cursor: str | None, problem: Problem | None = None) -> Response:
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    values = {
        "kind": "run",
        "site": frame.site,
        "listed": frame.caller.listed,
        "before_at": before_at,
        "before_id": before_id,
    }
    rows = await frame.db.all(_SQL["asked"], {**values, "rows": MOST_SHOWN + 1})
    shown, more = cut(frame.request, rows, MOST_SHOWN, "asked_at", "question_id")
    site = await frame.db.one(_RUNS["site"], {"site": frame.site})
    return frame.show(
        "runs.html",
        problem.status if problem else 200,
        days=shown,
        more=more,
        vehicles=site["vehicles"] if site else [],
        lies_somewhere=bool(site and site["lat_deg"] is not None),
        typed=typed,
        mistake=problem.detail if problem else "",
    )


async def _page(frame: Frame, question_id: UUID, problem: Problem | None = None, *, is_done: bool = False) -> Response:
    question = await RUNS.find(frame.db, frame.caller, question_id)
    site = await frame.db.one(_RUNS["site"], {"site": question["request"]["site"]})
    listed = await _stops(frame, question)
    by_run = [list(group) for _, group in groupby(listed, key=lambda stop: stop["run"])]
    depot = (site["lat_deg"], site["lon_deg"]) if site and site["lat_deg"] is not None else None
    answer = question["answer"] or {"runs": []}
    return frame.show(
        "run.html",
        problem.status if problem else 200,
        question=question,
        answer=question["answer"],
        runs=list(zip(by_run, answer["runs"], strict=False)),
        picture=draw(depot, by_run),
        may={right: frame.caller.may(right) for right in ("plan", "decide")},
        mistake=problem.detail if problem else "",
        is_done=is_done,
    )


async def _stops(frame: Frame, question: Row) -> list[Row]:
    """Return the stops of runs, as approved, or as they are proposed."""
    if question["state"] == "approved":
        return await frame.db.all(_RUNS["stops"], {"question_id": question["question_id"], "order_id": None})
    proposed = stops(question["answer"]) if question["answer"] else []
    values = {"site": question["request"]["site"], "orders": [stop["order_id"] for stop in proposed]}
    goes_to = {row["order_id"]: row for row in await frame.db.all(_SQL["destinations"], values)}
    nobody = {"partner": "", "destination": None}
    plain = {"state": "proposed", "ended_at": None, "ended_by": None, "note": ""}
    return [{**nobody, **stop, **plain, **goes_to.get(stop["order_id"], {})} for stop in proposed]


async def _tried(frame: Frame, question_id: UUID, work: Work) -> Response:
    """Do it and show the day; what stands against it is told there."""
    then = f"/shipping/runs/{question_id}?{urlencode({'site': frame.site, 'done': 'true'})}"
    return await try_work(frame, work, then, lambda problem: _page(frame, question_id, problem))
