"""Transfers between sites: for each SKU a min-cost flow from surplus to shortage, where a unit gains by moving."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from ortools.graph.python import min_cost_flow

from tagdock_slotting.errors import UnsolvedError
from tagdock_slotting.sites.balance import Balance, Lane, Level, Levels, Transfer, shortage, surplus, useful

_CENT = 100


def balance(levels: Levels) -> Balance:
    """Find the transfers that gain most together: exact, as SKUs don't share lanes' room.

    Raises UnsolvedError where the flow cannot be solved. Source: transportation problem, F. L. Hitchcock (1941),
    doi:10.1002/sapm1941201224.
    """
    by_sku: dict[str, list[Level]] = defaultdict(list)
    for level in levels.levels:
        by_sku[level.sku].append(level)
    found = [transfer for sku in sorted(by_sku) for transfer in _sku(by_sku[sku], levels.lanes)]
    found.sort(key=lambda transfer: -transfer.gains)
    short = sum(map(shortage, levels.levels))
    return Balance(
        transfers=tuple(found),
        gains=round(sum(transfer.gains for transfer in found), 2),
        short_before=short,
        short_after=short - sum(transfer.quantity for transfer in found),
    )


def _sku(levels: Sequence[Level], lanes: Sequence[Lane]) -> list[Transfer]:
    place = {level.site: number for number, level in enumerate(levels)}
    gives, lacks = [surplus(level) for level in levels], [shortage(level) for level in levels]
    known = [lane for lane in lanes if lane.start in place and lane.goal in place]
    ways = [lane for lane in known if gives[place[lane.start]] and _gain(levels, place, lane) > 0]
    if not ways:
        return []
    amounts = _flow(levels, place, ways, gives, lacks)
    return [
        Transfer(
            sku=levels[0].sku,
            start=lane.start,
            goal=lane.goal,
            quantity=units,
            gains=round(units * _gain(levels, place, lane), 2),
            why=_why(levels[place[lane.start]], levels[place[lane.goal]], lane),
        )
        for lane, units in zip(ways, amounts, strict=True)
        if units
    ]


def _gain(levels: Sequence[Level], place: dict[str, int], lane: Lane) -> float:
    return levels[place[lane.goal]].price - lane.cost_per_unit


def _flow(
    levels: Sequence[Level], place: dict[str, int], ways: Sequence[Lane], gives: Sequence[int], lacks: Sequence[int]
) -> list[int]:
    """Send units from where they are too many (node 0 is the source, 1 the sink) to where they are wanted in time."""
    flow = min_cost_flow.SimpleMinCostFlow()
    size = len(levels)
    free, starts, goals = np.zeros(size, int), 2 + np.arange(size), 2 + size + np.arange(size)
    flow.add_arcs_with_capacity_and_unit_cost(np.zeros(size, int), starts, np.array(gives), free)
    flow.add_arcs_with_capacity_and_unit_cost(goals, np.ones(size, int), np.array(lacks), free)
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        np.array([2 + place[lane.start] for lane in ways]),
        np.array([2 + size + place[lane.goal] for lane in ways]),
        np.array([useful(levels[place[lane.goal]], lane.lead_days) for lane in ways]),
        np.array([-round(_CENT * _gain(levels, place, lane)) for lane in ways]),
    )
    most = min(sum(gives), sum(lacks))
    flow.add_arcs_with_capacity_and_unit_cost(np.array([0]), np.array([1]), np.array([most]), np.array([0]))
    flow.set_node_supply(0, most)
    flow.set_node_supply(1, -most)
    if flow.solve() != flow.OPTIMAL:
        raise UnsolvedError(f"the transfers of {levels[0].sku} could not be worked out")
    return [int(units) for units in flow.flows(arcs)]


def _why(start: Level, goal: Level, lane: Lane) -> str:
    return (
        f"{goal.site} has {_reach(goal)} of it, {lane.start} {_reach(start)}; "
        f"{lane.lead_days:g} days on the way at {lane.cost_per_unit:g} a unit"
    )


def _reach(level: Level) -> str:
    if level.demand_per_day == 0:
        return f"{level.quantity} and sells none"
    return f"{level.quantity / level.demand_per_day:.0f} days"
