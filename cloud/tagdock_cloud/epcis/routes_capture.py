"""Capture: events come in, as jobs or one at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.epcis.document import NoDocumentError, Told, read_document, read_event
from tagdock_cloud.epcis.errands import known_errors, problem_of
from tagdock_cloud.epcis.paging import NextPage, PerPage, next_link, read_page
from tagdock_cloud.epcis.prepare import MOST_FAULTS, Prepared, named_places, prepare
from tagdock_cloud.epcis.render import single_event
from tagdock_cloud.epcis.talk import LIMITS, READ_AT_MOST, ROOT, answer, negotiate, read_body, trouble
from tagdock_cloud.epcis.whose import names_of_places
from tagdock_cloud.store.queries import load_queries
from tagdock_cloud.web.access import Integrator, Viewer
from tagdock_cloud.web.audit import audit
from tagdock_cloud.web.database import Database, Db, Transaction
from tagdock_cloud.web.idempotency import Once
from tagdock_cloud.web.problems import Problem

AT_ONCE: Final = 100
"""Events that are stored within the request; more wait for a worker."""
MOST_WAITING: Final = 20
"""Jobs that wait, at most: 80 MB of documents."""

_SQL = load_queries("tagdock_cloud.epcis")
router = APIRouter(prefix=ROOT, tags=["epcis"], include_in_schema=False, dependencies=[Depends(negotiate)])


@router.post("/capture", max_body_size=READ_AT_MOST)
async def capture(once: Once, request: Request, db: Db, caller: Integrator) -> Response:
    """Take a document of events; the job says what became of them."""
    behaviour = request.headers.get("gs1-capture-error-behaviour", "rollback")
    if behaviour not in ("rollback", "proceed"):
        raise trouble(400, "ValidationException", "GS1-Capture-Error-Behaviour: must be rollback or proceed")
    body = await read_body(request)
    prepared = await _prepare(db, caller, _read(read_document, body))
    if behaviour == "rollback":
        _refuse(prepared)

    async def work(transaction: Transaction) -> Response:
        job = await _open_job(transaction, prepared, behaviour, caller)
        await audit(transaction, caller, "epcis.capture", f"epcis-job/{job}", after={"events": len(prepared.rows)})
        headers = {"Location": f"{ROOT}/capture/{job}", "GS1-Capture-Error-Behaviour": behaviour}
        return answer(request, None, 202, headers)

    return await once(caller, work)


@router.get("/capture")
async def list_jobs(
    request: Request,
    db: Db,
    caller: Viewer,
    *,
    per_page: PerPage = "30",
    token: NextPage = None,
) -> Response:
    """List capture jobs, newest first."""
    rows, after = read_page(per_page, token, UUID)
    jobs = await db.all(
        _SQL["jobs"], _job_values(caller) | {"rows": rows + 1, "after_at": after[0], "after_id": after[1]}
    )
    headers = next_link(request, jobs, rows, "created_at", "job_id")
    return answer(request, [_job(job) for job in jobs[:rows]], headers=headers)


@router.get("/capture/{job_id}")
async def show_job(request: Request, db: Db, caller: Viewer, job_id: str) -> Response:
    """Say what became of a job."""
    try:
        wanted = UUID(job_id)
    except ValueError:
        wanted = UUID(int=0)
    row = await db.one(_SQL["jobs"], _job_values(caller) | {"job_id": wanted, "rows": 1})
    if row is None:
        raise trouble(404, "NoSuchResourceException", f"there is no capture job {job_id[:100]!r}")
    return answer(request, _job(row))


@router.post("/events", max_body_size=READ_AT_MOST)
async def capture_event(once: Once, request: Request, db: Db, caller: Integrator) -> Response:
    """Take one event, at once."""
    body = await read_body(request)
    prepared = await _prepare(db, caller, _read(_one_event, body))
    _refuse(prepared)
    (row,) = prepared.rows

    async def work(transaction: Transaction) -> Response:
        if await _store(transaction, prepared.rows, all_or_none=True):
            raise trouble(409, "ResourceAlreadyExistsException", f"the event {row['event_id'][:200]} is known already")
        await audit(transaction, caller, "epcis.capture", row["event_id"][:400], site=row["site"], after=row["body"])
        headers = {"Location": f"{ROOT}/events/{quote(row['event_id'], safe='')}"}
        return answer(request, single_event(row["body"]), 201, headers)

    return await once(caller, work)


async def _prepare(db: Database, caller: Caller, reading: Awaitable[list[Told]]) -> Prepared:
    """Make rows of what came, off the loop: it may be 2,000 events."""
    told = await reading
    whose = await names_of_places(db, named_places(told))
    return await asyncio.to_thread(prepare, told, caller.id, caller.sites, whose)


async def _read(read: Callable[[bytes], list[Told]], body: bytes) -> list[Told]:
    try:
        return await asyncio.to_thread(read, body)
    except NoDocumentError as error:
        raise _no_document(error) from None


def _one_event(body: bytes) -> list[Told]:
    return [read_event(body)]


def _no_document(error: NoDocumentError) -> Exception:
    if error.is_too_large:
        return trouble(413, "CaptureLimitExceededException", str(error), errors=error.faults, headers=dict(LIMITS))
    return trouble(400, "ValidationException", str(error), errors=error.faults)


def _refuse(prepared: Prepared) -> None:
    """Refuse the whole where one event is unsound, or of a site that is not the caller's."""
    if prepared.foreign:
        raise trouble(
            403, "SecurityException", f"{prepared.foreign}: its readPoint and bizLocation name none of your sites"
        )
    if prepared.faults:
        path, reason = prepared.faults[0]
        raise trouble(400, "ValidationException", f"{path}: {reason}", errors=prepared.faults)


