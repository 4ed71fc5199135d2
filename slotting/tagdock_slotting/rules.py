"""The rules of the house: what a layout breaks, in words."""

from collections.abc import Iterator

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Amounts, Model, Units

TOLERANCE = 1e-9
"""Sums of volumes and masses may exceed a capacity by this fraction: 0.1 + 0.2 fits into 0.3."""


def loads(model: Model, units: Units) -> tuple[Indices, Amounts, Amounts]:
    """Return what lies in each bin: number of items, volume in m3, mass in kg."""
    return (
        np.bincount(units.bin, minlength=model.bins),
        np.bincount(units.bin, weights=model.volume_m3[units.item], minlength=model.bins).astype(np.float64),
        np.bincount(units.bin, weights=model.mass_kg[units.item], minlength=model.bins).astype(np.float64),
    )


def is_legal(model: Model, units: Units) -> bool:
    """Return whether a layout keeps every rule."""
    return next(broken_rules(model, units), None) is None


def broken_rules(model: Model, units: Units) -> Iterator[str]:
    """Yield a line for every rule that a layout breaks; none when it is legal and complete."""
    yield from _incomplete(model, units)
    yield from _misplaced(model, units)
    yield from _overfull(model, units)
    yield from _together(model, units)


def _incomplete(model: Model, units: Units) -> Iterator[str]:
    placed = np.bincount(units.item, minlength=model.items)
    for index in np.flatnonzero(placed != model.needed):
        item = model.problem.items[index]
        yield f"bins_needed: {item.sku!r} lies in {placed[index]} bins and needs {item.bins_needed}"


def _misplaced(model: Model, units: Units) -> Iterator[str]:
    zoned = model.zone_allows[model.zones[units.item], units.bin]
    for unit in np.flatnonzero(~zoned):
        item, place = model.problem.items[units.item[unit]], model.problem.bins[units.bin[unit]]
        yield f"zones: {item.sku!r} may lie in {', '.join(item.zones)} and lies in {place.id!r} of zone {place.zone!r}"


def _overfull(model: Model, units: Units) -> Iterator[str]:
    count, volume_m3, mass_kg = loads(model, units)
    for index in np.flatnonzero(count > model.slots):
        name = model.problem.bins[index].id
        yield f"items_at_most: bin {name!r} takes {model.slots[index]} items and holds {count[index]}"
    for name, load, room in (("volume_m3", volume_m3, model.bin_volume_m3), ("mass_kg", mass_kg, model.bin_mass_kg)):
        for index in np.flatnonzero(load > room * (1 + TOLERANCE)):
            yield f"{name}: bin {model.problem.bins[index].id!r} takes {room[index]:g} and holds {load[index]:g}"


def _together(model: Model, units: Units) -> Iterator[str]:
    if not any(model.enemies):
        return
    inside: dict[int, list[int]] = {}
    for item, place in zip(units.item.tolist(), units.bin.tolist(), strict=True):
        inside.setdefault(place, []).append(item)
    for place, items in inside.items():
        for item in items:
            for other in items:
                if item < other and other in model.enemies[item]:
                    one, two = model.problem.items[item].sku, model.problem.items[other].sku
                    yield f"keep_apart: {one!r} and {two!r} share bin {model.problem.bins[place].id!r}"
