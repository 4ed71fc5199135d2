"""A floor as a sheet: one row a bin or door, as spreadsheets write CSV. Pure.

Every mistake is told with its line and column, so that a person mends the file where it is wrong.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tagdock_cloud.layout.records import MOST_BINS, MOST_DOORS, Layout
from tagdock_cloud.layout.rules import check_layout
from tagdock_cloud.web.problems import Problem

COLUMNS = (
    "kind", "id", "zone", "x_m", "y_m", "z_m", "aisle", "cell", "end", "gap_m", "volume_m3", "mass_kg",
    "items_at_most", "skus",
)  # fmt: skip
_OF_DOOR = ("id", "x_m", "y_m", "aisle", "end", "gap_m")
_OF_BIN = ("id", "zone", "x_m", "y_m", "z_m", "aisle", "cell", "volume_m3", "mass_kg", "items_at_most")
MOST_MISTAKES = 50
_LISTED = {"bin": "bins", "door": "doors"}
_FIELD = re.compile(r"(bins|doors)\[(\d+)\](?:\.(\w+))?")
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong on a line (0: in the file as a whole) in a column ("" where it is the row)."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet says: `bins` and `doors` as a layout has them, `lines` of each, and whether it tells stored SKUs."""

    bins: list[dict[str, Any]]
    doors: list[dict[str, Any]]
    lines: dict[str, list[int]]
    has_skus: bool
    mistakes: list[Mistake]


def read_sheet(content: bytes) -> Sheet:
    """Read rows of CSV in UTF-8, columns between commas, semicolons or tabs; whatever is wrong stands in `mistakes`."""
    sheet = Sheet([], [], {"bins": [], "doors": []}, False, [])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return _with(sheet, Mistake(line, "", "is no UTF-8; save the file as CSV UTF-8"))
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=head.count), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        faults = list(_header_faults(header))
        if faults:
            return _with(sheet, *faults)
        sheet = Sheet([], [], {"bins": [], "doors": []}, "skus" in header, [])
        for cells in reader:
            if any(cell.strip() for cell in cells) and len(sheet.mistakes) < MOST_MISTAKES:
                _take(sheet, reader.line_num, header, [cell.strip() for cell in cells])
    except csv.Error as error:
        sheet.mistakes.append(Mistake(reader.line_num, "", f"is no CSV: {error}"))
    if not sheet.bins and not sheet.mistakes:
        sheet.mistakes.append(Mistake(0, "", "has no bin; write one row a bin with the kind `bin`"))
    return sheet


def layout_of(sheet: Sheet, rest: Mapping[str, Any]) -> tuple[Layout | None, list[Mistake]]:
    """Build the layout that a sheet describes; `rest`: name and aisles. Returns None with what stands against it."""
    if sheet.mistakes:
        return None, sheet.mistakes
    try:
        layout = Layout.model_validate({**rest, "bins": sheet.bins, "doors": sheet.doors})
        check_layout(layout)
    except ValidationError as error:
        return None, [_from_type(sheet, item) for item in error.errors()[:MOST_MISTAKES]]
    except Problem as problem:
        return None, [_from_rule(sheet, field, reason) for field, reason in problem.errors]
    return layout, []


def write_sheet(layout: Layout) -> str:
    """Write a layout as a sheet that reads back as the same bins and doors."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for door in layout.doors:
        writer.writerow({"kind": "door", **door.model_dump(exclude_none=True)})
    for bin_ in layout.bins:
        row = bin_.model_dump(exclude_none=True)
        writer.writerow({"kind": "bin", **row, "skus": "|".join(row.get("skus", ()))})
    return out.getvalue()


def _header_faults(header: Sequence[str]) -> Iterator[Mistake]:
    for name in header:
        if name not in COLUMNS:
            yield Mistake(1, name[:50], f"is no column; there are {', '.join(COLUMNS)}")
    for name in ("kind", "id"):
        if name not in header:
            yield Mistake(1, name, "is missing")
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield Mistake(1, name, "stands twice")


def _take(sheet: Sheet, line: int, header: Sequence[str], cells: Sequence[str]) -> None:
    if len(cells) != len(header):
        sheet.mistakes.append(Mistake(line, "", f"has {len(cells)} columns, the header {len(header)}"))
        return
    row = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    kind = row.get("kind", "").lower()
    if kind not in _LISTED:
        sheet.mistakes.append(Mistake(line, "kind", "must be bin or door"))
        return
    known = _OF_DOOR if kind == "door" else _OF_BIN
    place: dict[str, Any] = {name: row[name] for name in known if name in row}
    for name in row:
        if name not in (*known, "kind", "skus"):
            sheet.mistakes.append(Mistake(line, name, f"is not for a {kind}; leave it empty"))
    if kind == "bin":
        place["skus"] = [sku.strip() for sku in row.get("skus", "").split("|") if sku.strip()]
    listed = sheet.doors if kind == "door" else sheet.bins
    most = MOST_DOORS if kind == "door" else MOST_BINS
    if len(listed) == most:
        sheet.mistakes.append(Mistake(line, "", f"there are more than {most:,} {kind}s"))
        return
    listed.append(place)
    sheet.lines[_LISTED[kind]].append(line)


def _from_type(sheet: Sheet, item: Any) -> Mistake:
    location = item["loc"]
    reason = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "missing":
        reason = "is missing"
    if len(location) > 1 and isinstance(location[1], int):
        column = str(location[2]) if len(location) > 2 else ""  # list, row, column
        return Mistake(sheet.lines[str(location[0])][location[1]], column, reason)
    return Mistake(0, ".".join(map(str, location)), reason)


def _from_rule(sheet: Sheet, field: str, reason: str) -> Mistake:
    """Tell a rule's fault by the line; a rule names other places by their index, which nobody sees in a sheet."""
    told = _FIELD.sub(lambda other: f"line {sheet.lines[other[1]][int(other[2])]}", reason)
    match = _FIELD.match(field)
    if match is None:
        return Mistake(0, field, told)
    return Mistake(sheet.lines[match[1]][int(match[2])], match[3] or "", told)


def _with(sheet: Sheet, *mistakes: Mistake) -> Sheet:
    return Sheet(sheet.bins, sheet.doors, sheet.lines, sheet.has_skus, list(mistakes))