async def _open_job(transaction: Transaction, prepared: Prepared, behaviour: str, caller: Caller) -> UUID:
    """Store what is little at once; leave what is much to a worker."""
    errors = [problem_of(*fault) for fault in prepared.faults[:MOST_FAULTS]]
    waiting = len(prepared.rows) > AT_ONCE
    if waiting:
        queued = await transaction.one(_SQL["waiting_jobs"])
        if queued and queued["waiting"] >= MOST_WAITING:
            raise Problem(503, "too many capture jobs wait already", headers={"Retry-After": "10"})
    else:
        known = await _store(transaction, prepared.rows, all_or_none=behaviour == "rollback")
        errors += known_errors(prepared.rows, known)
    values = {
        "behaviour": behaviour, "success": not errors, "errors": to_json(errors).decode(), "asked_by": caller.id,
        "events": len(prepared.rows), "sites": caller.listed,
        "waiting": to_json(prepared.rows).decode() if waiting else None,
    }  # fmt: skip
    row = await transaction.one(_SQL["open_job"], values)
    job: UUID = (row or {})["job_id"]
    return job


async def _store(transaction: Transaction, rows: Sequence[Mapping[str, Any]], *, all_or_none: bool) -> list[int]:
    values = {"events": to_json(rows).decode(), "all_or_none": all_or_none}
    row = await transaction.one(_SQL["capture"], values)
    return list((row or {})["known"])


def _job_values(caller: Caller) -> dict[str, Any]:
    """Who is limited to sites sees their own jobs: what others told of other sites is none of theirs."""
    asked_by = None if caller.sites is None else caller.id
    return {"asked_by": asked_by, "job_id": None, "after_at": None, "after_id": None}


def _job(row: Mapping[str, Any]) -> dict[str, Any]:
    job = {
        "captureID": str(row["job_id"]), "createdAt": row["created_at"], "running": row["finished_at"] is None,
        "success": row["success"], "captureErrorBehaviour": row["behaviour"], "errors": row["errors"],
    }  # fmt: skip
    return job if row["finished_at"] is None else {**job, "finishedAt": row["finished_at"]}
