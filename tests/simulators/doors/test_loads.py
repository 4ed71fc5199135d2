"""A crossing's path and truth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from tagdock_simulators.doors import Behaviour, Crossing, crossing_truth

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
EPC = "3034257BF7194E4000001A85"


def crossing(direction: Behaviour, **more: Any) -> Crossing:
    return Crossing((EPC,), "D1", direction, AT, **more)


@pytest.mark.parametrize(
    ("direction", "starts_at_m", "ends_at_m"),
    [("in", (-2, 0), (2, 0)), ("out", (2, 0), (-2, 0)), ("pass", (-2.5, -2), (-2.5, 2)), ("turn", (-2, 0), (-2, 0))],
)
def test_a_load_goes_its_way(direction: Behaviour, starts_at_m: object, ends_at_m: object) -> None:
    path = crossing(direction, speed_m_per_s=2.0).path
    x_m, y_m = path.at(np.array([0.0, path.seconds[-1]]))
    assert ((x_m[0], y_m[0]), (x_m[1], y_m[1])) == (starts_at_m, ends_at_m)


def test_a_clean_crossing_takes_two_seconds_and_is_at_the_door_in_the_middle() -> None:
    load = crossing("in", speed_m_per_s=2.0)
    assert load.ends_at - AT == timedelta(seconds=2)
    (truth,) = crossing_truth(load)
    assert (truth.door, truth.direction) == ("D1", "in")
    assert abs((truth.at - AT).total_seconds() - 1.0) <= 0.3  # half a pallet at 2 m/s
    assert truth.epc == "urn:epc:id:sgtin:0614141.812345.6789"


@pytest.mark.parametrize("direction", ["turn", "park"])
def test_what_passes_nowhere_says_why(direction: Behaviour) -> None:
    (truth,) = crossing_truth(crossing(direction, stay_s=3.0))
    assert truth.direction is None
    assert truth.why


def test_speed_points_where_the_load_goes() -> None:
    path = crossing("turn", speed_m_per_s=2.0, stay_s=1.0).path
    vx, vy = path.velocity(np.array([0.5, 1.5, 2.5]))
    assert vx == pytest.approx([2.0, 0.0, -2.0])
    assert vy == pytest.approx([0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"speed_m_per_s": 0.0}, "0.05 to 10 m/s"),
        ({"speed_m_per_s": float("nan")}, "0.05 to 10 m/s"),
        ({"reach_m": 0.0}, "0.1 to 20 m"),
        ({"stay_s": -1.0}, "0 to 86,400 s"),
    ],
    ids=["speed", "nan", "reach", "stay"],
)
def test_impossible_crossings_are_refused(changes: dict[str, float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        crossing("in", **changes)


def test_a_time_needs_its_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Crossing((EPC,), "D1", "in", datetime(2026, 1, 5))  # noqa: DTZ001
