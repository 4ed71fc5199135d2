"""Grafana's words for time."""

from datetime import UTC, datetime, timedelta

import pytest
from tagdock_dashboards.errors import ConfigurationError, QueryError
from tagdock_dashboards.periods import interval_ms, length_ms, length_text, moment

NOW = datetime(2026, 11, 19, 13, 45, 30, 250_000, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", NOW),
        ("now-24h", NOW - timedelta(hours=24)),
        ("now+5m", NOW + timedelta(minutes=5)),
        ("now/d", datetime(2026, 11, 19, tzinfo=UTC)),
        ("now-1d/d", datetime(2026, 11, 18, tzinfo=UTC)),
        ("now/h", datetime(2026, 11, 19, 13, tzinfo=UTC)),
        ("now/m", datetime(2026, 11, 19, 13, 45, tzinfo=UTC)),
        ("now/s", datetime(2026, 11, 19, 13, 45, 30, tzinfo=UTC)),
        ("now/w", datetime(2026, 11, 16, tzinfo=UTC)),
        ("now/M", datetime(2026, 11, 1, tzinfo=UTC)),
        ("now/y", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-05T09:00:00+01:00", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("2026-01-05T08:00:00Z", datetime(2026, 1, 5, 8, tzinfo=UTC)),
    ],
)
def test_moments(text: str, at: datetime) -> None:
    assert moment(text, NOW) == at


@pytest.mark.parametrize("text", ["", "yesterday", "now-", "now-5", "now-5x", "2026-01-05T08:00:00", "5m", "now/q"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write"):
        moment(text, NOW)


@pytest.mark.parametrize(
    ("hours", "points", "at_least", "length"),
    [
        pytest.param(24, 1000, None, "1m", id="86 s are nearest to a minute"),
        pytest.param(24, 500, None, "2m", id="173 s are nearest to two"),
        pytest.param(6, 1000, None, "20s", id="21.6 s"),
        pytest.param(6, 1000, "1m", "1m", id="no shorter than asked"),
        pytest.param(24 * 365, 1000, None, "6h", id="8.8 h"),
        pytest.param(24 * 365, 400, None, "12h", id="22 h round down"),
        pytest.param(24 * 365, 100, None, "1d", id="3.7 days round down"),
        pytest.param(0.001, 1000, None, "1ms", id="a blink"),
    ],
)
def test_interval_of_one_point(hours: float, points: int, at_least: str | None, length: str) -> None:
    until = NOW + timedelta(hours=hours)
    assert length_text(interval_ms(NOW, until, points=points, at_least=at_least)) == length


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("20ms", 20), ("1.5h", 5_400_000), (">10s", 10_000), ("2d", 172_800_000)]
)
def test_lengths(text: str, milliseconds: float) -> None:
    assert length_ms(text) == milliseconds


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "5 minutes"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="no length of time"):
        length_ms(text)
