"""Counts over HTTP: asked, told, settled, called off; and how often each class is counted."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.stockpolicy.counts.records import (
    MOST_EPCS,
    MOST_LINES,
    Cadence,
    CountBody,
    CountPage,
    CountState,
    DueList,
    EpcBody,
    LineBody,
    ResultBody,
    SettlementBody,
    WholeCount,
)
from tagdock_cloud.stockpolicy.counts.settling import find_count, hold_count, settle
from tagdock_cloud.stockpolicy.counts.taking import take_count
from tagdock_cloud.stockpolicy.sheet import CSV_BODY, read_rows
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Handler, Manager, Operator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.names import Place, Site
from tagdock_cloud.web.paging import CursorText, FewLimit, Limit, page, page_of_few, read_cursor
from tagdock_cloud.web.problems import Problem, check_media_type, not_found, refused
from tagdock_cloud.web.reply import reply
from tagdock_cloud.web.tags import IfMatch, check_unchanged, tagged

_SQL = load_queries("tagdock_cloud.stockpolicy.counts")
Row = dict[str, Any]
MOST_DUE = 1000
"""Bins that are listed as due: a site that has more is behind with its counts anyway."""
Number = Annotated[int, Path(ge=1, le=1_000_000)]
router = APIRouter(prefix="/api/v1", tags=["counts"])


@router.get("/counts", response_model=CountPage)
async def list_counts(
    *,
    request: Request,
    db: Db,
    caller: Viewer,
    site: Site | None = None,
    state: CountState | None = None,
    bin: Place | None = None,  # noqa: A002  # the field's word
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """List counts, newest first."""
    caller.check(site)
    before_at, before_id = read_cursor(cursor, datetime, UUID)
    asked = {"sites": caller.listed, "site": site, "state": state, "bin": bin, "rows": limit + 1}
    rows = await db.all(_SQL["page"], {**asked, "before_at": before_at, "before_id": before_id})
    return page(request, rows, limit, "asked_at", "count_id")


@router.post("/counts", response_model=WholeCount, status_code=201)
async def ask_count(once: Once, caller: Operator, body: CountBody) -> Response:
    """Ask for a count: somebody gets a task. What is asked for already is answered as it stands (200)."""
    caller.check(body.site)

    async def work(transaction: Transaction) -> Response:
        known = await transaction.one(_SQL["scope_known"], body.model_dump()) or {}
        for name in ("site", "bin", "zone", "sku"):
            if not known[name]:
                raise refused(name, f"there is no {name} {getattr(body, name)!r}")
        values = {**body.model_dump(), "velocity": None, "by": caller.name}
        asked = await transaction.one(_SQL["ask"], values)
        if asked is None:
            open_ = await transaction.one(_SQL["asked_already"], values) or {}
            return reply(await _whole(transaction, caller, open_["count_id"]))
        count_id = asked["count_id"]
        await audit(transaction, caller, "count.ask", f"count/{count_id}", site=body.site, after=body)
        return reply(await _whole(transaction, caller, count_id), 201, {"Location": f"/api/v1/counts/{count_id}"})

    return await once(caller, work)


@router.get("/counts/{count_id}", response_model=WholeCount)
async def get_count(db: Db, caller: Viewer, count_id: UUID) -> Response:
    """Return one count with its differences."""
    return reply(await _whole(db, caller, count_id))


@router.post("/counts/{count_id}/result", response_model=WholeCount, max_body_size=4 * 2**20)
async def tell_count(once: Once, caller: Handler, count_id: UUID, body: ResultBody) -> Response:
    """Tell what was counted, whole; it is held against the record at once."""
    return await _tell(once, caller, count_id, body)


@router.post("/counts/{count_id}/import", response_model=WholeCount, max_body_size=4 * 2**20, openapi_extra=CSV_BODY)
async def import_count(once: Once, request: Request, db: Db, caller: Handler, count_id: UUID) -> Response:
    """Tell it from CSV: a column `epc`, or `sku`, `quantity` and perhaps `bin`."""
    check_media_type(request.headers.get("content-type"), "text/csv")
    content = await request.body()
    count = await find_count(db, caller, count_id)
    body = (
        ResultBody(epcs=[row.epc for row in read_rows(content, EpcBody, ("epc",), MOST_EPCS)], counted_at=None)
        if count["method"] == "epcs"
        else _lines(read_rows(content, LineBody, ("sku", "quantity"), MOST_LINES))
    )
    return await _tell(once, caller, count_id, body)


@router.post("/counts/{count_id}/differences/{number}/settle", response_model=WholeCount)
async def settle_count_difference(
    once: Once, caller: Operator, count_id: UUID, number: Number, body: SettlementBody
) -> Response:
    """Say what became of a difference; the record follows. The same again changes nothing."""

    async def work(transaction: Transaction) -> Response:
        await settle(transaction, caller, count_id, number, body)
        return reply(await _whole(transaction, caller, count_id))

    return await once(caller, work)


@router.post("/counts/{count_id}/cancel", response_model=WholeCount)
async def cancel_count(once: Once, caller: Operator, count_id: UUID) -> Response:
    """Call a count off that nobody has made. Once more changes nothing."""

    async def work(transaction: Transaction) -> Response:
        before = await hold_count(transaction, caller, count_id)
        if await transaction.one(_SQL["cancel"], {"count_id": count_id, "by": caller.id}):
            states: Any = {"before": {"state": before["state"]}, "after": {"state": "cancelled"}}
            await audit(transaction, caller, "count.cancel", f"count/{count_id}", site=before["site"], **states)
        elif before["state"] != "cancelled":
            raise Problem(409, f"the count is {before['state']} already: what was counted stays on record")
        return reply(await _whole(transaction, caller, count_id))

    return await once(caller, work)


@router.get("/sites/{site}/count-cadence", response_model=Cadence)
async def get_cadence(request: Request, db: Db, caller: Viewer, site: Site) -> Response:
    """Tell how often the bins of each class are to be counted."""
    caller.check(site)
    return tagged(request, await db.one(_SQL["cadence"], {"site": site}))


@router.put("/sites/{site}/count-cadence", response_model=Cadence)
async def put_cadence(
    *, request: Request, db: Db, caller: Manager, site: Site, body: Cadence, if_match: IfMatch = None
) -> Response:
    """Say how often; the bins that are due are asked for, a shift's work at a time."""
    caller.check(site)
    async with db.transaction() as transaction:
        known = await transaction.one(_SQL["scope_known"], {"site": site, "bin": None, "zone": None, "sku": None})
        if not (known or {})["site"]:
            raise not_found("site", site)
        before = await transaction.one(_SQL["cadence"], {"site": site})
        check_unchanged("the cadence", before, if_match)
        await transaction.run(_SQL["forget_cadence"], {"site": site})
        await transaction.run(_SQL["write_cadence"], {"site": site, **body.model_dump()})
        after = await transaction.one(_SQL["cadence"], {"site": site})
        await audit(transaction, caller, "count_cadence.put", f"site/{site}", site=site, before=before, after=after)
    return tagged(request, after)


