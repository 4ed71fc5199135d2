"""The moves of a plan: executable steps, each with what it saves and why, in words."""

import numpy as np
from msgspec.structs import replace

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Model, Units
from tagdock_slotting.objective import Objective
from tagdock_slotting.plan import CARRIED, Move
from tagdock_slotting.relocation import ON_TRUCK, Step, executed_chains, saves_m_per_day


def list_moves(objective: Objective, units: Units) -> tuple[Move, ...]:
    """List the moves that lead from today's layout to another one, in an order that can be executed."""
    model = objective.model
    found = executed_chains(model, units)
    comers = {step.goal: step.item for chain in reversed(found) for step in reversed(chain.steps)}
    floor, way = _Positions(objective), _Way(model)
    moves: list[Move] = []
    for number, chain in enumerate(found, start=1):
        listed: list[Move] = []
        for step in chain.steps:
            saved, cost_m = floor.take(step), way.to(step)
            why = _why(model, step, saved, comers.get(step.start))
            names = _name(model, step.start), _name(model, step.goal)
            sku, place = model.problem.items[step.item].sku, len(moves) + len(listed) + 1
            listed.append(Move(place, sku, *names, saved, why, number, cost_m))
        moves += _paid_back(listed)
    return tuple(moves)


def _paid_back(chain: list[Move]) -> list[Move]:
    """Say of a whole chain after how many days it has earned its steps."""
    saved, cost_m = sum(move.saves_m_per_day for move in chain), sum(move.cost_m for move in chain)
    if saved <= 0:
        return chain
    return [replace(move, payback_days=cost_m / saved) for move in chain]


class _Way:
    """What each step costs once: the price of a move, or the metres that the truck goes for it."""

    def __init__(self, model: Model) -> None:
        self._model, self._at = model, -1

    def to(self, step: Step) -> float:
        """Return the cost of a step, in metres, from where the truck stands."""
        moves = self._model.problem.moves
        if moves.model == "per_move":
            return 0.0 if step.goal == ON_TRUCK else moves.cost_m_per_move
        stops = [place for place in (self._at, step.start, step.goal) if place != ON_TRUCK]
        self._at = stops[-1]
        return float(self._model.between(np.array(stops[:-1]), np.array(stops[1:])).sum()) if len(stops) > 1 else 0.0


class _Positions:
    """Where everything lies between two steps; what is carried counts as being where it came from."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._units = objective.model.current
        self._carried: dict[int, int] = {}
        self._linear = not len(objective.pairs.value) and not objective.model.problem.weights.routes

    def take(self, step: Step) -> float:
        """Take a step and return what it saves, in metres a day."""
        if step.goal == ON_TRUCK:
            self._carried[step.item] = step.start
            return 0.0
        start = self._carried.pop(step.item, step.start) if step.start == ON_TRUCK else step.start
        before = self._units
        unit = int(np.flatnonzero((before.item == step.item) & (before.bin == start))[0])
        places = before.bin.copy()
        places[unit] = step.goal
        self._units = Units(before.item, places)
        saved = saves_m_per_day(self._objective.model, [Step(step.item, start, step.goal)])[0]
        return saved + (0.0 if self._linear else self._other_terms(before, step.item))

    def _other_terms(self, before: Units, item: int) -> float:
        orders = self._objective.orders_with(item)
        return self._objective.shared_m_per_day(before, orders) - self._objective.shared_m_per_day(self._units, orders)


def _name(model: Model, place: int) -> str:
    return CARRIED if place == ON_TRUCK else model.problem.bins[place].id


def _why(model: Model, step: Step, saved: float, comer: int | None) -> str:
    sku = model.problem.items[step.item].sku
    if step.goal == ON_TRUCK:
        return f"{sku} is carried, for no free bin takes it, to make room for {_sku(model, comer)}"
    if step.start == ON_TRUCK:
        return f"{sku} is put down; {_flow(model, step.item)}"
    if not model.allowed(np.array(step.item), np.array(step.start)):
        return f"{sku} may not lie in {_name(model, step.start)}"
    flow = _flow(model, step.item)
    if model.picks[step.item]:  # what does not sell has no door to be near to
        flow += f", moves {_nearer(model, step.item, np.array([step.start, step.goal]))}"
    if saved <= 0 and comer is not None and comer != step.item:
        return f"{sku} makes room for {_sku(model, comer)}; it {flow}"
    return f"{sku} {flow}"


def _sku(model: Model, item: int | None) -> str:
    return "others" if item is None else model.problem.items[item].sku


def _flow(model: Model, item: int) -> str:
    return f"sells {model.picks[item]:.3g} a day" if model.picks[item] else "does not sell"


def _nearer(model: Model, item: int, places: Indices) -> str:
    before, after = (model.door_m[places] @ model.share[item]).tolist()
    main = model.problem.doors[int(np.argmax(model.share[item]))].id
    door = main if model.share[item].max() > 0.999 else f"its doors (mostly {main})"
    if abs(before - after) < 0.05:
        return f"to the same distance from {door}"
    return f"{before - after:.3g} m nearer {door}" if before > after else f"{after - before:.3g} m away from {door}"
