"""Distances as the design gives them: matrix before aisles before coordinates."""

import numpy as np
import pytest
from msgspec.structs import replace
from tagdock_slotting.distance import bin_distances, cell_positions, cross_positions, door_distances
from tagdock_slotting.problem import Aisles, Bin, BinBinMatrix, BinDoorMatrix, CrossAisle, Door, Item, Problem

TWO_BLOCKS = Aisles(
    count=3,
    pitch_m=3.0,
    cells=4,
    cell_m=1.0,
    front_gap_m=1.0,
    back_gap_m=2.0,
    cross_aisles=(CrossAisle(after_cell=1, width_m=2.0),),
)
"""Cells 1, 2, 5 and 6 m from the front; cross-aisles at 0, 3.5 and 8 m."""

BINS = tuple(Bin(id=f"{a}-{c}", aisle=a, cell=c, x_m=a, y_m=c) for a in range(3) for c in range(4))
DOORS = (Door(id="F", aisle=0, gap_m=5.0, x_m=0, y_m=-1), Door(id="K", aisle=2, end="back", x_m=9, y_m=9))
PROBLEM = Problem(doors=DOORS, bins=BINS, items=(Item(sku="S"),), aisles=TWO_BLOCKS)


def between(problem: Problem, one: str, other: str) -> float:
    names = [place.id for place in problem.bins]
    return float(bin_distances(problem)(np.array(names.index(one)), np.array(names.index(other))))


def test_cells_and_cross_aisles_lie_where_the_gaps_put_them() -> None:
    assert cell_positions(TWO_BLOCKS).tolist() == [1.0, 2.0, 5.0, 6.0]
    assert cross_positions(TWO_BLOCKS).tolist() == [0.0, 3.5, 8.0]


@pytest.mark.parametrize(
    ("place", "to_front", "to_back"),
    [("0-0", 5 + 1, 6 + 7), ("0-3", 5 + 6, 6 + 2), ("2-2", 5 + 6 + 5, 3), ("1-1", 5 + 3 + 2, 3 + 6)],
)
def test_doors_are_reached_along_the_aisle_and_across(place: str, to_front: float, to_back: float) -> None:
    row = [known.id for known in BINS].index(place)
    assert door_distances(PROBLEM)[row].tolist() == [to_front, to_back]


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        ("0-0", "0-3", 5.0),
        ("0-0", "1-0", 3 + 2.0),
        ("0-1", "1-2", 3 + 1.5 + 1.5),
        ("0-3", "2-3", 6 + 2 + 2.0),
        ("1-1", "1-1", 0.0),
        ("0-1", "1-1", 3 + 3.0),
    ],
)
def test_bins_are_joined_through_the_best_cross_aisle(one: str, other: str, metres: float) -> None:
    assert between(PROBLEM, one, other) == metres
    assert between(PROBLEM, other, one) == metres


def test_without_aisles_coordinates_count() -> None:
    flat = replace(PROBLEM, aisles=None)
    assert door_distances(flat)[0].tolist() == [1.0, 18.0]
    assert between(flat, "0-0", "2-3") == 5.0


def test_a_matrix_wins_and_its_order_is_its_own() -> None:
    names = tuple(place.id for place in reversed(BINS))
    to_doors = BinDoorMatrix(bins=names, doors=("K", "F"), rows=tuple((float(n), 100.0 + n) for n in range(12)))
    to_bins = BinBinMatrix(bins=names, rows=tuple(tuple(float(10 * a + b) for b in range(12)) for a in range(12)))
    given = replace(PROBLEM, bin_door_m=to_doors, bin_bin_m=to_bins)
    assert door_distances(given)[0].tolist() == [111.0, 11.0]
    assert between(given, "2-3", "2-2") == 1.0
    assert between(given, "2-2", "2-3") == 10.0
