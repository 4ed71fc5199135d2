"""Which times of the record an item's history opens."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.inventory.spans import spans, week_at

BEFORE = 2950
AT = week_at
NOW = AT(BEFORE) + timedelta(days=9)


@pytest.mark.parametrize(
    ("weeks", "before", "asked", "expected"),
    [
        pytest.param([], None, (None, None), [(None, None)], id="nothing is listed"),
        pytest.param([1], None, (AT(5), AT(9)), [(AT(5), AT(9))], id="nothing is listed, a time is asked for"),
        pytest.param([], BEFORE, (None, None), [(AT(BEFORE), None)], id="it has not moved in listed weeks"),
        pytest.param(
            [7, 9, 8, 3], BEFORE, (None, None), [(AT(BEFORE), None), (AT(7), AT(10)), (AT(3), AT(4))], id="runs"
        ),
        pytest.param(
            [BEFORE - 1], BEFORE, (None, NOW), [(AT(BEFORE), NOW), (AT(BEFORE - 1), AT(BEFORE))], id="an end"
        ),
        pytest.param(
            [BEFORE, BEFORE - 1, BEFORE + 1], BEFORE, (None, None), [(AT(BEFORE), None), (AT(BEFORE - 1), AT(BEFORE))],
            id="what is looked at anyway is listed, too",
        ),
        pytest.param([7, 3], BEFORE, (None, AT(7)), [(AT(3), AT(4))], id="an end where a week begins"),
        pytest.param(
            [7, 3], BEFORE, (AT(3) + timedelta(days=1), AT(8)),
            [(AT(7), AT(8)), (AT(3) + timedelta(days=1), AT(4))], id="a time within",
        ),
        pytest.param([7], BEFORE, (AT(9), AT(8)), [], id="a time that ends before it begins"),
    ],
)  # fmt: skip
def test_only_the_weeks_in_which_it_moved_are_opened(weeks: Any, before: Any, asked: Any, expected: Any) -> None:
    assert spans(weeks, before, asked) == expected


def test_weeks_begin_where_timescaledb_cuts_chunks() -> None:
    assert week_at(0) == datetime(1970, 1, 1, tzinfo=UTC) and week_at(1) - week_at(0) == timedelta(days=7)
