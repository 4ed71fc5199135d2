"""Doors are built as they are wired, and refuse what cannot be."""

from collections.abc import Callable
from dataclasses import replace
from math import radians, sin

import pytest
from tagdock_simulators.doors import Antenna, DoorGeometry, PhotoEye, conveyor, single_row, two_row


def test_two_rows_hang_before_and_behind_the_door_and_look_down() -> None:
    door = two_row("D1", "dock-1", 4.0, first_port=3, per_row=2, eyes=True, first_gpi=5)
    assert [(one.port, one.x_m, one.side) for one in door.antennas] == [
        (3, -1.0, "outside"),
        (4, -1.0, "outside"),
        (5, 1.0, "inside"),
        (6, 1.0, "inside"),
    ]
    assert [one.y_m for one in door.antennas] == pytest.approx([3.4, 4.6, 3.4, 4.6])
    assert {one.boresight for one in door.antennas} == {(0.0, 0.0, -1.0)}
    assert [(eye.gpi, eye.x_m, eye.side) for eye in door.photo_eyes] == [(5, -1.0, "outside"), (6, 1.0, "inside")]


def test_a_single_row_looks_across_the_lane_from_both_posts_and_is_all_inside() -> None:
    door = single_row("D1", "dock-1", 4.0)
    assert len(door.antennas) == 4
    assert {one.side for one in door.antennas} == {"inside"}
    for one in door.antennas:
        assert one.boresight[1] * (one.y_m - door.y_m) < 0.0  # towards the middle


@pytest.mark.parametrize("turned_deg", [0.0, 30.0, 45.0])
def test_a_single_rows_antennas_are_turned_inwards(turned_deg: float) -> None:
    """All by the same angle: whoever comes in moves away from what hears him best."""
    for one in single_row("D1", "dock-1", turned_deg=turned_deg).antennas:
        assert one.boresight[0] == pytest.approx(sin(radians(turned_deg)), abs=1e-8)
        assert sum(part * part for part in one.boresight) == pytest.approx(1.0, abs=1e-8)


def test_a_conveyors_tunnel_is_low_narrow_and_weak() -> None:
    door = conveyor("D1", "dock-1")
    assert max(one.z_m for one in door.antennas) < 2.0
    assert all(one.transmit_dbm is not None and one.transmit_dbm < 30.0 for one in door.antennas)


DOOR = two_row("D1", "dock-1", eyes=True)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Antenna(0, 0.0, 0.0, 3.0), "port is 1 to 65,535, not 0"),
        (lambda: Antenna(1, 0.0, 0.0, 3.0, (0.0, 1.0, 1.0)), "unit vector"),
        (lambda: PhotoEye(0, 1.0, "inside"), "input is 1 to 65,535, not 0"),
        (lambda: DoorGeometry("D1", "dock-1", 0.0, ()), "no antenna"),
        (lambda: replace(DOOR, antennas=DOOR.antennas[:1] * 2), "twice"),
        (lambda: replace(DOOR, photo_eyes=DOOR.photo_eyes[:1] * 2), "twice"),
    ],
    ids=["port", "boresight", "gpi", "none", "ports", "inputs"],
)
def test_what_cannot_be_wired_is_refused(make: Callable[[], object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        make()
