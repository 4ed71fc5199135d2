"""The transportation problem inside every layout problem: who lies where at least cost, if bins only counted items.

Its optimum bounds every layout from below, and where it keeps all rules and nothing but linear costs count it is the
optimum. A price on each relocation, varied, gives the best layouts with few relocations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.bounds import LinearBound, linear_bound
from tagdock_slotting.distance import Indices
from tagdock_slotting.errors import UnsolvedError
from tagdock_slotting.model import Amounts, Model, Units, among
from tagdock_slotting.solvers.classes import Kinds, kinds_of
from tagdock_slotting.solvers.fits import fits_of
from tagdock_slotting.solvers.flow import Arcs, Integers, most_shipped, transport
from tagdock_slotting.solvers.market import Homes, Market
from tagdock_slotting.solvers.placing import place
from tagdock_slotting.solvers.sparse import NoLayoutError, SparseSolver

WRITTEN_AT_MOST = 1_000_000
"""Pairs of kinds that are all written down as arcs; more are solved on few arcs, others priced in."""

PAIRS_AT_MOST = 30_000_000
"""Pairs of kinds that can be written down at all; so many take about 2 GB."""

SURVEYED_AT_MOST = 4_000_000_000
"""Pairs of kinds that are looked at; so many take half a minute each time."""


@dataclass(frozen=True)
class Relaxed:
    """A layout that is optimal at a price a relocation; `bound` is on its cost, price of relocations included."""

    units: Units
    bound: float
    relocations: int


@dataclass(frozen=True)
class _Used:
    """Arcs and the flow on them, and a lower bound on the cost of every flow, price of relocations included."""

    arcs: Arcs
    amount: Integers
    bound: float


@dataclass(frozen=True)
class Relaxation:
    """The network over classes; built once, solved at many prices.

    Every unit that is brought somewhere is charged a relocation; `put_away` of them lay nowhere and are refunded.
    """

    bound: LinearBound
    kinds: Kinds
    put_away: int
    is_late: Callable[[], bool]

    @cached_property
    def arcs(self) -> Arcs:
        """All arcs written down. Raises UnsolvedError where they are too many."""
        return _arcs(self.bound, self.kinds)

    @cached_property
    def sparse(self) -> SparseSolver | None:
        """What solves a network too large to write down; None for one that is not."""
        pairs = len(self.kinds.items) * len(self.kinds.bins)
        return SparseSolver(market_of(self.bound, self.kinds), self.is_late) if pairs > WRITTEN_AT_MOST else None

    @property
    def supply(self) -> Integers:
        """Units that each class of items needs."""
        return np.asarray(self.kinds.items.size * self.bound.model.needed[self.kinds.items.example], dtype=np.int64)

    @property
    def capacity(self) -> Integers:
        """Units that each class of bins takes."""
        return np.asarray(self.kinds.bins.size * self.kinds.slots[self.kinds.bins.example], dtype=np.int64)

    def solve(self, price_m_per_day: float = 0.0, *, exact: bool = True) -> Relaxed | None:
        """Find the cheapest layout at a price for each relocation, over what relocating costs anyway.

        None where no layout keeps the rules even if bins only counted items. Large networks are solved less than
        `exact`, where that is not asked for or time is up: the bound says how well.
        """
        move_price = _move_price(self.bound.model)
        used = (
            self._on_few_arcs(move_price + price_m_per_day, exact)
            if self.sparse
            else self._on_all_arcs(price_m_per_day)
        )
        if used is None:
            return None
        units = place(self.bound.model, self.kinds, used.arcs, used.amount)
        constant = self.bound.constant - self.put_away * (price_m_per_day + move_price)
        return Relaxed(units, used.bound + constant, relocations(self.bound.model, units))

    def _on_all_arcs(self, price_m_per_day: float) -> _Used | None:
        arcs = self.arcs
        priced = Arcs(arcs.source, arcs.sink, arcs.capacity, arcs.cost + price_m_per_day * arcs.avoid, arcs.avoid)
        flow = transport(self.supply, self.capacity, priced)
        return None if flow is None else _Used(arcs, flow.amount, flow.bound)

    def _on_few_arcs(self, bring_m_per_day: float, exact: bool) -> _Used | None:
        try:
            found = self.sparse.solve(bring_m_per_day, exact=exact) if self.sparse else None
        except NoLayoutError:
            return self._on_all_arcs(bring_m_per_day - _move_price(self.bound.model))
        if found is None:
            return None
        source, sink = np.tile(found.item, 2).astype(np.int32), np.tile(found.bin, 2).astype(np.int32)
        amount = np.concatenate([found.stayed, found.brought])
        brought = np.arange(len(amount)) >= len(found.item)
        return _Used(Arcs(source, sink, amount, np.zeros(len(amount)), brought), amount, found.bound)

    def cost(self, units: Units) -> float:
        """Return the linear cost of a layout in metres a day, as the network counts it."""
        model, bound = self.bound.model, self.bound
        pulled = bound.pull[units.item] * bound.trip_m[units.bin]
        return float(model.unit_costs(units).sum() + pulled.sum()) + bound.constant + self._moving(units)

    def _moving(self, units: Units) -> float:
        model = self.bound.model
        if model.problem.moves.model == "per_move":
            return _move_price(model) * relocations(model, units)
        return float(_carried(model, units).sum() / model.problem.moves.horizon_days)

    def shipped(self) -> Integers:
        """Return the largest flow there is on each arc, for looking at what is too narrow."""
        return most_shipped(self.supply, self.capacity, self.arcs)

    def holding_price(self) -> float:
        """Return a price at which no relocation pays that rules do not force."""
        left, right = self.bound.factors(self.kinds.items.example, self.kinds.bins.example)
        dearest = float(left.sum(axis=1).max() * right.max(initial=0.0)) + _move_price(self.bound.model)
        return dearest * (int(self.supply.sum()) + 1) + 1.0


def relocations(model: Model, units: Units) -> int:
    """Count the units of today's layout that leave their bin."""
    width = model.bins
    today = model.current.item * width + model.current.bin
    return len(today) - int(np.isin(today, units.item * width + units.bin).sum())


