"""Events as they are asked for: by query, by id, by what they say."""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tagdock_cloud.epcis.describe import document
from tagdock_cloud.epcis.find import Span, find, key_of
from tagdock_cloud.epcis.naming import NO_NAMES, Names
from tagdock_cloud.epcis.paging import link, read_page
from tagdock_cloud.epcis.parameters import from_url, place_names, read_question
from tagdock_cloud.epcis.question import Question, QuestionError
from tagdock_cloud.epcis.render import collection, event_of, query_document
from tagdock_cloud.epcis.talk import ROOT, Asked, Viewing, answer, negotiate, trouble
from tagdock_cloud.epcis.whose import names_of_places
from tagdock_cloud.store.errors import DatabaseUnavailableError
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.database import Database, Transaction
from tagdock_cloud.web.parameters import ReadsAll
from tagdock_cloud.web.tags import tagged

_PAGE = ("perPage", "nextPageToken")
_NAME = "SimpleEventQuery"
LISTS: Final = {
    "eventTypes": "eventType",
    "epcs": "MATCH_anyEPC",
    "bizSteps": "EQ_bizStep",
    "dispositions": "EQ_disposition",
    "readPoints": "EQ_readPoint",
    "bizLocations": "EQ_bizLocation",
}
"""The top-level resources, and the parameter that each of their members stands for."""

router = APIRouter(prefix=ROOT, tags=["epcis"], include_in_schema=False, dependencies=[Depends(negotiate)])


@router.get("")
async def list_resources(request: Request, _: Viewer) -> Response:
    """List what there is."""
    return answer(request, collection(["capture", "events", "queries", *LISTS]))


@router.get("/openapi.json")
async def describe(request: Request, _: Viewer) -> Response:
    """Describe the interface (OpenAPI 3.1)."""
    return tagged(request, document())


@router.get("/events", dependencies=[Depends(ReadsAll())])
async def list_events(asked: Viewing) -> Response:
    """Answer a query that stands in the URL."""
    return await events_answer(asked, {})


@router.get("/events/{event_id:path}")
async def show_event(asked: Viewing, event_id: str, ver: str | None = None) -> Response:
    """Show an event by its id, with what was declared of it."""
    if event_id.startswith("ni:///") and "?" not in event_id and ver is not None:
        event_id += f"?ver={ver[:20]}"  # a client that did not escape the question mark
    question = question_of({"EQ_eventID": [event_id], "orderBy": "recordTime", "orderDirection": "ASC"})
    rows = await rows_of(asked, question, Span(100))
    if not rows:
        raise trouble(404, "NoSuchResourceException", f"there is no event {event_id[:200]!r}")
    events = [event_of(row, asked.epc_format) for row in rows]
    return answer(asked.request, query_document(events, datetime.now(UTC), name=_NAME))


async def events_answer(asked: Asked, fixed: dict[str, Any], name: str = _NAME) -> Response:
    """Answer a query: what is fixed by the address, and what stands in the URL."""
    try:
        given = from_url([pair for pair in asked.request.query_params.multi_items() if pair[0] not in _PAGE])
    except QuestionError as error:
        raise _trouble(error) from None
    for parameter in fixed.keys() & given.keys():
        raise trouble(400, "QueryParameterException", f"{parameter}: is fixed here")
    question = await question_asked(asked.db, {**given, **fixed})
    return await _page(asked, question, name)


async def rows_of(asked: Asked, question: Question, span: Span) -> list[dict[str, Any]]:
    """Return what is found among the caller's sites. Raises Problem (413) where that takes too long."""
    try:
        async with asked.db.transaction() as transaction:
            return await find(transaction, question, asked.caller.listed, span)
    except DatabaseUnavailableError as error:
        raise too_complex(error) from error


def too_complex(error: DatabaseUnavailableError) -> Exception:
    """Return what to answer where the database gave up: the standard's word for a statement that took too long."""
    if "statement timeout" not in str(error):
        return error
    reason = "the query takes too long; bound it by GE_eventTime and LT_eventTime, or ask for less"
    return trouble(413, "QueryTooComplexException", reason)


async def _page(asked: Asked, question: Question, name: str) -> Response:
    """Answer with one page."""
    parameters = asked.request.query_params
    shown, after = read_page(parameters.get("perPage", "30"), parameters.get("nextPageToken"), int, str)
    left = _left(question, after[2])
    if left is not None:
        shown = min(shown, left)
    wanted = max(shown, question.too_many or 0) if after[0] is None else shown
    span = Span(wanted + 1, None if after[0] is None else (after[0], after[1]))
    rows = await rows_of(asked, question, span)
    if question.too_many is not None and after[0] is None and len(rows) > question.too_many:
        reason = f"maxEventCount: there are more than {question.too_many} events"
        raise trouble(413, "QueryTooLargeException", reason)
    headers = {}
    rest = None if left is None else left - shown
    if len(rows) > shown and rest != 0:
        headers = link(asked.request, [*key_of(rows[shown - 1]), "" if rest is None else rest])
    events = [event_of(row, asked.epc_format) for row in rows[:shown]]
    return answer(asked.request, query_document(events, datetime.now(UTC), name=name), headers=headers)


def _left(question: Question, told: str | None) -> int | None:
    """Return how many events are still wanted; None: all there are."""
    if question.at_most is None:
        return None
    if told and told.isascii() and told.isdigit():
        return max(1, min(int(told[:9]), question.at_most))
    return question.at_most


async def question_asked(db: Database | Transaction, parameters: dict[str, Any]) -> Question:
    """Read a query that may name places of ours. Raises Problem (400, 501)."""
    return question_of(parameters, await names_of_places(db, place_names(parameters)))


def question_of(parameters: dict[str, Any], whose: Names = NO_NAMES) -> Question:
    """Read a query. Raises Problem (400, 501)."""
    try:
        return read_question(parameters, whose)
    except QuestionError as error:
        raise _trouble(error) from None


def _trouble(error: QuestionError) -> Exception:
    return trouble(error.status, error.kind, str(error), errors=[(error.name, error.reason)])
