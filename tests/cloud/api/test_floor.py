"""The floor as a drawing."""

import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.console.colours import (
    NOTHING,
    bin_flows,
    by_fill,
    by_flow,
    by_regret,
    by_sensors,
    class_limits,
    shade_of,
)
from tagdock_cloud.console.floor import draw, levels, paths


def bin_(name: str, **fields: Any) -> dict[str, Any]:
    return {"bin": name, "x_m": None, "y_m": None, "z_m": None, "aisle": None, "cell": None, **fields}


def door(name: str, **fields: Any) -> dict[str, Any]:
    return {"door": name, "x_m": None, "y_m": None, "aisle": None, "aisle_end": None, "gap_m": None, **fields}


NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
AISLES = {
    "count": 3, "pitch_m": 3.0, "cells": 10, "cell_m": 1.0, "front_gap_m": 1.0, "back_gap_m": 2.0,
    "cross_aisles": [{"after_cell": 4, "width_m": 2.0}],
}  # fmt: skip


def test_a_sku_in_several_bins_is_picked_from_each_alike() -> None:
    flows = bin_flows({"S": 9.0, "T": 1.0}, {"A": ["S"], "B": ["S", "T"], "C": ["S"], "D": []})
    assert flows == {"A": 3.0, "B": 4.0, "C": 3.0, "D": 0}


def test_the_shades_span_from_the_least_to_the_busiest_bin() -> None:
    limits = class_limits([0.0, 1.0, 64.0])
    assert limits == pytest.approx([2, 4, 8, 16, 32, 64])
    assert [shade_of(flow, limits) for flow in (0.0, 1.0, 2.1, 33.0, 64.0)] == [0, 1, 2, 6, 6]


def test_where_all_flow_alike_there_is_one_shade() -> None:
    assert [shade_of(5.0, class_limits([5.0, 5.0])), shade_of(0, class_limits([]))] == [6, 0]


def test_the_legend_counts_every_picked_bin_once() -> None:
    colouring = by_flow({"A": 1.0, "B": 1.5, "C": 64.0, "D": 0.0}, "ABCDE")
    assert [(entry.look, entry.bins) for entry in colouring.legend if entry.bins] == [("f0", 2), ("f1", 2), ("f6", 1)]


def test_regret_has_a_sign_and_adds_up_over_the_steps_out_of_a_bin() -> None:
    steps = [("A", 5.0), ("A", 3.0), ("B", -2.0), ("C", 1.0), ("C", -1.0), (None, 4.0)]
    colouring = by_regret([{"from": bin_, "saves_m_per_day": metres} for bin_, metres in steps], "ABCD")
    assert (colouring.looks["A"][0], colouring.looks["B"][0], colouring.looks.keys()) == ("w", "b", {"A", "B"})
    assert (colouring.words["A"], colouring.words["B"]) == ("−8.0", "+2.0")
    assert sum(entry.bins for entry in colouring.legend) == 4


@pytest.mark.parametrize(
    ("share", "look"), [(0.1, "u1"), (0.25, "u1"), (0.26, "u2"), (1.0, "u4"), (1.01, "u5"), (None, "u1")]
)
def test_what_is_fuller_is_darker_and_too_full_stands_out(share: float | None, look: str) -> None:
    assert by_fill([{"bin": "A", "items": 3, "filled_share": share}]).looks == {"A": look}


def test_a_bin_with_nothing_on_record_is_empty() -> None:
    assert by_fill([{"bin": "A", "items": 0, "filled_share": 0.0}]).looks == {}


