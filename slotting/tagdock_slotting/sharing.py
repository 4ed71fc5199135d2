"""How cheap can a layout be at best where items share the volume and mass of bins: a bound from prices on room.

With a price on each bin's places, volume and mass every item chooses for itself; what they pay, less what all room is
worth, never exceeds the cost of a legal layout, whatever the prices (all item-bin pairs are looked at). The best prices
give the bound of the linear programme, because choosing alone is integral: they are sought roughly (`rents`), and then
by that programme on the arcs that look cheap, until no other arc does. Items that it does not split stay where it lays
them, the others choose one after the other.

Source: Lagrangian relaxation, M. L. Fisher (1981), doi:10.1287/mnsc.27.1.1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.model import Amounts, Integers, Model, Units
from tagdock_slotting.rents import Rooms, rents

PAIRS_AT_MOST = 30_000_000
"""Items times bins looked at in each step, at most."""

ARCS = 14
"""Bins of each item that the linear programme starts with: one more round of 75,000 arcs then proves 0.2 parts in a
million (5,000 SKUs in 1,000 bins; at prices 0.3 % below its value)."""

ROUNDS = 6
"""Linear programmes at most, each on more arcs."""

PROVEN = 1e-6
"""Share of the linear programme's value by which its bound may miss it."""

WHOLE = 1 - 1e-6
"""Share of a unit in one bin from which it lies there."""

MORE_ARCS = 6
"""Bins of each item that are added after each round."""

ROUGH_SHARE = 0.35
"""Share of the bound's time in which prices are sought roughly."""


@dataclass(frozen=True)
class Arcs:
    """What a linear programme is told: arc `a` of item `item[a]` costs `cost[a]` a unit.

    It takes `use[k, a]` of the whole of room `row[k, a]` (-1: of none). An item needs `needed[item]` units in all, and
    no more than one on an arc if that is more than one.
    """

    item: Indices
    cost: Amounts
    needed: Indices
    row: Indices
    use: Amounts


@dataclass(frozen=True)
class Shares:
    """What a linear programme on arcs says: the share of a unit on each, what each whole room is worth, the value."""

    share: Amounts
    price: Amounts
    value: float


class Programme(Protocol):
    """Solves the linear programme of shared rooms on some arcs; see `solvers.rooms`."""

    def __call__(self, arcs: Arcs, time_limit_s: float) -> Shares | None:
        """Solve; None where that takes too long."""


@dataclass(frozen=True)
class Bounded:
    """A lower bound in metres a day, a layout near it, and `prices[kind, bin]` of a place, a m3 and a kg."""

    m_per_day: float
    units: Units
    prices: Metres


def shares_room(model: Model) -> bool:
    """Return whether volume or mass say more than the number of items in a bin."""
    finite = np.isfinite(model.bin_volume_m3).any() or np.isfinite(model.bin_mass_kg).any()
    return bool(np.any(model.slots > 1) and finite and model.items * model.bins <= PAIRS_AT_MOST)


@dataclass(frozen=True)
class _Choice:
    """What units choose at some prices, and the bound that this proves."""

    bound: float
    unit_bins: Indices


def room_bound(
    bound: LinearBound, aim: float, left_s: Callable[[], float], programme: Programme | None = None
) -> Bounded:
    """Bound the objective of every legal layout from below; `aim` is about what a good layout costs.

    The layout keeps to the rooms where one was found that does; what it cannot see (who shares no bin with whom) it
    may break. Without `programme`, or where it takes too long, the rough prices stand.
    """
    market = _Market(bound)
    end_s = (1 - ROUGH_SHARE) * left_s() if programme else 0.0
    prices = rents(market.rooms, aim - market.constant, lambda: left_s() - end_s)
    best, settled = market.choose(prices), None
    arcs = market.cheap(prices, ARCS) if programme else market.nothing
    for _ in range(ROUNDS if programme else 0):
        found = programme(market.stated(arcs), left_s()) if programme and left_s() > 0 else None
        if found is None:
            break
        fresh = market.by_unit(found.price)
        choice, settled = market.choose(fresh), arcs[found.share >= WHOLE]
        if choice.bound > best.bound:
            best, prices = choice, fresh
        if choice.bound >= found.value + market.constant - PROVEN * abs(found.value):
            break
        arcs = np.union1d(arcs, market.cheap(fresh, MORE_ARCS))
    places = market.packed(prices, market.nothing if settled is None else settled)
    units = Units(market.unit_item, best.unit_bins if places is None else places)
    return Bounded(best.bound, units.sorted(), prices)


