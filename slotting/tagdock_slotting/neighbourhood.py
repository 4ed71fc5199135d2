"""What every shift and every swap of one unit would change, for all partners at once.

A shift brings a unit to another bin, a swap exchanges two units. Costs are travel, ergonomics, moving price, affinity
and the linear part of tours; whoever searches checks whole tours itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.model import Flags, Model, Units
from tagdock_slotting.objective import Objective
from tagdock_slotting.rules import TOLERANCE, loads


@dataclass(frozen=True)
class Exchange:
    """Unit `unit` goes to bin `goal`; where `partner` is not None, that unit comes back in return."""

    unit: int
    goal: int
    partner: int | None
    change_m_per_day: float


def exchanged(units: Units, exchange: Exchange) -> Units:
    """Return a layout after an exchange."""
    places = units.bin.copy()
    places[exchange.unit] = exchange.goal
    if exchange.partner is not None:
        places[exchange.partner] = units.bin[exchange.unit]
    return Units(units.item, places)


class Neighbourhood:
    """A layout that can be changed, and the changes that keep it legal. The layout it starts from is legal."""

    def __init__(self, objective: Objective, bound: LinearBound, units: Units, at_most: int | None) -> None:
        self._model: Model = objective.model
        self._bound, self._at_most = bound, at_most
        self.item, self.place = units.item.copy(), units.bin.copy()
        self._home = np.sort(self._model.current.item * self._model.bins + self._model.current.bin)
        moves = self._model.problem.moves
        self._price = moves.cost_m_per_move / moves.horizon_days if moves.model == "per_move" else 0.0
        self._pairs = unit_pairs(objective, units)
        self._count, self._volume_m3, self._mass_kg = loads(self._model, units)
        self._relocations = len(self._home) - int(self._is_home(self.item, self.place).sum())

    @property
    def units(self) -> Units:
        """The layout as it is now."""
        return Units(self.item.copy(), self.place.copy())

    def flow(self, size: int) -> Metres:
        """Return the affinity from each unit to each other one, weighted, with rows and columns up to `size`."""
        flow = np.zeros((size, size))
        np.add.at(flow, (self._pairs.one, self._pairs.other), self._pairs.value)
        return flow

    def unit_costs(self, item: np.intp, places: Indices) -> Metres:
        """Return what one unit of an item costs in some bins by itself, less the price of a move where it stays."""
        return self._costs(item, places)

    def best_exchanges(self, unit: int, wanted: int) -> list[Exchange]:
        """Return the cheapest legal exchanges of a unit, at most `wanted` of each kind, cheapest first."""
        shifts, swaps = self._shifts(unit), self._swaps(unit)
        found = [Exchange(unit, goal, None, float(shifts[goal])) for goal in _smallest(shifts, wanted)]
        found += [Exchange(unit, int(self.place[v]), v, float(swaps[v])) for v in _smallest(swaps, wanted)]
        return sorted(found, key=lambda exchange: exchange.change_m_per_day)

    def random_exchange(self, random: np.random.Generator) -> Exchange | None:
        """Return any legal exchange of any unit; None where the drawn unit has none."""
        unit = int(random.integers(len(self.item)))
        swaps, shifts = np.flatnonzero(np.isfinite(self._swaps(unit))), np.flatnonzero(np.isfinite(self._shifts(unit)))
        if len(swaps) + len(shifts) == 0:
            return None
        drawn = int(random.integers(len(swaps) + len(shifts)))
        if drawn < len(swaps):
            return Exchange(unit, int(self.place[swaps[drawn]]), int(swaps[drawn]), 0.0)
        return Exchange(unit, int(shifts[drawn - len(swaps)]), None, 0.0)

    def apply(self, exchange: Exchange) -> None:
        """Carry out an exchange."""
        start = int(self.place[exchange.unit])
        self._bring(exchange.unit, exchange.goal)
        if exchange.partner is not None:
            self._bring(exchange.partner, start)

    def _bring(self, unit: int, to: int) -> None:
        item, start, goal = self.item[unit], self.place[unit], np.intp(to)
        self._relocations += int(self._is_home(item, start)) - int(self._is_home(item, goal))
        for place, by in ((start, -1), (goal, 1)):
            self._count[place] += by
            self._volume_m3[place] += by * self._model.volume_m3[item]
            self._mass_kg[place] += by * self._model.mass_kg[item]
        self.place[unit] = goal

    def _shifts(self, unit: int) -> Metres:
        """Return what it changes to bring a unit to each bin; infinite where that is not legal."""
        model, item, start = self._model, self.item[unit], self.place[unit]
        everywhere = np.arange(model.bins)
        change = self._costs(item, everywhere) - self._costs(item, start[None])
        change = change + self._pair_costs(unit, everywhere) - self._pair_costs(unit, start[None])
        fits = model.allowed(item, everywhere) & (self._count < model.slots)
        fits &= self._volume_m3 + model.volume_m3[item] <= model.bin_volume_m3 * (1 + TOLERANCE)
        fits &= self._mass_kg + model.mass_kg[item] <= model.bin_mass_kg * (1 + TOLERANCE)
        fits &= self._in_budget(self._is_home(item, start).astype(int) - self._is_home(item, everywhere))
        fits[self.place[self._unwelcome(item)]] = False
        return np.where(fits, change, np.inf)

    def _swaps(self, unit: int) -> Metres:
        """Return what it changes to swap a unit with each other one; infinite where that is not legal."""
        item, start, items, places = self.item[unit], self.place[unit], self.item, self.place
        here = np.full(len(items), start)
        change = self._costs(item, places) - self._costs(item, start[None])
        change = change + self._unit_costs(items, here) - self._unit_costs(items, places)
        change = change + self._pair_changes(unit)
        fits = self._model.allowed(item, places) & self._model.allowed(items, here)
        fits &= (items != item) & (places != start) & self._loads_fit(unit)
        stays_lost = self._is_home(item, start).astype(int) + self._is_home(items, places)
        fits &= self._in_budget(stays_lost - self._is_home(item, places) - self._is_home(items, here))
        fits &= self._company_fits(unit)
        return np.where(fits, change, np.inf)

    def _loads_fit(self, unit: int) -> Flags:
        """Return for each other unit whether both bins have room after a swap."""
        model, fits = self._model, np.ones(len(self.item), dtype=np.bool_)
        item, start = self.item[unit], self.place[unit]
        for amount, load, room in (
            (model.volume_m3, self._volume_m3, model.bin_volume_m3 * (1 + TOLERANCE)),
            (model.mass_kg, self._mass_kg, model.bin_mass_kg * (1 + TOLERANCE)),
        ):
            gained = amount[item] - amount[self.item]
            fits &= (load[self.place] + gained <= room[self.place]) & (load[start] - gained <= room[start])
        return fits

    def _company_fits(self, unit: int) -> Flags:
        """Return for each other unit whether, after a swap, nobody shares a bin with himself or with an enemy."""
        fits = np.ones(len(self.item), dtype=np.bool_)
        if np.all(self._model.slots == 1):
            return fits
        item, start = self.item[unit], self.place[unit]
        blocked = np.bincount(self.place[self._unwelcome(item)], minlength=self._model.bins)
        mine = self._unwelcome(item)
        fits &= blocked[self.place] - mine == 0
        for other in self.item[(self.place == start) & (np.arange(len(self.item)) != unit)]:
            fits &= ~self._unwelcome(other)
        return fits

    def _unwelcome(self, item: np.intp) -> Flags:
        """Return which units may not share a bin with an item: its own other units, and its enemies."""
        enemies = self._model.enemies[item]
        same = self.item == item
        return np.asarray(same | np.isin(self.item, np.fromiter(enemies, dtype=np.intp))) if enemies else same

    def _costs(self, item: np.intp, places: Indices) -> Metres:
        return self._unit_costs(np.full(len(places), item), places)

    def _unit_costs(self, items: Indices, places: Indices) -> Metres:
        costs = self._model.unit_costs(Units(items, places)) + self._bound.pull[items] * self._bound.trip_m[places]
        return np.asarray(costs - self._price * self._is_home(items, places))

    def _is_home(self, items: Indices | np.intp, places: Indices | np.intp) -> Flags:
        wanted = items * self._model.bins + places
        if not len(self._home):
            return np.zeros(np.shape(wanted), dtype=np.bool_)
        found = np.minimum(np.searchsorted(self._home, wanted), len(self._home) - 1)
        return np.asarray(self._home[found] == wanted)

    def _in_budget(self, more: NDArray[np.int64]) -> Flags:
        if self._at_most is None:
            return np.ones(len(more), dtype=np.bool_)
        return np.asarray((self._relocations + more <= self._at_most) | (more <= 0))

    def _pair_costs(self, unit: int, places: Indices) -> Metres:
        """Return what a unit's affinity costs with the unit in each of some places, all others staying."""
        pairs, between = self._pairs, self._model.between
        out, back = pairs.one == unit, pairs.other == unit
        costs = between(places[:, None], self.place[pairs.other[out]][None, :]) @ pairs.value[out]
        return np.asarray(costs + between(self.place[pairs.one[back]][None, :], places[:, None]) @ pairs.value[back])

    def _pair_changes(self, unit: int) -> Metres:
        """Return what a swap with each other unit changes in affinity."""
        pairs, between, start = self._pairs, self._model.between, self.place[unit]
        if not len(pairs.value):
            return np.zeros(len(self.place))
        size = len(self.place)
        one, other = self.place[pairs.one], self.place[pairs.other]
        now = pairs.value * between(one, other)
        out = pairs.value * between(np.full_like(one, start), other) - now
        back = pairs.value * between(one, np.full_like(one, start)) - now
        changes: Metres = np.bincount(pairs.one, out, size).astype(np.float64) + np.bincount(pairs.other, back, size)
        changes = changes + self._pair_costs(unit, self.place) - self._pair_costs(unit, start[None])
        here = np.full_like(self.place, start)
        both_ways = between(here, self.place) + between(self.place, here)
        mine, others = pairs.one == unit, pairs.other == unit
        tied: Metres = np.bincount(pairs.other[mine], pairs.value[mine], size).astype(np.float64)
        tied = tied + np.bincount(pairs.one[others], pairs.value[others], size)
        return np.asarray(changes + tied * both_ways)


