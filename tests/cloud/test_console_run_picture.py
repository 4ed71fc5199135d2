"""The small picture of delivery runs: it fits, keeps directions and orders, and is left out where one is unknown."""

from typing import Any

import pytest
from tagdock_cloud.console.run_picture import COLOURS, HEIGHT, MARGIN, WIDTH, draw

HERE = (30.25, 120.17)


def stop(order: str, lat: float | None, lon: float | None) -> dict[str, Any]:
    where = None if lat is None else {"lat_deg": lat, "lon_deg": lon}
    return {"order_id": order, "destination": where, "state": "planned"}


def test_what_lies_north_is_drawn_above_and_what_lies_east_to_the_right() -> None:
    drawn = draw(HERE, [[stop("north", 30.5, 120.17), stop("east", 30.25, 120.6)]])
    assert drawn is not None
    north, east = drawn.lines[0].dots
    x, y = drawn.depot
    assert north.y < y and north.x == pytest.approx(x) and east.x > x and east.y == pytest.approx(y)
    assert [(dot.order, dot.place) for dot in (north, east)] == [("north", 1), ("east", 2)]


def test_all_fits_into_the_picture_and_each_run_begins_and_ends_at_the_depot() -> None:
    runs = [
        [stop(f"{run}-{n}", 30 + run * 0.1 + n * 0.01, 120 + n * 0.3) for n in range(5)] for run in range(COLOURS + 1)
    ]
    drawn = draw(HERE, runs)
    assert drawn is not None and [line.colour for line in drawn.lines] == [*range(COLOURS), 0]
    for line in drawn.lines:
        points = line.path.removeprefix("M").split(" L")
        assert points[0] == points[-1] == f"{drawn.depot[0]:.1f} {drawn.depot[1]:.1f}" and len(points) == 7
        for dot in line.dots:
            assert MARGIN - 0.1 <= dot.x <= WIDTH - MARGIN + 0.1 and MARGIN - 0.1 <= dot.y <= HEIGHT - MARGIN + 0.1


def test_one_place_only_stands_in_the_middle() -> None:
    drawn = draw(HERE, [[stop("here", *HERE)]])
    assert drawn is not None and drawn.depot == pytest.approx((WIDTH / 2, HEIGHT / 2))


@pytest.mark.parametrize(
    ("depot", "runs"),
    [(None, [[stop("a", 30, 120)]]), (HERE, []), (HERE, [[stop("a", 30, 120)], [stop("b", None, None)]])],
    ids=["no depot", "no runs", "a stop nobody knows"],
)
def test_nothing_is_drawn_where_a_place_is_not_known(depot: Any, runs: Any) -> None:
    assert draw(depot, runs) is None
