"""JSON replies, written in one pass: rows come from our own views, so nothing is checked a second time."""

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON; times as RFC 3339 in UTC."""
    return Response(to_json(content), status, headers=headers, media_type="application/json")
