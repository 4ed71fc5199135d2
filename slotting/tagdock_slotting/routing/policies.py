"""Routing policies of practice on one block, for many orders at once. All of them start and end at the door's side.

Sources: R. W. Hall (1993), doi:10.1080/07408179308964306 (return, s_shape, midpoint, largest_gap);
K. J. Roodbergen and R. de Koster (2001), doi:10.1080/00207540110028128 (combined).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.distance import Metres
from tagdock_slotting.routing.picks import Reach


@dataclass(frozen=True)
class Side:
    """One block seen from the side of the doors: the way in to the furthest pick from here, and from across.

    Arrays of shape (aisles, orders). `near_half` and `far_half` are the ways to the furthest pick this side of the
    middle from here, and beyond it from across. `start` and `end` are the doors' aisles.
    """

    length_m: float
    pitch_m: float
    start: int
    end: int
    visited: NDArray[np.bool_]
    near: Metres
    far: Metres
    gap: Metres
    near_half: Metres
    far_half: Metres

    @property
    def first(self) -> NDArray[np.int64]:
        """The leftmost aisle that each order visits."""
        return np.asarray(np.argmax(self.visited, axis=0))

    @property
    def last(self) -> NDArray[np.int64]:
        """The rightmost aisle that each order visits."""
        return np.asarray(len(self.visited) - 1 - np.argmax(self.visited[::-1], axis=0))


def seen_from(reach: Reach, halves: tuple[Metres, Metres], pitch_m: float, doors: tuple[int, int], back: bool) -> Side:
    """Look at a block from its front, or from its back where the doors are."""
    near, far = (reach.back, reach.front) if back else (reach.front, reach.back)
    near_half, far_half = (halves[1], halves[0]) if back else halves
    return Side(reach.length_m, pitch_m, *doors, reach.count > 0, near, far, reach.gap, near_half, far_half)


def walk_back(side: Side) -> Metres:
    """Enter each aisle, go to its furthest pick and come back (`return`)."""
    return np.asarray(_across(side) + 2 * np.where(side.visited, side.near, 0.0).sum(axis=0))


def s_shape(side: Side) -> Metres:
    """Walk through every visited aisle; come back in the last one where their number is odd."""
    count = side.visited.sum(axis=0)
    turning = np.where(_leftwards(side), side.first, side.last)
    turn_m = 2 * side.near[turning, np.arange(len(count))]
    odd = count % 2 == 1
    return np.asarray(_across(side) + (count - odd) * side.length_m + np.where(odd, turn_m, 0.0))


def midpoint(side: Side) -> Metres:
    """Walk through the first and the last aisle; enter the others from either end up to their middle."""
    return _both_ends(side, side.near_half + side.far_half)


def largest_gap(side: Side) -> Metres:
    """Walk through the first and the last aisle; leave the widest gap of the others unwalked."""
    widest = np.maximum.reduce([side.gap, side.length_m - side.near, side.length_m - side.far])
    return _both_ends(side, side.length_m - widest)


def combined(side: Side) -> Metres:
    """Walk through or turn back in each aisle, whichever makes the whole shortest, from one side to the other."""
    here, across = np.zeros(side.visited.shape[1]), np.full(side.visited.shape[1], np.inf)
    for visited, near, far in zip(side.visited, side.near, side.far, strict=True):
        next_here = np.minimum(here + 2 * near, across + side.length_m)
        next_across = np.minimum(across + 2 * far, here + side.length_m)
        here, across = np.where(visited, next_here, here), np.where(visited, next_across, across)
    return np.asarray(_across(side) + here)


POLICIES: dict[str, Callable[[Side], Metres]] = {
    "return": walk_back,
    "s_shape": s_shape,
    "midpoint": midpoint,
    "largest_gap": largest_gap,
    "combined": combined,
}


def _both_ends(side: Side, walked: Metres) -> Metres:
    several = side.visited.sum(axis=0) > 1
    inner = side.visited.copy()
    orders = np.arange(inner.shape[1])
    inner[side.first, orders] = inner[side.last, orders] = False
    through = 2 * side.length_m + 2 * np.where(inner, walked, 0.0).sum(axis=0)
    return np.asarray(np.where(several, _across(side) + through, walk_back(side)))


def _across(side: Side) -> Metres:
    return np.asarray(np.minimum(_rightward_m(side), _leftward_m(side)))


def _leftwards(side: Side) -> NDArray[np.bool_]:
    """Return for which orders it is shorter to go from right to left."""
    return np.asarray(_leftward_m(side) < _rightward_m(side))


def _rightward_m(side: Side) -> Metres:
    aisles = np.abs(side.first - side.start) + (side.last - side.first) + np.abs(side.last - side.end)
    return np.asarray(aisles * side.pitch_m)


def _leftward_m(side: Side) -> Metres:
    aisles = np.abs(side.last - side.start) + (side.last - side.first) + np.abs(side.first - side.end)
    return np.asarray(aisles * side.pitch_m)
