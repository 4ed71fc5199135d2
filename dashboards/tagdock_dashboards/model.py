"""A dashboard's JSON as far as queries go: what `check` and `lint` read, whoever wrote it.

Everything is taken from the JSON, not from the builders: what is examined is what Grafana will load.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}

_FIELD_REFERENCE = re.compile(r"""__data\.fields(?:\.(\w+)|\[\\?["']?([^\]"'\\]+)\\?["']?\])""")
"""`${__data.fields.epc}` or `${__data.fields["epc"]}` in a link, with the quotes as JSON escapes them."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel or variable. `format` is `time_series` or `table`."""

    ref_id: str
    sql: str
    format: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel with queries. `fields` are the column names that its overrides and links speak of.

    `lists_exceptions`: empty is good news, and the panel says so itself: its text for no value begins with "None:".
    """

    title: str
    type: str
    queries: tuple[Query, ...]
    fields: frozenset[str] = frozenset()
    interval: str | None = None
    max_data_points: int | None = None
    lists_exceptions: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """One choice: `query` (SQL), `custom` (its options) or `constant` (its one value)."""

    name: str
    type: str
    sql: str = ""
    options: tuple[str, ...] = ()
    multi: bool = False
    include_all: bool = False
    all_value: str | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard. `since` and `until` are its default period in Grafana's words (`now-24h`)."""

    uid: str
    title: str
    since: str
    until: str
    variables: tuple[Variable, ...] = ()
    panels: tuple[Panel, ...] = field(default=())
    marks: tuple[Query, ...] = ()


_AXIS: dict[str, Any] = {"matcher": {}}
_PANEL: dict[str, Any] = {
    "options": {"series": [{"x": _AXIS, "y": _AXIS, "color": _AXIS, "size": _AXIS}]},
    "targets": [{"datasource": {}}],
    "fieldConfig": {"defaults": {"thresholds": {"steps": [{}]}}, "overrides": [{"matcher": {}, "properties": [{}]}]},
    "gridPos": {"x": 0, "y": 0, "w": 0, "h": 0},
    "maxDataPoints": 0,
    "interval": "",
}
_SHAPE: dict[str, Any] = {
    "time": {"from": "", "to": ""},
    "templating": {"list": [{"datasource": {}}]},
    "panels": [_PANEL | {"panels": [_PANEL]}],
    "annotations": {"list": [{"target": {}}]},
}
"""Where a dashboard holds objects, lists, texts and numbers, as far as they are looked at here."""


def misshapen(value: object, shape: object = _SHAPE, place: str = "$") -> Iterator[str]:
    """Name each place where a dashboard's JSON is of another kind than Grafana writes; null stands for nothing."""
    if value is None:
        return
    if not isinstance(value, type(shape)) or isinstance(value, bool):
        yield f"{place} has to be {_KINDS[type(shape)]}"
    elif isinstance(shape, dict) and isinstance(value, dict):
        for key in shape.keys() & value.keys():
            yield from misshapen(value[key], shape[key], f"{place}.{key}")
    elif isinstance(shape, list) and isinstance(value, list):
        for index, one in enumerate(value):
            yield from misshapen(one if one is not None else "", shape[0], f"{place}[{index}]")


def read(board: Json) -> Dashboard:
    """Read a dashboard's JSON."""
    period = board.get("time") or {}
    return Dashboard(
        uid=str(board.get("uid", "")),
        title=str(board.get("title", "")),
        since=period.get("from") or "now-6h",
        until=period.get("to") or "now",
        variables=tuple(_variable(v) for v in (board.get("templating") or {}).get("list") or []),
        panels=tuple(_panel(p) for p in panels(board)),
        marks=tuple(_query(mark["target"]) for mark in _marks(board)),
    )


def _marks(board: Json) -> Iterator[Json]:
    """Yield the marks on the time axis that a query of ours draws; Grafana's own one has none."""
    for mark in (board.get("annotations") or {}).get("list") or []:
        if (mark.get("target") or {}).get("rawSql"):
            yield mark


def panels(board: Json) -> Iterator[Json]:
    """Yield every panel that is no row, also those inside collapsed rows."""
    for panel in board.get("panels") or []:
        if panel.get("type") == "row":
            yield from panel.get("panels") or []
        else:
            yield panel


def _panel(panel: Json) -> Panel:
    return Panel(
        title=str(panel.get("title", "")),
        type=str(panel.get("type", "")),
        queries=tuple(_query(target) for target in panel.get("targets") or [] if not target.get("hide")),
        fields=frozenset(_named_fields(panel)),
        interval=panel.get("interval"),
        max_data_points=panel.get("maxDataPoints"),
        lists_exceptions=_text_for_nothing(panel).startswith("None:"),
    )


def _text_for_nothing(panel: Json) -> str:
    return str(((panel.get("fieldConfig") or {}).get("defaults") or {}).get("noValue") or "")


def _query(target: Json) -> Query:
    return Query(str(target.get("refId", "A")), str(target.get("rawSql", "")), str(target.get("format", "time_series")))


def _variable(variable: Json) -> Variable:
    query = variable.get("query")
    text = query if isinstance(query, str) else ""
    kind = str(variable.get("type", ""))
    return Variable(
        name=str(variable.get("name", "")),
        type=kind,
        sql=text if kind == "query" else "",
        options=tuple(part.strip() for part in text.split(",")) if kind == "custom" else (text,) if text else (),
        multi=bool(variable.get("multi")),
        include_all=bool(variable.get("includeAll")),
        all_value=variable.get("allValue"),
    )


def _named_fields(panel: Json) -> Iterator[str]:
    for override in (panel.get("fieldConfig") or {}).get("overrides") or []:
        matcher = override.get("matcher") or {}
        if matcher.get("id") == "byName":
            yield str(matcher.get("options"))
    for series in (panel.get("options") or {}).get("series") or []:
        for axis in ("x", "y", "color", "size"):
            matcher = (series.get(axis) or {}).get("matcher") or {}
            if matcher.get("id") == "byName":
                yield str(matcher.get("options"))
    for match in _FIELD_REFERENCE.finditer(json.dumps(panel, ensure_ascii=False)):
        yield match[1] or match[2]
