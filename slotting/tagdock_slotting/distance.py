"""How far is it? A given matrix wins, else the aisle layout, else |dx| + |dy|. All distances in metres."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.problem import Aisles, Bin, Door, Problem

Metres = NDArray[np.float64]
Indices = NDArray[np.intp]


class BinDistance(Protocol):
    """Distances between bins, asked for by index."""

    def __call__(self, start: Indices, end: Indices) -> Metres:
        """Return the distance from each start to each end; the two arrays are broadcast against each other."""


def door_distances(problem: Problem) -> Metres:
    """Return the distance from each bin to each door, shape (bins, doors)."""
    if problem.bin_door_m is not None:
        given = problem.bin_door_m
        rows = np.array(given.rows, dtype=np.float64).reshape(len(given.bins), len(given.doors))
        by_bin = _positions(given.bins, [place.id for place in problem.bins])
        by_door = _positions(given.doors, [door.id for door in problem.doors])
        return rows[np.ix_(by_bin, by_door)]
    if problem.aisles is not None:
        return _aisle_door_distances(problem.aisles, problem.bins, problem.doors)
    bins, doors = _points(problem.bins), _points(problem.doors)
    gaps = np.abs(bins[:, None, :] - doors[None, :, :])
    return np.asarray(gaps.sum(axis=2))


def bin_distances(problem: Problem) -> BinDistance:
    """Return the function that measures between bins."""
    if problem.bin_bin_m is not None:
        given = problem.bin_bin_m
        order = _positions(given.bins, [place.id for place in problem.bins])
        return _Matrix(np.array(given.rows, dtype=np.float64)[np.ix_(order, order)])
    if problem.aisles is not None:
        return _Aisles(
            np.array([place.aisle or 0 for place in problem.bins]),
            cell_positions(problem.aisles)[[place.cell or 0 for place in problem.bins]],
            cross_positions(problem.aisles),
            problem.aisles.pitch_m,
        )
    return _Rectilinear(_points(problem.bins))


def cell_positions(aisles: Aisles) -> Metres:
    """Return how far each cell lies from the front cross-aisle."""
    cells = np.arange(aisles.cells)
    positions = aisles.front_gap_m + cells * aisles.cell_m
    for cross in aisles.cross_aisles:
        positions = positions + (cells > cross.after_cell) * cross.width_m
    return np.asarray(positions, dtype=np.float64)


def cross_positions(aisles: Aisles) -> Metres:
    """Return how far each cross-aisle lies from the front one; a middle one is walked along its centre line."""
    cells = cell_positions(aisles)
    middle = [(cells[cross.after_cell] + cells[cross.after_cell + 1]) / 2 for cross in aisles.cross_aisles]
    return np.array([0.0, *middle, cells[-1] + aisles.back_gap_m])


def _aisle_door_distances(aisles: Aisles, bins: tuple[Bin, ...], doors: tuple[Door, ...]) -> Metres:
    """Walk along the aisle to the door's side, then across: any other way is at least as long."""
    along = cell_positions(aisles)[[place.cell or 0 for place in bins]]
    aisle = np.array([place.aisle or 0 for place in bins])
    side = np.array([0.0 if door.end == "front" else cross_positions(aisles)[-1] for door in doors])
    across = np.abs(aisle[:, None] - np.array([door.aisle or 0 for door in doors])[None, :]) * aisles.pitch_m
    gaps = np.array([door.gap_m for door in doors])
    return np.asarray(np.abs(along[:, None] - side[None, :]) + across + gaps[None, :])


def _positions(names: tuple[str, ...], wanted: list[str]) -> Indices:
    place = {name: index for index, name in enumerate(names)}
    return np.array([place[name] for name in wanted], dtype=np.intp)


def _points(places: tuple[Bin, ...] | tuple[Door, ...]) -> Metres:
    return np.array([(place.x_m or 0.0, place.y_m or 0.0) for place in places])


@dataclass(frozen=True)
class _Matrix:
    rows: Metres

    def __call__(self, start: Indices, end: Indices) -> Metres:
        return np.asarray(self.rows[start, end])


@dataclass(frozen=True)
class _Rectilinear:
    points: Metres

    def __call__(self, start: Indices, end: Indices) -> Metres:
        return np.asarray(np.abs(self.points[start] - self.points[end]).sum(axis=-1))


@dataclass(frozen=True)
class _Aisles:
    """Within an aisle straight along it; between aisles through the cross-aisle that makes the way shortest."""

    aisle: NDArray[np.int64]
    along_m: Metres
    cross_m: Metres
    pitch_m: float

    def __call__(self, start: Indices, end: Indices) -> Metres:
        one, other = self.along_m[start], self.along_m[end]
        through = np.minimum.reduce([np.abs(one - cross) + np.abs(cross - other) for cross in self.cross_m])
        apart = np.abs(self.aisle[start] - self.aisle[end])
        return np.asarray(np.where(apart == 0, np.abs(one - other), through + apart * self.pitch_m))
