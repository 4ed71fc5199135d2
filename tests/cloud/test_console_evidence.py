"""A passage's evidence as a drawing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tagdock_cloud.console.evidence import FLOOR, LEFT, RIGHT, TOP, picture

BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)


def at(seconds: float) -> str:
    return (BEGIN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def antenna(number: int, side: str | None, first: float, peak: float, last: float, rssi_dbm: float) -> dict[str, Any]:
    told = {"reader": "dock-1", "antenna": number, "reads": 9, "peak_rssi_dbm": rssi_dbm}
    times = {"first_at": at(first), "peak_at": at(peak), "last_at": at(last)}
    return {**told, **times, **({"side": side} if side else {})}


def test_rows_stand_in_the_order_in_which_they_were_strongest() -> None:
    drawn = picture({"antennas": [antenna(2, "inside", 0.5, 1.5, 2.0, -50), antenna(1, "outside", 0, 0.5, 1.5, -60)]})
    assert drawn is not None
    outside, inside = drawn.tents
    assert (outside.side, inside.side) == ("outside", "inside")
    assert LEFT < outside.peak_x < inside.peak_x < RIGHT
    assert TOP < inside.peak_y < outside.peak_y < FLOOR  # the stronger stands higher
    assert outside.outline.startswith(f"{LEFT},{FLOOR} {outside.peak_x},{outside.peak_y} ")
    assert "dock-1/1 outside: 9 reads, strongest -60 dBm after 0.50 s" in drawn.said


def test_photo_eyes_lie_where_they_were_broken_and_one_that_stays_broken_lasts_to_the_end() -> None:
    eyes = [{"side": "outside", "broken_at": at(1), "cleared_at": at(2)}, {"side": "inside", "broken_at": at(3)}]
    drawn = picture({"antennas": [antenna(1, "outside", 0, 1, 4, -50)], "photo_eyes": eyes})
    assert drawn is not None
    first, second = drawn.bars
    span = RIGHT - LEFT
    assert (first.x, first.width) == pytest.approx((LEFT + span / 4, span / 4))
    assert second.x + second.width == pytest.approx(RIGHT) and second.y > first.y
    assert "photo-eye inside broken after 3.00 s" in drawn.said


def test_one_read_is_drawn_too_and_what_has_no_side_is_told() -> None:
    drawn = picture({"antennas": [antenna(7, None, 0, 0, 0, -70)]})
    assert drawn is not None
    (tent,) = drawn.tents
    corners = [float(pair.split(",")[0]) for pair in tent.outline.split()]
    assert corners[0] < corners[1] < corners[2]
    assert drawn.seconds[-1][0] <= RIGHT and len(drawn.levels) >= 1
    assert "no side" in tent.said


def test_doors_that_saw_it_and_the_reason_are_told() -> None:
    lost = [{"door": "D2", "reads": 1, "score": 0.1}, {"door": "D3", "reads": 4, "score": 0.2}]
    drawn = picture({"antennas": [antenna(1, None, 0, 0, 1, -50)], "doors_lost": lost, "reason": "both rows at once"})
    assert drawn is not None
    assert drawn.lost == ("D2 saw it, too: 1 read", "D3 saw it, too: 4 reads")
    assert drawn.reason == "both rows at once"


@pytest.mark.parametrize(
    "told",
    [{}, {"reads": 12}, {"antennas": []}, {"antennas": "many"}, {"antennas": [{"reader": "r"}]}, {"score": [1, 2]}],
    ids=["nothing", "a count", "no antenna", "no list", "half an antenna", "another gateway's words"],
)
def test_what_is_no_evidence_of_ours_is_not_drawn(told: dict[str, Any]) -> None:
    assert picture(told) is None
