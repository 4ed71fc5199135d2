"""Why nothing fits: a few items that have too few bins between them, and the rules that take the other bins away."""

from collections.abc import Iterator

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import ALONE, Flags, Model
from tagdock_slotting.solvers.relaxation import Relaxation

NAMED_AT_MOST = 5
SHRUNK_AT_MOST = 200
"""Conflicts of more items than this are told as they are; a minimal one would say no more."""

KINDS = (*ALONE, "items_at_most")


def conflicts(relaxation: Relaxation) -> tuple[str, ...]:
    """Name the rules that can't hold together, given that the relaxation has no solution."""
    model = relaxation.bound.model
    alone = tuple(_lonely(model))
    return alone or (_describe(model, _shrink(model, _starving(relaxation))),)


def too_much(model: Model) -> tuple[str, ...]:
    """Name what is too much for all bins together; empty where there is room by the sum."""
    found = []
    for name, amount, room in (
        ("volume_m3", model.volume_m3, model.bin_volume_m3),
        ("mass_kg", model.mass_kg, model.bin_mass_kg),
    ):
        total = float((amount * model.needed).sum())
        if total > room.sum() * (1 + 1e-9):
            found.append(f"{name}: all items take {total:g} and all bins have room for {room.sum():g}")
    return tuple(found)


def _lonely(model: Model) -> Iterator[str]:
    """Name items that have too few bins even when they are alone."""
    everywhere = np.arange(model.bins)
    for item in range(model.items):
        fits = int(model.allowed(np.array(item), everywhere).sum())
        if fits < model.needed[item]:
            yield _describe(model, np.array([item]))


def _starving(relaxation: Relaxation) -> Indices:
    """Return the items that compete with one that stays without a bin, for all bins that they may use."""
    arcs, amount = relaxation.arcs, relaxation.shipped()
    sent = np.bincount(arcs.source, weights=amount, minlength=len(relaxation.kinds.items))
    reached = np.zeros(len(relaxation.kinds.items), dtype=np.bool_)
    reached[np.flatnonzero(sent < relaxation.supply)[0]] = True
    while True:
        sinks = np.unique(arcs.sink[reached[arcs.source] & (amount < arcs.capacity)])
        grown = reached.copy()
        grown[arcs.source[np.isin(arcs.sink, sinks) & (amount > 0)]] = True
        if np.array_equal(grown, reached):
            return np.flatnonzero(reached[relaxation.kinds.items.of])
        reached = grown


def _shrink(model: Model, items: Indices) -> Indices:
    if len(items) > SHRUNK_AT_MOST:
        return items
    for item in items.tolist():
        without = items[items != item]
        if len(without) and _starves(model, without, frozenset(KINDS)):
            items = without
    return items


def _starves(model: Model, items: Indices, kinds: frozenset[str]) -> bool:
    return int(model.needed[items].sum()) > int(_room(model, items, kinds).sum())


def _room(model: Model, items: Indices, kinds: frozenset[str]) -> Indices:
    """Return how many of the items each bin takes when only some kinds of rule hold."""
    usable = _usable(model, items, kinds).any(axis=0)
    return np.where(usable, np.minimum(model.slots if "items_at_most" in kinds else len(items), len(items)), 0)


def _usable(model: Model, items: Indices, kinds: frozenset[str]) -> Flags:
    fits = np.ones((len(items), model.bins), dtype=np.bool_)
    for rule in ALONE:
        if rule in kinds:
            fits &= model.keeps(rule, items[:, None], np.arange(model.bins)[None, :])
    return fits


def _describe(model: Model, items: Indices) -> str:
    kinds = frozenset(KINDS)
    for kind in KINDS:
        if _starves(model, items, kinds - {kind}):
            kinds -= {kind}
    room = _room(model, items, kinds)
    names = [model.problem.items[item].sku for item in items[:NAMED_AT_MOST].tolist()]
    more = f" and {len(items) - NAMED_AT_MOST} more" if len(items) > NAMED_AT_MOST else ""
    ruling = " + ".join(kind for kind in KINDS if kind in kinds) or "bins"
    return (
        f"{ruling}: {', '.join(map(repr, names))}{more} {'need' if len(items) > 1 else 'needs'} "
        f"{int(model.needed[items].sum())} places and may use {int(room.sum())} (in {np.count_nonzero(room)} bins)"
    )
