"""The lines of exports are the bytes that pydantic and a cell at a time would write, however they are written."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json
from tagdock_cloud.web.export import csv_lines, ndjson_writer

COLUMNS = ("site", "observed_at", "event_id", "sku", "value", "items", "evidence", "corrected_at")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
TEXTS |= st.sampled_from(["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n", "", 'a,"b"', "e22,", "'", "1e22,", "🚚"])
INSTANTS = st.datetimes(timezones=st.just(UTC))
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1e15, 1e16, 1e22, 1e100, 1e-5, 1e-7, -0.0])
EVIDENCE = st.dictionaries(
    TEXTS,
    st.recursive(
        st.none() | st.booleans() | st.integers() | FLOATS | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)
ROWS = st.lists(
    st.tuples(
        TEXTS,
        INSTANTS,
        st.uuids().map(str),
        TEXTS | st.none(),
        FLOATS,
        st.integers(-(2**31), 2**31),
        EVIDENCE,
        INSTANTS | st.none(),
    ),
    max_size=4,
)


def cell(value: Any) -> Any:
    """Write one value for CSV."""
    match value:
        case str():
            return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case dict():
            return to_json(value).decode()
        case _:
            return value


@given(ROWS)
def test_ndjson_is_what_pydantic_writes(rows: list[tuple[Any, ...]]) -> None:
    expected = b"".join(to_json(dict(zip(COLUMNS, row, strict=True))) + b"\n" for row in rows)
    assert ndjson_writer(COLUMNS)(rows) == expected


@given(ROWS)
def test_csv_is_what_a_cell_at_a_time_writes(rows: list[tuple[Any, ...]]) -> None:
    expected = io.StringIO()
    csv.writer(expected, lineterminator="\r\n").writerows([[cell(value) for value in row] for row in rows])
    assert csv_lines(rows) == expected.getvalue().encode()


def test_a_column_may_begin_with_nothing() -> None:
    rows = [(None, None, None, 1), ("=1", datetime(2026, 1, 1, tzinfo=UTC), {"a": 1e22}, None), (None, None, None, 2)]
    assert csv_lines(rows) == b',,,1\r\n\'=1,2026-01-01T00:00:00Z,"{""a"":1e+22}",\r\n,,,2\r\n'


def test_a_column_of_several_kinds_is_written_value_by_value() -> None:
    rows = [("value",), (-1.5,), ("=1",), (datetime(2026, 1, 1, tzinfo=UTC),), ([1e22],), (None,)]
    assert csv_lines(rows) == b'value\r\n-1.5\r\n\'=1\r\n2026-01-01T00:00:00Z\r\n[1e+22]\r\n""\r\n'
