"""Pictures as SVG: well-formed, bounded, to scale, and showing what they say."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from tagdock_slotting.errors import ProblemError
from tagdock_slotting.pictures import WHATS, draw
from tagdock_slotting.pictures.colours import CLASSES, bounds, shade, shades
from tagdock_slotting.pictures.floor import lay_out
from tagdock_slotting.pictures.sheet import WIDTH
from tagdock_slotting.plan import Plan
from tagdock_slotting.problem import Problem
from tagdock_slotting.reading import decode_problem
from tagdock_slotting.solve import solve

SVG = "{http://www.w3.org/2000/svg}"


def problem(**overrides: Any) -> Problem:
    layout = {
        "doors": [{"id": "D<1>", "x_m": 0, "y_m": 0}],
        "bins": [{"id": f"B&{n}", "x_m": n, "y_m": 3, "items_at_most": 1} for n in range(6)],
        "items": [{"sku": f"S{n}", "picks_per_day": n * n} for n in range(5)],
        "current": {f"S{n}": [f"B&{n}"] for n in range(5)},
    }
    return decode_problem(json.dumps(layout | overrides).encode())


@pytest.fixture(scope="module")
def solved() -> tuple[Problem, Plan]:
    asked = problem()
    return asked, solve(asked)


def shapes(svg: str, name: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(svg).findall(f"{SVG}{name}")


def words(svg: str) -> str:
    return " ".join(element.text or "" for element in shapes(svg, "text"))


@pytest.mark.parametrize("what", WHATS)
def test_every_picture_is_well_formed_named_and_within_its_sheet(solved: tuple[Problem, Plan], what: Any) -> None:
    svg = draw(*solved, what)
    root = ElementTree.fromstring(svg)
    title = root.find(f"{SVG}title")
    assert title is not None and title.text
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width == WIDTH and 100 < height < 2000
    for element in root.iter(f"{SVG}rect"):
        x, y = (float(element.get(name, 0)) for name in ("x", "y"))
        assert x >= 0 and x + float(element.get("width", 0)) <= width + 0.1
        assert y >= 0 and y + float(element.get("height", 0)) <= height + 0.1


def test_flow_is_the_darker_the_more_is_picked_and_says_what(solved: tuple[Problem, Plan]) -> None:
    svg = draw(solved[0], None, "flow")
    fills = {shape[0].text: shape.get("class") for shape in shapes(svg, "rect") if len(shape)}
    assert fills["B&4: 16 lines a day"] == "s4"
    assert fills["B&1: 1 lines a day"] == "s0"
    assert fills["B&0: 0 lines a day"] == "empty"
    assert "Order lines a day from a bin" in words(svg) and "D<1>" in words(svg)


def test_regret_tells_what_lies_wrong_from_what_makes_room(solved: tuple[Problem, Plan]) -> None:
    titles = [shape[0].text or "" for shape in shapes(draw(*solved, "regret"), "rect") if len(shape)]
    assert any("B&4" in title and "better" in title for title in titles)
    assert any("worse" in title for title in titles)


def test_the_frontier_marks_the_plan_and_its_bound(solved: tuple[Problem, Plan]) -> None:
    svg = draw(*solved, "frontier")
    plan = solved[1]
    assert f"with {len(plan.moves)} moves no plan can save more" in words(svg)
    points = {(point.moves) for point in plan.frontier} | {0}
    assert len(shapes(svg, "circle")) == len(points) + 2


def test_each_move_is_an_arrow_with_its_words(solved: tuple[Problem, Plan]) -> None:
    arrows = [shape[0].text or "" for shape in shapes(draw(*solved, "moves"), "path")]
    known = [move for move in solved[1].moves if "carried" not in {move.from_bin, move.to_bin}]
    assert len(arrows) == len(known) > 0
    assert arrows[0].startswith(f"{known[0].step}. {known[0].sku}: {known[0].from_bin} to {known[0].to_bin}")


def test_only_moves_that_the_eye_can_follow_are_drawn_and_aisles_have_numbers() -> None:
    skus = [f"S{n}" for n in range(60)]
    many = problem(
        doors=[{"id": "D", "aisle": 0}, {"id": "E", "aisle": 2, "end": "back"}],
        bins=[{"id": f"B{n}", "aisle": n % 3, "cell": n // 3, "items_at_most": 1} for n in range(60)],
        items=[{"sku": sku, "picks_per_day": n + 1, "door_share": {"D": 1.0}} for n, sku in enumerate(skus)],
        aisles={"count": 3, "pitch_m": 3, "cells": 20, "cell_m": 1},
        current={sku: [f"B{n}"] for n, sku in enumerate(skus)},
        orders=[],
        weights={},
    )
    plan = solve(many)
    svg = draw(many, plan, "moves")
    assert len(plan.moves) > len(shapes(svg, "path")) == 20
    assert "smaller ones are in the list" in words(svg)
    assert {"0", "1", "2", "D", "E"} <= {element.text for element in shapes(svg, "text")}


def test_bins_above_one_another_share_their_place_and_none_covers_another() -> None:
    bins = [{"id": f"B{n}", "aisle": n % 2, "cell": n // 4, "z_m": n % 4 // 2} for n in range(8)]
    aisles = {"count": 2, "pitch_m": 3, "cells": 2, "cell_m": 1}
    floor = lay_out(problem(bins=bins, aisles=aisles, doors=[{"id": "D", "aisle": 0}], current={}))
    for one in floor.boxes:
        for other in floor.boxes:
            apart_x = one.x + one.width <= other.x + 1e-6 or other.x + other.width <= one.x + 1e-6
            apart_y = one.y + one.height <= other.y + 1e-6 or other.y + other.height <= one.y + 1e-6
            assert one is other or apart_x or apart_y


def test_bins_without_coordinates_stand_by_name_and_the_picture_says_so() -> None:
    bins = [{"id": f"B{n}", "items_at_most": 1} for n in range(5)]
    matrix = {"bins": [b["id"] for b in bins], "doors": ["D"], "rows": [[n + 1.0] for n in range(5)]}
    svg = draw(problem(bins=bins, doors=[{"id": "D"}], bin_door_m=matrix, current={}), None, "flow")
    assert "no coordinates" in words(svg)


@pytest.mark.parametrize("what", [what for what in WHATS if what != "flow"])
def test_what_shows_a_plan_needs_one_that_has_a_layout(what: Any) -> None:
    with pytest.raises(ProblemError, match="--plan"):
        draw(problem(), None, what)
    impossible = solve(problem(bins=[{"id": "B", "x_m": 1, "y_m": 1, "items_at_most": 1}], current={}))
    with pytest.raises(ProblemError, match="infeasible"):
        draw(problem(), impossible, what)


def test_a_plan_without_a_layout_of_today_has_no_frontier(warehouse: Callable[..., Problem]) -> None:
    asked = warehouse(3)
    with pytest.raises(ProblemError, match="current_m_per_day"):
        draw(asked, solve(asked), "frontier")
    assert draw(asked, msgspec.structs.replace(solve(asked), moves=()), "before-after")


def test_classes_are_round_ordered_and_cover_everything() -> None:
    values = [0.0, 0.013, 0.2, 1.0, 3.14159, 3.2, 9.9, 1234.5]
    limits = bounds(values)
    assert list(limits) == sorted(set(limits)) and len(limits) <= CLASSES and limits[-1] == 1300
    order = [int(shade(value, limits)[1:]) for value in values if value]
    assert order == sorted(order) and order[-1] == CLASSES - 1 == len(shades()) - 1
    assert bounds([0.0]) == () and bounds([5.0]) == (5.0,)
