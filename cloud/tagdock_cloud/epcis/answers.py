"""What the EPCIS interface answers and takes, as JSON Schema. Pure.

What an event may hold is GS1's to say (its JSON schema, and `shape.py`); here stands what a client has to know to read
and write one at all.
"""

from typing import Any, Final

from tagdock_cloud.epcis.words import ACTIONS, BIZ_STEPS, DISPOSITIONS, EVENT_TYPES
from tagdock_cloud.web.problems import ProblemBody

Json = dict[str, Any]
_TEXT: Final[Json] = {"type": "string"}
_URI: Final[Json] = {"type": "string", "format": "uri"}
_TIME: Final[Json] = {"type": "string", "format": "date-time"}
_CONTEXT: Final[Json] = {
    "type": ["string", "array"],
    "description": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld, and prefixes of your own.",
}


def _object(required: str, **properties: Json) -> Json:
    return {"type": "object", "required": required.split(), "properties": properties}


def _list(name: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


def _problem() -> Json:
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}


_PLACE: Final = _object("id", id=_URI)
_EVENT: Final = _object(
    "type eventTime eventTimeZoneOffset",
    **{"@context": _CONTEXT},
    type={"enum": list(EVENT_TYPES)},
    eventTime=_TIME,
    eventTimeZoneOffset={"type": "string", "pattern": r"^[+-](0[0-9]|1[0-3]):[0-5][0-9]$"},
    eventID=_URI,
    epcList={"type": "array", "items": _URI},
    action={"enum": sorted(ACTIONS)},
    bizStep={"type": "string", "examples": sorted(BIZ_STEPS)[:3]},
    disposition={"type": "string", "examples": sorted(DISPOSITIONS)[:3]},
    readPoint=_PLACE,
    bizLocation=_PLACE,
)
_RESULTS: Final = _object(
    "queryName resultsBody",
    queryName=_TEXT,
    subscriptionID=_TEXT,
    resultsBody=_object("eventList", eventList=_list("Event")),
)
_SUBSCRIPTION: Final = {
    "subscriptionID": _TEXT, "dest": _TEXT, "createdAt": _TIME, "lastNotifiedAt": _TIME, "minRecordTime": _TIME,
    "epcFormat": _TEXT, "stream": {"type": "boolean"}, "reportIfEmpty": {"type": "boolean"},
    "schedule": {"type": "object"},
}  # fmt: skip
_UNITS: Final = ("second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek")

SCHEMAS: Final[Json] = {
    **_problem(),
    "Event": _EVENT,
    "EPCISDocument": _object(
        "@context type schemaVersion creationDate epcisBody",
        **{"@context": _CONTEXT},
        type={"enum": ["EPCISDocument"]},
        schemaVersion={"enum": ["2.0"]},
        creationDate=_TIME,
        epcisBody=_object("eventList", eventList=_list("Event")),
    ),
    "EPCISQueryDocument": _object(
        "@context type schemaVersion creationDate epcisBody",
        **{"@context": {"type": "array"}},
        type={"enum": ["EPCISQueryDocument"]},
        schemaVersion={"enum": ["2.0"]},
        creationDate=_TIME,
        epcisBody=_object("queryResults", queryResults=_RESULTS),
    ),
    "CaptureJob": _object(
        "captureID createdAt running success captureErrorBehaviour errors",
        captureID=_TEXT,
        createdAt=_TIME,
        finishedAt=_TIME,
        running={"type": "boolean"},
        success={"type": "boolean"},
        captureErrorBehaviour={"enum": ["rollback", "proceed"]},
        errors={"type": "array", "items": {"type": "object"}},
    ),
    "Collection": _object(
        "@context type member",
        **{"@context": {"type": "array"}},
        type={"enum": ["Collection"]},
        member={"type": "array", "items": _TEXT},
    ),
    "Query": _object(
        "name query", name={"type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$"}, query={"type": "object"}
    ),
    "NewSubscription": _object(
        "dest signatureToken",
        dest={"type": "string", "format": "uri", "pattern": "^https://"},
        signatureToken={"type": "string", "minLength": 16, "maxLength": 200},
        stream={"type": "boolean"},
        schedule={"type": "object", "additionalProperties": False, "properties": dict.fromkeys(_UNITS, _TEXT)},
        reportIfEmpty={"type": "boolean"},
        initialRecordTime=_TIME,
    ),
    "Subscription": _object("subscriptionID dest createdAt epcFormat minRecordTime", **_SUBSCRIPTION),
}


def _answer(schema: Json, *headers: str, required: bool = True) -> Json:
    content = {media: {"schema": schema} for media in ("application/json", "application/ld+json")}
    versions = ("GS1-EPCIS-Version", "GS1-CBV-Version")
    return {
        "description": "Done.",
        "content": content,
        "headers": {name: {"schema": _TEXT, "required": required} for name in (*versions, *headers)},
    }


def _paged(schema: Json) -> Json:
    answer = _answer(schema)
    link = {"schema": _TEXT, "description": "The next page, where there is one."}
    return {**answer, "headers": {**answer["headers"], "Link": link}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


ANSWERS: Final[Json] = {
    "Collection": _paged(_ref("Collection")),
    "QueryDocument": _paged(_ref("EPCISQueryDocument")),
    "CaptureJobs": _paged(_list("CaptureJob")),
    "CaptureJob": _answer(_ref("CaptureJob")),
    "Queries": _paged(_list("Query")),
    "Query": _answer(_ref("Query")),
    "Named query": _answer(_ref("Query"), "Location"),
    "Subscriptions": _paged(_list("Subscription")),
    "Subscription": _answer(_ref("Subscription")),
    "New subscription": _answer(_ref("Subscription"), "Location"),
    "Event": _answer(_ref("Event"), "Location"),
    "OpenAPI": {"description": "This.", "content": {"application/json": {"schema": {"type": "object"}}}},
    "Job address": {
        "description": "Taken; the job says what becomes of it.",
        "headers": {name: {"schema": _TEXT, "required": True} for name in ("Location", "GS1-Capture-Error-Behaviour")},
    },
    "Discovery": {
        "description": "The headers say it.",
        "headers": {
            name: {"schema": _TEXT, "required": True}
            for name in (
                "Allow",
                "GS1-EPCIS-Version",
                "GS1-CBV-Version",
                "GS1-EPC-Format",
                "GS1-EPCIS-Min",
                "GS1-EPCIS-Max",
            )
        },
    },
}
