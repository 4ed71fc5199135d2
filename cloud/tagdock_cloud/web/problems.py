"""Errors as RFC 9457 problems: every one says what was wrong and, where a person can mend it, how."""

import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from starlette.responses import Response

if TYPE_CHECKING:  # the command line knows this module and starts faster without FastAPI
    from fastapi.exceptions import RequestValidationError

MEDIA_TYPE = "application/problem+json"
_JSON = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json *(?:;|$)", re.IGNORECASE)
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


def problem_response(problem: Problem, request_id: str | None) -> Response:
    """Write a problem; ASCII only, so that no hostile name can break the encoding."""
    body: dict[str, Any] = {
        "type": problem.type,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail[:2000],
        "errors": [{"field": field, "reason": reason} for field, reason in problem.errors[:MOST_ERRORS]],
        "request_id": request_id,
    }
    return Response(json.dumps(body), problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def from_validation(error: "RequestValidationError", media_type: str) -> Problem:
    """Turn the framework's list of errors into one problem that names the first field and lists the others.

    `media_type`: of the request's body. One that is no JSON was not even looked into (415).
    """
    if error.errors()[0]["loc"][:1] == ("body",) and not _JSON.match(media_type):
        return Problem(415, "send the body as application/json", headers={"Accept": "application/json"})
    errors = [(_field(item["loc"]), _reason(item)) for item in error.errors()[:MOST_ERRORS]]
    field, reason = errors[0]
    return Problem(422, f"{field}: {reason}", errors=errors)


def _field(location: Sequence[int | str]) -> str:
    """Write a location as `items[3].sku`; a bare body is called `body`."""
    name = ""
    for part in location[1:]:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += f".{part}" if name else str(part)
    return name[:200] or str(location[0])


def _reason(item: dict[str, Any]) -> str:
    if item["type"] == "json_invalid":
        return f"is no JSON: {item.get('ctx', {}).get('error', 'cannot be read')}"
    if item["type"] == "extra_forbidden":
        return "is not a known field"
    return str(item["msg"]).removeprefix("Value error, ")[:300]
