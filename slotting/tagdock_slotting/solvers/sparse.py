"""Large transportation problems on few arcs: solved coarsely, then finer, and arcs priced in until none is missing.

Each scale tells the next which pairs of groups matter and what a place is worth. On the finest, a flow on a dozen arcs
an item is solved to its optimum; its prices say which of the arcs left out would improve it and bound what is lost.
Sources: column generation, P. C. Gilmore, R. E. Gomory (1961), doi:10.1287/opre.9.6.849; scales as in `scales`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Amounts, Flags, among
from tagdock_slotting.solvers.flow import Integers
from tagdock_slotting.solvers.market import Market, Survey, blocks, product
from tagdock_slotting.solvers.ranks import Ranked, ranked
from tagdock_slotting.solvers.scales import bin_weights, children, scales
from tagdock_slotting.solvers.settling import Offers, Settler

GAP = 7e-7
"""A solution that exceeds its bound by this fraction is left as it is; a plan is called optimal at 1e-6."""

COARSE_GAP = 1e-4
"""The same between groups: prices that are nearly right on them save more on the next scale than they cost."""

ROUNDED = 1e-8
"""The fraction of all cost that rounding each unit's cost may lose: the fewer digits, the sooner done."""

ROUNDS, COARSE_ROUNDS = 20, 6
"""Times that arcs are priced in; three to six are usual."""

POINT_ROUNDS, POINT_GAP, POINT_ROUNDED = 1, 1e-3, 1e-5
"""The same at further prices of a move, where nothing exact is asked for: points of a frontier, each with its bound."""

LOOKED_FOR = 4, 16
"""Arcs looked for at each item in a round, at least and at most; between, a quarter of the root of the bins."""

WHOLE_PAIRS = 4_000_000
"""Pairs on the coarsest scale at most: it gets all of them as arcs."""

KEPT = 8
"""Arcs of an item that are kept for the next price of a move, the cheapest first."""


@dataclass(frozen=True)
class Solution:
    """Units on each pair: stayers on homes, others brought; the prices behind it, its cost and a bound on all costs."""

    item: Indices
    bin: Indices
    brought: Integers
    stayed: Integers
    prices: Amounts
    cost: float
    bound: float


class NoLayoutError(Exception):
    """The few arcs hold no solution, which says nothing about all arcs."""


class SparseSolver:
    """Solves one market at many prices of a move; arcs and prices are kept from one to the next."""

    def __init__(self, market: Market, is_late: Callable[[], bool] = lambda: False) -> None:
        self._market, self._is_late = market, is_late
        self._pairs: Integers | None = None
        self._prices = np.zeros(len(market.capacity))
        self._settler = Settler(market)

    def solve(self, bring: float, *, exact: bool = True) -> Solution | None:
        """Solve at a cost of bringing a unit; None where there is no solution. Raises NoLayoutError.

        What is not `exact`, or late, stops early where a solution is known: its bound is less tight.
        """
        market = replace(self._market, bring=bring)
        if market.spare < 0:
            return None
        if self._pairs is None:
            sort = None if len(market.homes.item) else ranked(market)
            if sort is not None:
                return _sorted_out(market, sort)
            start = _descended(market, self._is_late)
            if start is None:
                return None
            run = _Run(market, *start, self._settler)
            run.add_cheap()
            solution = run.improved(ROUNDS, GAP, self._is_late)
        else:
            run = _Run(market, self._pairs, self._prices, self._settler, ROUNDED if exact else POINT_ROUNDED)
            run.add_cheap()
            rounds, gap = (ROUNDS, GAP) if exact else (POINT_ROUNDS, POINT_GAP)
            solution = run.improved(rounds, gap, self._is_late)
        if solution is None:
            raise NoLayoutError
        self._pairs, self._prices = run.cheapest_pairs(KEPT), solution.prices
        return solution


