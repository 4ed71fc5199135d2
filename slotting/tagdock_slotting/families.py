"""Families that stay together: in one zone, or in one aisle. A choice of areas narrows where their items may lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Flags, Model
from tagdock_slotting.problem import Together


@dataclass(frozen=True)
class Family:
    """A rule, the items that it holds for, the area of each bin (zone or aisle), and the areas' names."""

    rule: Together
    members: Indices
    area: Indices
    names: tuple[str, ...]


def families(model: Model) -> tuple[Family, ...]:
    """Return the families that a problem keeps together."""
    return tuple(_family(model, rule) for rule in model.problem.together)


def narrowed(model: Model, choice: Sequence[tuple[Family, int]]) -> Model:
    """Return the same problem in which each family may lie only in the area chosen for it."""
    patterns: dict[tuple[int, ...], int] = {}
    key = model.zones[:, None]
    for family, area in choice:
        chosen = np.full(model.items, -1)
        chosen[family.members] = area
        key = np.column_stack([key, chosen])
    number = np.array([patterns.setdefault(tuple(row), len(patterns)) for row in key.tolist()], dtype=np.intp)
    allows = [_allows(model, pattern, choice) for pattern in patterns]
    return replace(model, zones=number, zone_allows=np.array(allows, dtype=np.bool_))


def _allows(model: Model, pattern: tuple[int, ...], choice: Sequence[tuple[Family, int]]) -> Flags:
    fits = model.zone_allows[pattern[0]]
    for (family, _), area in zip(choice, pattern[1:], strict=True):
        if area >= 0:
            fits = fits & (family.area == area)
    return np.asarray(fits)


def _family(model: Model, rule: Together) -> Family:
    problem = model.problem
    members = [index for index, item in enumerate(problem.items) if item.family == rule.family]
    named = [str(place.zone if rule.within == "zone" else place.aisle) for place in problem.bins]
    names = {name: number for number, name in enumerate(dict.fromkeys(named))}
    return Family(rule, np.array(members), np.array([names[name] for name in named]), tuple(names))
