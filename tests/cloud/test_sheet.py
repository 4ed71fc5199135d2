"""Floors as CSV sheets, and floors drawn from a few numbers."""

import csv
import io
from typing import Any

import pytest
from tagdock_cloud.layout.drawn import AislePlan, lay_out
from tagdock_cloud.layout.records import Layout
from tagdock_cloud.layout.rules import canonical, check_layout
from tagdock_cloud.layout.sheet import layout_of, read_sheet, write_sheet
from tagdock_cloud.web.problems import Problem

HEAD = "kind,id,x_m,y_m,skus\n"


def told(text: str | bytes, **rest: Any) -> list[tuple[int, str, str]]:
    """Return what is wrong with a sheet: line, column, and the beginning of the reason."""
    sheet = read_sheet(text if isinstance(text, bytes) else text.encode())
    layout, mistakes = layout_of(sheet, rest)
    assert (layout is None) == bool(mistakes)
    return [(mistake.line, mistake.column, mistake.reason) for mistake in mistakes]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_sheet_reads_back_as_the_floor_that_it_was_written_from(delimiter: str) -> None:
    layout = lay_out(AislePlan(aisles=2, bays=3, levels=2, doors_front=1, doors_back=2, zone="cool", mass_kg=500))
    layout.bins[4].skus = ["a b", "c,d"]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(csv.reader(io.StringIO(write_sheet(layout))))
    text = out.getvalue()
    rest = {"aisles": layout.model_dump()["aisles"]}
    read, mistakes = layout_of(read_sheet(b"\xef\xbb\xbf" + text.encode()), rest)
    assert mistakes == [] and read is not None
    assert canonical(read) == canonical(layout)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, "kind", "missing"),
        (HEAD, 0, "", "no bin"),
        ("kind,id,colour\n", 1, "colour", "no column"),
        ("kind,id,id\nbin,A,A\n", 1, "id", "twice"),
        (HEAD + "shelf,A,1,1,\n", 2, "kind", "bin or door"),
        (HEAD + "bin,A,1\n", 2, "", "has 3 columns, the header 5"),
        (HEAD + "bin,A,1,1,\nbin,,1,1,\n", 3, "id", "missing"),
        (HEAD + "bin,A,1,1,\nbin,B,one,1,\n", 3, "x_m", "valid number"),
        (HEAD + "bin,A,1,1,\n\nbin,B,1,2e9,\n", 4, "y_m", "less than or equal"),
        (HEAD + "bin,A,1,1,\nbin,B,1,2,\nbin,A,2,2,\n", 4, "id", "line 2"),
        (HEAD + "bin,A,1,,\n", 2, "y_m", "go together"),
        (HEAD + "bin,A,,,\n", 2, "", "has no place"),
        (HEAD + "door,D,1,1,S\nbin,A,1,1,S|S\n", 3, "skus", "twice"),
        ("kind,id,x_m,y_m,mass_kg\ndoor,D,1,1,5\nbin,A,1,1,5\n", 2, "mass_kg", "not for a door"),
        (HEAD + 'bin,"A,1,1,\n', 2, "", "no CSV"),
        (HEAD.encode() + b"bin,\xff\xfe,1,1,\n", 2, "", "UTF-8"),
    ],
)
def test_a_mistake_names_its_line_and_column(text: str | bytes, line: int, column: str, words: str) -> None:
    found = told(text)
    assert found[0][:2] == (line, column) and words in found[0][2]


def test_all_mistakes_of_the_rows_are_told_at_once() -> None:
    assert [line for line, *_ in told(HEAD + "bin,A,x,1,\nbin,B,1,1,\nbin,C,1,y,\n")] == [2, 4]


def test_a_drawn_floor_has_its_bins_seats_and_doors() -> None:
    layout = lay_out(
        AislePlan(aisles=3, bays=4, sides=2, levels=2, cross_after=2, cross_m=5, doors_front=2, doors_back=1)
    )
    check_layout(layout)
    bins = {bin_.id: bin_ for bin_ in layout.bins}
    assert len(bins) == 3 * 4 * 2 * 2
    assert {"A-01-1", "A-02-2", "C-08-2"} <= bins.keys()
    odd, even = bins["B-01-1"], bins["B-02-1"]
    assert (odd.aisle, odd.cell, even.cell) == (1, 0, 0) and odd.x_m < 3.0 < even.x_m and odd.y_m == even.y_m  # type: ignore[operator]
    assert bins["A-05-1"].y_m - bins["A-03-1"].y_m == pytest.approx(1.2 + 5)  # type: ignore[operator]
    assert [(door.id, door.aisle, door.end) for door in layout.doors] == [
        ("D1", 0, "front"),
        ("D2", 2, "front"),
        ("D3", 1, "back"),
    ]
    assert len({(door.aisle, door.end) for door in layout.doors}) == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"aisles": 200, "bays": 100}, "bays"),
        ({"cross_after": 20}, "cross_after"),
        ({"doors_front": 0}, "doors_front"),
        ({"doors_back": 13}, "doors_back"),
    ],
)
def test_numbers_that_do_not_go_together_are_refused_by_name(changes: dict[str, int], field: str) -> None:
    with pytest.raises(Problem, match=field):
        lay_out(AislePlan.model_validate(changes))


def test_names_stay_apart_however_many_aisles_there_are() -> None:
    layout = lay_out(AislePlan(aisles=120, bays=2, doors_front=100, doors_back=120))
    assert len({bin_.id for bin_ in layout.bins}) == 480
    check_layout(Layout.model_validate(layout.model_dump()))
