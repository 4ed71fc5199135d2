"""Search where no proof is to be had: make layouts legal, then shift and swap as long as it pays, kick and repeat.

Iterated local search (Lourenço, Martin, Stützle 2003, doi:10.1007/0-306-48056-5_11) over pairwise exchanges. It does
the same for the same seed, whatever the machine's speed, unless the time limit cuts it short.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tagdock_slotting.annealing import Annealing
from tagdock_slotting.bounds import LinearBound
from tagdock_slotting.compiling import Compiler
from tagdock_slotting.exchanging import Exchanging
from tagdock_slotting.gate import Verdict, judge, seen_orders
from tagdock_slotting.model import Model, Units
from tagdock_slotting.neighbourhood import Exchange, Neighbourhood, exchanged
from tagdock_slotting.objective import Objective
from tagdock_slotting.quadratic import DenseSearch, is_dense
from tagdock_slotting.repair import repaired
from tagdock_slotting.rules import is_legal
from tagdock_slotting.sharing import Bounded, Programme, room_bound, shares_room

SMALL = 10
"""Units up to which a search without compiled loops finds as much, and sooner."""

COMPILING_SHARE = 0.85
"""Share of the time left that a search waits for its loops to be compiled."""

BOUND_SHARE = 0.4
"""Share of the time left that the bound of shared rooms may take."""

SHARPER_SHARE, SHARPER_ONCE_SHARE = 0.3, 0.15
"""Shares of the time left after that bound in which it is made sharper, once a layout is found: the second where there
are too many pairs for more than a first step of all bins."""

SHARPER_PAIRS = 1_000_000
"""Items times bins up to which a minute has time for the dozens of steps after which the bound rises further (1,000
SKUs in 200 bins: 50 steps, 1 s of a processor; 5,000 in 1,000: still none after 40 steps, 37 s)."""

NEAR_OPTIMAL = 0.001
"""First temperature (see `annealing`) where prices on room give the start: a hotter one only loses what they know. Of
0.01, 0.001 and 0.0001 the last two end alike, the first above them (5,000 SKUs in 1,000 bins)."""

SEEN_SHARE = 0.6
"""Share of the time left in which a layout is sought on the first orders."""

AIM = 1.05
"""A layout that shares rooms is thought to cost so much of what it costs where bins only count items."""

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
        left_s: Callable[[], float],
        *,
        by_rates: Callable[[Model], Units | None] = lambda model: None,
        programme: Programme | None = None,
        improved: Callable[[Units], None] | None = None,
    ) -> None:
        self._programme = programme
        self._rooms: Bounded | None = None
        self._tell, self._by_rates = improved, by_rates
        self._objective, self._bound, self._at_most = objective, bound, at_most
        self._random, self._seed = np.random.default_rng(seed), seed
        self._left_s = left_s
        self.bound_m_per_day = -np.inf
        self.verdict: Verdict | None = None
        problem = objective.model.problem
        self._routed = problem.weights.routes > 0 and objective.router is not None

    def run(self, starts: Sequence[Units]) -> list[Units]:
        """Return legal layouts: the given ones made legal, and the best of them improved."""
        annealing = self._annealing(len(starts[0]))
        legal = self._made_legal([*self._choices(starts[0]), *starts], annealing)
        if not legal:
            return []
        best = min(legal, key=self._value)
        if not self._routed:
            return [*legal, self._improve(best, annealing)]
        aware = self._order_aware(best, annealing)
        return legal if aware is None else [*legal, aware]

    def _improve(self, start: Units, annealing: Annealing | None) -> Units:
        """Improve a legal layout by what suits the problem."""
        if annealing is None:
            return self._iterated(start)
        if is_dense(self._objective, self._at_most):
            return DenseSearch(self._objective, self._bound, start).run(self._seed, self._out_of_time)
        if (exchanging := self._exchanging()) is not None:
            model = self._objective.model
            large = model.items * model.bins > SHARPER_PAIRS
            end_s = (SHARPER_ONCE_SHARE if large else SHARPER_SHARE) * self._left_s()
            found = exchanging.run(start, self._seed, lambda: self._left_s() - end_s, self._tell)
            self.bound_m_per_day = max(self.bound_m_per_day, exchanging.sharper(found, self._left_s))
            return found
        if self._rooms is not None:
            annealing = replace(annealing, hottest=NEAR_OPTIMAL)
        return annealing.run(start, self._seed, self._left_s)

    def _exchanging(self) -> Exchanging | None:
        """Return the search where rooms are shared and cost is linear; None elsewhere."""
        if self._rooms is None:
            return None
        exchanging = Exchanging(self._objective, self._bound, self._rooms.prices)
        return exchanging if exchanging.suits(self._at_most) else None

    def _order_aware(self, start: Units, annealing: Annealing | None) -> Units | None:
        """Seek a layout on the first orders; where it proves better on the others, seek on with all of them.

        It is judged beside the layout by rates that the first orders alone would have given: one that has seen the
        others too knows the rates that were to come.
        """
        seen = seen_orders(self._objective.model)
        rated = self._by_rates(seen)
        if rated is None or not is_legal(seen, rated) or self._at_most is not None:
            rated = start
        whole, left_s = self._objective, self._left_s
        end_s = (1 - SEEN_SHARE) * left_s()
        self._objective, self._left_s = Objective(seen), lambda: left_s() - end_s
        aware = self._improve(rated, annealing and replace(annealing, objective=self._objective))
        self._objective, self._left_s = whole, left_s
        self.verdict = judge(whole.model, aware, rated)
        if not self.verdict.kept:
            return None
        return self._improve(aware, annealing and replace(annealing, hottest=NEAR_OPTIMAL))

    def _made_legal(self, starts: Sequence[Units], annealing: Annealing | None) -> list[Units]:
        """Return the starts that are legal, and the first of the others made so: more would take the search's time.

        What prices on room give is the best start there is: once it is legal, no other is made so (7 s for 5,000 SKUs).
        """
        found, mended = [], False
        for start in starts:
            if is_legal(self._objective.model, start):
                found.append(start)
                mended = mended or (len(start) > SMALL and self._exchanging() is not None)
            elif not mended and (units := self._legal(start, annealing)) is not None:
                found.append(units)
                mended = len(start) > SMALL
        return found

    def _annealing(self, units: int) -> Annealing | None:
        """Return what searches in compiled loops; None where there are none in good time, or the problem is small."""
        annealing = Annealing(self._objective, self._bound, self._at_most)
        if units <= SMALL or not annealing.suits():
            return None
        return annealing if Compiler.started().is_ready(COMPILING_SHARE * self._left_s()) else None

    def _choices(self, start: Units) -> list[Units]:
        """Work out the bound of shared rooms, and return the layout that comes with it."""
        if len(start) <= SMALL or not shares_room(self._objective.model):
            return []
        end_s = (1 - BOUND_SHARE) * self._left_s()
        aim = AIM * self._value(start)
        self._rooms = room_bound(self._bound, aim, lambda: self._left_s() - end_s, self._programme)
        self.bound_m_per_day = self._rooms.m_per_day
        return [self._rooms.units]

    def _legal(self, units: Units, annealing: Annealing | None) -> Units | None:
        end_s = 0.5 * self._left_s()
        relieved = None
        if annealing is not None:
            relieved = annealing.relieved(units, self._seed, lambda: self._left_s() - end_s)
        if relieved is not None and is_legal(self._objective.model, relieved):
            return relieved
        return repaired(self._bound, units, self._random, self._out_of_time)

    def _iterated(self, start: Units) -> Units:
        """Improve, kick and repeat."""
        best = self._improved(start)
        for _ in range(KICKS):
            if self._out_of_time():
                break
            candidate = self._improved(self._kicked(best))
            if self._value(candidate) < self._value(best):
                best = candidate
                if self._tell is not None:
                    self._tell(best)
        return best

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

    def _out_of_time(self) -> bool:
        return self._left_s() <= 0

    def _value(self, units: Units) -> float:
        return self._objective.terms(units).total()