@router.get("/sites/{site}/counts-due", response_model=DueList)
async def list_due(
    *, request: Request, db: Db, caller: Viewer, site: Site, limit: FewLimit = 1000, cursor: CursorText = None
) -> Response:
    """List the bins that are due and not asked for yet, a thousand at most, by class and name."""
    caller.check(site)
    rows = await db.all(_SQL["due"], {"site": site, "rows": MOST_DUE})
    return page_of_few(request, rows, limit, cursor, "velocity", "bin")


async def _tell(once: Once, caller: Caller, count_id: UUID, body: ResultBody) -> Response:
    async def work(transaction: Transaction) -> Response:
        count = await hold_count(transaction, caller, count_id)
        await take_count(transaction, caller, count, body, datetime.now(UTC))
        whole = await _whole(transaction, caller, count_id)
        told = {name: whole[name] for name in ("expected", "found", "missing", "extra", "state")}
        await audit(
            transaction, caller, "count.tell", f"count/{count_id}", site=count["site"], before=count, after=told
        )
        return reply(whole)

    return await once(caller, work)


def _lines(rows: list[LineBody]) -> ResultBody:
    """Check rows as a body would be. Raises Problem (422)."""
    try:
        return ResultBody.model_validate({"lines": rows})
    except ValueError as error:
        raise refused("file", str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from None  # type: ignore[attr-defined]


async def _whole(db: Database | Transaction, caller: Caller, count_id: UUID) -> Row:
    count = await find_count(db, caller, count_id)
    return {**count, "differences": await db.all(_SQL["differences"], {"count_id": count_id})}
