"""Where families that stay together shall lie: areas are tried, one family after the other, each choice solved whole.

With all areas chosen the problem is a transportation problem again; the choice itself is searched, not proven.
"""

from collections.abc import Callable, Sequence

import numpy as np

from tagdock_slotting.bounds import LinearBound, linear_bound
from tagdock_slotting.families import Family, families, narrowed
from tagdock_slotting.model import Model

TRIED_AT_MOST = 24
"""Choices that are solved as a whole."""

Choice = tuple[int, ...]


def choose_areas(model: Model, worth: Callable[[Model], float | None], out_of_time: Callable[[], bool]) -> Model | None:
    """Return the problem narrowed to the best areas found; None where no choice gives a layout.

    `worth` solves a narrowed problem: its cost in metres a day, None where it has no solution.
    """
    found = families(model)
    ranked = [_ranked(linear_bound(model), family) for family in found]
    if not all(ranked):
        return None
    tried: dict[Choice, float | None] = {}
    best, value = None, np.inf
    fresh: list[Choice] = [today] if (today := _today(model, found)) else []
    fresh.append(tuple(areas[0] for areas in ranked))
    while fresh and len(tried) < TRIED_AT_MOST and not (tried and out_of_time()):
        choice = fresh.pop(0)
        if choice in tried:
            continue
        tried[choice] = worth(narrowed(model, list(zip(found, choice, strict=True))))
        reached = tried[choice]
        if reached is not None and reached < value:
            best, value = choice, reached
            fresh = [other for other in _beside(choice, ranked) if other not in tried] + fresh
        elif best is None:
            fresh += _beside(choice, ranked)
    return None if best is None else narrowed(model, list(zip(found, best, strict=True)))


def _ranked(bound: LinearBound, family: Family) -> list[int]:
    """Return the areas with room for a family, the cheapest first, as if it were alone there."""
    model, costs = bound.model, {}
    for area in range(len(family.names)):
        bins = np.flatnonzero(family.area == area)
        legal = model.allowed(family.members[:, None], bins[None, :])
        enough = np.all(legal.sum(axis=1) >= model.needed[family.members])
        if enough and model.needed[family.members].sum() <= model.slots[bins].sum():
            cost = np.where(legal, bound.costs(family.members, bins), np.inf)
            costs[area] = float(cost.min(axis=1).sum() + cost.mean(axis=1, where=legal).sum())
    return sorted(costs, key=lambda area: costs[area])


def _today(model: Model, found: Sequence[Family]) -> Choice | None:
    """Return the areas that families lie in today; None where one is scattered or lies nowhere."""
    choice = []
    for family in found:
        areas = np.unique(family.area[model.current.bin[np.isin(model.current.item, family.members)]])
        if len(areas) != 1:
            return None
        choice.append(int(areas[0]))
    return tuple(choice)


def _beside(choice: Choice, ranked: Sequence[Sequence[int]]) -> list[Choice]:
    """Return the choices that differ for one family."""
    return [
        (*choice[:number], area, *choice[number + 1 :])
        for number, areas in enumerate(ranked)
        for area in areas
        if area != choice[number]
    ]
