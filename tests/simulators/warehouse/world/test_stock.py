"""Bins hold what they hold, the books say what they say, and room is found where it is."""

import pytest
from tagdock_simulators.warehouse.world.items import Item, Kind
from tagdock_simulators.warehouse.world.settings import Settings
from tagdock_simulators.warehouse.world.stock import Stock

KIND = Kind("A1", 6, 1.0, 0x3034257BF7194E4000000000, "urn:epc:id:sgtin:9521234.012345.")


@pytest.fixture
def stock() -> Stock:
    return Stock({"A1": "F1", "B2": "F2"}, ["R1", "R2"], Settings(face_items=4, reserve_items=5))


def items(count: int) -> list[Item]:
    return [Item(KIND, serial) for serial in range(count)]


def test_a_bin_never_takes_more_than_it_holds(stock: Stock) -> None:
    face = stock.face(KIND)
    stock.put(face, items(4))
    with pytest.raises(ValueError, match="room for 0 items"):
        stock.put(face, items(1))


def test_what_is_not_in_a_bin_cannot_be_taken(stock: Stock) -> None:
    with pytest.raises(ValueError, match="not in list"):
        stock.take(stock.face(KIND), items(1))


def test_room_is_in_the_face_first_then_in_empty_reserve_bins(stock: Stock) -> None:
    assert [(bin_.id, count) for bin_, count in stock.room_for(KIND, 11)] == [("F1", 4), ("R1", 5), ("R2", 2)]


def test_room_ends_when_the_house_is_full(stock: Stock) -> None:
    assert sum(count for _, count in stock.room_for(KIND, 99)) == 14


def test_a_reserve_bin_that_is_empty_in_truth_and_books_is_used_again(stock: Stock) -> None:
    things = items(9)
    for bin_, count in stock.room_for(KIND, 9):
        stock.put(bin_, things[:count])
        stock.book(bin_, "A1", count)
        things = things[count:]
    reserve = stock.bins["R1"]
    stock.take(reserve, list(reserve.items))
    assert all(bin_ is not reserve for bin_, _ in stock.room_for(Kind("B2", 6, 1.0, 0, ""), 9))
    stock.book(reserve, "A1", -5)
    assert [bin_.id for bin_, _ in stock.room_for(Kind("B2", 6, 1.0, 0, ""), 9)] == ["F2", "R1"]


def test_the_oldest_items_are_the_first_to_go(stock: Stock) -> None:
    face, things = stock.face(KIND), items(3)
    stock.put(face, things)
    assert face.first("A1", 2) == things[:2]
    assert face.first("B2", 2) == []
