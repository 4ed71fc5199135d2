"""Pages as EPCIS has them: perPage, nextPageToken, and a link to the next."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query, Request

from tagdock_cloud.epcis.talk import trouble
from tagdock_cloud.web.paging import read_cursor, write_cursor
from tagdock_cloud.web.problems import Problem

MOST_ROWS: Final = 1000
"""The upper limit of `perPage`, which the standard lets a repository set."""
PerPage = Annotated[str, Query(alias="perPage")]
NextPage = Annotated[str | None, Query(alias="nextPageToken")]


def read_page(per_page: str, token: str | None, *kinds: type) -> tuple[int, list[Any]]:
    """Return how many rows a page has, and the key before it: a time and what follows it. Raises Problem (400)."""
    if not (per_page.isascii() and per_page.isdigit() and 1 <= int(per_page[:9]) <= MOST_ROWS):
        raise trouble(400, "QueryParameterException", f"perPage: must be a number from 1 to {MOST_ROWS}")
    return int(per_page), read_token(token, datetime, *kinds)


def read_token(token: str | None, *kinds: type) -> list[Any]:
    """Return the key in a token; Nones without one. Raises Problem (400)."""
    try:
        return read_cursor(token, *kinds)
    except Problem:
        raise trouble(
            400, "QueryParameterException", "nextPageToken: is none of ours; start without one and follow the links"
        ) from None


def next_link(request: Request, rows: Sequence[Mapping[str, Any]], shown: int, *keys: str) -> dict[str, str]:
    """Return the header that leads to the next page. `rows` has one row more where there is one."""
    return link(request, [rows[shown - 1][key] for key in keys]) if len(rows) > shown else {}


def link(request: Request, key: Sequence[object]) -> dict[str, str]:
    """Return the header that leads to the page after a key."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "nextPageToken"]
    return {"Link": f'<{request.url.path}?{urlencode([*query, ("nextPageToken", write_cursor(key))])}>; rel="next"'}
