"""Reading a dashboard's JSON."""

from collections.abc import Callable
from typing import Any

from tagdock_dashboards.model import read

Board = Callable[..., dict[str, Any]]


def test_panels_in_collapsed_rows_are_found(board: Board) -> None:
    outer = board("SELECT 1")
    inner = outer["panels"][0] | {"title": "Hidden in a row"}
    outer["panels"].append({"type": "row", "collapsed": True, "panels": [inner]})
    assert [panel.title for panel in read(outer).panels] == ["One", "Hidden in a row"]


def test_hidden_queries_are_left_out(board: Board) -> None:
    trial = board("SELECT 1")
    trial["panels"][0]["targets"].append({"refId": "B", "rawSql": "nonsense", "hide": True})
    assert [query.ref_id for query in read(trial).panels[0].queries] == ["A"]


def test_columns_that_overrides_and_links_speak_of_are_found(board: Board) -> None:
    overrides = [
        {"matcher": {"id": "byName", "options": "epc"}, "properties": []},
        {"matcher": {"id": "byRegexp", "options": "/x/"}, "properties": []},
    ]
    links = [{"title": "t", "url": 'https://h/${__data.fields.sku}?b=${__data.fields["open bins"]}&v=${__value.raw}'}]
    trial = board("SELECT 1", fieldConfig={"defaults": {"links": links}, "overrides": overrides})
    assert read(trial).panels[0].fields == {"epc", "sku", "open bins"}


def test_variables_of_each_kind(board: Board) -> None:
    trial = board("SELECT 1")
    trial["templating"]["list"] = [
        {"type": "query", "name": "site", "query": "SELECT 1", "multi": True, "includeAll": True},
        {"type": "custom", "name": "top", "query": "10, 20"},
        {"type": "constant", "name": "console_url", "query": "http://h"},
    ]
    site, top, console = read(trial).variables
    assert (site.sql, site.multi, site.include_all) == ("SELECT 1", True, True)
    assert (top.options, console.options) == (("10", "20"), ("http://h",))