@dataclass(frozen=True)
class UnitPairs:
    """Affinity from unit to unit, weighted, in metres a day for each metre apart."""

    one: Indices
    other: Indices
    value: Metres


def unit_pairs(objective: Objective, units: Units) -> UnitPairs:
    """Spread each affinity pair over the units of its items."""
    weight = objective.model.problem.weights.affinity
    members: dict[int, list[int]] = {}
    for unit, item in enumerate(units.item.tolist()):
        members.setdefault(item, []).append(unit)
    found = [
        (one, other, weight * value / (len(members[first]) * len(members[second])))
        for first, second, value in zip(*(column.tolist() for column in objective.pairs.columns()), strict=True)
        for one in members[first]
        for other in members[second]
        if weight * value > 0
    ]
    table = np.array(found, dtype=np.float64).reshape(len(found), 3)
    return UnitPairs(table[:, 0].astype(np.intp), table[:, 1].astype(np.intp), table[:, 2])


def _smallest(changes: Metres, wanted: int) -> list[int]:
    if wanted == 1:
        best = int(np.argmin(changes)) if len(changes) else 0
        return [best] if len(changes) and np.isfinite(changes[best]) else []
    order = np.argsort(changes, kind="stable")[:wanted]
    return [int(index) for index in order if np.isfinite(changes[index])]
