"""Rows of CSV as spreadsheets write them, each with its line. Pure."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from tagdock_cloud.web.problems import MOST_ERRORS, Problem

CSV_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
}
"""How a route that reads rows describes its body."""
Row = TypeVar("Row", bound=BaseModel)
_DELIMITERS = (",", ";", "\t")


def read_rows(content: bytes, kind: type[Row], needed: Sequence[str], most: int) -> list[Row]:
    """Read rows of CSV in UTF-8, columns between commas, semicolons or tabs, named as the fields of `kind`.

    Raises Problem (422) naming line and column of every mistake, twenty at most.
    """
    found: list[Row] = []
    mistakes: list[tuple[str, str]] = []
    for line, cells in _rows(content, list(kind.model_fields), needed):
        if len(found) == most:
            raise told([(f"line {line}", f"more than {most:,} rows; send them in parts")])
        try:
            found.append(kind.model_validate({name: cell for name, cell in cells.items() if cell}))
        except ValidationError as error:
            mistakes += [_place(line, item) for item in error.errors()]
        if len(mistakes) >= MOST_ERRORS:
            break
    if not found and not mistakes:
        mistakes.append(("file", "has a header and no row"))
    if mistakes:
        raise told(mistakes[:MOST_ERRORS])
    return found


def told(mistakes: Sequence[tuple[str, str]]) -> Problem:
    """Build the problem that names mistakes."""
    place, reason = mistakes[0]
    return Problem(422, f"{place}: {reason}", errors=mistakes)


def _rows(content: bytes, known: Sequence[str], needed: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise told([(f"line {line}", "is no UTF-8; save the file as CSV UTF-8")]) from None
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=head.count), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header, known, needed)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise told([(f"line {reader.line_num}", f"has {len(cells)} columns, the header {len(header)}")])
            yield reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise told([(f"line {reader.line_num}", f"is no CSV: {error}")]) from None


def _check_header(header: Sequence[str], known: Sequence[str], needed: Sequence[str]) -> None:
    for name in header:
        if name not in known:
            raise told([("line 1", f"{name[:50]!r} is no column; there are {', '.join(known)}")])
    for name in needed:
        if name not in header:
            raise told([("line 1", f"the column {name} is missing")])
    if len(set(header)) != len(header):
        raise told([("line 1", "a column stands twice")])


def _place(line: int, item: object) -> tuple[str, str]:
    assert isinstance(item, dict)  # noqa: S101  # pydantic's own
    column = "".join(f", {part}" for part in item["loc"][:1])
    reason = "is missing" if item["type"] == "missing" else str(item["msg"]).removeprefix("Value error, ")
    return f"line {line}{column}", reason
