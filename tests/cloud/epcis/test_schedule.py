from datetime import UTC, datetime

import pytest
from tagdock_cloud.epcis.schedule import next_after, read_schedule

_NOW = datetime(2026, 1, 5, 8, 30, 15, 500, UTC)  # a Monday


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        pytest.param({"second": "0"}, "2026-01-05T08:31:00", id="every-minute"),
        pytest.param({"second": "[0-59]"}, "2026-01-05T08:30:16", id="every-second"),
        pytest.param({"minute": "5"}, "2026-01-05T09:05:00", id="every-hour"),
        pytest.param({"minute": "0,30,45"}, "2026-01-05T08:45:00", id="three-times-an-hour"),
        pytest.param({"hour": "1", "minute": "5"}, "2026-01-06T01:05:00", id="every-night"),
        pytest.param({"hour": "8"}, "2026-01-06T08:00:00", id="once-a-day"),
        pytest.param({"dayOfWeek": "7"}, "2026-01-11T00:00:00", id="sundays"),
        pytest.param({"dayOfMonth": "31"}, "2026-01-31T00:00:00", id="thirty-first"),
        pytest.param({"dayOfMonth": "29", "month": "2"}, "2028-02-29T00:00:00", id="leap-day"),
        pytest.param({"hour": "[9-17]", "dayOfWeek": "[1-5]", "minute": "0"}, "2026-01-05T09:00:00", id="at-work"),
    ],
)
def test_a_schedule_is_next_due(schedule: dict[str, str], due: str) -> None:
    assert next_after(read_schedule(schedule), _NOW) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_due_time_is_after_the_last_one() -> None:
    at = datetime(2026, 1, 5, 8, 31, tzinfo=UTC)
    assert next_after(read_schedule({"second": "0"}), at) == datetime(2026, 1, 5, 8, 32, tzinfo=UTC)


def test_what_is_never_due_is_found_out() -> None:
    assert next_after(read_schedule({"dayOfMonth": "30", "month": "2"}), _NOW) is None


@pytest.mark.parametrize(
    "schedule",
    [{}, {"second": "60"}, {"hour": "-1"}, {"hour": "2-1"}, {"hour": "[5-3]"}, {"year": "2027"}, {"minute": "*"}],
    ids=str,
)
def test_what_is_no_schedule_is_refused_by_its_unit(schedule: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="schedule"):
        read_schedule(schedule)
