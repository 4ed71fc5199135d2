"""What each kind of panel needs of a query's answer, and whether it got it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from tagdock_dashboards.model import Panel, Query

Kind = Literal["number", "time", "text"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A query's rows. `columns` are (name, kind) in order; `complete` is false where rows were cut off."""

    columns: tuple[tuple[str, Kind], ...]
    rows: Sequence[Sequence[Any]]
    seconds: float = 0.0
    complete: bool = True


def problems(panel: Panel, query: Query, answer: Answer) -> Iterator[str]:
    """Name everything that keeps the panel from showing this answer as meant."""
    rule = _RULES.get(panel.type)
    if rule is None:
        yield f"no rule says what a {panel.type!r} panel needs; add one to needs.py"
        return
    if query.format == "time_series":
        yield from _series_problems(answer)
    yield from rule(answer)
    yield from _field_problems(panel, query, answer)


def is_empty(panel: Panel, answer: Answer) -> bool:
    """Tell whether there is nothing to see: no row, or, where figures are drawn, only nulls."""
    if _RULES.get(panel.type) is _anything:
        return not answer.rows
    return all(row[index] is None for row in answer.rows for index in _of_kind(answer, "number", but="time"))


def _series_problems(answer: Answer) -> Iterator[str]:
    """Check what Grafana demands of the format `time_series`."""
    names = [name for name, _ in answer.columns]
    if "time" not in names:
        yield 'has no column "time", which the format time_series needs'
        return
    index = names.index("time")
    if answer.columns[index][1] == "text":
        yield 'its column "time" is text; a time or a number of seconds is needed'
        return
    times = [row[index] for row in answer.rows]
    if None in times:
        yield 'its column "time" holds nulls'
    elif any(earlier > later for earlier, later in pairwise(times)):
        yield 'its rows are not in the order of "time"; add ORDER BY 1'


def _numbers(answer: Answer) -> Iterator[str]:
    if not _of_kind(answer, "number", but="time"):
        yield f"has no number to show; its columns are {_listed(answer)}"


def _named_numbers(answer: Answer) -> Iterator[str]:
    yield from _numbers(answer)
    if not _of_kind(answer, "text") and not _of_kind(answer, "time"):
        yield f"has no text column to name the bars; its columns are {_listed(answer)}"


def _places(answer: Answer) -> Iterator[str]:
    if len(_of_kind(answer, "number")) < 3:
        yield f"has to return two coordinates and a figure; its columns are {_listed(answer)}"


def _anything(answer: Answer) -> Iterator[str]:
    if not answer.columns:
        yield "has no columns"


_RULES: dict[str, Callable[[Answer], Iterator[str]]] = {
    "timeseries": _numbers,
    "stat": _numbers,
    "gauge": _numbers,
    "bargauge": _named_numbers,
    "barchart": _named_numbers,
    "piechart": _named_numbers,
    "heatmap": _numbers,
    "xychart": _places,
    "state-timeline": _anything,
    "table": _anything,
}


def _field_problems(panel: Panel, query: Query, answer: Answer) -> Iterator[str]:
    """Find overrides that speak of columns which the panel's only query does not return."""
    if len(panel.queries) > 1:
        return
    there = {name for name, _ in answer.columns} | _metric_names(query, answer)
    for name in sorted(panel.fields - there):
        yield f'an override speaks of the column "{name}", which the query does not return'


def _metric_names(query: Query, answer: Answer) -> set[str]:
    names = [name for name, _ in answer.columns]
    if query.format != "time_series" or "metric" not in names:
        return set()
    index = names.index("metric")
    return {str(row[index]) for row in answer.rows}


def _of_kind(answer: Answer, kind: Kind, but: str = "") -> list[int]:
    return [index for index, (name, of) in enumerate(answer.columns) if of == kind and name != but]


def _listed(answer: Answer) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in answer.columns) or "none"
