"""Past weeks are whole weeks of the book, day by day up to yesterday, and no door has two trucks at once."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from tagdock_simulators.demo import history
from tagdock_simulators.demo.history import Day, Visit, split, visits
from tagdock_simulators.demo.trucks import Dispatcher
from tagdock_simulators.warehouse.catalogue import build_catalogue
from tagdock_simulators.warehouse.loads import Tagger, pack_loads
from tagdock_simulators.warehouse.orders import OrderLine

MONDAY = date(2026, 11, 23)
FIRST = datetime.fromisoformat("2010-12-01T09:00")  # a Wednesday; a shop's own time, without a zone


def line(day: int, number: int = 0, hour: int = 9) -> OrderLine:
    at = FIRST.replace(hour=hour) + timedelta(days=day)
    return OrderLine(at, f"I{day}-{number}", f"SKU{number % 7}", "a thing", 1, is_return=number % 5 == 4)


BOOK = [line(day, number) for day in range(100) if day % 7 != 3 for number in range(10)]


def test_weeks_end_yesterday_and_keep_their_weekdays() -> None:
    days, _ = split(BOOK, 8, MONDAY)
    assert len(days) == 8 * 6
    assert days[0].on == MONDAY - timedelta(weeks=8)
    assert days[-1].on == MONDAY - timedelta(days=1)
    assert all(day.on.weekday() == line.at.weekday() for day in days for line in day.lines)
    assert all(earlier.on < later.on for earlier, later in pairwise(days))


def test_nothing_is_left_out_between_the_past_and_what_follows() -> None:
    days, following = split(BOOK, 2, MONDAY)
    played = [line for day in days for line in day.lines]
    begin = BOOK.index(played[0])
    assert [*played, *islice(following, 100)] == BOOK[begin : begin + len(played) + 100]


def test_a_book_that_is_too_short_is_played_again_and_one_in_disorder_is_put_in_order() -> None:
    days, _ = split(list(reversed(BOOK[:60])), 8, MONDAY)
    assert days[-1].on >= MONDAY - timedelta(days=7)
    assert all(line.at.weekday() == day.on.weekday() for day in days[:4] for line in day.lines)


def test_a_past_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LINES_AT_MOST", 50)
    with pytest.raises(ValueError, match="more than 50 order lines; play fewer weeks"):
        split(BOOK, 8, MONDAY)


@pytest.mark.parametrize("lines", [3, 200, 5_000])
def test_trucks_of_a_door_come_one_after_the_other_and_on_their_day(lines: int) -> None:
    stays = _stays([line(0, number, hour=23) for number in range(lines)])
    by_door: dict[str, list[Visit]] = {}
    for stay in sorted(stays, key=lambda stay: stay.opened_at):
        by_door.setdefault(stay.truck.door, []).append(stay)
        times = [at for _, at in stay.crossings]
        assert stay.opened_at < times[0]
        assert times == sorted(set(times))
        assert times[-1] < stay.closed_at
    for queue in by_door.values():
        assert all(earlier.closed_at <= later.opened_at for earlier, later in pairwise(queue))
    assert {at.date() for stay in stays for at in (stay.opened_at, stay.closed_at)} == {MONDAY}
    assert sum(len(stay.crossings) for stay in stays) == lines


def _stays(lines: list[OrderLine]) -> list[Visit]:
    day = Day(MONDAY, tuple(lines))
    tagger = Tagger(build_catalogue(lines, {}), datetime(2026, 11, 23, tzinfo=UTC))
    dispatcher = Dispatcher(tagger, datetime(2026, 11, 23, tzinfo=UTC))
    loads = pack_loads(day.lines, tagger, 20)
    return visits([truck for load in loads for truck in dispatcher.trucks([load])], day.on)
