"""Where costs are a rate times a distance and nothing forbids a pair, the layout is two sorts, and so are its prices.

Source: the rearrangement inequality, G. H. Hardy, J. E. Littlewood, G. Pólya, "Inequalities" (1934), section 10.2.
"""

from dataclasses import dataclass

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Amounts
from tagdock_slotting.solvers.flow import Integers
from tagdock_slotting.solvers.market import Market

SAME = 1e-12
"""Costs are a product where what is left over is less than this share of the largest."""


@dataclass(frozen=True)
class Ranked:
    """Units of item kinds in bin kinds, the busiest nearest, and the prices of places that prove it."""

    item: Indices
    bin: Indices
    amount: Integers
    prices: Amounts


def ranked(market: Market) -> Ranked | None:
    """Sort a market out; None where it is no product of rates and distances, or has rules. Bringing counts as free."""
    if market.spare < 0 or market.several.any() or not market.fits.free:
        return None
    factors = _factors(market)
    if factors is None:
        return None
    rate, way = factors
    busiest, nearest = np.argsort(-rate, kind="stable"), np.argsort(way, kind="stable")
    item_ends, bin_ends = np.cumsum(market.supply[busiest]), np.cumsum(market.capacity[nearest])
    ends = np.unique(np.concatenate([item_ends, bin_ends[bin_ends < item_ends[-1]]]))
    amount = np.diff(ends, prepend=0)
    item = busiest[np.searchsorted(item_ends, ends, side="left")]
    place = nearest[np.searchsorted(bin_ends, ends, side="left")]
    real = amount > 0
    return Ranked(item[real], place[real], amount[real], _prices(rate[busiest], way, (item_ends, bin_ends), nearest))


def _factors(market: Market) -> tuple[Amounts, Amounts] | None:
    """Return the rate of each item kind and the distance of each bin kind whose product is the cost."""
    counts = np.abs(market.right).max(axis=0, initial=0.0) > 0
    left, right = market.left[:, counts], market.right[:, counts]
    if not left.size:
        return np.zeros(len(market.left)), np.zeros(len(market.right))
    shape = left[np.argmax(left.sum(axis=1))]
    if not shape.any():
        return np.zeros(len(left)), np.zeros(len(right))
    shape = shape / np.linalg.norm(shape)
    rate = left @ shape
    if np.abs(left - rate[:, None] * shape).max() > SAME * np.abs(left).max():
        return None
    return rate, right @ shape


def _prices(rate: Amounts, way: Amounts, ends: tuple[Integers, Integers], nearest: Indices) -> Amounts:
    """Return what a place is worth: what the units on the edge to the next bin would walk more there, added up."""
    items, bins = ends
    padded = np.append(rate, 0.0)  # nobody lies beyond the last item
    before = padded[np.searchsorted(items, bins - 1, side="right")]
    after = padded[np.searchsorted(items, bins, side="right")]
    steps = 0.5 * (before + after)[:-1] * np.diff(way[nearest])
    steps[after[:-1] == 0] = 0.0  # places stay empty on the far side, or nobody there walks
    prices = np.zeros(len(way))
    prices[nearest[:-1]] = np.cumsum(steps[::-1])[::-1]
    return prices
