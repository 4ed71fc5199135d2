"""Lists that go on: the address of the page after the one that is shown."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query
from starlette.requests import Request

from tagdock_cloud.web.paging import write_cursor

Cursor = Annotated[str | None, Query(max_length=1200)]
"""Where a page of a list begins; None: at its beginning."""
Row = dict[str, Any]
_PASSING = ("done", "scanned")
"""What was said of the page before."""


def cut(
    request: Request, rows: Sequence[Row], most: int, *keys: str, name: str = "cursor"
) -> tuple[list[Row], str | None]:
    """Return at most `most` rows, and where the next page is; None where there is no more.

    `rows`: one more than `most` where there is more. `keys`: what the list is ordered by. `name`: the list's own
    parameter, where a page has several.
    """
    shown = list(rows[:most])
    if len(rows) <= most:
        return shown, None
    kept = [(key, value) for key, value in request.query_params.multi_items() if key not in (name, *_PASSING)]
    return shown, f"{request.url.path}?{urlencode([*kept, (name, write_cursor([shown[-1][key] for key in keys]))])}"
