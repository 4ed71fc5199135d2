"""From a flow between classes back to items in bins: who can stay stays, others go to free bins, empty ones first."""

import numpy as np

from tagdock_slotting.model import Model, Units
from tagdock_slotting.solvers.classes import Kinds
from tagdock_slotting.solvers.flow import Arcs, Integers


def place(model: Model, kinds: Kinds, arcs: Arcs, amount: Integers) -> Units:
    """Turn a flow into a layout with the same linear cost."""
    used = np.flatnonzero(amount)
    staying = used[~arcs.avoid[used]]
    brought = used[arcs.avoid[used]]
    stay_flow = {(int(arcs.source[arc]), int(arcs.sink[arc])): int(amount[arc]) for arc in staying}
    bring_flow: dict[int, list[int]] = {}
    for arc in brought:
        bring_flow.setdefault(int(arcs.source[arc]), []).extend([int(arcs.sink[arc])] * int(amount[arc]))
    kept = _stayers(model, kinds, stay_flow)
    return _bring(model, kinds, kept, bring_flow)


def _stayers(model: Model, kinds: Kinds, stay_flow: dict[tuple[int, int], int]) -> list[tuple[int, int]]:
    kept = []
    for item, home in zip(model.current.item.tolist(), model.current.bin.tolist(), strict=True):
        arc = (int(kinds.items.of[item]), int(kinds.bins.of[home]))
        if stay_flow.get(arc, 0) > 0:
            stay_flow[arc] -= 1
            kept.append((item, home))
    return kept


def _bring(model: Model, kinds: Kinds, kept: list[tuple[int, int]], bring_flow: dict[int, list[int]]) -> Units:
    placed = list(kept)
    missing = model.needed.copy()
    np.subtract.at(missing, np.array([item for item, _ in kept], dtype=np.intp), 1)
    holds: dict[int, set[int]] = {}
    for item, home in kept:
        holds.setdefault(item, set()).add(home)
    free = _FreeSlots(model, kinds, kept)
    for item in np.flatnonzero(missing > 0).tolist():
        goals = bring_flow[int(kinds.items.of[item])]
        for _ in range(int(missing[item])):
            target = free.take(goals.pop(), holds.setdefault(item, set()))
            holds[item].add(target)
            placed.append((item, target))
    table = np.array(placed, dtype=np.intp).reshape(len(placed), 2)
    return Units(table[:, 0], table[:, 1]).sorted()


class _FreeSlots:
    """The free slots of each class of bins; those of bins that are empty today are taken first."""

    def __init__(self, model: Model, kinds: Kinds, kept: list[tuple[int, int]]) -> None:
        taken = np.bincount(np.array([home for _, home in kept], dtype=np.intp), minlength=model.bins)
        self._left = (kinds.slots - taken).tolist()
        self._bins: list[list[int]] = [[] for _ in range(len(kinds.bins))]
        occupied = np.bincount(model.current.bin, minlength=model.bins)
        for index in np.lexsort((-np.arange(model.bins), -occupied)).tolist():
            if self._left[index] > 0:
                self._bins[kinds.bins.of[index]].append(index)

    def take(self, kind: int, but: set[int]) -> int:
        """Take a slot in a bin of a class that is not among `but`."""
        stack = self._bins[kind]
        place = next(position for position in range(len(stack) - 1, -1, -1) if stack[position] not in but)
        target = stack[place]
        self._left[target] -= 1
        if self._left[target] == 0:
            del stack[place]
        return target