def by_rates(model: Model) -> Units | None:
    """Return the layout that is best if bins only counted items and an order's lines were trips of their own."""
    found = build_relaxation(linear_bound(model)).solve()
    return None if found is None else found.units


def build_relaxation(bound: LinearBound, is_late: Callable[[], bool] = lambda: False) -> Relaxation:
    """Build the network of a problem; a large one is no longer improved once it `is_late`."""
    model = bound.model
    slots = countable_slots(model)
    kinds = kinds_of(bound, slots)
    put_away = int(model.needed.sum()) - len(model.current)
    if (pairs := len(kinds.items) * len(kinds.bins)) > SURVEYED_AT_MOST:
        raise UnsolvedError(
            f"{len(kinds.items):,} kinds of item times {len(kinds.bins):,} kinds of bin are {pairs:,} pairs and more "
            f"than {SURVEYED_AT_MOST:,}; describe bins by `aisles`, where many are alike, or plan one zone at a time"
        )
    return Relaxation(bound, kinds, put_away, is_late)


def countable_slots(model: Model) -> Indices:
    """Return how many items a bin takes at most: its own limit, or as many of the smallest as fit."""
    slots = np.minimum(model.slots, model.items)
    for amount, room in ((model.volume_m3, model.bin_volume_m3), (model.mass_kg, model.bin_mass_kg)):
        smallest_first = np.cumsum(np.sort(amount))
        slots = np.minimum(slots, np.searchsorted(smallest_first, room * (1 + 1e-9), side="right"))
    return np.asarray(slots, dtype=np.intp)


