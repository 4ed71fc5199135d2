"""The page Reports: what is told how often, what was told of a period, its files, and asking for one now."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import Response

from tagdock_cloud.console.frame import Frame, Framed
from tagdock_cloud.console.language import spoken
from tagdock_cloud.console.paging import Cursor, cut
from tagdock_cloud.console.trying import Work, read_form, try_work
from tagdock_cloud.reports.kpis import KPI_NAMES
from tagdock_cloud.reports.periods import Period
from tagdock_cloud.reports.records import AskBody, Format, ReportBody
from tagdock_cloud.reports.routes import add_one, ask_one, file_of, find_report, read_result
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager
from tagdock_cloud.web.database import Transaction
from tagdock_cloud.web.paging import read_cursor
from tagdock_cloud.web.problems import Problem

MOST_SHOWN = 50
_SQL = load_queries("tagdock_cloud.reports")
_Field = Annotated[str, Form(max_length=200)]
Row = dict[str, Any]
router = APIRouter()


@router.get("/reports")
async def reports(frame: Framed, cursor: Cursor = None) -> Response:
    """List the reports that tell of a site, with the form for another one."""
    return await _list(frame, {}, cursor)


@router.post("/reports")
async def add_report_here(
    *,
    frame: Framed,
    caller: Manager,
    name: _Field = "",
    kpis: Annotated[list[_Field], Form(max_length=20)] = [],  # noqa: B006  # a form that ticks none sends nothing
    period: _Field = "",
    time_zone: _Field = "",
    language: _Field = "",
    of: Literal["site", "all"] = Form("site"),
    by_person: bool = Form(False),
) -> Response:
    """Add a report of the site that is shown, or of all."""
    typed = {"name": name, "kpis": kpis, "period": period, "time_zone": time_zone, "language": language}

    async def work(transaction: Transaction) -> None:
        sites = [frame.site] if of == "site" else None
        await add_one(transaction, caller, read_form(ReportBody, **typed, sites=sites, by_person=by_person))

    then = f"/reports?{urlencode({'site': frame.site})}"
    shown = {**typed, "of": of, "by_person": by_person}
    return await try_work(frame, work, then, lambda problem: _list(frame, shown, None, problem))


@router.get("/reports/{report_id}")
async def one_report(frame: Framed, report_id: UUID, cursor: Cursor = None, done: bool = False) -> Response:
    """Show what a report told, the newest first. `done`: a period was asked for."""
    return await _page(frame, report_id, cursor, is_done=done)


@router.post("/reports/{report_id}/results")
async def ask_here(*, frame: Framed, caller: Manager, report_id: UUID, day: _Field = "") -> Response:
    """Ask for a period now. `day`: a day of it; without one, the last that is over."""

    async def work(transaction: Transaction) -> None:
        await ask_one(transaction, caller, report_id, read_form(AskBody, day=day))

    return await _tried(frame, report_id, work)


@router.get("/reports/{report_id}/results/{result_id}/{form}")
async def download(frame: Framed, report_id: UUID, result_id: UUID, form: Format) -> Response:
    """Send a result as a file. Figures of persons: to managers all, to others their own."""
    return await file_of(await read_result(frame.db, frame.caller, report_id, result_id), form)


async def _list(frame: Frame, typed: Row, cursor: str | None, problem: Problem | None = None) -> Response:
    after_name, after_id = read_cursor(cursor, str, UUID)
    values = {"sites": frame.caller.listed, "site": frame.site, "after_name": after_name, "after_id": after_id}
    rows = await frame.db.all(_SQL["page"], {**values, "rows": MOST_SHOWN + 1})
    shown, more = cut(frame.request, rows, MOST_SHOWN, "name", "report_id")
    usual = {"name": "", "kpis": list(KPI_NAMES), "period": "week", "time_zone": "UTC", "language": spoken().code}
    return frame.show(
        "reports.html",
        problem.status if problem else 200,
        reports=shown,
        more=more,
        kpis=KPI_NAMES,
        periods=get_args(Period),
        typed={**usual, "of": "site", "by_person": False, **typed},
        is_everywhere=frame.caller.sites is None,
        may_manage=frame.caller.may("manage"),
        mistake=problem.detail if problem else "",
    )


async def _page(
    frame: Frame, report_id: UUID, cursor: str | None, problem: Problem | None = None, *, is_done: bool = False
) -> Response:
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    values = {"report_id": report_id, "sites": frame.caller.listed, "before_at": before_at, "before_id": before_id}
    async with frame.db.transaction() as transaction:
        report = await find_report(transaction, frame.caller, report_id)
        rows = await transaction.all(_SQL["results"], {**values, "rows": MOST_SHOWN + 1})
    shown, more = cut(frame.request, rows, MOST_SHOWN, "asked_at", "result_id")
    return frame.show(
        "report.html",
        problem.status if problem else 200,
        report=report,
        results=shown,
        more=more,
        may_manage=frame.caller.may("manage"),
        mistake=problem.detail if problem else "",
        is_done=is_done,
    )


async def _tried(frame: Frame, report_id: UUID, work: Work) -> Response:
    """Do it and show the report; what stands against it is told there."""
    then = f"/reports/{report_id}?{urlencode({'site': frame.site, 'done': 'true'})}"
    return await try_work(frame, work, then, lambda problem: _page(frame, report_id, None, problem))
