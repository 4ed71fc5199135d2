"""The linear programme of items that share rooms, on few arcs, by HiGHS through OR-Tools.

An interior point, then a vertex: at most as many items are split there as rooms are full. Units that find no place on
their arcs pay for it, so that there always is an answer; better prices then ask for better arcs.
Source: Q. Huangfu, J. A. J. Hall (2018), doi:10.1007/s12532-017-0130-5.
"""

from datetime import timedelta

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Amounts
from tagdock_slotting.sharing import Arcs, Shares

ARCS_AT_MOST = 400_000
"""Larger programmes would not end in the time of a search: 75,000 arcs take 6 s."""

LEFT_OUT = 10.0
"""What a unit without a place pays, in costs of its dearest arc."""


def shares_of_room(arcs: Arcs, time_limit_s: float) -> Shares | None:
    """Solve; None where that takes too long."""
    items, count = len(arcs.needed), len(arcs.cost)
    if count > ARCS_AT_MOST or time_limit_s <= 0:
        return None
    dear = np.zeros(items)
    np.maximum.at(dear, arcs.item, np.abs(arcs.cost))
    rooms = int(arcs.row.max(initial=-1)) + 1
    program = model_pb2.ModelProto()
    columns = np.arange(count + items)
    most = np.r_[np.where(arcs.needed[arcs.item] > 1, 1.0, np.inf), np.full(items, np.inf)]
    program.variables.ids.extend(columns.tolist())
    program.variables.lower_bounds.extend([0.0] * len(columns))
    program.variables.upper_bounds.extend(most.tolist())
    program.variables.integers.extend([False] * len(columns))
    program.objective.linear_coefficients.ids.extend(columns.tolist())
    program.objective.linear_coefficients.values.extend(
        np.r_[arcs.cost, LEFT_OUT * (dear + dear.mean() + 1e-9)].tolist()
    )
    program.linear_constraints.ids.extend(range(items + rooms))
    needed = arcs.needed.astype(float).tolist()
    program.linear_constraints.lower_bounds.extend([*needed, *[-np.inf] * rooms])
    program.linear_constraints.upper_bounds.extend([*needed, *[1.0] * rooms])
    _fill(program, items, np.concatenate([arcs.item, np.arange(items)]), arcs.row, arcs.use)
    return _solved(mathopt.Model.from_model_proto(program), items, count, time_limit_s)


def _fill(program: model_pb2.ModelProto, items: int, owner: Indices, row: Indices, use: Amounts) -> None:
    """State that each item is placed and no room overfull: entries ordered by row, then column."""
    kind, arc = np.nonzero((row >= 0) & (use > 0))
    rows = np.concatenate([owner, items + row[kind, arc]])
    columns = np.concatenate([np.arange(len(owner)), arc])
    values = np.concatenate([np.ones(len(owner)), use[kind, arc]])
    order = np.lexsort((columns, rows))
    program.linear_constraint_matrix.row_ids.extend(rows[order].tolist())
    program.linear_constraint_matrix.column_ids.extend(columns[order].tolist())
    program.linear_constraint_matrix.coefficients.extend(values[order].tolist())


def _solved(model: mathopt.Model, items: int, arcs: int, time_limit_s: float) -> Shares | None:
    limits = mathopt.SolveParameters(
        time_limit=timedelta(seconds=time_limit_s), lp_algorithm=mathopt.LPAlgorithm.BARRIER
    )
    found = mathopt.solve(model, mathopt.SolverType.HIGHS, params=limits)
    if found.termination.reason is not mathopt.TerminationReason.OPTIMAL or not found.has_dual_feasible_solution():
        return None
    shares = np.array(found.variable_values(list(model.variables())))[:arcs]
    prices = -np.array(found.dual_values(list(model.linear_constraints())))[items:]
    return Shares(np.clip(shares, 0.0, 1.0), np.maximum(prices, 0.0), found.objective_value())
