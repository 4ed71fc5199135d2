"""A transportation problem too large to write down: kinds of items and of bins, costs as a product of thin tables.

All its arcs are looked at, block by block, but few are ever kept: with a price on the places of each bin, `survey`
finds the arcs that would improve a solution, and a lower bound on every solution.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Amounts, Flags
from tagdock_slotting.solvers.fits import Fits
from tagdock_slotting.solvers.flow import Integers
from tagdock_slotting.solvers.scales import Scale, means

BLOCK = 400_000
"""Costs that are looked at together: 3 MB stay near the processor."""

ALONE = 2**18
"""Multiplications up to which OpenBLAS stays in one thread (its SMP_THRESHOLD_MIN * GEMM_MULTITHREAD_THRESHOLD)."""


@dataclass(frozen=True)
class Homes:
    """How many units of an item kind lie in a bin kind today, where they may stay."""

    item: Indices
    bin: Indices
    count: Integers


@dataclass(frozen=True)
class Market:
    """Units of item kind `i` cost `left[i] @ right[j]` in bin kind `j`, plus `bring` where they do not lie there today.

    A bin kind of `size` bins takes at most that many units of an item kind with `several`.
    """

    left: Amounts
    right: Amounts
    supply: Integers
    capacity: Integers
    size: Integers
    several: Flags
    fits: Fits
    homes: Homes
    bring: float = 0.0

    @property
    def spare(self) -> int:
        """How many places stay empty; negative where there are too few."""
        return int(self.capacity.sum() - self.supply.sum())

    def costs(self, items: Indices, bins: Indices) -> Amounts:
        """Return what a unit of each item kind costs in the bin kind beside it, if it stays there."""
        return np.asarray(np.einsum("ad,ad->a", self.left[items], self.right[bins]))

    def room(self, items: Indices, bins: Indices) -> Integers:
        """Return how many units each item kind may bring to the bin kind beside it."""
        width = len(self.capacity)
        keys = items * width + bins
        home = self.homes.item * width + self.homes.bin
        order = np.argsort(home)
        found = np.minimum(np.searchsorted(home[order], keys), max(len(home) - 1, 0))
        there = np.zeros(len(keys), dtype=np.int64)
        if len(home):
            same = home[order][found] == keys
            there[same] = self.homes.count[order][found[same]]
        most = np.where(self.several[items], self.size[bins], self.supply[items])
        return np.asarray(np.maximum(most - there, 0))

    def coarse(self, scale: Scale, weight: Amounts) -> "Market":
        """Return the market between groups; what is true of the groups is true of their members on average."""
        wide = int(scale.bins.max()) + 1
        pair, member = np.unique(scale.items[self.homes.item] * wide + scale.bins[self.homes.bin], return_inverse=True)
        supply = _sums(scale.items, self.supply)
        first_item = np.unique(scale.items, return_index=True)[1]
        first_bin = np.unique(scale.bins, return_index=True)[1]
        return replace(
            self,
            left=means(self.left, self.supply.astype(np.float64), scale.items),
            right=means(self.right, weight, scale.bins),
            supply=supply,
            capacity=_sums(scale.bins, self.capacity),
            size=_sums(scale.bins, self.size),
            several=np.zeros(len(supply), dtype=np.bool_),
            fits=Fits(self.fits.row[first_item], self.fits.table[:, first_bin]),
            homes=Homes(pair // wide, pair % wide, _sums(member.reshape(-1), self.homes.count)),
        )

    def survey(self, prices: Amounts, wanted: int) -> "Survey":
        """Look at all pairs at some prices of places: `wanted` cheap bins of each item, and what the prices prove."""
        return _surveyed(self, prices, wanted)


@dataclass(frozen=True)
class Survey:
    """Pairs worth an arc, what a unit would pay there in all (cost, bringing, price), and a bound on all solutions."""

    item: Indices
    bin: Indices
    pays: Amounts
    bound: float


def _sums(group: Indices, amount: Integers) -> Integers:
    return np.bincount(group, weights=amount).astype(np.int64) if len(group) else np.zeros(0, dtype=np.int64)


def _surveyed(market: Market, prices: Amounts, wanted: int) -> Survey:
    stay = np.full(len(market.supply), np.inf)
    homes = market.homes
    np.minimum.at(stay, homes.item, market.costs(homes.item, homes.bin) + prices[homes.bin])
    total = market.spare * float(prices.min()) - float(prices @ market.capacity)
    items, bins, pays = [], [], []
    columns = _Columns(market, prices, wanted)
    for rows in blocks(np.flatnonzero(~market.several), len(prices)):
        place, paid = columns.cheapest(rows)
        total += float(market.supply[rows] @ np.minimum(paid.min(axis=1), stay[rows]))
        items.append(np.repeat(rows, place.shape[1]))
        bins.append(place.ravel())
        pays.append(paid.ravel())
    for rows in blocks(np.flatnonzero(market.several), len(prices)):
        place, paid, least = columns.several(rows)
        total += least
        items.append(np.repeat(rows, place.shape[1]))
        bins.append(place.ravel())
        pays.append(paid.ravel())
    item, place, paid = np.concatenate(items), np.concatenate(bins), np.concatenate(pays)
    legal = np.isfinite(paid)
    return Survey(item[legal], place[legal], paid[legal], total)


def product(left: Amounts, right: Amounts) -> Amounts:
    """Return `left @ right`, in steps too small to share out: threads that wait for each other eat processor time."""
    found = np.empty((len(left), right.shape[1]))
    step = max(1, ALONE // max(1, right.size))
    for start in range(0, len(left), step):
        np.matmul(left[start : start + step], right, out=found[start : start + step])
    return found


def blocks(rows: Indices, width: int) -> Iterator[Indices]:
    """Cut rows into stretches of so few that a table of `width` columns stays small."""
    step = max(1, BLOCK // max(width, 1))
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


class _Columns:
    """The bins of a market in shuffled order, so that each of several stretches of them holds some of every sort."""

    def __init__(self, market: Market, prices: Amounts, wanted: int) -> None:
        bins = len(prices)
        self._market, self._stretches = market, min(wanted, bins)
        self._order = np.random.default_rng(0).permutation(bins)
        self._right = np.ascontiguousarray(market.right[self._order].T)
        self._prices = prices[self._order] + market.bring
        self._table = None if market.fits.table.all() else market.fits.table[:, self._order]

    def cheapest(self, rows: Indices) -> tuple[Indices, Amounts]:
        """Return the cheapest bin of each stretch and what it costs, both of shape (rows, stretches)."""
        paid = self._paid(rows)
        length = paid.shape[1] // self._stretches
        even = self._stretches * length
        best = paid[:, :even].reshape(len(rows), self._stretches, length).argmin(axis=2)
        best += np.arange(self._stretches) * length
        if even < paid.shape[1]:
            best = np.column_stack([best, paid[:, even:].argmin(axis=1) + even])
        return self._order[best], np.take_along_axis(paid, best, axis=1)

    def several(self, rows: Indices) -> tuple[Indices, Amounts, float]:
        """Return cheap bins of items that need several, what they cost, and the least that all units can pay."""
        market, paid = self._market, self._paid(rows)
        at, home, stay = self._stays(rows)
        needed = market.supply[rows]
        most = np.bincount(at, minlength=len(rows)).max(initial=0)
        keep = min(paid.shape[1], int(needed.max()) + int(most) + self._stretches)
        best = np.argpartition(paid, keep - 1, axis=1)[:, :keep]
        place, cost = self._order[best], np.take_along_axis(paid, best, axis=1)
        room = market.room(np.repeat(rows, keep), place.ravel()).reshape(place.shape)
        row = np.concatenate([np.repeat(np.arange(len(rows)), keep), at])
        price = np.concatenate([cost.ravel(), stay])
        amount = np.concatenate([room.ravel(), market.homes.count[home]])
        order = np.lexsort((price, row))
        row, price, amount = row[order], price[order], amount[order]
        before = np.cumsum(amount) - amount
        start = before[np.searchsorted(row, np.arange(len(rows)))]
        taken = np.clip(needed[row] - (before - start[row]), 0, amount)
        return place, cost, float(taken[taken > 0] @ price[taken > 0])

    def _stays(self, rows: Indices) -> tuple[Indices, Indices, Amounts]:
        """Return the homes of some items: their row, their number, and what staying costs."""
        homes = self._market.homes
        position = np.full(len(self._market.supply), -1)
        position[rows] = np.arange(len(rows))
        chosen = np.flatnonzero(position[homes.item] >= 0)
        item, place = homes.item[chosen], homes.bin[chosen]
        prices = np.empty(len(self._order))
        prices[self._order] = self._prices - self._market.bring
        return position[item], chosen, self._market.costs(item, place) + prices[place]

    def _paid(self, rows: Indices) -> Amounts:
        paid = product(self._market.left[rows], self._right)
        paid += self._prices
        if self._table is not None:
            paid[~self._table[self._market.fits.row[rows]]] = np.inf
        return paid
