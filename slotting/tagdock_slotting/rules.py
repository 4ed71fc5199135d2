"""The rules of the house: what a layout breaks, in words."""

from collections.abc import Iterator

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.families import families
from tagdock_slotting.model import Amounts, Model, Units, among

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
    yield from _hostile(model, units)
    yield from _scattered(model, units)


def _incomplete(model: Model, units: Units) -> Iterator[str]:
    placed = np.bincount(units.item, minlength=model.items)
    for index in np.flatnonzero(placed != model.needed):
        item = model.problem.items[index]
        yield f"bins_needed: {item.sku!r} lies in {placed[index]} bins and needs {item.bins_needed}"


def _misplaced(model: Model, units: Units) -> Iterator[str]:
    for unit in np.flatnonzero(~model.allowed(units.item, units.bin)):
        yield from _why_not(model, int(units.item[unit]), int(units.bin[unit]))
    there = np.sort(units.item * model.bins + units.bin)
    for key in model.held[~among(model.held, there)].tolist():
        item, place = model.problem.items[key // model.bins], model.problem.bins[key % model.bins]
        yield f"use: {item.sku!r} must stay in {place.id!r}, which is held by an open task"


def _why_not(model: Model, item: int, place: int) -> Iterator[str]:
    """Yield the rules by which an item may not lie in a bin, whatever else lies there."""
    goods, rack = model.problem.items[item], model.problem.bins[place]
    where = f"lies in {rack.id!r}"
    if not model.zone_allows[model.zones[item], place]:
        yield f"zones: {goods.sku!r} may lie in {', '.join(goods.zones)} and {where} of zone {rack.zone!r}"
    if model.height_m[item] > model.bin_height_m[place]:
        yield f"height_m: {goods.sku!r} is {goods.height_m:g} m high and {where} of {rack.height_m:g} m"
    if model.z_m[place] > model.reach_m[item]:
        yield f"heavy_below: {goods.sku!r} of {goods.mass_kg:g} kg may lie up to {model.reach_m[item]:g} m and {where}"
    if goods.bins and rack.id not in goods.bins:
        yield f"bins: {goods.sku!r} may lie in {', '.join(goods.bins)} only and {where}"
    if not model.open[place]:
        why = "is blocked" if rack.use == "blocked" else "is held by an open task and takes nothing"
        yield f"use: {goods.sku!r} {where}, which {why}"


def _scattered(model: Model, units: Units) -> Iterator[str]:
    for family in families(model):
        areas = sorted(set(family.area[units.bin[np.isin(units.item, family.members)]].tolist()))
        if len(areas) > 1:
            names = ", ".join(family.names[area] for area in areas)
            yield f"together: family {family.rule.family!r} lies in several {family.rule.within}s: {names}"


def _overfull(model: Model, units: Units) -> Iterator[str]:
    count, volume_m3, mass_kg = loads(model, units)
    for index in np.flatnonzero(count > model.slots):
        name = model.problem.bins[index].id
        yield f"items_at_most: bin {name!r} takes {model.slots[index]} items and holds {count[index]}"
    for name, load, room in (("volume_m3", volume_m3, model.bin_volume_m3), ("mass_kg", mass_kg, model.bin_mass_kg)):
        for index in np.flatnonzero(load > room * (1 + TOLERANCE)):
            yield f"{name}: bin {model.problem.bins[index].id!r} takes {room[index]:g} and holds {load[index]:g}"


def _hostile(model: Model, units: Units) -> Iterator[str]:
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