def _arcs(bound: LinearBound, kinds: Kinds) -> Arcs:
    """Lay an arc where an item may lie: one for what stays there, one for what is brought there."""
    model, items, bins = bound.model, kinds.items, kinds.bins
    if len(items) * len(bins) > PAIRS_AT_MOST:
        raise UnsolvedError(
            f"no layout was found on few arcs, and {len(items):,} kinds of item times {len(bins):,} kinds of bin are "
            "too many to prove that there is none; plan one zone at a time"
        )
    cost = bound.costs(items.example, bins.example)
    allowed = model.allowed(items.example[:, None], bins.example[None, :])
    homes = np.zeros((len(items), len(bins)), dtype=np.int64)
    np.add.at(homes, (items.of[model.current.item], bins.of[model.current.bin]), 1)
    fits = np.where(model.needed[items.example][:, None] == 1, items.size[:, None], bins.size[None, :])
    brought = np.where((model.needed[items.example][:, None] == 1) & (homes > 0), 0, fits - homes)
    stay, bring = np.nonzero(allowed & (homes > 0)), np.nonzero(allowed & (brought > 0))
    return Arcs(
        source=np.concatenate([stay[0], bring[0]]).astype(np.int32),
        sink=np.concatenate([stay[1], bring[1]]).astype(np.int32),
        capacity=np.concatenate([homes[stay], brought[bring]]),
        cost=np.concatenate([cost[stay], cost[bring] + _bringing(model, kinds)[bring]]),
        avoid=np.arange(len(stay[0]) + len(bring[0])) >= len(stay[0]),
    )


def market_of(bound: LinearBound, kinds: Kinds) -> Market:
    """Describe the network without writing arcs down; the way of a `tour` of moves is not in it, only prices."""
    model, items, bins = bound.model, kinds.items, kinds.bins
    left, right = bound.factors(items.example, bins.example)
    fits = fits_of(model, items.example, bins.example)
    keys, count = np.unique(items.of[model.current.item] * len(bins) + bins.of[model.current.bin], return_counts=True)
    home_item, home_bin = keys // len(bins), keys % len(bins)
    legal = fits.pairs(home_item, home_bin)
    return Market(
        left=left,
        right=right,
        supply=np.asarray(items.size * model.needed[items.example], dtype=np.int64),
        capacity=np.asarray(bins.size * kinds.slots[bins.example], dtype=np.int64),
        size=bins.size,
        several=model.needed[items.example] > 1,
        fits=fits,
        homes=Homes(home_item[legal], home_bin[legal], count[legal].astype(np.int64)),
    )


def _carried(model: Model, units: Units) -> Amounts:
    """Return how far each unit is carried at least: from the nearest bin of its item today, nothing where it stays."""
    today, order = model.current, np.argsort(units.item, kind="stable")
    item, goal = units.item[order], units.bin[order]
    count = np.bincount(today.item, minlength=model.items)
    ways = np.where(count[item] == model.needed[item], count[item], 0)
    unit = np.repeat(np.arange(len(item)), ways)
    nth = np.arange(len(unit)) - np.repeat(np.cumsum(ways) - ways, ways)
    start = today.bin[(np.cumsum(count) - count)[item[unit]] + nth]
    carried = np.full(len(item), np.inf)
    np.minimum.at(carried, unit, model.between(start, goal[unit]))
    stays = among(item * model.bins + goal, np.sort(today.item * model.bins + today.bin))
    return np.where(stays | np.isinf(carried), 0.0, carried)


def _move_price(model: Model) -> float:
    moves = model.problem.moves
    return moves.cost_m_per_move / moves.horizon_days if moves.model == "per_move" else 0.0


def _bringing(model: Model, kinds: Kinds) -> NDArray[np.float64]:
    """Return what bringing a unit to a bin costs: the price of a move, or at least the way it is carried."""
    items, bins = kinds.items, kinds.bins
    if model.problem.moves.model == "per_move":
        return np.full((len(items), len(bins)), _move_price(model))
    carried = np.full((len(items), len(bins)), np.inf)
    start = model.between(model.current.bin[:, None], bins.example[None, :])
    np.minimum.at(carried, items.of[model.current.item], start)
    whole = np.bincount(model.current.item, minlength=model.items) == model.needed
    carried[~whole[items.example]] = 0.0
    return np.asarray(np.where(np.isinf(carried), 0.0, carried) / model.problem.moves.horizon_days)
