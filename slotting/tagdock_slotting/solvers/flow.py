"""Transportation problems, solved to proven optimality by OR-Tools' min-cost flow.

Source: A. V. Goldberg, "An efficient implementation of a scaling minimum-cost flow algorithm", J. Algorithms 22 (1997).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from tagdock_slotting.errors import UnsolvedError

Integers = NDArray[np.int64]

TIE_UNITS = 4
"""Integer cost units by which an undesired arc loses a tie: rounding alone shifts a cost by at most one."""

MOST_BITS = 36
"""The dearest arc costs 2**36 units at most, so a cost is exact to 1.5e-11 of the dearest."""


class OverflowedError(UnsolvedError):
    """The flow solver refused the numbers; `scale_bits` is meant to make that impossible."""


@dataclass(frozen=True)
class Arcs:
    """Who may send to whom: tails are sources, heads are sinks; costs of one unit; `avoid` loses ties."""

    source: NDArray[np.int32]
    sink: NDArray[np.int32]
    capacity: Integers
    cost: NDArray[np.float64]
    avoid: NDArray[np.bool_]


@dataclass(frozen=True)
class WholeArcs:
    """Arcs ordered by source, with costs in whole units."""

    source: NDArray[np.intp]
    sink: NDArray[np.intp]
    capacity: Integers
    cost: Integers


@dataclass(frozen=True)
class Flow:
    """An optimal flow on each arc, and a lower bound on the cost of every flow."""

    amount: Integers
    bound: float


def scale_bits(nodes: int) -> int:
    """Return how many bits a cost may have so that node potentials (nodes**2 times as large) stay within 62 bits."""
    return max(1, min(MOST_BITS, 61 - 2 * int(np.ceil(np.log2(nodes + 1)))))


def transport(supply: Integers, capacity: Integers, arcs: Arcs) -> Flow | None:
    """Send every source's supply to the sinks at least cost; None where that is impossible.

    Costs are rounded to integers; the bound takes the rounding (half a unit a shipment) and the tie-break into account.
    """
    sources, sinks = len(supply), len(capacity)
    dearest = float(np.abs(arcs.cost).max(initial=0.0))
    unit = (dearest or 1.0) / 2 ** scale_bits(sources + sinks + 1)
    cost = np.rint(arcs.cost / unit).astype(np.int64) + TIE_UNITS * arcs.avoid
    solver, numbers = _network(supply, capacity, arcs, cost)
    status = solver.solve()
    if status == solver.INFEASIBLE:
        return None
    if status != solver.OPTIMAL:
        raise OverflowedError(f"min-cost flow ended with {status.name}")
    slack = (TIE_UNITS + 0.5) * float(supply.sum())
    return Flow(np.asarray(solver.flows(numbers), dtype=np.int64), (solver.optimal_cost() - slack) * unit)


def balanced(supply: Integers, demand: Integers, arcs: WholeArcs) -> Integers | None:
    """Send all supply to meet all demand (their sums are equal) at least cost; None where that is impossible."""
    sources = len(supply)
    solver = min_cost_flow.SimpleMinCostFlow()
    numbers = solver.add_arcs_with_capacity_and_unit_cost(
        arcs.source.astype(np.int32), (arcs.sink + sources).astype(np.int32), arcs.capacity, arcs.cost
    )
    solver.set_nodes_supplies(np.arange(sources + len(demand), dtype=np.int32), np.concatenate([supply, -demand]))
    status = solver.solve()
    if status == solver.INFEASIBLE:
        return None
    if status != solver.OPTIMAL:
        raise OverflowedError(f"min-cost flow ended with {status.name}")
    return np.asarray(solver.flows(numbers), dtype=np.int64)


def most_shipped(supply: Integers, capacity: Integers, arcs: Arcs) -> Integers:
    """Return a flow on each arc that ships as much as is possible at all."""
    solver, numbers = _network(supply, capacity, arcs, np.zeros(len(arcs.source), dtype=np.int64))
    if solver.solve_max_flow_with_min_cost() != solver.OPTIMAL:
        raise OverflowedError("max-flow ended without an answer")
    return np.asarray(solver.flows(numbers), dtype=np.int64)


def _network(
    supply: Integers, capacity: Integers, arcs: Arcs, cost: Integers
) -> tuple[min_cost_flow.SimpleMinCostFlow, NDArray[np.int32]]:
    sources, sinks = len(supply), len(capacity)
    solver = min_cost_flow.SimpleMinCostFlow()
    numbers = solver.add_arcs_with_capacity_and_unit_cost(arcs.source, arcs.sink + sources, arcs.capacity, cost)
    end = np.int32(sources + sinks)
    solver.add_arcs_with_capacity_and_unit_cost(
        np.arange(sources, end, dtype=np.int32), np.full(sinks, end), capacity, np.zeros(sinks, dtype=np.int64)
    )
    solver.set_nodes_supplies(np.arange(sources, dtype=np.int32), supply)
    solver.set_node_supply(int(end), -int(supply.sum()))
    return solver, numbers
