"""Orders from CSV: one row a line, read whole or not at all. Pure."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from tagdock_cloud.orders.records import MOST_LINES, MOST_ORDERS, OrderList
from tagdock_cloud.web.problems import MOST_ERRORS, Problem

OF_PLACE = ("lat_deg", "lon_deg", "address")
OF_ORDER = (
    "site", "order", "partner", "door", "due_at", "deliver_from", "promised_at", "urgent", "value", "mass_kg",
    "volume_m3", "may_split", *OF_PLACE,
)  # fmt: skip
OF_LINE = ("epc", "sku", "quantity", "plus", "company_prefix_digits")
_FIELDS = {"order": "id"}
_COLUMNS = {"id": "order", "destination": "lat_deg"}
Row = tuple[int, Mapping[str, str]]


def read_csv(content: bytes) -> OrderList:
    """Read orders from CSV: UTF-8, comma or semicolon, a header with the columns of OF_ORDER and OF_LINE.

    Rows with the same site and order are one order; they must agree on what is of the order. Raises Problem (422)
    naming line and column of every mistake, twenty at most.
    """
    orders: dict[tuple[str, str], dict[str, Any]] = {}
    places: list[tuple[int, list[int]]] = []
    for number, row in _rows(content):
        key = row.get("site", ""), row.get("order", "")
        if key not in orders:
            if len(orders) == MOST_ORDERS:
                raise _mistakes([(f"line {number}", f"more than {MOST_ORDERS} orders; send them in parts")])
            orders[key] = {**_values(row, OF_ORDER), "lines": [], "at": len(orders)}
            places.append((number, []))
        order = orders[key]
        _agree(order, row, number, first=places[order["at"]][0])
        order["lines"].append(_values(row, OF_LINE))
        places[order["at"]][1].append(number)
    items = [_order(order) for order in orders.values()]
    try:
        return OrderList.model_validate({"items": items})
    except ValidationError as error:
        raise _mistakes([_place(item, places) for item in error.errors()[:MOST_ERRORS]]) from None


def _order(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Put an order's columns where its fields are."""
    place = {name: columns[name] for name in OF_PLACE if name in columns}
    told = {name: value for name, value in columns.items() if name != "at" and name not in OF_PLACE}
    return {**told, "destination": place} if place else told


def _rows(content: bytes) -> Iterator[Row]:
    """Yield each row with its line's number."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _mistakes([(f"line {line}", "is no UTF-8; save the file as CSV UTF-8")]) from None
    head = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if ";" in head and "," not in head else ",", strict=True
    )
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header)
        for count, cells in enumerate(reader):
            if not any(cell.strip() for cell in cells):
                continue
            if count >= MOST_LINES:
                raise _mistakes([(f"line {reader.line_num}", f"more than {MOST_LINES} lines; send them in parts")])
            if len(cells) != len(header):
                raise _mistakes([(f"line {reader.line_num}", f"has {len(cells)} columns, the header {len(header)}")])
            yield reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise _mistakes([(f"line {reader.line_num}", f"is no CSV: {error}")]) from None


def _check_header(header: Sequence[str]) -> None:
    known = {*OF_ORDER, *OF_LINE}
    for name in header:
        if name not in known:
            raise _mistakes([("line 1", f"{name[:50]!r} is no column; there are {', '.join((*OF_ORDER, *OF_LINE))}")])
    for name in ("site", "order"):
        if name not in header:
            raise _mistakes([("line 1", f"the column {name} is missing")])
    if len(set(header)) != len(header):
        raise _mistakes([("line 1", "a column stands twice")])


def _values(row: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    """Take what is filled in, by the names of the fields."""
    return {_FIELDS.get(name, name): row[name] for name in columns if row.get(name)}


def _agree(order: Mapping[str, Any], row: Mapping[str, str], number: int, first: int) -> None:
    for name, value in _values(row, OF_ORDER).items():
        if value != order.get(name):
            column = _COLUMNS.get(name, name)
            raise _mistakes([(f"line {number}, {column}", f"differs from line {first}, which is of the same order")])


def _place(item: Any, places: Sequence[tuple[int, Sequence[int]]]) -> tuple[str, str]:
    """Say where in the file an error is, and what it is."""
    reason = str(item["msg"]).removeprefix("Value error, ")
    location = [part for part in item["loc"] if part not in ("items", "lines")]
    if not location:
        return "file", reason
    line, lines = places[location[0]]
    if len(location) > 1 and isinstance(location[1], int):
        line, location = lines[location[1]], location[1:]
    last = location[2:3] if location[1:2] == ["destination"] and len(location) > 2 else location[1:2]
    column = "".join(f", {_COLUMNS.get(part, part)}" for part in last)
    return f"line {line}{column}", reason


def _mistakes(errors: Sequence[tuple[str, str]]) -> Problem:
    field, reason = errors[0]
    return Problem(422, f"{field}: {reason}", errors=errors)
