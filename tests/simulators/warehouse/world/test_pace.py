"""Records are told when their time has come, and not before."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tagdock_simulators.warehouse.world.pace import MAX, paced, read_speed
from tagdock_simulators.warehouse.world.records import Booking, Record

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def bookings() -> Iterator[Record]:
    for hours in (0, 1, 1, 5):
        yield Booking(MONDAY + timedelta(hours=hours), "A", "B", 1, "")


class Wall:
    """A clock that only moves when somebody waits."""

    def __init__(self, ends_s: float = 1e9) -> None:
        self.now_s = 50.0
        self.waited: list[float] = []
        self._ends_s = ends_s

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self.now_s += seconds
        return self.now_s >= self._ends_s


@pytest.mark.parametrize(("speed", "waits"), [(1.0, [0, 3600, 0, 14_400]), (3600.0, [0, 1, 0, 4]), (MAX, [0, 0, 0, 0])])
def test_the_wall_clock_is_waited_for(speed: float, waits: list[float]) -> None:
    wall = Wall()
    told = list(paced(bookings(), MONDAY, speed, lambda: wall.now_s, wall.wait))
    assert len(told) == 4
    assert wall.waited == pytest.approx(waits)


def test_who_is_late_does_not_wait() -> None:
    wall = Wall()
    records = paced(bookings(), MONDAY, 3600.0, lambda: wall.now_s, wall.wait)
    next(records)
    wall.now_s += 3.0
    list(records)
    assert wall.waited == pytest.approx([0, 0, 0, 2])


def test_a_wish_to_end_is_heard_while_waiting() -> None:
    wall = Wall(ends_s=50.5)
    assert len(list(paced(bookings(), MONDAY, 3600.0, lambda: wall.now_s, wall.wait))) == 1


@pytest.mark.parametrize(("text", "speed"), [("real", 1.0), ("max", MAX), ("60", 60.0), ("0.5", 0.5)])
def test_speeds_are_read(text: str, speed: float) -> None:
    assert read_speed(text) == speed
