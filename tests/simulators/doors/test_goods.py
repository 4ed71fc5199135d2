"""Where tags are on what carries them, which way they lie, and when each of them really passed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from tagdock_simulators.doors import (
    CAGE,
    PALLET,
    PERSON,
    Behaviour,
    Carrier,
    Crossing,
    Goods,
    WayPoint,
    crossing_truth,
)
from tagdock_simulators.epc import sgtin96

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


def load(tags: int, direction: Behaviour = "in", **more: Any) -> Crossing:
    epcs = tuple(sgtin96("9521234", "012345", serial).hex for serial in range(tags))
    return Crossing(epcs, "D1", direction, AT, **more)


@pytest.mark.parametrize("carrier", [PALLET, CAGE, PERSON], ids=lambda each: each.name)
def test_tags_are_in_the_box_of_their_carrier(carrier: Carrier) -> None:
    goods = Goods.of(load(200, carrier=carrier))
    box = np.array((carrier.goods_x_m, carrier.goods_y_m, carrier.goods_z_m))
    assert (goods.low_m == pytest.approx(box[:, 0])) and (goods.high_m == pytest.approx(box[:, 1]))
    assert (goods.place_m >= box[:, 0]).all() and (goods.place_m <= box[:, 1]).all()
    assert np.ptp(goods.place_m, axis=0) == pytest.approx(box[:, 1] - box[:, 0], rel=0.1)


@pytest.mark.parametrize(
    ("direction", "ahead"),
    [("in", (1, 0)), ("out", (-1, 0)), ("pass", (0, 1))],
)
def test_a_load_faces_the_way_it_goes(direction: Behaviour, ahead: tuple[int, int]) -> None:
    goods = Goods.of(load(50, direction, carrier=PERSON))
    assert goods.heading == ahead
    before = goods.place_m[:, 0] * ahead[0] + goods.place_m[:, 1] * ahead[1]
    assert (before >= PERSON.goods_x_m[0]).all()  # the item is before the chest, whichever way the person goes


def test_labels_on_cartons_lie_flat_along_their_sides_those_in_cages_any_way() -> None:
    flat, any_way = Goods.of(load(500)).axis, Goods.of(load(500, carrier=CAGE)).axis
    for axes in (flat, any_way):
        assert (axes**2).sum(axis=1) == pytest.approx(np.ones(500))
    assert np.abs(flat[:, 2]).mean() < 0.2
    assert np.abs(any_way[:, 2]).mean() == pytest.approx(0.5, abs=0.05)


def test_a_load_always_has_the_same_tags_and_another_load_others() -> None:
    assert (Goods.of(load(5)).place_m == Goods.of(load(5)).place_m).all()
    later = Crossing(load(5).epcs, "D1", "in", AT + timedelta(seconds=1))
    assert (Goods.of(load(5)).place_m != Goods.of(later).place_m).all()


@pytest.mark.parametrize("direction", ["in", "out"])
def test_each_tag_passes_when_it_is_itself_in_the_door_line(direction: Behaviour) -> None:
    crossing = load(30, direction, speed_m_per_s=2.0)
    sign = 1.0 if direction == "in" else -1.0
    for truth, x_m in zip(crossing_truth(crossing), Goods.of(crossing).place_m[:, 0], strict=True):
        assert (truth.at - AT).total_seconds() == pytest.approx(1.0 - sign * x_m / 2.0, abs=1e-6)
        assert truth.direction == direction


def test_of_a_load_that_turns_back_and_comes_again_the_last_passage_counts() -> None:
    way = (WayPoint(-3.0), WayPoint(1.0, 0.0, 2.0), WayPoint(-1.0), WayPoint(3.0))
    (truth,) = crossing_truth(load(1, way=way, speed_m_per_s=1.0))
    assert 4.0 + 2.0 + 2.0 < (truth.at - AT).total_seconds() < 4.0 + 2.0 + 2.0 + 2.0


def test_a_tag_that_never_answers_has_nothing_to_be_reported() -> None:
    crossing = load(3)
    some = load(3, unreadable=frozenset(crossing.epcs[:1]))
    first, *others = crossing_truth(some)
    assert first.direction is None
    assert first.why == "its tag never answers"
    assert [each.direction for each in others] == ["in", "in"]


@pytest.mark.parametrize(
    ("direction", "way"),
    [
        ("in", (WayPoint(-2.0), WayPoint(-1.0))),
        ("out", (WayPoint(-2.0), WayPoint(1.0))),
        ("turn", (WayPoint(-2.0), WayPoint(1.0))),
        ("park", (WayPoint(float("nan")),)),
    ],
    ids=["in", "out", "turn", "nan"],
)
def test_a_way_that_does_something_else_is_refused(direction: Behaviour, way: tuple[WayPoint, ...]) -> None:
    with pytest.raises(ValueError, match="way"):
        load(1, direction, way=way)


@pytest.mark.parametrize(("direction", "x_m"), [("pass", 2.5), ("turn", -0.8), ("park", 2.0), ("park", -2.0)], ids=str)
def test_loads_pass_turn_and_stand_where_they_are_told(direction: Behaviour, x_m: float) -> None:
    path = load(1, direction, where_m=x_m, stay_s=2.0).path
    assert x_m in path.x_m
    assert all(x * x_m > 0.0 for x in path.x_m)  # it stays on its side of the wall


def test_one_material_for_each_tag_or_one_for_all() -> None:
    with pytest.raises(ValueError, match="3 tags need as many materials"):
        load(3, materials=(PALLET, PALLET))


def test_way_points_at_one_place_make_no_leg_of_no_time() -> None:
    path = load(1, "park", way=(WayPoint(-2.0), WayPoint(-2.0, 0.0, 1.0), WayPoint(-2.0), WayPoint(-1.0))).path
    assert path.seconds == (0.0, 1.0, 1.5)
    assert path.x_m == (-2.0, -2.0, -1.0)