@pytest.mark.parametrize(
    ("value", "items", "minutes", "look"),
    [(0, 0, 1, "s1"), (1, 2, 1, "s2"), (0, 2, 1, "s4"), (1, 0, 1, "s4"), (1, 2, 61, "s3")],
    ids=["empty", "taken", "empty against the record", "taken against the record", "old"],
)
def test_a_sensor_is_set_against_the_record(value: float, items: int, minutes: int, look: str) -> None:
    row = {"bin": "A", "value": value, "items": items, "observed_at": NOW - timedelta(minutes=minutes)}
    none = {"bin": "B", "value": None, "items": 1, "observed_at": None}
    assert by_sensors([row, none], NOW).looks == {"A": look}


def test_bins_of_one_look_make_one_path() -> None:
    drawing = draw([bin_(str(n), x_m=float(n), y_m=0.0) for n in range(5)], [], None)
    drawn = paths(drawing.boxes, {"1": "f3", "2": "f3"}, NOTHING)
    assert {look: len(re.findall("M", path)) for look, path in drawn.items()} == {"f0": 3, "f3": 2}
    assert drawn["f3"].startswith("M0.57 -0.43h0.86v0.86h-0.86z")


def test_levels_are_heights_to_a_centimetre() -> None:
    assert levels([bin_("A", z_m=0.0), bin_("B", z_m=1.6), bin_("C", z_m=1.601), bin_("D")]) == [0.0, 1.6]


def test_cells_count_from_the_front_and_across_a_cross_aisle() -> None:
    drawing = draw([bin_("A", aisle=1, cell=4), bin_("B", aisle=1, cell=5)], [], AISLES)
    before, after = sorted(drawing.boxes, key=lambda box: box.bin)
    assert after.y - before.y == pytest.approx(3.0)
    assert before.x + before.width / 2 == pytest.approx(3.0)


def test_doors_stand_at_the_ends_of_their_aisles() -> None:
    doors = [door("F", aisle=0, aisle_end="front", gap_m=0.5), door("B", aisle=2, aisle_end="back")]
    marks = {mark.door: (mark.x, mark.y) for mark in draw([], doors, AISLES).doors}
    assert marks == {"F": (0.0, -0.5), "B": (6.0, 1.0 + 9 + 2 + 2)}


def test_bins_above_one_another_share_their_place_without_covering_each_other() -> None:
    rows = [bin_(name, x_m=1.0, y_m=1.0, z_m=z) for name, z in (("A-3", 2.0), ("A-1", 0.0), ("A-2", 1.0))]
    boxes = sorted(draw([*rows, bin_("far", x_m=9.0, y_m=1.0)], [], None).boxes, key=lambda box: box.x)
    assert [box.bin for box in boxes] == ["A-1", "A-2", "A-3", "far"]
    assert all(left.x + left.width <= right.x + 1e-9 for left, right in itertools.pairwise(boxes))


def test_neighbours_do_not_touch_and_the_view_holds_all() -> None:
    rows = [bin_(f"{x}-{y}", x_m=float(x), y_m=y * 1.2) for x in range(8) for y in range(5)]
    drawing = draw(rows, [door("D", x_m=3.0, y_m=-4.0)], None)
    left, top, width, height = drawing.view
    for box in drawing.boxes:
        assert (
            left <= box.x and box.x + box.width <= left + width and top <= box.y and box.y + box.height <= top + height
        )
    xs = sorted({box.x for box in drawing.boxes})
    assert min(b - a for a, b in itertools.pairwise(xs)) > drawing.boxes[0].width


def test_what_has_no_place_is_counted_not_hidden() -> None:
    drawing = draw([bin_("A"), bin_("B", x_m=1.0, y_m=1.0)], [], None)
    assert (drawing.unplaced, [box.bin for box in drawing.boxes]) == (1, ["B"])


def test_an_empty_floor_can_be_drawn() -> None:
    assert draw([], [], None).view == (0.0, 0.0, 1.0, 1.0)


def test_a_doors_mark_can_be_read_on_a_large_floor() -> None:
    rows = [bin_(str(n), x_m=float(n % 200), y_m=n // 200) for n in range(2000)]
    assert draw(rows, [], None).unit == pytest.approx(199 / 45)
