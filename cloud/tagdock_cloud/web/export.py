"""Lists of any length: as CSV or as NDJSON, straight from a cursor in the database, a slice at a time.

`Accept: text/csv` or `application/x-ndjson` asks for it; filters are the list's own, pages do not apply. An export
holds a connection as long as it runs, so few run at once.

Source: RFC 4180 (CSV); RFC 9110, section 12.5.1 (Accept); OWASP, "CSV Injection" (cells that a spreadsheet would run).
"""

import csv
import io
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from datetime import datetime
from itertools import starmap
from types import NoneType
from typing import Any, Final, Literal, TypeVar

import msgspec
from fastapi import Request
from pydantic_core import to_json

from tagdock_cloud.web.problems import Problem
from tagdock_cloud.web.streaming import Stream

MOST_EXPORTS = 3
"""At once in one process, of its eight connections: the others are for questions that take milliseconds."""
LONGEST_S = 1800.0
"""An export holds back the database's clean-up as long as it runs."""

Form = Literal["csv", "ndjson"]
Rows = Sequence[tuple[Any, ...]]
"""A slice: the values of the columns."""
Named = TypeVar("Named")
CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
_FORMS: Final[dict[str, Form]] = {CSV: "csv", NDJSON: "ndjson", "application/ndjson": "ndjson"}
_RUNS_IN_A_SPREADSHEET = frozenset("=+-@\t\r\n")
_ENCODER = msgspec.json.Encoder()  # a fifth of pydantic's time, and its very bytes, but for
_BIG_NUMBER = re.compile(rb"e[0-9]{2,3}[,}\]]")
"""a double from 1e16 on, which pydantic writes 1e+16 (or a text that looks like one)."""

EXPORTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            CSV: {"schema": {"type": "string"}},
            NDJSON: {"schema": {"type": "string"}},
        },
        "description": "A page as JSON; the whole list as CSV or NDJSON.",
    }
}
"""What a route that exports adds to its description."""


def asked_form(accept: str) -> Form | None:
    """Return the form of an export that an Accept header likes best; None: an ordinary page of JSON."""
    return liked_best(accept, _FORMS)


def liked_best(accept: str, forms: Mapping[str, Named]) -> Named | None:
    """Return what stands under the media type that an Accept header likes best; None: JSON, or none of them."""
    best: tuple[float, Named | None] = (0.0, None)
    for part in accept.split(",")[:20]:
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        form = forms.get(media)
        if form is None and media not in ("application/json", "application/*", "*/*"):
            continue
        weight = _weight(parameters)
        if weight > best[0]:
            best = (weight, form)
    return best[1]


class Exports:
    """How many exports run in this process."""

    def __init__(self) -> None:
        self.running = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the places for the time of the `with`. Raises Problem (503) where all are taken."""
        if self.running >= MOST_EXPORTS:
            raise Problem(503, f"{self.running} exports run already; try again later", headers={"Retry-After": "30"})
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1


async def export(
    request: Request, form: Form, name: str, columns: Sequence[str], slices: AsyncGenerator[Rows, None]
) -> Stream:
    """Stream rows; what goes wrong before the first of them is still a problem with a status of its own.

    Raises Problem (503), StoreError.
    """
    async with AsyncExitStack() as held:
        held.enter_context(request.app.state.exports.place())
        await held.enter_async_context(aclosing(slices))
        first: Rows = await anext(slices, [])
        headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "X-Accel-Buffering": "no"}
        chunks = _chunks(form, columns, first, slices)
        media_type = CSV if form == "csv" else NDJSON
        return Stream(chunks, held.pop_all(), media_type=media_type, headers=headers, longest_s=LONGEST_S)


async def _chunks(
    form: Form, columns: Sequence[str], first: Rows, rest: AsyncIterator[Rows]
) -> AsyncGenerator[bytes, None]:
    write = csv_lines if form == "csv" else ndjson_writer(columns)
    if form == "csv":
        yield csv_lines([tuple(columns)])
    if first:
        yield write(first)
    async for rows in rest:
        yield write(rows)


def csv_lines(rows: Rows) -> bytes:
    """Write rows as CSV; texts that a spreadsheet would take for a formula get a ' in front."""
    out = io.StringIO()
    columns = [_cells(column) for column in zip(*rows, strict=True)]
    csv.writer(out, lineterminator="\r\n").writerows(zip(*columns, strict=True))
    return out.getvalue().encode()


def _cells(column: tuple[Any, ...]) -> Sequence[Any]:
    """Make one column fit for CSV: where all of it is of one kind, that has to be found out once only."""
    kinds = set(map(type, column)) - {NoneType}
    if len(kinds) > 1:
        return [_cells((value,))[0] for value in column]
    kind = next(iter(kinds), NoneType)
    if kind is str:
        return [f"'{text}" if text and text[0] in _RUNS_IN_A_SPREADSHEET else text for text in column]
    if kind is datetime:
        return msgspec.json.decode(_ENCODER.encode(column), type=list[str | None])
    if kind in (dict, list):
        return [value if value is None else _json(value).decode() for value in column]
    return column


def ndjson_writer(columns: Sequence[str]) -> Callable[[Rows], bytes]:
    """Return what writes rows of these columns as JSON, one a line."""
    line = msgspec.defstruct("Line", columns, gc=False)

    def write(rows: Rows) -> bytes:
        lines = _ENCODER.encode_lines(list(starmap(line, rows)))
        if _BIG_NUMBER.search(lines) is None:
            return lines
        return b"".join(to_json(dict(zip(columns, row, strict=True))) + b"\n" for row in rows)

    return write


def _json(value: Any) -> bytes:
    text = _ENCODER.encode(value)
    return text if _BIG_NUMBER.search(text) is None else to_json(value)


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
