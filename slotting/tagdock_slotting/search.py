"""Search where no proof is to be had: make layouts legal, then shift and swap as long as it pays, kick and repeat.

Iterated local search (Lourenço, Martin, Stützle 2003, doi:10.1007/0-306-48056-5_11) over pairwise exchanges. It does
the same for the same seed, whatever the machine's speed, unless the time limit cuts it short.
"""

from collections.abc import Callable, Sequence

import numpy as np

from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.model import Units
from tagdock_slotting.neighbourhood import Exchange, Neighbourhood, exchanged
from tagdock_slotting.objective import Objective
from tagdock_slotting.repair import repaired
from tagdock_slotting.rules import is_legal

KICKS = 30
"""Times that the best layout is disturbed and improved again."""

KICK_SHARE = 0.02
"""Share of the units that a kick exchanges at random, two at least."""

TRIED_WITH_TOURS = 3
"""Exchanges of each kind whose tours are measured: the linear costs choose them."""

WORTH = 1e-9
"""What an exchange saves at least, as a fraction of the objective: rounding saves nothing."""


class Search:
    """Looks for legal layouts and improves them until nothing does or time is up."""

    def __init__(
        self,
        objective: Objective,
        bound: LinearBound,
        at_most: int | None,
        seed: int,
        out_of_time: Callable[[], bool],
    ) -> None:
        self._objective, self._bound, self._at_most = objective, bound, at_most
        self._random = np.random.default_rng(seed)
        self._out_of_time = out_of_time
        problem = objective.model.problem
        self._routed = problem.weights.routes > 0 and objective.router is not None

    def run(self, starts: Sequence[Units]) -> list[Units]:
        """Return legal layouts: the given ones made legal, and the best of them improved."""
        legal = [units for start in starts if (units := self._legal(start)) is not None]
        if not legal:
            return []
        best = min((self._improved(start) for start in legal), key=self._value)
        for _ in range(KICKS):
            if self._out_of_time():
                break
            candidate = self._improved(self._kicked(best))
            if self._value(candidate) < self._value(best):
                best = candidate
        return [*legal, best]

    def _legal(self, units: Units) -> Units | None:
        if is_legal(self._objective.model, units):
            return units
        return repaired(self._bound, units, self._random)

    def _improved(self, units: Units) -> Units:
        """Improve until no unit has an exchange that pays."""
        layout = Neighbourhood(self._objective, self._bound, units, self._at_most)
        worth = WORTH * max(1.0, abs(self._value(units)))
        improving = True
        while improving and not self._out_of_time():
            improving = False
            for unit in self._random.permutation(len(units)).tolist():
                if self._out_of_time():
                    break
                chosen = self._best_exchange(layout, unit)
                if chosen is not None and chosen.change_m_per_day < -worth:
                    layout.apply(chosen)
                    improving = True
        found = layout.units
        return found if self._value(found) < self._value(units) else units

    def _best_exchange(self, layout: Neighbourhood, unit: int) -> Exchange | None:
        if not self._routed:
            return next(iter(layout.best_exchanges(unit, 1)), None)
        tried = [self._with_tours(layout, exchange) for exchange in layout.best_exchanges(unit, TRIED_WITH_TOURS)]
        return min(tried, key=lambda exchange: exchange.change_m_per_day, default=None)

    def _with_tours(self, layout: Neighbourhood, exchange: Exchange) -> Exchange:
        """Measure an exchange by what it does to the whole objective: tours depend on everything in an order."""
        before = layout.units
        after = exchanged(before, exchange)
        items = {int(before.item[exchange.unit])}
        if exchange.partner is not None:
            items.add(int(before.item[exchange.partner]))
        orders = np.unique(np.concatenate([self._objective.orders_with(item) for item in sorted(items)]))
        change = self._objective.change_m_per_day(before, after, orders)
        return Exchange(exchange.unit, exchange.goal, exchange.partner, change)

    def _kicked(self, units: Units) -> Units:
        layout = Neighbourhood(self._objective, self._bound, units, self._at_most)
        for _ in range(max(2, int(KICK_SHARE * len(units)))):
            exchange = layout.random_exchange(self._random)
            if exchange is not None:
                layout.apply(exchange)
        return layout.units

    def _value(self, units: Units) -> float:
        return self._objective.terms(units).total()
