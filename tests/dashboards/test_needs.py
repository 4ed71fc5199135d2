"""What a panel needs of an answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_dashboards.model import Panel, Query
from tagdock_dashboards.needs import Answer, is_empty, problems

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
TABLE = Query("A", "", "table")
SERIES = Query("A", "", "time_series")


def panel(kind: str, *fields: str) -> Panel:
    return Panel("Trial", kind, (TABLE,), frozenset(fields))


def answer(columns: dict[str, Any], *rows: Any) -> Answer:
    return Answer(tuple(columns.items()), rows)


@pytest.mark.parametrize(
    ("kind", "query", "given"),
    [
        pytest.param("stat", TABLE, answer({"n": "number"}, [1]), id="a number for a tile"),
        pytest.param("table", TABLE, answer({"name": "text"}, ["a"]), id="anything for a table"),
        pytest.param("bargauge", TABLE, answer({"sku": "text", "n": "number"}, ["a", 1]), id="named numbers for bars"),
        pytest.param("timeseries", SERIES, answer({"time": "time", "n": "number"}, [NOON, 1], [LATER, 2]), id="series"),
        pytest.param("timeseries", SERIES, answer({"time": "number", "n": "number"}, [1, 1], [2, 2]), id="epoch time"),
        pytest.param(
            "timeseries",
            SERIES,
            answer({"time": "time", "metric": "text", "n": "number"}, [NOON, "a", 1], [NOON, "b", 1]),
            id="several series",
        ),
    ],
)
def test_what_is_enough(kind: str, query: Query, given: Answer) -> None:
    assert not list(problems(panel(kind), query, given))
    assert not is_empty(panel(kind), given)


@pytest.mark.parametrize(
    ("kind", "query", "given", "says"),
    [
        pytest.param("timeseries", SERIES, answer({"at": "time", "n": "number"}), 'no column "time"', id="no time"),
        pytest.param("timeseries", SERIES, answer({"time": "text", "n": "number"}), "is text", id="time as text"),
        pytest.param("timeseries", SERIES, answer({"time": "time", "n": "number"}, [None, 1]), "nulls", id="null time"),
        pytest.param(
            "timeseries",
            SERIES,
            answer({"time": "time", "n": "number"}, [LATER, 1], [NOON, 1]),
            "order",
            id="unordered",
        ),
        pytest.param("timeseries", SERIES, answer({"time": "number"}, [1]), "no number", id="time is no figure"),
        pytest.param(
            "stat", TABLE, answer({"n": "text"}, ["1"]), "no number to show; its columns are n (text)", id="text"
        ),
        pytest.param("bargauge", TABLE, answer({"n": "number"}, [1]), "no text column", id="nameless bars"),
        pytest.param("sankey", TABLE, answer({"n": "number"}, [1]), "no rule says", id="a panel nobody thought of"),
    ],
)
def test_what_is_not_enough(kind: str, query: Query, given: Answer, says: str) -> None:
    assert any(says in problem for problem in problems(panel(kind), query, given))


def test_an_override_of_a_column_that_is_not_there() -> None:
    (problem,) = problems(panel("table", "name", "gone"), TABLE, answer({"name": "text"}, ["a"]))
    assert '"gone"' in problem


def test_an_override_of_a_series_by_its_metric() -> None:
    given = answer({"time": "time", "metric": "text", "n": "number"}, [NOON, "out", 1])
    assert not list(problems(panel("timeseries", "out"), SERIES, given))


@pytest.mark.parametrize(
    ("kind", "given", "empty"),
    [
        pytest.param("stat", answer({"n": "number"}), True, id="no row"),
        pytest.param("stat", answer({"n": "number"}, [None]), True, id="only nulls"),
        pytest.param("stat", answer({"n": "number"}, [0]), False, id="nought is a figure"),
        pytest.param(
            "timeseries", answer({"time": "number", "n": "number"}, [1, None]), True, id="times are no figures"
        ),
        pytest.param("table", answer({"n": "number", "who": "text"}, [None, "a"]), False, id="a row of a table"),
        pytest.param("table", answer({"who": "text"}), True, id="a table without rows"),
    ],
)
def test_what_is_empty(kind: str, given: Answer, empty: bool) -> None:
    assert is_empty(panel(kind), given) is empty
