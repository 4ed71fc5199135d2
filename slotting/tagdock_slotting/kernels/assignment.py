"""The cheapest assignment of n bundles to n holes, by shortest augmenting paths, in a compiled loop.

Source: R. Jonker, A. Volgenant (1987), doi:10.1007/BF02278710; the search of D. F. Crouse (2016),
doi:10.1109/TAES.2016.140952, which never looks at what is forbidden (infinite costs).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.distance import Indices, Metres
from tagdock_slotting.kernels.compiled import compiled, inlined


class Table(NamedTuple):
    """Room for a problem of up to n x n: `cost[row, column]`, prices of columns to start from, and the answer."""

    cost: Metres
    price: Metres
    column_of: Indices
    row_of: Indices
    due: Metres
    way: Metres
    before: Indices
    seen_row: NDArray[np.bool_]
    seen_column: NDArray[np.bool_]
    open: Indices


def table(most: int) -> Table:
    """Return empty room for up to `most` rows and columns."""
    numbers, indices, flags = np.zeros(most), np.zeros(most, np.intp), np.zeros(most, np.bool_)
    return Table(
        np.zeros((most, most)),
        numbers,
        indices,
        indices.copy(),
        numbers.copy(),
        numbers.copy(),
        indices.copy(),
        flags,
        flags.copy(),
        indices.copy(),
    )


@inlined
def _reduced(t: Table, n: int) -> None:
    """Give each row its cheapest column at the prices, where nobody has it yet."""
    cost, price = t.cost, t.price
    for k in range(n):
        t.column_of[k] = -1
        t.row_of[k] = -1
    for row in range(n):
        least, best = np.inf, -1
        for column in range(n):
            paid = cost[row, column] - price[column]
            if paid < least:
                least, best = paid, column
        t.due[row] = least
        if best >= 0 and t.row_of[best] < 0:
            t.row_of[best], t.column_of[row] = row, best


@inlined
def _searched(t: Table, n: int, start: int) -> tuple[int, float]:
    """Find the shortest way from a row to a free column; -1 where there is none."""
    left = n
    for k in range(n):
        t.open[k], t.way[k] = k, np.inf
        t.seen_column[k] = False
        t.seen_row[k] = False
    row, shortest = start, 0.0
    while True:
        t.seen_row[row] = True
        least, at = np.inf, -1
        for k in range(left):
            column = t.open[k]
            way = shortest + t.cost[row, column] - t.due[row] - t.price[column]
            if way < t.way[column]:
                t.before[column], t.way[column] = row, way
            if t.way[column] < least or (t.way[column] == least and t.row_of[column] < 0):
                least, at = t.way[column], k
        if at < 0 or least == np.inf:
            return -1, np.inf
        shortest, column = least, t.open[at]
        t.seen_column[column] = True
        left -= 1
        t.open[at] = t.open[left]
        if t.row_of[column] < 0:
            return column, shortest
        row = t.row_of[column]


@compiled
def assign(t: Table, n: int) -> bool:
    """Work out `column_of` and `row_of`; return whether there is an assignment without infinite costs."""
    _reduced(t, n)
    for start in range(n):
        if t.column_of[start] >= 0:
            continue
        column, shortest = _searched(t, n, start)
        if column < 0:
            return False
        t.due[start] += shortest
        for k in range(n):
            if t.seen_row[k] and k != start:
                t.due[k] += shortest - t.way[t.column_of[k]]
        for k in range(n):
            if t.seen_column[k]:
                t.price[k] -= shortest - t.way[k]
        while True:
            row = t.before[column]
            t.row_of[column] = row
            t.column_of[row], column = column, t.column_of[row]
            if row == start:
                break
    return True
