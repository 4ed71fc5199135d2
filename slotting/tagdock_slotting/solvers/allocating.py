"""Orders that compete for stock, given to sites together: rivals for the same goods are given anew, group by group."""

import random
from collections.abc import Callable

from tagdock_slotting.sites.first_come import first_come
from tagdock_slotting.sites.offers import CENT, Offers, Parts
from tagdock_slotting.sites.records import Allocation, Demand
from tagdock_slotting.sites.shelf import Shelf
from tagdock_slotting.sites.told import cost, tell
from tagdock_slotting.solvers.fulfilment import Fulfilment
from tagdock_slotting.solvers.fulfilment_bound import lower_bound

TOGETHER = 40
"""Orders that are given anew at once: CP-SAT proves the best of so many in some ten milliseconds."""
_ROUND_WORK_S = 0.2
_BOUND_SHARE = 0.25
"""Of the time limit, for the linear programme that gives the bound."""
_WALL_FACTOR = 2.0
"""Deterministic seconds bound the search, so that a seed says the plan; and twice as many real ones do."""
_PATIENCE = 3
"""The search ends when as many rounds as there are orders, so many times over, have brought nothing."""


def allocate(demand: Demand, time_limit_s: float, seed: int, clock: Callable[[], float]) -> Allocation:
    """Give orders to sites at little cost, with a bound; never dearer than first come, nearest first.

    Demands of up to `TOGETHER` orders are solved whole, and proven. Source of the search: large neighbourhoods,
    P. Shaw (1998), doi:10.1007/3-540-49481-2_30.
    """
    began_s = clock()
    offers = Offers(demand)
    before = first_come(offers)
    search = _Search(offers, list(before), seed)
    is_proven = search.run(time_limit_s, clock)
    found = cost(offers, search.given)
    bound = found if is_proven else min(found, lower_bound(offers, _BOUND_SHARE * time_limit_s))
    shipped, waiting = tell(offers, search.given, before)
    return Allocation(
        status="optimal" if round(CENT * (found - bound)) == 0 else "feasible",
        cost=found,
        lower_bound=bound,
        first_come_cost=cost(offers, before),
        shipped=shipped,
        waiting=waiting,
        seconds=round(clock() - began_s, 3),
    )


class _Search:
    """What is given so far, and what is left of it."""

    def __init__(self, offers: Offers, given: list[Parts], seed: int) -> None:
        self.given = given
        self._offers = offers
        self._random = random.Random(seed)  # noqa: S311 - a search, no secret
        self._shelf = Shelf(offers)
        for number, parts in enumerate(given):
            self._shelf.take(number, parts)
        self._wanting: dict[str, list[int]] = {}
        for number, order in enumerate(offers.demand.orders):
            for sku in {line.sku for line in order.lines}:
                self._wanting.setdefault(sku, []).append(number)
        self._least = [offers.least_cents(number) for number in range(len(given))]

    def run(self, time_limit_s: float, clock: Callable[[], float]) -> bool:
        """Give orders anew until nothing better comes for long or the time is over; tells whether it is proven best."""
        ends_s, work_s = clock() + _WALL_FACTOR * time_limit_s, 0.0
        if len(self.given) <= TOGETHER:
            return self._anew(list(range(len(self.given))), time_limit_s, ends_s - clock())[1]
        idle = 0
        while work_s < time_limit_s and idle < _PATIENCE * len(self.given) and (left_s := ends_s - clock()) > 0:
            gained, _, spent_s = self._anew(self._rivals(), _ROUND_WORK_S, left_s)
            work_s += spent_s
            idle = 0 if gained else idle + TOGETHER
        return all(
            self._offers.order_cents(number, self.given[number]) == least for number, least in enumerate(self._least)
        )

    def _anew(self, numbers: list[int], work_s: float, wall_s: float) -> tuple[int, bool, float]:
        """Give some orders anew; returns cents gained, whether they are at their best, and the work it took."""
        before = {number: self.given[number] for number in numbers}
        for number in numbers:
            self._shelf.give_back(number, before[number])
        answer = Fulfilment(self._offers, self._shelf, numbers).solve(
            before, work_s, wall_s, self._random.randrange(2**31)
        )
        gained = sum(self._offers.order_cents(number, before[number]) for number in numbers) - sum(
            self._offers.order_cents(number, answer.given[number]) for number in numbers
        )
        for number, parts in (answer.given if gained >= 0 else before).items():
            self.given[number] = parts
            self._shelf.take(number, parts)
        return max(0, gained), answer.is_proven, answer.work_s

    def _rivals(self) -> list[int]:
        """Choose an order that costs more than it would alone, and others that want what it wants."""
        regrets = [
            1 + self._offers.order_cents(number, parts) - self._least[number] for number, parts in enumerate(self.given)
        ]
        chosen = self._random.choices(range(len(regrets)), regrets)
        seen = set(chosen)
        for number in chosen:
            lines = self._offers.demand.orders[number].lines
            near = sorted({rival for line in lines for rival in self._wanting[line.sku]} - seen)
            for rival in self._random.sample(near, min(len(near), TOGETHER // 2)):
                seen.add(rival)
                chosen.append(rival)
                if len(chosen) == TOGETHER:
                    return chosen
        return chosen
