"""Errors as RFC 9457 problems: every one says what was wrong and, where a person can mend it, how."""

import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from starlette.datastructures import FormData
from starlette.responses import Response

if TYPE_CHECKING:  # the command line knows this module and starts faster without FastAPI
    from fastapi.exceptions import RequestValidationError

MEDIA_TYPE = "application/problem+json"
_JSON = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json *(?:;|$)", re.IGNORECASE)
FORM = "application/x-www-form-urlencoded"
_FORMS = re.compile(r"(?:application/x-www-form-urlencoded|multipart/form-data) *(?:;|$)", re.IGNORECASE)
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""What RFC 9110 calls them, where Python before 3.13 has older words."""
MOST_ERRORS = 20
"""Field errors that one answer names; a list of 10,000 bad rows is mended from the first few."""


class FieldError(BaseModel):
    """One field and what is wrong with it."""

    field: str = Field(examples=["items[3].sku"])
    reason: str


class ProblemBody(BaseModel):
    """A problem as it crosses the wire (RFC 9457, section 3)."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["items[3].sku: must not be empty"])
    errors: list[FieldError] = Field(default=[], description="The fields at fault, the first twenty at most.")
    request_id: str | None = Field(default=None, description="Also in the header X-Request-Id and in the log.")


class Problem(Exception):  # noqa: N818  # the standard's word
    """Something that the caller has to know; raised anywhere below a route, turned into a reply in one place."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
        type_: str = "about:blank",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.type = type_
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = headers or {}


def refused(field: str, reason: str, *more: tuple[str, str]) -> Problem:
    """Build the problem for a body or parameter that was understood but cannot be taken (422)."""
    return Problem(422, f"{field}: {reason}", errors=[(field, reason), *more])


def not_found(what: str, name: object) -> Problem:
    """Build the problem for a name that nothing goes by (404)."""
    return Problem(404, f"there is no {what} {str(name)[:100]!r}")


def too_long() -> Problem:
    """Build the problem for a body that is longer than its route takes (413)."""
    return Problem(413, "the body is longer than what is taken here; send less at once")


def no_route(status: int, path: str, allowed: Sequence[str]) -> Problem:
    """Build the problem for an address that nothing answers to (404), or not in this way (405)."""
    if status == 405 and allowed:
        ways = ", ".join(allowed)
        return Problem(405, f"here one may {ways} only", headers={"Allow": ways})
    described = "; /api/v1/openapi.json names every address" if path.startswith(("/api/", "/epcis/")) else ""
    return Problem(404, f"nothing answers at {path[:100]!r}{described}")


def check_media_type(given: str | None, wanted: str) -> None:
    """Check what kind of body a caller says to send. Raises Problem (415) where it is another one."""
    if (given or "").partition(";")[0].strip().lower() != wanted:
        raise Problem(415, f"send the body as {wanted}", headers={"Accept": wanted})


def problem_response(problem: Problem, request_id: str | None) -> Response:
    """Write a problem; ASCII only, so that no hostile name can break the encoding."""
    body: dict[str, Any] = {
        "type": problem.type,
        "title": _TITLES.get(problem.status) or HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail[:2000],
        "errors": [{"field": field, "reason": reason} for field, reason in problem.errors[:MOST_ERRORS]],
        "request_id": request_id,
    }
    return Response(json.dumps(body), problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def from_validation(error: "RequestValidationError", media_type: str) -> Problem:
    """Turn the framework's list of errors into one problem that names the first field and lists the others.

    `media_type`: of the request's body. One that is not what the route takes was not even looked into (415).
    """
    kinds, wanted = (_FORMS, FORM) if isinstance(error.body, FormData) else (_JSON, "application/json")
    if error.errors()[0]["loc"][:1] == ("body",) and not kinds.match(media_type):
        return Problem(415, f"send the body as {wanted}", headers={"Accept": wanted})
    errors = [(_field(item), _reason(item)) for item in error.errors()[:MOST_ERRORS]]
    field, reason = errors[0]
    return Problem(422, f"{field}: {reason}", errors=errors)


def _field(item: dict[str, Any]) -> str:
    """Write a location as `items[3].sku`; a bare body is called `body`, and so is one that cannot be read at all."""
    location: Sequence[int | str] = item["loc"][:1] if item["type"] == "json_invalid" else item["loc"]
    name = ""
    for part in location[1:]:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += f".{part}" if name else str(part)
    return name[:200] or str(location[0])


def _reason(item: dict[str, Any]) -> str:
    if item["type"] == "json_invalid":
        at = f" at character {item['loc'][1]}" if len(item["loc"]) > 1 else ""
        return f"is no JSON{at}: {item.get('ctx', {}).get('error', 'cannot be read')}"
    if item["type"] == "extra_forbidden":
        return "is not a known field"
    return str(item["msg"]).removeprefix("Value error, ")[:300]
