"""The gateway's measure of time: the reads', carried on, held back while reports come late."""

import pytest
from tagdock_edge.read_clock import REMEMBERED_S, USUAL_US, WAITED_FOR_US, ReadClock

BEGIN_US, BEGIN_S = 1_767_600_000_000_000, 500.0


def clock() -> ReadClock:
    one = ReadClock()
    one.note(BEGIN_US, BEGIN_S)
    return one


def test_there_is_no_time_before_the_first_read() -> None:
    assert ReadClock().at(BEGIN_S) == 0


def test_time_goes_on_by_the_clock_after_the_newest_read() -> None:
    one = clock()
    one.note(BEGIN_US + 400_000, BEGIN_S + 0.1)
    assert one.at(BEGIN_S + 1.1) == BEGIN_US + 1_400_000


def test_an_older_read_does_not_turn_it_back() -> None:
    one = clock()
    one.note(BEGIN_US - 5_000_000, BEGIN_S + 1)
    assert one.at(BEGIN_S + 1) == BEGIN_US + 1_000_000


@pytest.mark.parametrize(
    ("late_us", "waits_us"),
    [(USUAL_US, 0), (USUAL_US + 1, 1), (USUAL_US + WAITED_FOR_US, WAITED_FOR_US), (USUAL_US + WAITED_FOR_US + 1, 0)],
    ids=["gathered as usual", "a little late", "as late as is waited for", "out of a memory"],
)
def test_verdicts_wait_as_long_as_a_report_was_late(late_us: int, waits_us: int) -> None:
    one = clock()
    one.note(BEGIN_US + 1_000_000 - late_us, BEGIN_S + 1)
    assert one.waits_us(BEGIN_S + 1) == waits_us


def test_the_latest_report_of_the_last_minute_counts() -> None:
    one = clock()
    for at_s, late_us in ((1, 2_000_000), (30, 3_000_000), (50, 1_000_000)):
        one.note(BEGIN_US + at_s * 1_000_000 - USUAL_US - late_us, BEGIN_S + at_s)
    seen = [one.waits_us(BEGIN_S + at_s) for at_s in (51, 89, 91, 109, 111)]
    assert seen == [3_000_000, 3_000_000, 1_000_000, 1_000_000, 0]
    assert one.waits_us(BEGIN_S + 50 + REMEMBERED_S + 1) == 0
