"""A market seen from afar: alike items and alike bins put together into few groups, then into more, then not at all.

What is solved on few groups says where to look among more of them.
Source: S. Gerber, M. Maggioni, "Multiscale strategies for computing optimal transport", JMLR 18 (2017).
"""

from dataclasses import dataclass

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Amounts

COARSEST = 250
"""Groups on the coarsest scale: so many take a few hundredths of a second, all arcs included."""

FINER = 4
"""How many times more groups the next scale has."""


@dataclass(frozen=True)
class Scale:
    """The group of each item and of each bin."""

    items: Indices
    bins: Indices


def scales(
    left: Amounts, right: Amounts, weights: tuple[Amounts, Amounts], alike: tuple[Indices, Indices]
) -> list[Scale]:
    """Return scales from coarse to fine, the last without groups.

    `left` and `right` hold features, one row an item or bin; what is not `alike` is never put together.
    """
    size, found = COARSEST, []
    items, bins = _renumbered(alike[0]), _renumbered(alike[1])
    while size * FINER / 2 < max(len(left), len(right)):
        items, bins = _split(left, weights[0], items, size), _split(right, weights[1], bins, size)
        found.append(Scale(items, bins))
        size *= FINER
    return [*found, Scale(np.arange(len(left)), np.arange(len(right)))]


def means(features: Amounts, weight: Amounts, group: Indices) -> Amounts:
    """Return each group's weighted mean."""
    total = np.bincount(group, weights=weight)
    sums = [np.bincount(group, weights=weight * column) for column in features.T]
    return np.asarray(np.column_stack(sums) / total[:, None])


def children(coarse: Scale, fine: Scale, items: Indices, bins: Indices) -> tuple[Indices, Indices]:
    """Return all pairs of groups on a fine scale whose parents are a pair of the coarse one."""
    first_item, under_item = _family(coarse.items, fine.items)
    first_bin, under_bin = _family(coarse.bins, fine.bins)
    wide = np.diff(first_bin)[bins]
    ways = np.diff(first_item)[items] * wide
    pair = np.repeat(np.arange(len(items)), ways)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(ways) - ways, ways)
    return (
        under_item[first_item[items[pair]] + within // wide[pair]],
        under_bin[first_bin[bins[pair]] + within % wide[pair]],
    )


def _family(parent: Indices, child: Indices) -> tuple[Indices, Indices]:
    """Return where each parent's children start in the list of children that comes second."""
    width = int(child.max()) + 1
    known = np.unique(parent * width + child)
    return np.searchsorted(known // width, np.arange(int(parent.max()) + 2)), known % width


def _renumbered(group: Indices) -> Indices:
    return np.asarray(np.unique(group, return_inverse=True)[1].reshape(-1), dtype=np.intp)


def _split(features: Amounts, weight: Amounts, group: Indices, wanted: int) -> Indices:
    """Halve the most spread groups at their mean until there are as many as wanted (or nothing is spread)."""
    before, count = 0, int(group.max()) + 1
    while before < count < wanted:
        before = count
        spread, axis, centre = _spread(features, weight, group)
        torn = _worst(spread, min(wanted - count, max(1, count // 2)))
        if not len(torn):
            break
        number = np.full(count, -1)
        number[torn] = count + np.arange(len(torn))
        mine = features[np.arange(len(group)), axis[group]]
        group = np.where((number[group] >= 0) & (mine > centre[group]), number[group], group)
        group = _renumbered(group)
        count = int(group.max()) + 1
    return group


def _worst(spread: Amounts, most: int) -> Indices:
    order = np.argsort(-spread, kind="stable")[:most]
    return np.asarray(order[spread[order] > 0])


def _spread(features: Amounts, weight: Amounts, group: Indices) -> tuple[Amounts, Indices, Amounts]:
    """Return how much each group is spread along its widest feature, which one that is, and where to cut it."""
    centres = means(features, weight, group)
    apart = [np.bincount(group, weights=weight * column) for column in ((features - centres[group]) ** 2).T]
    table = np.column_stack(apart)
    axis = table.argmax(axis=1)
    rows = np.arange(len(table))
    noise = 1e-20 * max(float(table.max(initial=0.0)), 1e-300)
    return np.where(table[rows, axis] > noise, table[rows, axis], 0.0), axis, centres[rows, axis]


def bin_weights(left: Amounts, supply: Amounts, right: Amounts, capacity: Amounts) -> Amounts:
    """Return for each bin how much flow it would carry if the busiest items lay in the nearest bins."""
    rate = left.sum(axis=1)
    busiest = np.argsort(-rate, kind="stable")
    carried = np.concatenate([[0.0], np.cumsum(rate[busiest] * supply[busiest])])
    reached = np.concatenate([[0.0], np.cumsum(supply[busiest])])
    nearest = np.argsort(right @ left.mean(axis=0), kind="stable")
    ends = np.cumsum(capacity[nearest])
    flow = np.empty(len(right))
    flow[nearest] = np.diff(np.interp(np.concatenate([[0.0], ends]), reached, carried))
    return flow + 1e-9 * max(float(flow.max(initial=0.0)), 1e-300)
