"""The house's rules for dashboards."""

from collections.abc import Callable
from typing import Any

import pytest
from tagdock_dashboards import build
from tagdock_dashboards.lint import lint

Change = Callable[[dict[str, Any]], object]


def first_panel(board: dict[str, Any]) -> dict[str, Any]:
    panel: dict[str, Any] = next(panel for panel in board["panels"] if panel["type"] != "row")
    return panel


def _sql(text: str) -> Change:
    return lambda board: first_panel(board)["targets"][0].update(rawSql=text)


def _defaults(**values: Any) -> Change:
    return lambda board: first_panel(board)["fieldConfig"]["defaults"].update(values)


GREEN = {"mode": "absolute", "steps": [{"value": None, "color": "green"}, {"value": 60, "color": "red"}]}
OVERRIDE = {"matcher": {"id": "byName", "options": "x"}, "properties": [{"id": "thresholds", "value": GREEN}]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(lambda board: board.update(uid="a b"), "its uid", id="uid"),
        pytest.param(lambda board: board["panels"][2].update(id=1), "id 1 is given 2 times", id="same id"),
        pytest.param(lambda board: first_panel(board).pop("id"), "has no id", id="no id"),
        pytest.param(lambda board: first_panel(board).update(description="Nice."), "Source:", id="no source"),
        pytest.param(_defaults(unit=""), "has no unit", id="no unit"),
        pytest.param(_defaults(noValue=None), "where there is nothing", id="no word for nothing"),
        pytest.param(_defaults(thresholds=None), "has no thresholds", id="Grafana's own thresholds"),
        pytest.param(_defaults(thresholds=GREEN), "healthy colour", id="null looks healthy"),
        pytest.param(
            lambda board: first_panel(board)["fieldConfig"].update(overrides=[OVERRIDE]),
            "healthy colour",
            id="null looks healthy in a column",
        ),
        pytest.param(lambda board: first_panel(board).update(targets=[]), "has no query", id="no query"),
        pytest.param(
            lambda board: first_panel(board)["targets"][0].pop("datasource"),
            "name the data source",
            id="no data source",
        ),
        pytest.param(_sql(" "), "query is empty", id="empty query"),
        pytest.param(_sql("SELECT 1 FROM movements"), "reads movements", id="a table"),
        pytest.param(_sql("SELECT 1 FROM a_v1 JOIN items i USING (x)"), "reads items", id="a joined table"),
        pytest.param(_sql("SELECT 1 -- one"), "comment", id="comment"),
        pytest.param(_sql("SELECT 1 /* one */"), "comment", id="block comment"),
        pytest.param(lambda board: first_panel(board)["gridPos"].update(x=20), "leaves the grid", id="off the grid"),
        pytest.param(lambda board: first_panel(board)["gridPos"].update(h=9), "overlap", id="overlap"),
        pytest.param(
            lambda board: board["templating"]["list"][0].update(query="SELECT site FROM sites"),
            "variable 'site': its query reads sites",
            id="a variable's query",
        ),
    ],
)
def test_what_breaks_a_rule(change: Change, says: str) -> None:
    board = build.dashboards()["dock"]
    assert not list(lint(board))
    change(board)
    assert any(says in problem for problem in lint(board))


def test_extract_from_and_is_distinct_from_are_no_tables() -> None:
    board = build.dashboards()["dock"]
    _sql("SELECT extract(epoch FROM at) FROM x_v1 WHERE a IS DISTINCT FROM b")(board)
    assert not list(lint(board))
