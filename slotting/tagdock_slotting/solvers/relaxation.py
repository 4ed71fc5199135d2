"""The transportation problem inside every layout problem: who lies where at least cost, if bins only counted items.

Its optimum bounds every layout from below, and where it keeps all rules and nothing but linear costs count it is the
optimum. A price on each relocation, varied, gives the best layouts with few relocations.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.distance import Indices
from tagdock_slotting.errors import UnsolvedError
from tagdock_slotting.model import Model, Units
from tagdock_slotting.solvers.classes import Kinds, kinds_of
from tagdock_slotting.solvers.flow import Arcs, Integers, most_shipped, transport
from tagdock_slotting.solvers.placing import place

PAIRS_AT_MOST = 30_000_000
"""Pairs of kinds that make a network; so many take about 2 GB."""


@dataclass(frozen=True)
class Relaxed:
    """A layout that is optimal at a price a relocation; `bound` is on its cost, price of relocations included."""

    units: Units
    bound: float
    relocations: int


@dataclass(frozen=True)
class Relaxation:
    """The network over classes; built once, solved at many prices.

    Every unit that is brought somewhere is charged a relocation; `put_away` of them lay nowhere and are refunded.
    """

    bound: LinearBound
    kinds: Kinds
    arcs: Arcs
    put_away: int

    @property
    def supply(self) -> Integers:
        """Units that each class of items needs."""
        return np.asarray(self.kinds.items.size * self.bound.model.needed[self.kinds.items.example], dtype=np.int64)

    @property
    def capacity(self) -> Integers:
        """Units that each class of bins takes."""
        return np.asarray(self.kinds.bins.size * self.kinds.slots[self.kinds.bins.example], dtype=np.int64)

    def solve(self, price_m_per_day: float = 0.0) -> Relaxed | None:
        """Find the cheapest layout at a price for each relocation, over what relocating costs anyway.

        None where no layout keeps the rules even if bins only counted items.
        """
        arcs = self.arcs
        priced = Arcs(arcs.source, arcs.sink, arcs.capacity, arcs.cost + price_m_per_day * arcs.avoid, arcs.avoid)
        flow = transport(self.supply, self.capacity, priced)
        if flow is None:
            return None
        units = place(self.bound.model, self.kinds, arcs, flow.amount)
        constant = self.bound.constant - self.put_away * (price_m_per_day + _move_price(self.bound.model))
        return Relaxed(units, flow.bound + constant, relocations(self.bound.model, units))

    def cost(self, units: Units) -> float:
        """Return the linear cost of a layout in metres a day, as the network counts it."""
        model, bound = self.bound.model, self.bound
        pulled = bound.pull[units.item] * bound.trip_m[units.bin]
        return float(model.unit_costs(units).sum() + pulled.sum()) + bound.constant + self._moving(units)

    def _moving(self, units: Units) -> float:
        model = self.bound.model
        if model.problem.moves.model == "per_move":
            return _move_price(model) * relocations(model, units)
        brought = units.item * model.bins + units.bin
        moved = ~np.isin(brought, model.current.item * model.bins + model.current.bin)
        kinds = self.kinds
        costs = _bringing(model, kinds)[kinds.items.of[units.item], kinds.bins.of[units.bin]]
        return float(costs[moved].sum())

    def shipped(self) -> Integers:
        """Return the largest flow there is on each arc, for looking at what is too narrow."""
        return most_shipped(self.supply, self.capacity, self.arcs)

    def holding_price(self) -> float:
        """Return a price at which no relocation pays that rules do not force."""
        return float(self.arcs.cost.max(initial=0.0)) * (int(self.supply.sum()) + 1) + 1.0


def relocations(model: Model, units: Units) -> int:
    """Count the units of today's layout that leave their bin."""
    width = model.bins
    today = model.current.item * width + model.current.bin
    return len(today) - int(np.isin(today, units.item * width + units.bin).sum())


def build_relaxation(bound: LinearBound) -> Relaxation:
    """Build the network of a problem."""
    model = bound.model
    slots = countable_slots(model)
    kinds = kinds_of(bound, slots)
    put_away = int(model.needed.sum()) - len(model.current)
    return Relaxation(bound, kinds, _arcs(bound, kinds), put_away)


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
            f"{len(items):,} kinds of item times {len(bins):,} kinds of bin are more than {PAIRS_AT_MOST:,} pairs; "
            "describe the warehouse by `aisles`, where many bins are alike, or plan one zone at a time"
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