def _sorted_out(market: Market, sort: Ranked) -> Solution:
    """Return the layout by ranks; a survey of all pairs at its prices gives the bound."""
    brought = market.bring * float(sort.amount.sum())
    cost = float(market.costs(sort.item, sort.bin) @ sort.amount) + brought
    nobody = np.zeros(len(sort.amount), dtype=np.int64)
    return Solution(sort.item, sort.bin, sort.amount, nobody, sort.prices, cost, market.survey(sort.prices, 1).bound)


def _descended(market: Market, is_late: Callable[[], bool]) -> tuple[Integers, Amounts] | None:
    """Return pairs and prices for the finest scale, from the coarser ones; None where there is no solution."""
    supply = market.supply.astype(np.float64)
    weight = bin_weights(market.left, supply, market.right, market.capacity.astype(np.float64))
    alike = (market.fits.row, market.fits.alike_bins())
    steps = scales(market.left, market.right, (supply, weight), alike)
    here = market.coarse(steps[0], weight)
    pairs, prices = _all_pairs(here), np.zeros(len(here.capacity))
    for before, step in pairwise(steps):
        run = _Run(here, pairs, prices, Settler(here))
        if before is not steps[0]:
            run.add_cheap()
        used = run.improved(COARSE_ROUNDS, COARSE_GAP, is_late)
        if used is None:
            return None
        above, here = here, market if step is steps[-1] else market.coarse(step, weight)
        prices = _handed_down(above, here, used.prices)
        pairs = _legal(here, *children(before, step, used.item, used.bin))
    return pairs, prices


def _all_pairs(market: Market) -> Integers:
    items, bins = len(market.supply), len(market.capacity)
    if items * bins > WHOLE_PAIRS:
        raise NoLayoutError
    return _legal(market, np.repeat(np.arange(items), bins), np.tile(np.arange(bins), items))


def _legal(market: Market, items: Indices, bins: Indices) -> Integers:
    fits = market.fits.pairs(items, bins)
    return merged(items[fits] * len(market.capacity) + bins[fits])


def merged(*numbers: Integers) -> Integers:
    """Return the different numbers, sorted."""
    ordered = np.sort(np.concatenate(numbers))
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def _handed_down(above: Market, here: Market, prices: Amounts) -> Amounts:
    """Return what places are worth on a finer scale: as much as some group above would pay for them."""
    worth = np.zeros(len(here.capacity))
    for rows in blocks(np.arange(len(above.supply)), len(here.capacity)):
        legal = above.fits.table[above.fits.row[rows]], here.fits.table[above.fits.row[rows]]
        offers = np.where(legal[0], product(above.left[rows], above.right.T) + prices, np.inf).min(axis=1)
        gains = offers[:, None] - product(above.left[rows], here.right.T)
        worth = np.maximum(worth, np.where(legal[1], gains, -np.inf).max(axis=0))
    return worth