class _Market:
    """Items choosing bins at prices of a place, a m3 and a kg in each; an arc is the number item * bins + bin."""

    def __init__(self, bound: LinearBound) -> None:
        model = self._model = bound.model
        items, bins = np.arange(model.items), np.arange(model.bins)
        left, right = bound.factors(items, bins)
        told = (left != 0).any(axis=0) & (right != 0).any(axis=0)
        self._left, self._right = left[:, told], right[:, told]
        self._amounts = np.array([np.ones(model.items), model.volume_m3, model.mass_kg])
        slots = np.where(model.slots < model.items, model.slots, np.inf)
        self._room = np.array([slots, model.bin_volume_m3, model.bin_mass_kg])
        limited = np.isfinite(self._room) & (self._room > 0)
        self._part = np.where(limited, 1.0 / np.where(limited, self._room, 1.0), 0.0)
        self._row = np.where(limited, np.cumsum(limited).reshape(limited.shape) - 1, -1)
        allowed = np.array([model.allowed(np.array([item]), bins) for item in items])
        self._forbidden = None if allowed.all() else ~allowed
        moves = model.problem.moves
        self._price = moves.cost_m_per_move / moves.horizon_days if moves.model == "per_move" else 0.0
        self._several = np.flatnonzero(model.needed > 1)
        self.constant = bound.constant + self._price * len(model.current)
        self.unit_item = np.repeat(items, model.needed)
        self.nothing = np.zeros(0, dtype=np.intp)

    @property
    def rooms(self) -> Rooms:
        """What rough prices are sought for: all units of an item as if they lay in one bin."""
        needed = self._model.needed
        return Rooms(self._left * needed[:, None], self._right, self._amounts * needed, self._room, self._forbidden)

    def by_unit(self, price: Amounts) -> Metres:
        """Return prices of one unit of each kind in each bin, from those of whole rooms."""
        padded = np.concatenate([price, np.zeros(self._part.size)])
        return np.asarray(np.where(self._row >= 0, padded[self._row], 0.0) * self._part)

    def cheap(self, prices: Metres, wanted: int) -> Indices:
        """Return arcs to the cheapest bins of each item, so many and one more for each further unit, and to homes."""
        model, costs = self._model, self._costs(prices)
        wanted = min(model.bins, wanted + int(model.needed.max()) - 1)
        near = np.argpartition(costs, wanted - 1, axis=1)[:, :wanted]
        item = np.repeat(np.arange(model.items), wanted)
        usable = np.isfinite(np.take_along_axis(costs, near, axis=1)).ravel()
        return np.union1d(
            (item * model.bins + near.ravel())[usable], model.current.item * model.bins + model.current.bin
        )

    def stated(self, arcs: Indices) -> Arcs:
        """Return what a linear programme is told of some arcs."""
        model = self._model
        item, place = arcs // model.bins, arcs % model.bins
        cost = np.einsum("ad,ad->a", self._left[item], self._right[place])
        if self._price:
            cost = cost - self._price * np.isin(arcs, model.current.item * model.bins + model.current.bin)
        use = self._amounts[:, item] * self._part[:, place]
        return Arcs(item, cost, model.needed, self._row[:, place], use)

    def choose(self, prices: Metres) -> _Choice:
        """Let each item choose its cheapest bins."""
        model, costs = self._model, self._costs(prices)
        first = np.argmin(costs, axis=1)
        paid = float(costs[np.arange(model.items), first].sum())
        unit_bins = first
        if len(self._several):
            chosen = [first[item : item + 1] for item in range(model.items)]
            for item in self._several.tolist():
                chosen[item] = np.argpartition(costs[item], model.needed[item] - 1)[: model.needed[item]]
                paid += float(costs[item, chosen[item]].sum() - costs[item, first[item]])
            unit_bins = np.concatenate(chosen)
        worth = float(prices[self._part > 0] @ self._room[self._part > 0])
        return _Choice(paid - worth + self.constant, unit_bins)

    def packed(self, prices: Metres, settled: Indices) -> Indices | None:
        """Let units choose one after the other among the bins that have room; None where one finds none.

        Settled arcs are taken first. Then those that are asked for most choose: they lose most by a bin that is
        farther; where somebody finds no room so, the bulky choose first.
        """
        bulk = np.where(self._part > 0, self._part, np.nan)
        mean = np.nan_to_num(np.nanmean(np.where(np.isnan(bulk).all(1, keepdims=True), 0.0, bulk), axis=1))
        for rank, first in ((self._model.picks, settled), (mean @ self._amounts, self.nothing)):
            places = _Packing(self, prices).run(np.argsort(-rank, kind="stable"), first)
            if places is not None:
                return places
        return None

    def costs_of(self, item: int, prices: Metres) -> Metres:
        """Return what a unit of an item costs in each bin."""
        costs = self._right @ self._left[item] + self._amounts[:, item] @ prices
        return np.asarray(costs if self._forbidden is None else np.where(self._forbidden[item], np.inf, costs))

    def _costs(self, prices: Metres) -> Metres:
        model = self._model
        costs = self._left @ self._right.T + self._amounts.T @ prices
        if self._price:
            costs[model.current.item, model.current.bin] -= self._price
        return np.asarray(costs if self._forbidden is None else np.where(self._forbidden, np.inf, costs))

    def empty(self) -> tuple[Amounts, Amounts, Integers]:
        """Return the room of empty bins, what an item takes of it, and how many bins each item needs."""
        slots = self._model.slots.astype(np.float64)
        return np.array([slots, *self._room[1:]]), self._amounts, self._model.needed.astype(np.int64)


class _Packing:
    """Units being put into bins one after the other, dear or bulky ones first."""

    def __init__(self, market: _Market, prices: Metres) -> None:
        self._market, self._prices = market, prices
        self._left, self._amounts, self._needed = market.empty()
        self._places: list[list[int]] = [[] for _ in self._needed]

    def run(self, order: Indices, settled: Indices) -> Indices | None:
        """Put settled arcs first, then all units in an order of items; None where one finds no room."""
        bins = self._left.shape[1]
        for arc in settled.tolist():
            self._put(arc // bins, arc % bins)
        for item in order.tolist():
            wanted = int(self._needed[item]) - len(self._places[item])
            if wanted <= 0:
                continue
            fits = np.asarray((self._left >= self._amounts[:, item, None]).all(axis=0))
            fits[self._places[item]] = False
            costs = np.where(fits, self._market.costs_of(item, self._prices), np.inf)
            chosen = np.argsort(costs, kind="stable")[:wanted]
            if not np.isfinite(costs[chosen]).all() or len(chosen) < wanted:
                return None
            for place in chosen.tolist():
                self._put(item, place)
        return np.array([place for places in self._places for place in places], dtype=np.intp)

    def _put(self, item: int, place: int) -> None:
        if (self._left[:, place] >= self._amounts[:, item] * (1 - 1e-9)).all():
            self._left[:, place] -= self._amounts[:, item]
            self._places[item].append(place)
