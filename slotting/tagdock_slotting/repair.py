"""Make a layout legal: who breaks a rule is taken out and put where it is cheapest and allowed, the bulky first."""

from collections.abc import Callable

import numpy as np

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Amounts, Model, Units
from tagdock_slotting.rules import TOLERANCE

ATTEMPTS = 20
"""Orders in which goods are tried: by bulk, then by bulk with growing noise."""


def repaired(
    bound: LinearBound, units: Units, random: np.random.Generator, out_of_time: Callable[[], bool]
) -> Units | None:
    """Return a legal layout near a given one, else any legal layout that is found; None where none is."""
    model = bound.model
    bulk = _bulk(model)[units.item]
    for attempt in range(ATTEMPTS):
        if attempt > 0 and out_of_time():
            return None
        noise = random.uniform(1.0, 1.0 + attempt / 4, len(units))
        order = np.argsort(-bulk * noise, kind="stable")
        wish = units.bin if attempt < ATTEMPTS // 2 else np.full(len(units), -1)
        places = _pack(bound, units.item, wish, order)
        if places is not None:
            return Units(units.item, places)
    return None


def _bulk(model: Model) -> Amounts:
    """Return how much of an average bin each item takes, by what is scarcer; items that may lie in few bins first."""
    bulk = np.zeros(model.items)
    for amount, room in ((model.volume_m3, model.bin_volume_m3), (model.mass_kg, model.bin_mass_kg)):
        finite = room[np.isfinite(room)]
        if len(finite) and finite.max() > 0:
            bulk = np.maximum(bulk, amount / finite.mean())
    everywhere = np.arange(model.bins)
    choices = np.array([model.allowed(np.array(item), everywhere).sum() for item in range(model.items)])
    return np.asarray(bulk + 1.0 / np.maximum(choices, 1))


def _pack(bound: LinearBound, items: Indices, wish: Indices, order: Indices) -> Indices | None:
    """Put units into bins one after the other: where they wish to be if that is free, else where it is cheapest."""
    packing = _Packing(bound)
    places = np.full(len(items), -1, dtype=np.intp)
    for unit in order.tolist():
        place = packing.put(int(items[unit]), int(wish[unit]))
        if place is None:
            return None
        places[unit] = place
    return places


class _Packing:
    """Bins that are being filled."""

    def __init__(self, bound: LinearBound) -> None:
        model = bound.model
        self._bound, self._model = bound, model
        self._slots = model.slots.copy()
        self._volume_m3 = model.bin_volume_m3 * (1 + TOLERANCE)
        self._mass_kg = model.bin_mass_kg * (1 + TOLERANCE)
        self._inside: dict[int, set[int]] = {}

    def put(self, item: int, wish: int) -> int | None:
        """Put an item into the bin it wishes, or the cheapest that takes it; None where none does."""
        model = self._model
        everywhere = np.arange(model.bins)
        fits = model.allowed(np.array(item), everywhere) & (self._slots > 0)
        fits &= (model.volume_m3[item] <= self._volume_m3) & (model.mass_kg[item] <= self._mass_kg)
        for other in (*model.enemies[item], item):
            fits[list(self._inside.get(other, ()))] = False
        if not fits.any():
            return None
        if wish >= 0 and fits[wish]:
            return self._take(item, wish)
        costs = self._bound.costs(np.array([item]), everywhere)[0]
        return self._take(item, int(np.argmin(np.where(fits, costs, np.inf))))

    def _take(self, item: int, place: int) -> int:
        self._slots[place] -= 1
        self._volume_m3[place] -= self._model.volume_m3[item]
        self._mass_kg[place] -= self._model.mass_kg[item]
        self._inside.setdefault(item, set()).add(place)
        return place