class _Run:
    """One market on a growing set of arcs."""

    def __init__(
        self, market: Market, pairs: Integers, prices: Amounts, settler: Settler, rounded: float = ROUNDED
    ) -> None:
        self._market, self._pairs, self._prices, self._rounded = market, pairs, prices, rounded
        self._settler = settler
        self._bound, self._bound_prices = -np.inf, prices
        self._missing = self._used = np.zeros(0, dtype=np.int64)
        self._cost = np.inf

    def improved(self, rounds: int, gap: float, is_late: Callable[[], bool]) -> Solution | None:
        """Solve, look for missing arcs, and again, until the gap is closed, no arc is missing, or it is late."""
        solution = self._solved()
        for _ in range(rounds - 1):
            if solution is None or solution.cost - self._bound <= gap * abs(solution.cost):
                break
            if not len(self._missing) or is_late():
                break
            self._pairs = merged(self._pairs, self._missing)
            solution = self._solved()
        return solution

    def cheapest_pairs(self, each: int) -> Integers:
        """Return the pairs that are used and the cheapest others of each item."""
        width = len(self._market.capacity)
        item, place = self._pairs // width, self._pairs % width
        pays = self._market.costs(item, place) + self._prices[place]
        order = np.lexsort((pays, item))
        rank = np.arange(len(order)) - np.searchsorted(item[order], item[order])
        kept = np.zeros(len(order), dtype=np.bool_)
        kept[order[rank < each]] = True
        return self._pairs[kept | (self._used > 0)]

    def add_cheap(self) -> None:
        """Add cheap arcs of every item at the prices handed down."""
        survey = self._market.survey(self._prices, self._looked_for)
        self._bound, self._bound_prices = survey.bound, self._prices
        self._pairs = merged(self._pairs, survey.item * len(self._market.capacity) + survey.bin)

    def _solved(self) -> Solution | None:
        """Solve on the arcs there are, and price in what is missing."""
        market, width = self._market, len(self._market.capacity)
        homes, prices = market.homes, self._bound_prices
        item = np.concatenate([homes.item, self._pairs // width])
        place = np.concatenate([homes.bin, self._pairs % width])
        brought = np.arange(len(item)) >= len(homes.item)
        room = np.concatenate([homes.count, market.room(item[brought], place[brought])])
        pays = market.costs(item, place) + market.bring * brought
        kept = self._may_be_used(item, pays + prices[place])
        self._used = np.zeros(len(self._pairs), dtype=np.int64)
        item, place, brought, room, pays = item[kept], place[kept], brought[kept], room[kept], pays[kept]
        offers = Offers(item, place, room, pays, brought & bool(len(homes.item)))
        settled = self._settler.settle(offers, prices, self._unit)
        if settled is None:
            return None
        flow = settled.flow
        self._used[kept[len(homes.item) :]] = flow[brought]
        self._prices = settled.prices - settled.prices.min()
        survey = market.survey(self._prices, self._looked_for)
        if survey.bound > self._bound:
            self._bound, self._bound_prices = survey.bound, self._prices
        used = flow > 0
        accepted = np.full(len(market.supply), -np.inf)
        np.maximum.at(accepted, item[used], (pays + self._prices[place])[used])
        self._missing = self._worthwhile(survey, accepted - settled.unit, self._pairs[kept[len(homes.item) :]])
        self._cost = min(self._cost, float(pays[used] @ flow[used]))
        return Solution(
            item[used],
            place[used],
            np.where(brought, flow, 0)[used],
            np.where(brought, 0, flow)[used],
            self._bound_prices,
            float(pays[used] @ flow[used]),
            self._bound,
        )

    def _may_be_used(self, item: Indices, pays: Amounts) -> Flags:
        """Return which arcs a better solution may use: none costs more above its item's cheapest than the gap is wide.

        Items in several bins keep theirs. Source: reduced cost fixing, H. Crowder, E. L. Johnson, M. Padberg (1983),
        doi:10.1287/opre.31.5.803.
        """
        least = np.full(len(self._market.supply), np.inf)
        np.minimum.at(least, item, pays)
        gap = self._cost - self._bound + self._unit * len(least)
        return np.asarray((pays - least[item] <= gap) | self._market.several[item])

    @property
    def _looked_for(self) -> int:
        fewest, most = LOOKED_FOR
        return int(np.clip(np.sqrt(len(self._market.capacity)) / 4, fewest, most))

    @property
    def _unit(self) -> float:
        """The finest unit of cost that matters."""
        known = abs(self._bound) if np.isfinite(self._bound) else 0.0
        return self._rounded * known / max(1, int(self._market.supply.sum()))

    def _worthwhile(self, survey: Survey, accepted: Amounts, arcs: Integers) -> Integers:
        """Return the pairs on which an item would pay less than on the dearest that it uses, but those among `arcs`."""
        better = survey.pays < accepted[survey.item]
        found = survey.item[better] * len(self._market.capacity) + survey.bin[better]
        return found[~among(found, arcs)]
