"""Entity tags: what a caller has already is not sent again, and nobody overwrites what they have not seen.

A tag is a digest of the answer itself, so no table counts versions and nothing can forget to.

Source: RFC 9110, sections 8.8.3 (ETag) and 13.1 (preconditions); RFC 6585, section 3 (428).
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Header, Request
from pydantic_core import to_json
from starlette.responses import Response

from tagdock_cloud.web.problems import Problem

_CACHING = "private, no-cache"
"""Kept by the caller alone, and asked about each time."""

IfMatch = Annotated[
    str | None,
    Header(
        max_length=1000,
        description="The ETag of what is about to be changed, or * for whatever is there: 412 where it was changed"
        " meanwhile.",
    ),
]


def tag_of(content: bytes) -> str:
    """Return the strong entity tag of an answer's bytes."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def matches(tags: str, tag: str) -> bool:
    """Tell whether a header of tags, or `*`, names this one."""
    return tags.strip() == "*" or tag in [part.strip().removeprefix("W/") for part in tags.split(",")]


def tagged(
    request: Request, content: Any, status: int = 200, headers: Mapping[str, str] | None = None, tag: str | None = None
) -> Response:
    """Answer with JSON (or with bytes of it) and its tag, or with 304 where the caller has exactly that.

    `tag`: of what the answer is about, where that is not the answer itself.
    """
    body = content if isinstance(content, bytes) else to_json(content)
    tag = tag or tag_of(body)
    out = {**(headers or {}), "ETag": tag, "Cache-Control": _CACHING}
    known = request.headers.get("if-none-match")
    if request.method in ("GET", "HEAD") and status == 200 and known is not None and matches(known, tag):
        return Response(status_code=304, headers=out)
    return Response(body, status, headers=out, media_type="application/json")


def versioned(content: Any, words: Any, status: int = 200) -> Response:
    """Answer with JSON and the tag of its words: what callers change of it, where other parts of it move by themselves.

    Such a tag is for If-Match alone: who has read it before gets the whole answer again, as it may say something else.
    """
    headers = {"ETag": tag_of(to_json(words)), "Cache-Control": "no-store"}
    return Response(to_json(content), status, headers=headers, media_type="application/json")


def check_unchanged(what: str, current: Any, if_match: str | None) -> None:
    """Check that a caller changes what they saw; `current`: what a GET answers now (bytes as they are), None: nothing.

    Raises Problem: 428 where they do not say what they saw, 412 where it is another thing by now.
    """
    if current is None:
        if if_match is not None:
            raise Problem(412, f"If-Match: there is no {what} now")
        return
    if if_match is None:
        raise Problem(428, f"{what} is there already: read it, and send its ETag as If-Match (or * to overwrite it)")
    if not matches(if_match, tag_of(current if isinstance(current, bytes) else to_json(current))):
        raise Problem(412, f"If-Match: {what} was changed meanwhile; read it again")
