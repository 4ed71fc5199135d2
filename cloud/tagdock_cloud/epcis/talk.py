"""What every route of the EPCIS interface shares: versions, media types, errors in the standard's words.

Source: EPCIS 2.0, sections 12.3 (headers), 12.4 (content), 12.7 (errors).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.access.roles import Caller
from tagdock_cloud.epcis.document import MOST_BYTES, MOST_EVENTS
from tagdock_cloud.epcis.question import EpcisError
from tagdock_cloud.epcis.render import DEFAULT_FORMAT, EPC_FORMATS, EpcFormat
from tagdock_cloud.web.access import Viewer
from tagdock_cloud.web.database import Database, Db
from tagdock_cloud.web.parameters import unknown_parameter
from tagdock_cloud.web.problems import Problem

READ_AT_MOST: Final = 4 * MOST_BYTES
"""Bytes that are read of a body, so that one that is too long can be refused in the standard's words."""
MOST_QUERY_BYTES: Final = 48 * 1024
"""Of a URL's query, below what the server itself bears with (64 KiB for all that precedes a body)."""
ROOT: Final = "/epcis/v2"
VERSION: Final = "2.0.0"
_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,3}")
_FITS: Final[Mapping[str, Callable[[tuple[int, ...]], bool]]] = {
    "Version": lambda asked: asked[0] == 2,
    "Min": lambda asked: asked <= (2, 0, 0),
    "Max": lambda asked: asked >= (2,),
}
_MEDIA = ("application/json", "application/ld+json")
_ACCEPTED = frozenset({*_MEDIA, "application/problem+json", "application/*", "*/*"})

VERSIONS: Final = {"GS1-EPCIS-Version": VERSION, "GS1-CBV-Version": VERSION}
_WORDS: Final[Mapping[int, EpcisError]] = {
    400: "ValidationException", 401: "SecurityException", 403: "SecurityException", 404: "NoSuchResourceException",
    413: "CaptureLimitExceededException", 415: "UnsupportedMediaTypeException", 422: "ValidationException",
    500: "ImplementationException", 503: "ImplementationException",
}  # fmt: skip
"""The standard's words for what can happen to any request."""
DISCOVERY: Final = {
    **VERSIONS,
    **{f"GS1-{name}-{end}": VERSION for name in ("EPCIS", "CBV") for end in ("Min", "Max")},
    "GS1-EPC-Format": ", ".join(EPC_FORMATS),
    "GS1-Vendor-Version": version("tagdock-cloud"),
}
LIMITS: Final = {"GS1-EPCIS-Capture-Limit": str(MOST_EVENTS), "GS1-EPCIS-Capture-File-Size-Limit": str(MOST_BYTES)}


def trouble(
    status: int,
    kind: EpcisError,
    detail: str,
    *,
    errors: Sequence[tuple[str, str]] = (),
    headers: dict[str, str] | None = None,
) -> Problem:
    """Build a problem in the standard's words."""
    return Problem(status, detail, errors=errors, headers=headers, type_=f"epcisException:{kind}")


def answer(request: Request, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON, as JSON-LD to who asks for that."""
    wanted = request.headers.get("accept", "")
    media = _MEDIA[1] if "ld+json" in wanted and "application/json" not in wanted else _MEDIA[0]
    return Response(to_json(content), status, headers={**VERSIONS, **(headers or {})}, media_type=media)


def in_words(problem: Problem) -> Problem:
    """Return a problem that is not of the interface's own making with the standard's word for it."""
    word = _WORDS.get(problem.status)
    if problem.type != "about:blank" or word is None:
        return problem
    type_ = f"epcisException:{word}"
    return Problem(problem.status, problem.detail, errors=problem.errors, headers=problem.headers, type_=type_)


def negotiate(request: Request) -> None:
    """Refuse who wants another version or format (406), a WebSocket (501), too much in one address (414).

    So are parameters that nobody knows (400). Raises Problem.
    """
    if "websocket" in request.headers.get("upgrade", "").lower():
        raise trouble(501, "ImplementationException", "there are no WebSockets here; subscribe with a webhook")
    if len(request.scope["query_string"]) > MOST_QUERY_BYTES:
        raise trouble(
            414, "URITooLongException", f"at most {MOST_QUERY_BYTES} bytes; name the query and ask for its events"
        )
    wanted = {part.split(";")[0].strip().lower() for part in request.headers.get("accept", "*/*").split(",")}
    if not wanted & _ACCEPTED:
        raise trouble(406, "NotAcceptableException", "Accept: application/json and application/ld+json are there")
    for name, end in ((name, end) for name in ("EPCIS", "CBV") for end in _FITS):
        text = request.headers.get(f"gs1-{name.lower()}-{end.lower()}")
        if text is not None and not (_VERSION.fullmatch(text) and _FITS[end](tuple(map(int, text.split("."))))):
            raise trouble(406, "NotAcceptableException", f"GS1-{name}-{end}: {VERSION} is spoken here")
    unknown = unknown_parameter(request)
    if unknown is not None:
        raise trouble(400, "QueryParameterException", ": ".join(unknown), errors=[unknown])


def _epc_format(request: Request) -> EpcFormat:
    return check_format(request.headers.get("gs1-epc-format", DEFAULT_FORMAT))


def check_format(text: str) -> EpcFormat:
    """Return the form of EPCs that is asked for. Raises Problem (406)."""
    for known in EPC_FORMATS:
        if text == known:
            return known
    raise trouble(406, "NotAcceptableException", f"GS1-EPC-Format: must be one of {', '.join(EPC_FORMATS)}")


Format = Annotated[EpcFormat, Depends(_epc_format)]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with what every answer of events needs."""

    request: Request
    db: Database
    caller: Caller
    epc_format: EpcFormat


def _asked(request: Request, db: Db, caller: Viewer, epc_format: Format) -> Asked:
    return Asked(request, db, caller, epc_format)


Viewing = Annotated[Asked, Depends(_asked)]


async def read_body(request: Request) -> bytes:
    """Return the body of a JSON request. Raises Problem (413, 415)."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media not in _MEDIA:
        raise trouble(
            415,
            "UnsupportedMediaTypeException",
            f"send {' or '.join(_MEDIA)}; XML is not read here",
            headers=dict(LIMITS),
        )
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise trouble(413, "CaptureLimitExceededException", f"send at most {MOST_BYTES} bytes", headers=dict(LIMITS))
    return body
