"""How busy a day is follows from its weekday and season."""

from datetime import date, timedelta

import pytest
from tagdock_simulators.warehouse.shape import GIFTS


def test_shares_and_levels_are_whole() -> None:
    assert sum(GIFTS.hours) == pytest.approx(1.0, abs=0.001)
    assert sum(GIFTS.weekdays) == pytest.approx(6.0, abs=0.01)
    assert sum(share for _, share in GIFTS.quantities) < 1.0
    year = [date(2026, 1, 4) + timedelta(days=offset) for offset in range(354)]
    season = [GIFTS.level(day) / GIFTS.weekdays[day.weekday()] for day in year if day.weekday() != 5]
    assert sum(season) / len(season) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("day", "level"),
    [
        (date(2026, 11, 11), 1.757 * 1.028),
        (date(2026, 11, 14), 0.0),
        (date(2026, 12, 25), 0.0),
        (date(2026, 1, 2), 0.0),
        (date(2026, 2, 2), 1.045 * (0.727 - 0.007 * 29 / 56)),
    ],
    ids=["Wednesday on a knot", "Saturday", "Christmas", "New Year", "between two knots"],
)
def test_a_day_has_its_level(day: date, level: float) -> None:
    assert GIFTS.level(day) == pytest.approx(level, rel=1e-3)
