"""The house's rules for a dashboard's JSON, beyond Grafana's schema."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from tagdock_dashboards.model import Json, panels
from tagdock_dashboards.pieces.query import DATA_SOURCE_TYPE, DATA_SOURCE_UID

WIDTH = 24
"""Columns of Grafana's grid."""

COLOURED = ("stat", "gauge", "bargauge")
"""Kinds of panel that are painted by thresholds."""

HEALTHY_COLOURS = ("green", "#73bf69")

_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TABLE = re.compile(r"\b(?:FROM|JOIN)\s+(?!LATERAL\b)([a-z_][a-z0-9_.]*)", re.IGNORECASE)
_NOT_A_TABLE = re.compile(r"\b(?:extract\s*\(\s*\w+\s+|DISTINCT\s+)FROM\b", re.IGNORECASE)
_COMMENT = re.compile(r"--|/\*")


def lint(board: Json) -> Iterator[str]:
    """Name what breaks the house's rules."""
    if not _UID.fullmatch(str(board.get("uid", ""))):
        yield "its uid has to be 1 to 40 letters, digits, - or _: links and publishing hang on it"
    every = list(panels(board))
    ids = [panel.get("id") for panel in [*every, *_row_panels(board)]]
    for panel_id in sorted({i for i in ids if ids.count(i) > 1}, key=str):
        yield f"the panel id {panel_id} is given {ids.count(panel_id)} times"
    for panel in every:
        for problem in _panel_problems(panel):
            yield f"panel {panel.get('title')!r}: {problem}"
    yield from _layout_problems([*every, *_row_panels(board)])
    for mark in (board.get("annotations") or {}).get("list") or []:
        for problem in _query_problems(mark.get("datasource"), str((mark.get("target") or {}).get("rawSql", ""))):
            yield f"mark {mark.get('name')!r}: {problem}"
    for variable in (board.get("templating") or {}).get("list") or []:
        if variable.get("type") == "query":
            for problem in _query_problems(variable.get("datasource"), str(variable.get("query", ""))):
                yield f"variable {variable.get('name')!r}: {problem}"


def _panel_problems(panel: Json) -> Iterator[str]:
    defaults = (panel.get("fieldConfig") or {}).get("defaults") or {}
    if not isinstance(panel.get("id"), int):
        yield "has no id; give it a number that it keeps"
    if "Source:" not in str(panel.get("description", "")):
        yield 'its description has to say what the figure means and "Source: <view>"'
    if not defaults.get("unit"):
        yield "has no unit"
    if not defaults.get("noValue"):
        yield "does not say what to show where there is nothing"
    yield from _threshold_problems(panel, defaults)
    targets = panel.get("targets") or []
    if not targets:
        yield "has no query"
    for target in targets:
        yield from _query_problems(target.get("datasource"), str(target.get("rawSql", "")))


def _threshold_problems(panel: Json, defaults: Json) -> Iterator[str]:
    """Nothing must never look alive: the first colour of a threshold list is what a null is painted in."""
    if panel.get("type") in COLOURED and not defaults.get("thresholds"):
        yield "has no thresholds; Grafana's own begin with green, which is what nothing would be painted in"
    lists: list[Any] = [defaults.get("thresholds") or {}]
    for override in (panel.get("fieldConfig") or {}).get("overrides") or []:
        lists += [
            p["value"] for p in override.get("properties") or [] if p.get("id") == "thresholds" and p.get("value")
        ]
    for thresholds in lists:
        steps = thresholds.get("steps") or [{}]
        if str(steps[0].get("color", "")).lower().endswith(HEALTHY_COLOURS):
            yield "its first threshold is a healthy colour, which is what a missing value would be painted in"


def _query_problems(source: Json | None, sql: str) -> Iterator[str]:
    if source is None or (source.get("type"), source.get("uid")) != (DATA_SOURCE_TYPE, DATA_SOURCE_UID):
        yield f"its query has to name the data source {DATA_SOURCE_UID} ({DATA_SOURCE_TYPE})"
    if not sql.strip():
        yield "its query is empty"
    for name in _TABLE.findall(_NOT_A_TABLE.sub("", sql)):
        if not name.endswith("_v1"):
            yield f"its query reads {name}; dashboards read *_v1 views only"
    if _COMMENT.search(sql):
        yield "its query holds a comment, which some Grafana versions strip and some expand; say it in the description"


def _layout_problems(placed: list[Json]) -> Iterator[str]:
    boxes = [(str(panel.get("title")), _box(panel)) for panel in placed]
    for title, (left, _, right, _) in boxes:
        if left < 0 or right > WIDTH:
            yield f"panel {title!r} leaves the grid of {WIDTH} columns"
    for (one, a), (other, b) in combinations(boxes, 2):
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]:
            yield f"panels {one!r} and {other!r} overlap"


def _box(panel: Json) -> tuple[int, int, int, int]:
    at = panel.get("gridPos") or {}
    left, top = at.get("x") or 0, at.get("y") or 0
    return left, top, left + (at.get("w") or 0), top + (at.get("h") or 0)


def _row_panels(board: Json) -> list[Json]:
    return [panel for panel in board.get("panels") or [] if panel.get("type") == "row"]
