"""Cursor paging: a page is the rows after a key, so rows that arrive meanwhile shift nothing.

The cursor is opaque to callers; inside it is the key of the last row that was shown.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import Response

from tagdock_cloud.web.problems import refused
from tagdock_cloud.web.tags import tagged

Row = dict[str, Any]
Limit = Annotated[int, Query(ge=1, le=1000, description="Rows a page.")]
FewLimit = Annotated[int, Query(ge=1, le=1000, description="Rows a page; of a list as short as this one: all.")]
CursorText = Annotated[
    str | None, Query(max_length=1200, description='Where the next page starts: follow `Link: rel="next"`.')
]

_READERS: dict[type, Callable[[str], Any]] = {str: str, UUID: UUID, datetime: datetime.fromisoformat, int: int}


def write_cursor(keys: Sequence[object]) -> str:
    """Write the key of a row as a cursor."""
    texts = [key.isoformat() if isinstance(key, datetime) else str("" if key is None else key) for key in keys]
    return base64.urlsafe_b64encode(json.dumps(texts).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type) -> list[Any]:
    """Read the keys of a cursor, one of each kind; Nones without a cursor. Raises Problem (422) on a made-up one."""
    if cursor is None:
        return [None] * len(kinds)
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(texts, list) or len(texts) != len(kinds) or not all(isinstance(text, str) for text in texts):
            raise ValueError("another kind of cursor")
        keys = [_READERS[kind](text) for kind, text in zip(kinds, texts, strict=True)]
        if any(not _is_written(key) for key in keys):
            raise ValueError("a key that was never written")
    except (ValueError, binascii.Error, RecursionError):
        raise refused("cursor", "is none of ours; start without one and follow the Link header") from None
    return keys


def page(request: Request, rows: Sequence[Row], limit: int, *keys: str) -> Response:
    """Answer with at most `limit` rows and a link to the rest. `rows` has one row more where there is a rest."""
    shown = rows[:limit]
    if len(rows) > limit:
        return short_page(request, shown, [shown[-1][key] for key in keys])
    return tagged(request, {"items": shown})


def page_of_few(request: Request, rows: Iterable[Row], limit: int, cursor: str | None, *keys: str) -> Response:
    """Answer with a page of a list that is read whole, as there are never many; by its keys, which are texts.

    Raises Problem (422) on a cursor that is none of ours.
    """
    after = tuple(read_cursor(cursor, *[str] * len(keys)))
    ordered = sorted((tuple(row[key] for key in keys), place, row) for place, row in enumerate(rows))
    left = [row for names, _, row in ordered if cursor is None or names > after]
    return page(request, left[: limit + 1], limit, *keys)


def short_page(request: Request, rows: Sequence[Row], goes_on_after: Sequence[object]) -> Response:
    """Answer with rows, however few, and a link to what comes after a key."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    cursor = ("cursor", write_cursor(goes_on_after))
    headers = {"Link": f'<{request.url.path}?{urlencode([*query, cursor])}>; rel="next"'}
    return tagged(request, {"items": rows}, headers=headers)


def _is_written(key: Any) -> bool:
    """Tell whether `write_cursor` may have written a key that was read."""
    match key:
        case datetime():
            return key.tzinfo is not None
        case int():
            return abs(key) < 2**63
        case _:
            return "\x00" not in str(key)
