"""Bad problems are refused with the path of each field that is wrong; good ones are read whole."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_slotting.errors import ProblemError
from tagdock_slotting.reading import MAX_BYTES, decode_assignment, decode_problem

GOOD: dict[str, Any] = {
    "v": 1,
    "doors": [{"id": "D1", "x_m": 0, "y_m": 0, "aisle": 1, "end": "front", "gap_m": 0}],
    "bins": [
        {
            "id": f"A-{cell}",
            "x_m": 4.0,
            "y_m": cell,
            "z_m": 0.0,
            "aisle": 0,
            "cell": cell,
            "zone": "ambient",
            "volume_m3": 1.2,
            "mass_kg": 500,
            "items_at_most": 1,
        }
        for cell in range(3)
    ],
    "items": [
        {
            "sku": sku,
            "picks_per_day": 41.5,
            "door_share": {"D1": 1.0},
            "volume_m3": 0.4,
            "mass_kg": 80,
            "bins_needed": 1,
            "zones": ["ambient"],
            "family": "lights",
            "keep_apart": ["chemicals"],
        }
        for sku in ("85123A", "22423")
    ],
    "aisles": {
        "count": 2,
        "pitch_m": 3.0,
        "cells": 30,
        "cell_m": 1.0,
        "front_gap_m": 1.0,
        "back_gap_m": 1.0,
        "cross_aisles": [{"after_cell": 14, "width_m": 1.0}],
    },
    "bin_door_m": {"bins": ["A-0", "A-1", "A-2"], "doors": ["D1"], "rows": [[1.0], [2.0], [3.0]]},
    "bin_bin_m": {"bins": ["A-0", "A-1", "A-2"], "rows": [[0, 1, 2], [1, 0, 1], [2, 1, 0]]},
    "affinity": [["85123A", "22423", 7.5]],
    "orders": [["85123A", "22423"]],
    "orders_days": 30,
    "routing": {"policy": "exact", "door": "D1"},
    "current": {"85123A": ["A-1"]},
    "weights": {"travel": 1.0, "affinity": 1.0, "routes": 0.0, "ergonomics": 0.0},
    "moves": {"model": "per_move", "cost_m_per_move": 0.0, "at_most": None, "horizon_days": 30},
}


def changed(path: str, value: Any) -> bytes:
    """Return the good problem with one value replaced; the path is keys and indices joined by dots."""
    problem = json.loads(json.dumps(GOOD))
    *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    target = problem
    for key in way:
        target = target[key]
    target[last] = value
    return json.dumps(problem).encode()


def refusal(payload: bytes) -> str:
    with pytest.raises(ProblemError) as caught:
        decode_problem(payload)
    return str(caught.value)


def test_a_problem_with_every_key_is_read() -> None:
    problem = decode_problem(json.dumps(GOOD).encode())
    assert (len(problem.bins), problem.items[0].keep_apart, problem.routing.policy) == (3, ("chemicals",), "exact")


def test_everything_but_doors_bins_and_items_is_optional() -> None:
    small = {
        "doors": [{"id": "D", "x_m": 0, "y_m": 0}],
        "bins": [{"id": "B", "x_m": 1, "y_m": 1}],
        "items": [{"sku": "S", "picks_per_day": 1}],
    }
    assert decode_problem(json.dumps(small).encode()).weights.travel == 1.0


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("v", 2, "$.v"),
        ("doors", [], "$.doors"),
        ("items.0.picks_per_day", -1, "$.items[0].picks_per_day"),
        ("items.0.picks_per_day", float("nan"), "$.items[0].picks_per_day: must be a finite number"),
        ("items.1.volume_m3", float("inf"), "$.items[1].volume_m3: must be a finite number"),
        ("items.0.picks_per_day", "many", "$.items[0].picks_per_day"),
        ("items.0.pick_per_day", 3, "pick_per_day"),
        ("items.1.sku", "85123A", "$.items[1].sku: SKU '85123A' stands there twice"),
        ("bins.2.id", "A-0", "$.bins[2].id: bin 'A-0' stands there twice"),
        ("bins.2.id", "carried", "$.bins[2].id: 'carried' stands for the truck"),
        ("bins.1.aisle", 7, "$.bins[1].aisle: aisle 7 in a layout with aisles 0 to 1"),
        ("bins.1.cell", 30, "$.bins[1].cell: cell 30"),
        ("items.0.door_share", {"D9": 1.0}, "$.items[0].door_share: unknown door 'D9'"),
        ("items.0.door_share", {"D1": 0.7}, "sum to 0.7, not to 1"),
        ("items.0.bins_needed", 4, "$.items[0].bins_needed: 4 bins are needed and the problem has 3"),
        ("current", {"nobody": ["A-0"]}, "$.current.nobody: unknown SKU"),
        ("current", {"22423": ["Z"]}, "$.current.22423: unknown bin 'Z'"),
        ("current", {"22423": ["A-0", "A-0"]}, "$.current.22423[1]: bin 'A-0' stands there twice"),
        ("current", {"22423": ["A-0", "A-1"]}, "$.current.22423: lies in 2 bins with bins_needed 1"),
        ("affinity", [["85123A", "x", 1]], "$.affinity[0]: unknown SKU 'x'"),
        ("affinity", [["85123A", "22423", -1]], "$.affinity[0][2]"),
        ("orders", [["x"]], "$.orders[0]: unknown SKU 'x'"),
        ("order_weights", [1, 2], "$.order_weights: has 2 numbers for 1 orders"),
        ("order_weights", [-1], "$.order_weights[0]"),
        ("order_weights", [1e999], "$.order_weights[0]"),
        ("routing", {"door": "D9"}, "$.routing.door: unknown door 'D9'"),
        ("routing", {"policy": "s_shape"}, "on two blocks use 'exact'"),
        ("routing", {"policy": "fastest"}, "$.routing.policy"),
        ("bin_door_m.rows", [[1.0], [2.0]], "$.bin_door_m.rows: has 2 rows for 3 names"),
        ("bin_door_m.rows", [[1.0], [2.0], [3.0, 4.0]], "$.bin_door_m.rows[2]: has 2 columns for 1 names"),
        ("bin_door_m.bins", ["A-0", "A-1", "A-9"], "$.bin_door_m.bins: lacks 'A-2'"),
        ("bin_bin_m.rows", [[0, 1], [1, 0], [2, 1]], "$.bin_bin_m.rows[0]: has 2 columns for 3 names"),
        ("aisles.cross_aisles", [{"after_cell": 29, "width_m": 1}], "lies not between two of 30 cells"),
        ("aisles.cross_aisles", [{"after_cell": 9, "width_m": 1}, {"after_cell": 19, "width_m": 1}], "at most one"),
        ("moves.horizon_days", 0, "$.moves.horizon_days"),
        ("items.0.height_m", -1, "$.items[0].height_m"),
        ("items.0.bins", ["A-0", "Z"], "$.items[0].bins: unknown 'Z'"),
        ("items.0.bins", ["A-0", "A-0"], "$.items[0].bins[1]: bin 'A-0' stands there twice"),
        ("items.0.doors", ["D9"], "$.items[0].doors: unknown 'D9'"),
        ("bins.0.use", "shut", "$.bins[0].use"),
        ("heavy_below", [{"over_kg": -1, "z_m_at_most": 1}], "$.heavy_below[0].over_kg"),
        ("together", [{"family": "lamps"}], "$.together[0].family: no item is of family 'lamps'"),
        ("together", [{"family": "lights"}] * 2, "$.together: holds the same rule twice"),
    ],
)
def test_a_bad_field_is_named(path: str, value: Any, told: str) -> None:
    assert told in refusal(changed(path, value))


def test_all_findings_are_told_at_once() -> None:
    problem = json.loads(changed("current", {"nobody": ["A-0"]}))
    problem["orders"] = [["x"], ["y"]]
    assert len(refusal(json.dumps(problem).encode()).splitlines()) == 3


def test_hundreds_of_findings_are_counted_not_listed() -> None:
    lines = refusal(changed("orders", [["x"]] * 500)).splitlines()
    assert (len(lines), lines[-1]) == (21, "... and 480 more")


def test_a_bin_that_nobody_can_find_is_named_with_the_remedy() -> None:
    problem = {"doors": [{"id": "D", "x_m": 0, "y_m": 0}], "bins": [{"id": "B"}], "items": [{"sku": "S"}]}
    told = refusal(json.dumps(problem).encode())
    assert "$.bins[0]" in told
    assert "give x_m and y_m" in told


def test_routes_without_orders_or_aisles_are_refused() -> None:
    problem = json.loads(changed("weights.routes", 1.0))
    del problem["aisles"]
    assert "tours need an aisle layout" in refusal(json.dumps(problem).encode())
    problem["orders"] = []
    assert "there are no `orders`" in refusal(json.dumps(problem).encode())


@pytest.mark.parametrize(
    "payload",
    [b"", b"[", b"\xff\xfe", b"null", b"[" * 100_000, b'{"v": 1', b"{}", b'{"doors": NaN}'],
    ids=["empty", "cut", "no utf-8", "null", "deep", "half", "bare", "nan"],
)
def test_what_is_no_problem_at_all_gives_one_line(payload: bytes) -> None:
    assert refusal(payload).startswith("$")


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    assert "at most" in refusal(b" " * (MAX_BYTES + 1))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=20))
def test_any_json_in_any_place_is_read_or_refused(value: Any) -> None:
    for key in ("doors", "bins", "items", "current", "orders", "aisles", "affinity", "moves"):
        try:
            decode_problem(changed(key, value))
        except ProblemError as error:
            assert str(error).startswith("$")


def test_a_plan_gives_its_layout() -> None:
    assert decode_assignment(b'{"v": 1, "assignment": {"S": ["B"]}, "seconds": 1.5}') == {"S": ("B",)}
    with pytest.raises(ProblemError, match="assignment"):
        decode_assignment(b"{}")
