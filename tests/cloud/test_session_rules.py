"""When a session may begin and end."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tagdock_cloud.sessions.rules import LEAD, begin_at, begin_by_rule, check_door, end_at
from tagdock_cloud.web.problems import Problem

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("asked", "last", "begins"),
    [
        pytest.param(None, None, 0, id="now"),
        pytest.param(-30, None, -30, id="the truck has been there"),
        pytest.param(None, -10, 0, id="after the last one"),
        pytest.param(None, 2, 2, id="the last one ended ahead of the clock"),
        pytest.param(-10, -10, -10, id="on the heels of the last one"),
        pytest.param(-30, -10, None, id="into the last one"),
        pytest.param(6, None, None, id="ahead"),
    ],
)
def test_a_session_begins(asked: float | None, last: float | None, begins: float | None) -> None:
    values = None if asked is None else at(asked), None if last is None else at(last), NOW
    if begins is None:
        with pytest.raises(Problem, match="opened_at"):
            begin_at(*values)
    else:
        assert begin_at(*values) == at(begins)


@pytest.mark.parametrize(
    ("last", "begins"),
    [
        pytest.param(None, NOW - LEAD, id="a little before the goods"),
        pytest.param(-0.5, at(-0.5), id="not before the last one ended"),
        pytest.param(0, NOW, id="just when the last one ended"),
        pytest.param(1, None, id="goods of the last one"),
    ],
)
def test_goods_open_a_session(last: float | None, begins: datetime | None) -> None:
    assert begin_by_rule(NOW, None if last is None else at(last)) == begins


@pytest.mark.parametrize(
    ("asked", "opened", "ends"),
    [
        pytest.param(None, -30, 0, id="now"),
        pytest.param(-10, -30, -10, id="it left some time ago"),
        pytest.param(-30, -30, None, id="when it began"),
        pytest.param(6, -30, None, id="ahead"),
    ],
)
def test_a_session_ends(asked: float | None, opened: float, ends: float | None) -> None:
    values = None if asked is None else at(asked), at(opened), NOW
    if ends is None:
        with pytest.raises(Problem, match="until_at"):
            end_at(*values)
    else:
        assert end_at(*values) == at(ends)


def test_a_door_has_one_session_at_a_time() -> None:
    check_door("D1", None)
    with pytest.raises(Problem, match="close it first"):
        check_door("D1", UUID(int=1))
