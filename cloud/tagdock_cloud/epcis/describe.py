"""The description of the EPCIS interface (OpenAPI 3.1): every route, what it takes, each status it answers with. Pure.

GS1's own OpenAPI says what the standard allows; this one says what is here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from tagdock_cloud.epcis.answers import ANSWERS, SCHEMAS
from tagdock_cloud.epcis.parameters import SIMPLE_PARAMETERS
from tagdock_cloud.epcis.question import MOST_EVENTS
from tagdock_cloud.epcis.render import DEFAULT_FORMAT, EPC_FORMATS
from tagdock_cloud.epcis.words import ACTIONS, BIZ_STEPS, DISPOSITIONS, EVENT_TYPES
from tagdock_cloud.web.problems import MEDIA_TYPE

Json = dict[str, Any]
ROOT: Final = "/epcis/v2"
MEDIA: Final = ("application/json", "application/ld+json")
_LISTS: Final = ("eventTypes", "epcs", "bizSteps", "dispositions", "readPoints", "bizLocations")
_WORDS: Final[Mapping[str, Sequence[str]]] = {
    "eventType": EVENT_TYPES,
    "EQ_action": sorted(ACTIONS),
    "EQ_bizStep": sorted(BIZ_STEPS),
    "EQ_disposition": sorted(DISPOSITIONS),
}
_PROBLEMS: Final = {
    400: "A parameter, header or body that breaks a rule; type and errors say which.",
    401: "No token, or none that is in force.",
    403: "The role, or its limit to sites, does not allow it.",
    404: "Nothing goes by this name.",
    406: "Another version, format of EPCs or media type is wanted; XML is not written here.",
    409: "It is there already.",
    413: "Too many bytes or events at once, or a query that takes too long.",
    414: "The address is longer than 48 KiB.",
    415: "The body is of another media type; XML is not read here.",
    422: "Idempotency-Key: is too long.",
    429: "Too many requests; Retry-After says when to come back.",
    501: "A part of the standard that is not here: WebSockets, master data, order by other fields.",
    503: "The database does not answer, or too many jobs wait; Retry-After says when to come back.",
}
_ALWAYS: Final = (400, 401, 403, 406, 414, 429, 501, 503)


@dataclass(frozen=True, slots=True)
class Operation:
    """One route: how it answers, what it takes."""

    method: str
    path: str
    summary: str
    status: int
    answer: str | None = None
    body: str | None = None
    takes: tuple[Json, ...] = ()
    problems: tuple[int, ...] = ()


def document() -> Json:
    """Return the whole description."""
    paths: dict[str, Json] = {}
    for operation in operations():
        paths.setdefault(ROOT + operation.path, {})[operation.method.lower()] = _written(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tagdock EPCIS 2.0", "version": version("tagdock-cloud")},
        "paths": paths,
        "components": {"schemas": SCHEMAS, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def operations() -> Iterator[Operation]:
    """Yield every route."""
    yield Operation("GET", "", "List what there is.", 200, "Collection")
    yield Operation("GET", "/openapi.json", "Describe the interface.", 200, "OpenAPI")
    yield from _captures()
    yield from _events()
    yield from _queries()
    paths = ["", "/capture", "/capture/{job_id}", "/events", "/events/{event_id}"]
    paths += [f"/{name}{rest}" for name in _LISTS for rest in ("", "/{value}")]
    paths += [f"/queries{rest}" for rest in ("", "/{name}", "/{name}/events", "/{name}/subscriptions")]
    for path in (*paths, "/queries/{name}/subscriptions/{subscription_id}"):
        yield Operation("OPTIONS", path, "Say which versions, formats and limits there are.", 204, "Discovery")


def _captures() -> Iterator[Operation]:
    behaviour = _header("GS1-Capture-Error-Behaviour", {"enum": ["rollback", "proceed"], "default": "rollback"})
    key = _header("Idempotency-Key", {"type": "string", "maxLength": 200})
    wrong = (400, 409, 413, 415, 422)
    yield Operation(
        "POST", "/capture", "Take a document of events.", 202, "Job address", "EPCISDocument", (behaviour, key), wrong
    )
    yield Operation("GET", "/capture", "List capture jobs.", 200, "CaptureJobs", takes=_PAGE, problems=(400,))
    yield Operation("GET", "/capture/{job_id}", "Say what became of a job.", 200, "CaptureJob", problems=(404,))
    yield Operation("POST", "/events", "Take one event.", 201, "Event", "Event", (key,), wrong)


def _events() -> Iterator[Operation]:
    wrong = (400, 413)
    yield Operation("GET", "/events", "Answer a query.", 200, "QueryDocument", takes=_QUERY, problems=wrong)
    yield Operation(
        "GET", "/events/{event_id}", "Show an event.", 200, "QueryDocument", takes=(_FORMAT,), problems=(400, 404, 413)
    )
    for name in _LISTS:
        yield Operation(
            "GET", f"/{name}", "List the members.", 200, "Collection", takes=(*_PAGE, _FORMAT), problems=wrong
        )
        yield Operation(
            "GET", f"/{name}/{{value}}", "Say that there are events of a member.", 200, "Collection",
            takes=(_FORMAT,), problems=(400, 404, 413),
        )  # fmt: skip
        yield Operation(
            "GET", f"/{name}/{{value}}/events", "Answer a query about a member.", 200, "QueryDocument",
            takes=_QUERY, problems=wrong,
        )  # fmt: skip


def _queries() -> Iterator[Operation]:
    one, several = "/queries/{name}", "/queries/{name}/subscriptions"
    subscription = f"{several}/{{subscription_id}}"
    yield Operation("GET", "/queries", "List named queries.", 200, "Queries", takes=_PAGE, problems=(400,))
    yield Operation("POST", "/queries", "Name a query.", 201, "Named query", "Query", problems=(400, 409, 413, 415))
    yield Operation("GET", one, "Show a named query.", 200, "Query", problems=(400, 404))
    yield Operation("DELETE", one, "Forget a query and its subscriptions.", 204, problems=(400, 404))
    yield Operation(
        "GET", f"{one}/events", "Answer a named query.", 200, "QueryDocument", takes=_QUERY, problems=(400, 404, 413)
    )
    yield Operation("GET", several, "List subscriptions.", 200, "Subscriptions", takes=_PAGE, problems=(400, 404))
    yield Operation(
        "POST", several, "Send what is new to an address.", 201, "New subscription", "NewSubscription", (_FORMAT,),
        (400, 404, 413, 415),
    )  # fmt: skip
    yield Operation("GET", subscription, "Show a subscription.", 200, "Subscription", problems=(400, 404))
    yield Operation("DELETE", subscription, "End a subscription.", 204, problems=(400, 404))
    yield Operation("DELETE", "/nextPageToken/{token}", "Give up the pages that follow; nothing is held for them.", 204)


def _written(operation: Operation) -> Json:
    answers: Json = {str(operation.status): ANSWERS.get(operation.answer or "", {"description": "Done."})}
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted({*_ALWAYS, *operation.problems}):
        answers[str(status)] = {"description": _PROBLEMS[status], "content": problem}
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    path = [{"name": name, "in": "path", "required": True, "schema": _NAME} for name in names]
    out: Json = {
        "summary": operation.summary, "security": [{"token": []}], "responses": answers,
        "parameters": [*path, *operation.takes],
    }  # fmt: skip
    if operation.body:
        schema = {"schema": {"$ref": f"#/components/schemas/{operation.body}"}}
        out["requestBody"] = {"required": True, "content": dict.fromkeys(MEDIA, schema)}
    return out


def _header(name: str, schema: Json) -> Json:
    return {"name": name, "in": "header", "schema": schema}


def _query(name: str) -> Json:
    parameter: Json = {"name": name, "in": "query"}
    if name.startswith("EXISTS_"):
        return {**parameter, "schema": {"enum": ["true", "false"]}, "allowEmptyValue": True}
    if name.endswith("Time") or name in ("GE_time", "LT_time"):
        return {**parameter, "schema": {"type": "string", "format": "date-time"}}
    if name in ("eventCountLimit", "maxEventCount"):
        return {**parameter, "schema": {"type": "integer", "minimum": 1, "maximum": MOST_EVENTS}}
    if name in _ONE_OF:
        return {**parameter, "schema": {"enum": _ONE_OF[name]}}
    if name.endswith(("quantity", "_CEL", "percRank")):
        return {**parameter, "schema": {"type": "number"}}
    items: Json = {"enum": _WORDS[name]} if name in _WORDS else {"type": "string", "minLength": 1}
    schema = {"type": "array", "items": items, "minItems": 1}
    return {**parameter, "style": "pipeDelimited", "explode": False, "schema": schema}


_NAME: Final[Json] = {"type": "string", "minLength": 1}
_ONE_OF: Final = {"orderBy": ["eventTime", "recordTime"], "orderDirection": ["ASC", "DESC"]}
_PAGE: Final[tuple[Json, ...]] = (
    {"name": "perPage", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 30}},
    {"name": "nextPageToken", "in": "query", "schema": {"type": "string", "maxLength": 1200}},
)
_FORMAT: Final = _header("GS1-EPC-Format", {"enum": list(EPC_FORMATS), "default": DEFAULT_FORMAT})
_FAMILIES: Final = (
    "EQ_bizTransaction_po", "EQ_source_possessing_party", "EQ_destination_location", "EQ_quantity", "GE_quantity",
    "GE_startTime", "LT_time", "GE_value_CEL", "LE_percRank", "EQ_erp:truck", "EXISTS_ILMD_erp:lot",
)  # fmt: skip
"""One of each family of parameters: a type of transaction, a unit, a field of one's own may be another."""
_QUERY: Final = (*_PAGE, _FORMAT, *map(_query, (*SIMPLE_PARAMETERS, *_FAMILIES)))
