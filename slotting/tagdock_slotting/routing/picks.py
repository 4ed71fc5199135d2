"""Orders seen from the aisles: how far into each block of each aisle an order makes the picker go."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.distance import Indices, Metres


@dataclass(frozen=True)
class Visits:
    """Picks as flat arrays: pick `k` is for order `order[k]`, in aisle `aisle[k]`, `along_m[k]` from the front."""

    orders: int
    order: Indices
    aisle: Indices
    along_m: Metres


@dataclass(frozen=True)
class Reach:
    """One block of all aisles, for all orders; arrays of shape (aisles, orders), metres.

    `front` and `back` are the ways from the block's ends to its furthest pick, `gap` is the widest gap between two
    picks; 0 where `count`, the number of different places, is 0 (for `gap`: below 2).
    """

    length_m: float
    count: NDArray[np.int64]
    front: Metres
    back: Metres
    gap: Metres


def reach(visits: Visits, aisles: int, low_m: float, high_m: float) -> Reach:
    """Measure the picks between two cross-aisles, `low_m` (0: included) and `high_m` (included) from the front."""
    inside = ((visits.along_m > low_m) | (low_m == 0)) & (visits.along_m <= high_m)
    key = visits.aisle[inside] * visits.orders + visits.order[inside]
    along = visits.along_m[inside] - low_m
    by_place = np.lexsort((along, key))
    key, along = key[by_place], along[by_place]
    size = aisles * visits.orders
    front, back, gap = np.zeros(size), np.zeros(size), np.zeros(size)
    np.maximum.at(front, key, along)
    np.maximum.at(back, key, high_m - low_m - along)
    neighbours = key[1:] == key[:-1]
    steps = np.diff(along)
    np.maximum.at(gap, key[1:][neighbours], steps[neighbours])
    new_place = np.concatenate([np.ones(min(len(key), 1), dtype=np.bool_), ~neighbours | (steps > 0)])
    count = np.bincount(key[new_place], minlength=size)
    shape = (aisles, visits.orders)
    return Reach(high_m - low_m, count.reshape(shape), front.reshape(shape), back.reshape(shape), gap.reshape(shape))
