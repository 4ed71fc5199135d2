"""Bins and items that the linear costs can't tell apart, put together: a warehouse of 3,400 bins has 400 kinds of bin.

Bins are put together where they have the same distances, height, zone, room and slots; items where they have the same
flow, size and zones and lie in the same kind of bin. Nothing is lost: an optimum over classes is one over bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Model

SAME_M = 9
"""Distances that agree to this many decimals are the same."""


@dataclass(frozen=True)
class Classes:
    """Class of each member, and one member that stands for each class."""

    of: Indices
    example: Indices
    size: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.example)


@dataclass(frozen=True)
class Kinds:
    """The classes of items and of bins, and how many items each bin takes."""

    items: Classes
    bins: Classes
    slots: Indices


def kinds_of(bound: LinearBound, slots: Indices) -> Kinds:
    """Put alike bins together, and alike items that lie in alike bins today."""
    bins = _bin_classes(bound, slots)
    return Kinds(_item_classes(bound, bins), bins, slots)


def _bin_classes(bound: LinearBound, slots: Indices) -> Classes:
    model = bound.model
    columns = [
        model.door_m * (model.problem.weights.travel > 0),
        model.effort_m * (model.problem.weights.ergonomics > 0),
        np.unique(np.packbits(model.zone_allows, axis=0), axis=1, return_inverse=True)[1].reshape(-1),
        np.minimum(model.bin_volume_m3, model.volume_m3.max()),  # more than the bulkiest item takes is all the same
        np.minimum(model.bin_mass_kg, model.mass_kg.max()),
        np.minimum(model.bin_height_m, model.height_m.max()),
        model.z_m * bool(model.problem.heavy_below),
        model.open,
        slots,
        bound.trip_m,
    ]
    return _group(columns, alone=_bins_alone(model, slots))


def _item_classes(bound: LinearBound, places: Classes) -> Classes:
    """Group items; one that needs several bins stays alone."""
    model = bound.model
    home = np.full(model.items, -1)
    home[model.current.item] = places.of[model.current.bin]
    columns = [model.picks, model.share, model.volume_m3, model.mass_kg, model.height_m, model.reach_m, model.zones]
    columns += [model.pinned_alone, bound.pull, home]
    return _group(columns, alone=model.needed > 1)


def _bins_alone(model: Model, slots: Indices) -> NDArray[np.bool_]:
    """Return which bins can't be put together.

    Where goods are carried from bin to bin each bin is a place of its own; where an item needs several bins, bins with
    several slots could not always be filled with different items; an overfull bin can't keep all that it holds;
    and what a rule names is not like what it does not name.
    """
    if model.problem.moves.model == "tour":
        return np.ones(model.bins, dtype=np.bool_)
    several = (slots > 1) & bool(np.any(model.needed > 1))
    overfull = np.bincount(model.current.bin, minlength=model.bins) > slots
    named = np.zeros(model.bins, dtype=np.bool_)
    named[np.concatenate([model.pins, model.held]) % model.bins] = True
    return np.asarray(several | overfull | named)


def _group(columns: Sequence[NDArray[Any]], alone: NDArray[np.bool_]) -> Classes:
    serial = np.where(alone, np.arange(1, len(alone) + 1), 0)
    table = np.column_stack([np.asarray(column, dtype=np.float64) for column in [*columns, serial]])
    _, example, of, size = np.unique(
        np.round(table, SAME_M), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return Classes(of.reshape(-1), example, size.astype(np.int64))
