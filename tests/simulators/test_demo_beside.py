"""What was arranged and carried against what the cloud says of it."""

from datetime import UTC, datetime

import pytest
from tagdock_simulators.demo.beside import Moved, TruckEnd, beside_json, beside_rows, with_record
from tagdock_simulators.demo.furnish import reorder_points
from tagdock_simulators.demo.relocation import first_moves
from tagdock_simulators.demo.troubles import turned_round
from tagdock_simulators.scenarios import SCENARIOS
from tagdock_simulators.warehouse.generate import generate_orders

CARRIED = Moved(approved=3, carried=(("e1", "A"), ("e2", "B")), confirmed=2)


@pytest.mark.parametrize(
    ("placed", "counts"),
    [
        ([("e1", "A"), ("e2", "B")], (0, 0, 0)),
        ([("e1", "A")], (1, 0, 0)),
        ([("e1", "A"), ("e2", "B"), ("e1", "A")], (0, 1, 0)),
        ([("e1", "A"), ("e2", "C")], (1, 0, 1)),
    ],
    ids=["right", "lost", "doubled", "elsewhere"],
)
def test_goods_in_bins_are_held_against_what_was_carried(
    placed: list[tuple[str, str]], counts: tuple[int, int, int]
) -> None:
    moved = with_record(CARRIED, placed)
    assert (len(moved.lost), moved.doubled, len(moved.unexpected)) == counts
    assert moved.is_right == (counts == (0, 0, 0))


@pytest.mark.parametrize(
    ("said", "wrong"), [((1, 0), 0), ((0, 0), 1), (None, 1)], ids=["the same", "otherwise", "nothing"]
)
def test_trucks_are_held_against_what_was_arranged(said: tuple[int, int] | None, wrong: int) -> None:
    ends = [TruckEnd("SO-1", (1, 0), said)]
    told = beside_json(ends, Moved())["trucks"]
    assert (told["ended"], told["with_differences"], len(told["told_otherwise"])) == (1, 1, wrong)
    words = dict(beside_rows(ends, CARRIED))
    assert words["trucks"].endswith("the cloud says otherwise of 1") == bool(wrong)
    assert "2 confirmed by reads" in words["moves"]


def test_first_moves_are_open_ones_into_different_bins() -> None:
    moves = [
        {"status": "waiting", "to_bin": "A", "sku": "1"},
        {"status": "open", "to_bin": "B", "sku": "2"},
        {"status": "open", "to_bin": "B", "sku": "3"},
        {"status": "open", "to_bin": "C", "sku": "4"},
        {"status": "open", "to_bin": "D", "sku": "5"},
    ]
    assert first_moves(moves, 2) == {"B": "2", "C": "4"}


def test_reorder_points_are_what_is_sold_until_goods_come() -> None:
    rules = reorder_points(generate_orders(1, lines=2_000).lines)
    assert len({rule["sku"] for rule in rules}) == len(rules) == 12
    assert all(rule["low"] >= 1 and rule["near"] == 2 * rule["low"] for rule in rules)


def test_a_carton_that_turns_round_in_a_door_is_heard_alike_from_both_sides() -> None:
    door = SCENARIOS["clean-two-row"].geometry()[0]
    reads = turned_round(door, "3034257BF7194E4000001A85", datetime(2026, 3, 2, tzinfo=UTC))
    by_side = {
        side: [(read.at, read.rssi_dbm) for read in reads if read.antenna == antenna.port]
        for antenna in door.antennas
        for side in (antenna.side,)
    }
    assert by_side["outside"] == by_side["inside"] == by_side["inside"][:9]
    levels = [level for _, level in by_side["inside"]]
    assert levels == levels[::-1]
    assert max(levels) == levels[4]
