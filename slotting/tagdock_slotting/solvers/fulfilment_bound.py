"""What no allocation can go below: the same model with halves of orders allowed, as a linear programme."""

from datetime import timedelta

from ortools.math_opt.python import mathopt

from tagdock_slotting.sites.offers import CENT, Offers
from tagdock_slotting.sites.records import Order


def lower_bound(offers: Offers, within_s: float) -> float:
    """Return a lower bound of the cost of all allocations, in the money of the demand.

    Without the linear programme's answer within the time, each order's own least cost as if it were alone.
    """
    alone = sum(offers.least_cents(number) for number in range(len(offers.demand.orders)))
    model = _Relaxed(offers)
    result = mathopt.solve(
        model.model,
        mathopt.SolverType.GLOP,
        params=mathopt.SolveParameters(time_limit=timedelta(seconds=within_s)),
    )
    is_solved = result.termination.reason == mathopt.TerminationReason.OPTIMAL
    return max(alone, result.dual_bound() if is_solved else 0.0) / CENT


class _Relaxed:
    """The linear programme: shares of orders and of their lines."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self.model = mathopt.Model()
        self._units: dict[tuple[int, str], list[tuple[mathopt.Variable, int]]] = {}
        self._picks: dict[int, list[tuple[mathopt.Variable, int]]] = {}
        self._cost: list[tuple[int, mathopt.Variable]] = []
        waiting = sum(offers.waiting_cents(number) for number in range(len(offers.demand.orders)))
        for number, order in enumerate(offers.demand.orders):
            self._order(number, order)
        for key, users in self._units.items():
            self._at_most(users, offers.stock[key])
        for site, users in self._picks.items():
            if (room := offers.demand.sites[site].lines_at_most) is not None:
                self._at_most(users, room)
        self.model.minimize(mathopt.fast_sum([cents * each for cents, each in self._cost]) + waiting)

    def _order(self, number: int, order: Order) -> None:
        offers, every = self._offers, tuple(range(len(order.lines)))
        served = self._share(-offers.waiting_cents(number))
        takers: dict[int, list[mathopt.Variable]] = {place: [] for place in (every if order.split else (0,))}
        ships = {}
        for site in offers.may_ship(number):
            for group in [(place,) for place in every] if order.split else [every]:
                if not all(offers.has(site, order.lines[place]) for place in group):
                    continue
                if site not in ships:
                    ships[site] = self._share(offers.shipping_cents(number, site))
                taken = ships[site]
                if order.split:
                    taken = self._share(0)
                    self.model.add_linear_constraint(taken <= ships[site])
                takers[group[0]].append(taken)
                for place in group:
                    line = order.lines[place]
                    self._units.setdefault((site, line.sku), []).append((taken, line.quantity))
                self._picks.setdefault(site, []).append((taken, len(group)))
        for given in takers.values():
            self.model.add_linear_constraint(mathopt.fast_sum(given) == served)
        self._late(number, ships)

    def _late(self, number: int, ships: dict[int, mathopt.Variable]) -> None:
        late = {site: self._offers.days_late(number, site) for site in ships}
        days = sorted(set(late.values()) - {0})
        for before, day in zip([0, *days], days, strict=False):
            is_so_late = self._share((day - before) * self._offers.late_cents_a_day(number))
            for site, share in ships.items():
                if late[site] >= day:
                    self.model.add_linear_constraint(share <= is_so_late)

    def _share(self, cents: int) -> mathopt.Variable:
        variable = self.model.add_variable(lb=0.0, ub=1.0)
        if cents:
            self._cost.append((cents, variable))
        return variable

    def _at_most(self, users: list[tuple[mathopt.Variable, int]], room: int) -> None:
        if sum(units for _, units in users) > room:
            self.model.add_linear_constraint(mathopt.fast_sum([units * each for each, units in users]) <= room)
