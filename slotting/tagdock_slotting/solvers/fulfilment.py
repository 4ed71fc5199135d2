"""Some orders and what the sites have left, as one model of CP-SAT: each is shipped whole or waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from tagdock_slotting.sites.offers import Offers, Parts
from tagdock_slotting.sites.shelf import Shelf

Weighted = list[tuple[cp_model.IntVar, int]]


@dataclass(frozen=True)
class Answer:
    """Each order's parts, whether they are proven to cost least, and what the search took of deterministic time."""

    given: Mapping[int, Parts]
    is_proven: bool
    work_s: float


@dataclass
class _Choice:
    """The variables of one order: whether somebody ships it, which sites do, and who ships which line.

    An order that may not be split has the whole of it under its first line.
    """

    is_served: cp_model.IntVar
    ships: dict[int, cp_model.IntVar] = field(default_factory=dict)
    lines: dict[tuple[int, int], cp_model.IntVar] = field(default_factory=dict)


class Fulfilment:
    """The orders `numbers` compete for what the shelf has left.

    Source: order fulfilment as fixed-charge assignment, P. J. Xu, R. Allgor, S. C. Graves (2009),
    doi:10.1287/msom.1080.0222.
    """

    def __init__(self, offers: Offers, shelf: Shelf, numbers: Sequence[int]) -> None:
        self._offers, self._shelf = offers, shelf
        self._model = cp_model.CpModel()
        self._units: dict[tuple[int, str], Weighted] = {}
        self._picks: dict[int, Weighted] = {}
        self._cost: Weighted = []
        self._choices = {number: self._order(number) for number in numbers}
        for (site, sku), users in self._units.items():
            self._at_most(users, shelf.units(site, sku))
        for site, users in self._picks.items():
            if (room := shelf.lines(site)) is not None:
                self._at_most(users, room)
        self._model.minimize(_sum(self._cost))

    def solve(self, hint: Mapping[int, Parts], work_s: float, wall_s: float, seed: int) -> Answer:
        """Search for at most `work_s` of deterministic time, and `wall_s` of real time, from what was given before."""
        self._hint(hint)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = seed
        solver.parameters.max_deterministic_time = work_s
        solver.parameters.max_time_in_seconds = wall_s
        status = solver.solve(self._model)
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return Answer(hint, False, work_s)
        given = {number: self._parts(solver, number) for number in self._choices}
        return Answer(given, status == cp_model.OPTIMAL, solver.response_proto.deterministic_time)

    def _order(self, number: int) -> _Choice:
        offers, order = self._offers, self._offers.demand.orders[number]
        choice = _Choice(self._model.new_bool_var(""))
        self._cost.append((choice.is_served, -offers.waiting_cents(number)))
        for site in offers.may_ship(number):
            self._offer(choice, number, site)
        for place in range(len(order.lines)) if order.split else range(1):
            self._model.add(sum(taken for (_, at), taken in choice.lines.items() if at == place) == choice.is_served)
        self._late(choice, number)
        return choice

    def _offer(self, choice: _Choice, number: int, site: int) -> None:
        """Let a site ship of an order what it has."""
        order = self._offers.demand.orders[number]
        every = tuple(range(len(order.lines)))
        groups = [(place,) for place in every] if order.split else [every]
        possible = [group for group in groups if self._shelf.has(site, [order.lines[place] for place in group])]
        if not possible:
            return
        ships = choice.ships[site] = self._model.new_bool_var("")
        self._cost.append((ships, self._offers.shipping_cents(number, site)))
        for group in possible:
            taken = ships
            if order.split:
                taken = self._model.new_bool_var("")
                self._model.add_implication(taken, ships)
            choice.lines[site, group[0]] = taken
            for place in group:
                self._units.setdefault((site, order.lines[place].sku), []).append((taken, order.lines[place].quantity))
            self._picks.setdefault(site, []).append((taken, len(group)))

    def _late(self, choice: _Choice, number: int) -> None:
        """Let an order be as late as its latest shipment."""
        late = {site: self._offers.days_late(number, site) for site in choice.ships}
        days = sorted(set(late.values()) - {0})
        for before, day in zip([0, *days], days, strict=False):
            is_so_late = self._model.new_bool_var("")
            self._cost.append((is_so_late, (day - before) * self._offers.late_cents_a_day(number)))
            for site, ships in choice.ships.items():
                if late[site] >= day:
                    self._model.add_implication(ships, is_so_late)

    def _at_most(self, users: Weighted, room: int) -> None:
        if sum(units for _, units in users) > room:
            self._model.add(_sum(users) <= room)

    def _hint(self, given: Mapping[int, Parts]) -> None:
        for number, choice in self._choices.items():
            parts = given[number]
            self._model.add_hint(choice.is_served, bool(parts))
            taken = {(site, place) for site, places in parts for place in places}
            for site, ships in choice.ships.items():
                self._model.add_hint(ships, any(site == other for other, _ in parts))
            for at, variable in choice.lines.items():
                if variable is not choice.ships[at[0]]:
                    self._model.add_hint(variable, at in taken)

    def _parts(self, solver: cp_model.CpSolver, number: int) -> Parts:
        choice, order = self._choices[number], self._offers.demand.orders[number]
        found: dict[int, list[int]] = {}
        for (site, place), taken in sorted(choice.lines.items(), key=lambda entry: entry[0]):
            if solver.boolean_value(taken):
                found.setdefault(site, []).extend([place] if order.split else range(len(order.lines)))
        return tuple((site, tuple(places)) for site, places in found.items())


def _sum(weighted: Weighted) -> cp_model.LinearExprT:
    return cp_model.LinearExpr.weighted_sum([each for each, _ in weighted], [weight for _, weight in weighted])
