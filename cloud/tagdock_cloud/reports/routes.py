"""Reports over HTTP: say what is to be told, ask for a period now, read what was told as JSON, CSV or PDF."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import anyio.to_thread
from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.reports import periods
from tagdock_cloud.reports.records import (
    MOST_REPORTS,
    MOST_WAITING,
    AskBody,
    ReportBody,
    ReportPage,
    ReportRecord,
    ResultHead,
    ResultPage,
    ResultRecord,
)
from tagdock_cloud.reports.rules import readable
from tagdock_cloud.reports.running import asking, following_run
from tagdock_cloud.reports.telling import MEDIA_TYPES, content_of, file_name
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Manager, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.export import liked_best
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Site
from tagdock_cloud.web.paging import CursorText, Limit, page, read_cursor
from tagdock_cloud.web.problems import Problem, not_found, refused
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged, versioned

_SQL = load_queries("tagdock_cloud.reports")
_FORMS = {media: form for form, media in MEDIA_TYPES.items()}
_READ: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
        },
        "description": "The result as JSON, CSV or PDF, whatever Accept likes best.",
    },
    409: {"description": "It waits to be worked out, or failed: there is no file of it."},
}
router = APIRouter(prefix="/api/v1", tags=["reports"])


@router.get("/reports", response_model=ReportPage)
async def list_reports(
    *, request: Request, db: Db, caller: Viewer, site: Site | None = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """List reports by name; of a caller with some sites, those of no others."""
    caller.check(site)
    after_name, after_id = read_cursor(cursor, str, UUID)
    values = {"sites": caller.listed, "site": site, "after_name": after_name, "after_id": after_id, "rows": limit + 1}
    return page(request, await db.all(_SQL["page"], values), limit, "name", "report_id")


@router.post("/reports", response_model=ReportRecord, status_code=201)
async def add_report(once: Once, caller: Manager, body: ReportBody) -> Response:
    """Add a report. It begins with the first period whose time is yet to come."""
    _check_sites(caller, body)

    async def work(transaction: Transaction) -> Response:
        report = await add_one(transaction, caller, body)
        return reply(report, 201, {"Location": f"/api/v1/reports/{report['report_id']}"})

    return await once(caller, work)


@router.get("/reports/{report_id}", response_model=ReportRecord)
async def get_report(db: Db, caller: Viewer, report_id: UUID) -> Response:
    """Return one report."""
    report = await find_report(db, caller, report_id)
    return versioned(report, _words(report))


@router.put("/reports/{report_id}", response_model=ReportRecord)
async def replace_report(
    db: Db, caller: Manager, report_id: UUID, body: ReportBody, if_match: IfMatch = None
) -> Response:
    """Replace a report whole; what was told stays as it was told."""
    _check_sites(caller, body)
    async with db.transaction() as transaction:
        before = await find_report(transaction, caller, report_id)
        check_unchanged("the report", _words(before), if_match)
        values = await _checked(transaction, caller, body)
        await transaction.run(_SQL["replace"], {**values, "report_id": report_id})
        after = await find_report(transaction, caller, report_id)
        await audit(transaction, caller, "report.change", f"report/{report_id}", before=before, after=after)
    return versioned(after, _words(after))


@router.delete("/reports/{report_id}", status_code=204)
async def remove_report(db: Db, caller: Manager, report_id: UUID, if_match: IfMatch = None) -> Response:
    """Remove a report, and all that it told."""
    async with db.transaction() as transaction:
        before = await find_report(transaction, caller, report_id)
        check_unchanged("the report", _words(before), if_match)
        await transaction.run(_SQL["remove"], {"report_id": report_id})
        await audit(transaction, caller, "report.remove", f"report/{report_id}", before=before)
    return Response(status_code=204)


@router.get("/reports/{report_id}/results", response_model=ResultPage)
async def list_results(
    *, request: Request, db: Db, caller: Viewer, report_id: UUID, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """List what a report told, waits to be worked out, or could not be, the newest first."""
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    values = {"report_id": report_id, "sites": caller.listed, "before_at": before_at, "before_id": before_id}
    async with db.transaction() as transaction:
        await find_report(transaction, caller, report_id)
        rows = await transaction.all(_SQL["results"], {**values, "rows": limit + 1})
    return page(request, rows, limit, "asked_at", "result_id")


@router.post("/reports/{report_id}/results", response_model=ResultHead, status_code=202)
async def ask_now(once: Once, caller: Manager, report_id: UUID, body: AskBody) -> Response:
    """Ask for a period now, over again as often as one likes. A worker works it out within seconds."""

    async def work(transaction: Transaction) -> Response:
        result = await ask_one(transaction, caller, report_id, body)
        place = f"/api/v1/reports/{report_id}/results/{result['result_id']}"
        return reply(result, 202, {"Location": place})

    return await once(caller, work)


@router.get("/reports/{report_id}/results/{result_id}", response_model=ResultRecord, responses=_READ)
async def get_result(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    report_id: UUID,
    result_id: UUID,
    accept: Annotated[str, Header(max_length=1000)] = "",
) -> Response:
    """Return a result. Figures of persons: to managers all, to others their own."""
    result = await read_result(db, caller, report_id, result_id)
    form = liked_best(accept, _FORMS)
    return tagged(request, result) if form is None else await file_of(result, form)


async def add_one(transaction: Transaction, caller: Caller, body: ReportBody) -> dict[str, Any]:
    """Add a report, and return it. Raises Problem: 403, 409 where there are too many, 422."""
    _check_sites(caller, body)
    count = await transaction.one(_SQL["count"])
    if count is not None and count["reports"] >= MOST_REPORTS:
        raise Problem(409, f"there are {MOST_REPORTS} reports already; remove one that nobody reads")
    report_id = uuid4()
    values = await _checked(transaction, caller, body)
    await transaction.run(_SQL["insert"], {**values, "report_id": report_id, "created_by": caller.id})
    report = await find_report(transaction, caller, report_id)
    await audit(transaction, caller, "report.add", f"report/{report_id}", after=report)
    return report


async def ask_one(transaction: Transaction, caller: Caller, report_id: UUID, body: AskBody) -> dict[str, Any]:
    """Ask for a period, and return what waits to be worked out. Raises Problem: 404, 409 while many wait, 422."""
    report = await find_report(transaction, caller, report_id)
    first = _asked_day(report, body)
    waits = await transaction.one(_SQL["count_waiting"], {"report_id": report_id})
    if waits is not None and waits["waiting"] >= MOST_WAITING:
        raise Problem(409, f"{MOST_WAITING} results of this report wait already; ask again when they are there")
    values = asking(report, first, caller.id, is_scheduled=False, is_sent=body.is_sent)
    asked = await transaction.one(_SQL["ask"], values) or {}
    result = await _result(transaction, caller, report_id, asked["result_id"])
    del result["figures"]
    await audit(transaction, caller, "report.ask", f"report/{report_id}", after=result)
    return result


async def read_result(db: Database, caller: Caller, report_id: UUID, result_id: UUID) -> dict[str, Any]:
    """Return a result with the figures that the caller may read. Raises Problem (404)."""
    async with db.transaction() as transaction:
        await find_report(transaction, caller, report_id)
        result = await _result(transaction, caller, report_id, result_id)
    if result["figures"] is not None:
        is_manager = caller.may("manage")
        rows = readable(result["figures"]["rows"], caller.id, is_manager=is_manager)
        result["figures"] = {"rows": rows, "left_out": result["figures"]["left_out"] if is_manager else 0}
    return result


async def file_of(result: dict[str, Any], form: str) -> Response:
    """Answer with a result as a file, `csv` or `pdf`. Raises Problem (409) where there is none."""
    if result["state"] != "done":
        raise Problem(409, f"this result is {result['state']}: there is no file of it yet; read it as JSON")
    content = await anyio.to_thread.run_sync(content_of, form, result, (result["figures"] or {"rows": []})["rows"])
    headers = {"Content-Disposition": f'attachment; filename="{file_name(result, form)}"', "Cache-Control": "no-store"}
    return Response(content, headers=headers, media_type=MEDIA_TYPES[form])


def _check_sites(caller: Caller, body: ReportBody) -> None:
    """A report of every site is for those who have every site."""
    if body.sites is None:
        caller.check_everywhere()
    for site in body.sites or ():
        caller.check(site)


async def _checked(transaction: Transaction, caller: Caller, body: ReportBody) -> dict[str, Any]:
    """Return a report's values. Raises Problem (422) where a site or a webhook is not there, or does not listen."""
    missing = await transaction.one(_SQL["missing_site"], {"sites": body.sites or []})
    if missing is not None:
        raise refused("sites", f"there is no site {missing['site']!r}; GET /api/v1/sites lists them")
    asked = {"webhooks": body.send_to, "of": body.sites, "sites": caller.listed}
    found = {row["webhook_id"]: row for row in await transaction.all(_SQL["webhooks"], asked)}
    for place, webhook_id in enumerate(body.send_to):
        field, webhook = f"send_to[{place}]", found.get(webhook_id)
        if webhook is None:
            raise refused(field, "there is no such webhook; GET /api/v1/webhooks lists them")
        if not webhook["listens"]:
            raise refused(field, "this webhook does not listen to reports; add the topic `report` to it")
        if not webhook["hears_sites"]:
            raise refused(field, "this webhook hears of other sites; add the report's sites to it, or name another")
    return {**body.model_dump(), **following_run(body.model_dump(), datetime.now(UTC))}


