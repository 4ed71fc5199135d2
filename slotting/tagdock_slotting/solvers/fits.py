"""Which kinds of items may lie in which kinds of bins, as a small table: items with the same rules share a row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Amounts, Flags, Model


@dataclass(frozen=True)
class Fits:
    """Row of each item in `table`, which says for each bin whether the item may lie there."""

    row: Indices
    table: Flags

    @property
    def free(self) -> bool:
        """Whether everything may lie everywhere."""
        return bool(self.table.all())

    def pairs(self, items: Indices, bins: Indices) -> Flags:
        """Return whether each item may lie in the bin beside it."""
        return np.asarray(self.table[self.row[items], bins])

    def alike_bins(self) -> Indices:
        """Return a number for each bin: the same for bins that take the same items."""
        _, number = np.unique(np.packbits(self.table, axis=0), axis=1, return_inverse=True)
        return np.asarray(number.reshape(-1), dtype=np.intp)


def fits_of(model: Model, items: Indices, bins: Indices) -> Fits:
    """Build the table of some items and bins."""
    columns = (
        model.zones[items],
        model.pinned_alone[items],
        _rank(model.volume_m3[items], model.bin_volume_m3[bins]),
        _rank(model.mass_kg[items], model.bin_mass_kg[bins]),
        _rank(model.height_m[items], model.bin_height_m[bins]),
        _rank(-model.reach_m[items], -model.z_m[bins]),
    )
    _, example, row = np.unique(np.column_stack(columns), axis=0, return_index=True, return_inverse=True)
    return Fits(row.reshape(-1), model.allowed(items[example][:, None], bins[None, :]))


def _rank(amount: Amounts, room: Amounts) -> NDArray[np.intp]:
    """Return how many different rooms are too small for each amount: two amounts of one rank fit the same bins."""
    return np.searchsorted(np.unique(room), amount, side="left")
