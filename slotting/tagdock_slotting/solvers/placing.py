"""From a flow between classes back to items in bins: who can stay stays, others go to free bins, empty ones first."""

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Model, Units
from tagdock_slotting.solvers.classes import Kinds
from tagdock_slotting.solvers.flow import Arcs, Integers


def place(model: Model, kinds: Kinds, arcs: Arcs, amount: Integers) -> Units:
    """Turn a flow into a layout with the same linear cost."""
    kept = _stayers(model, kinds, arcs, np.where(arcs.avoid, 0, amount))
    items = np.repeat(np.arange(model.items), model.needed - np.bincount(kept.item, minlength=model.items))
    goals = _goals(kinds, items, arcs, np.where(arcs.avoid, amount, 0))
    free, chosen, several = _FreeSlots(model, kinds, kept), np.empty(len(items), dtype=np.intp), model.needed[items] > 1
    holds: dict[int, set[int]] = {}
    for item, home in zip(kept.item.tolist(), kept.bin.tolist(), strict=True):
        holds.setdefault(item, set()).add(home)
    for unit in np.flatnonzero(several).tolist():
        chosen[unit] = free.take(int(goals[unit]), holds.setdefault(int(items[unit]), set()))
        holds[int(items[unit])].add(int(chosen[unit]))
    chosen[~several] = free.take_all(goals[~several])
    return Units(np.concatenate([kept.item, items]), np.concatenate([kept.bin, chosen])).sorted()


def _stayers(model: Model, kinds: Kinds, arcs: Arcs, amount: Integers) -> Units:
    """Return who stays: of those that may by an arc the first, as many as flow on it."""
    today, width = model.current, len(kinds.bins)
    used = np.flatnonzero(amount)
    numbers = np.concatenate([arcs.source[used].astype(np.int64) * width + arcs.sink[used], [-1]])
    count = np.append(amount[used], 0)
    order = np.argsort(numbers)
    wanted = kinds.items.of[today.item] * width + kinds.bins.of[today.bin]
    at = order[np.minimum(np.searchsorted(numbers[order], wanted), len(order) - 1)]
    stays = _rank(wanted) < np.where(numbers[at] == wanted, count[at], 0)
    return Units(today.item[stays], today.bin[stays])


def _goals(kinds: Kinds, items: Indices, arcs: Arcs, amount: Integers) -> Indices:
    """Return the kind of bin that each item is brought to, one item a unit: those of a kind share what its arcs say."""
    used = np.flatnonzero(amount)
    used = used[np.argsort(arcs.source[used], kind="stable")]
    goals = np.empty(len(items), dtype=np.intp)
    goals[np.argsort(kinds.items.of[items], kind="stable")] = np.repeat(arcs.sink[used], amount[used])
    return goals


def _rank(numbers: Indices) -> Indices:
    """Return how many equal numbers stand before each."""
    order = np.argsort(numbers, kind="stable")
    ordered, rank = numbers[order], np.empty(len(numbers), dtype=np.intp)
    rank[order] = np.arange(len(numbers)) - np.searchsorted(ordered, ordered)
    return rank


class _FreeSlots:
    """The free slots of each kind of bin; those of bins that are empty today are taken first."""

    def __init__(self, model: Model, kinds: Kinds, kept: Units) -> None:
        self._kind = kinds.bins.of
        self._left = kinds.slots - np.bincount(kept.bin, minlength=model.bins)
        occupied = np.bincount(model.current.bin, minlength=model.bins)
        order = np.lexsort((np.arange(model.bins), occupied, self._kind))
        self._order, self._first = order, np.searchsorted(self._kind[order], np.arange(len(kinds.bins) + 1))

    def take(self, kind: int, but: set[int]) -> int:
        """Take a slot in a bin of a kind that is not among `but`."""
        bins = self._order[self._first[kind] : self._first[kind + 1]]
        found = next(place for place in bins.tolist() if self._left[place] > 0 and place not in but)
        self._left[found] -= 1
        return int(found)

    def take_all(self, kinds: Indices) -> Indices:
        """Take a slot in a bin of each of these kinds."""
        slots = np.repeat(self._order, np.maximum(self._left[self._order], 0))
        first = np.searchsorted(self._kind[slots], np.arange(len(self._first) - 1))
        return np.asarray(slots[first[kinds] + _rank(kinds)])