def _asked_day(report: dict[str, Any], body: AskBody) -> Any:
    """Return the first day of the period that is asked for. Raises Problem (422) for one that is not over."""
    last = periods.last_over(report["period"], report["time_zone"], datetime.now(UTC))
    first = last if body.day is None else periods.first_day(report["period"], body.day)
    if first > last:
        raise refused("day", f"this {report['period']} is not over; the last one that is begins on {last}")
    return first


async def find_report(db: Database | Transaction, caller: Caller, report_id: UUID) -> dict[str, Any]:
    """Return a report. Raises Problem (404), also where it tells of sites that are not the caller's."""
    row = await db.one(_SQL["one"], {"report_id": report_id, "sites": caller.listed})
    if row is None:
        raise not_found("report", report_id)
    return row


async def _result(transaction: Transaction, caller: Caller, report_id: UUID, result_id: UUID) -> dict[str, Any]:
    values = {"report_id": report_id, "result_id": result_id, "sites": caller.listed}
    row = await transaction.one(_SQL["result"], values)
    if row is None:
        raise not_found("result", result_id)
    return row


def _words(report: dict[str, Any]) -> dict[str, Any]:
    """Return what a caller says of a report; when it is due next moves with the clock."""
    return {name: value for name, value in report.items() if name != "next_at"}
