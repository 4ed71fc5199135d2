"""From what the database counted to the rows of a report; and who may read which of them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tagdock_cloud.reports.kpis import KPIS

MOST_PEOPLE = 500
"""Rows of persons a figure, those with the most to tell first."""

COLUMNS = (
    "kpi", "unit", "level", "site", "person", "word", "value", "part", "whole", "nine_of_ten",
    "former_value", "former_part", "former_whole",
)  # fmt: skip
Row = dict[str, Any]
_Place = tuple[str | None, str | None, str | None]
_LEVELS = ("all", "site", "word", "person")


@dataclass(frozen=True, slots=True)
class Counted:
    """What the database counted of one group: of shares parts and wholes, of words how many, of times their medians."""

    part: int = 0
    whole: int = 0
    words: int = 0
    times: int = 0
    median_s: float | None = None
    nine_of_ten_s: float | None = None


_NOTHING = Counted()


def build(kpis: Sequence[str], sites: Sequence[str], counted: Iterable[Mapping[str, Any]]) -> tuple[list[Row], int]:
    """Return the rows of a report in their order, and how many of persons were left out.

    `counted`: rows `{kpi, level, is_now, site, person, word, ...}`, the rest as `Counted` has it. Every figure has a
    row of all, and one of each site, also where nothing was there to count.
    """
    groups: dict[tuple[str, str], dict[_Place, dict[bool, Counted]]] = defaultdict(lambda: defaultdict(dict))
    for row in counted:
        group = groups[row["kpi"], row["level"]]
        numbers = Counted(*(row[name] for name in Counted.__slots__))
        group[row["site"], row["person"], row["word"]][row["is_now"]] = numbers
    rows: list[Row] = []
    left_out = 0
    for kpi in kpis:
        total = groups[kpi, "all"][None, None, None]
        for site in sites:
            groups[kpi, "site"][site, None, None]  # entered where it was missing
        for level in _LEVELS:
            places = groups[kpi, level].items()
            told = [_row(kpi, level, place, both, total) for place, both in places]
            told.sort(key=lambda row: _order(row, level))
            most = MOST_PEOPLE if level == "person" else len(told)
            rows += told[:most]
            left_out += len(told[most:])
    return rows, left_out


def readable(rows: Iterable[Row], person: str, *, is_manager: bool) -> list[Row]:
    """Return what somebody may read: figures of persons are for managers, and for each person their own."""
    return [row for row in rows if row["level"] != "person" or is_manager or row["person"] == person]


def sheet(asked: Mapping[str, Any], since: str, until: str, rows: Iterable[Row]) -> tuple[list[str], list[Row]]:
    """Return the columns and lines of a CSV file: each says of what report and period it is, and where nothing was."""
    head = {"report": asked["name"], "since": since, "until": until, "time_zone": asked["time_zone"]}
    lines = [{**head, **row, "says": "no data" if row["value"] is None else ""} for row in rows]
    return [*head, *COLUMNS, "says"], lines


def _row(kpi: str, level: str, place: _Place, both: Mapping[bool, Counted], total: Mapping[bool, Counted]) -> Row:
    site, person, word = place
    now, before = both.get(True, _NOTHING), both.get(False, _NOTHING)
    value, part, whole = _figure(kpi, level, now, total.get(True, _NOTHING))
    former_value, former_part, former_whole = _figure(kpi, level, before, total.get(False, _NOTHING))
    told = (kpi, KPIS[kpi].unit, level, site, person, word, value, part, whole, now.nine_of_ten_s)
    return dict(zip(COLUMNS, (*told, former_value, former_part, former_whole), strict=True))


def _figure(kpi: str, level: str, counted: Counted, total: Counted) -> tuple[float | None, int | None, int]:
    if KPIS[kpi].unit == "s":
        return counted.median_s, None, counted.times
    part, whole = (counted.words, total.words) if level == "word" else (counted.part, counted.whole)
    return (part / whole if whole else None), part, whole


def _order(row: Row, level: str) -> tuple[Any, ...]:
    if level == "word":
        size = row["value"] if row["unit"] == "s" else row["part"]
        return -(size or 0), row["word"]
    if level == "person":
        return -(row["whole"] + (row["part"] or 0)), row["site"], row["person"]
    return (row["site"] or "",)
