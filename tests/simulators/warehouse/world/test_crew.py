"""A crew does one thing a person at a time, and begins only within its shifts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_simulators.warehouse.world.crew import Crew, begin_in
from tagdock_simulators.warehouse.world.settings import EARLY, LATE, Hours

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "begins"),
    [
        ("2026-03-02T05:59", "2026-03-02T06:00"),
        ("2026-03-02T06:00", "2026-03-02T06:00"),
        ("2026-03-02T13:59", "2026-03-02T13:59"),
        ("2026-03-02T14:00", "2026-03-03T06:00"),
        ("2026-03-06T20:00", "2026-03-09T06:00"),
        ("2026-03-07T07:00", "2026-03-09T06:00"),
    ],
    ids=["early", "on time", "just", "late", "on Friday evening", "on Saturday"],
)
def test_work_begins_with_the_next_shift(at: str, begins: str) -> None:
    assert begin_in(EARLY, datetime.fromisoformat(at + "Z")) == datetime.fromisoformat(begins + "Z")


@given(st.lists(st.tuples(st.integers(0, 6_000), st.floats(1.0, 9_000.0)), max_size=60), st.integers(1, 3))
def test_nobody_does_two_things_at_once(asked: list[tuple[int, float]], workers: int) -> None:
    crew = Crew((EARLY, LATE), workers, MONDAY)
    done = [crew.take(MONDAY + timedelta(minutes=at), work_s) for at, work_s in sorted(asked)]
    for (begins, ends), (at, work_s) in zip(done, sorted(asked), strict=True):
        assert begins >= MONDAY + timedelta(minutes=at)
        assert ends - begins == timedelta(seconds=work_s)
        assert begins.weekday() < 5
        assert 6 <= begins.hour < 22
        at_once = sum(other <= begins < other_ends for other, other_ends in done)
        assert at_once <= 2 * workers


@pytest.mark.parametrize("hours", [(8, 8), (22, 6), (-1, 5), (20, 25)], ids=str)
def test_hours_that_are_none_are_refused(hours: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="hours lie within one day"):
        Hours(*hours)
