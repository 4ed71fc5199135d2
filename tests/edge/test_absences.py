"""How long readers were unreachable: named at its end, counted while it goes on, never less than nothing."""

import pytest
from tagdock_edge.absences import Absences
from tagdock_edge.inbox import ReaderNews, ReaderState

S = 1_000_000
NOW_US = 1_767_600_000 * S


def news(state: ReaderState, at_s: float, reader: str = "dock-1", detail: str = "") -> ReaderNews:
    return ReaderNews(NOW_US + round(at_s * S), reader, state, detail=detail)


@pytest.mark.parametrize(
    ("told", "seconds", "last"),
    [
        ([("up", 0)], {}, ""),
        ([("down", 1), ("up", 13.4)], {"dock-1": 12.4}, "was unreachable for 12.4 s: "),
        ([("down", 1), ("down", 5), ("up", 9)], {"dock-1": 8.0}, "was unreachable for 8.0 s: "),
        ([("down", 0), ("up", 2), ("down", 10), ("up", 11)], {"dock-1": 3.0}, "was unreachable for 1.0 s: "),
        ([("down", 0), ("up", 2), ("slow", 3), ("up", 9)], {"dock-1": 2.0}, ""),
        ([("down", 0), ("antenna_up", 3)], {"dock-1": 20.0}, ""),
        ([("down", 9), ("up", 2)], {"dock-1": 0.0}, "was unreachable for 0.0 s: "),
    ],
    ids=["never", "once", "another trouble meanwhile", "twice", "slow is not away", "still", "the clock was set back"],
)
def test_an_absence_is_counted_and_named_at_its_end(
    told: list[tuple[ReaderState, float]], seconds: dict[str, float], last: str
) -> None:
    absences = Absences()
    noted = [absences.note(news(*each)) for each in told]
    assert noted[-1].detail.startswith(last)
    assert bool(noted[-1].detail) == bool(last)
    assert absences.seconds(NOW_US + 20 * S) == pytest.approx(seconds)


def test_each_reader_has_its_own_and_keeps_what_its_driver_says() -> None:
    absences = Absences()
    absences.note(news("down", 0, "a"))
    absences.note(news("down", 5, "b", "cut"))
    ended = absences.note(news("up", 6, "b", "its clock is an hour ahead"))
    assert ended.detail.endswith("; its clock is an hour ahead")
    assert absences.seconds(NOW_US + 7 * S) == {"a": 7.0, "b": 1.0}
