"""Prices on the room of bins, about right: sought for few groups of bins first, then for halves of them, and so on.

Subgradient steps, each item looking at few bins only; whoever uses the prices proves with them what they are worth.
Sources: M. L. Fisher (1981), doi:10.1287/mnsc.27.1.1; deflected steps, F. Barahona, R. Anbil (2000),
doi:10.1007/s101070050002.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.model import Amounts, Flags

COARSEST = 16
"""Groups of bins to start with."""

WIDTH = 32
"""Bins that an item looks at between two looks at all of them."""

STEPS = 200
"""Steps between two looks."""

LOOKS = 24
"""Looks at all bins on the finest scale at most."""

FIRST_FINEST = 1 / 64
"""Length of the first steps there: prices of groups are right but for a little."""

SHORTEST = 1 / 32
"""Share of a stretch's first length below which its steps end; of the whole 1e-4."""

PATIENCE = 20
"""Steps without a better bound after which steps are halved."""

LEAD = 1.003
"""What is aimed at lies so much above the best bound at least: who aims too low stops rising."""

MEMORY = 0.3
"""Weight of a new subgradient against those before."""


@dataclass(frozen=True)
class Rooms:
    """Items of some amounts (kinds, items) cost `left @ right.T` in bins of some room (kinds, bins), inf for any."""

    left: Amounts
    right: Amounts
    amounts: Amounts
    room: Amounts
    forbidden: Flags | None

    def grouped(self, group: Indices) -> "Rooms":
        """Return the rooms of groups of bins, at their mean costs; forbidden is what all bins of a group forbid."""
        size = np.bincount(group)
        right = np.column_stack([np.bincount(group, column) / size for column in self.right.T])
        room = np.array([np.bincount(group, kind) for kind in self.room])
        forbidden = None
        if self.forbidden is not None:
            order, first = np.argsort(group, kind="stable"), np.cumsum(size) - size
            forbidden = np.logical_and.reduceat(self.forbidden[:, order], first, axis=1)
        return Rooms(self.left, right, self.amounts, room, forbidden)

    def alone(self, near: Indices) -> Amounts:
        """Return what each item costs in some bins of its own, shape (items, few), without rent."""
        costs = np.einsum("nd,nwd->nw", self.left, self.right[near])
        if self.forbidden is not None:
            costs[np.take_along_axis(self.forbidden, near, axis=1)] = np.inf
        return np.asarray(costs)

    def costs(self, rents: Amounts) -> Amounts:
        """Return what each item costs in each bin, its rent included; infinite where it may not lie."""
        costs = self.left @ self.right.T + self.amounts.T @ rents
        return costs if self.forbidden is None else np.where(self.forbidden, np.inf, costs)


def rents(rooms: Rooms, aim: float, left_s: Callable[[], float]) -> Amounts:
    """Return a price of one unit of each kind in each bin, shape (kinds, bins), 0 where there is any room.

    `aim` is about what a good layout costs.
    """
    bins = rooms.right.shape[0]
    prices, before = np.zeros((len(rooms.room), 1)), np.zeros(bins, dtype=np.intp)
    for group in _scales(rooms.right):
        spread = np.zeros(int(group.max()) + 1, dtype=np.intp)
        spread[group] = before
        prices, before = prices[:, spread], group
        if left_s() <= 0:
            break
        if len(spread) == bins:
            prices = _finest(rooms.grouped(group), prices, aim, left_s)
        else:
            prices = _stepped(rooms.grouped(group), prices, aim, 1.0, left_s)
    return np.asarray(prices[:, before])


def _scales(right: Amounts) -> Iterator[Indices]:
    """Halve groups of bins along the costs in which they differ most, until each bin is alone (also among equals)."""
    group = np.zeros(len(right), dtype=np.intp)
    count = 1
    while count < len(right):
        for number in range(count):
            mine = np.flatnonzero(group == number)
            if len(mine) > 1:
                axis = int(right[mine].var(axis=0).argmax())
                group[mine[np.argsort(right[mine, axis], kind="stable")][len(mine) // 2 :]] = int(group.max()) + 1
        count = int(group.max()) + 1
        if count >= min(COARSEST, len(right)):
            yield group.copy()


def _finest(rooms: Rooms, prices: Amounts, aim: float, left_s: Callable[[], float]) -> Amounts:
    found, best, length = -np.inf, prices, FIRST_FINEST
    for _ in range(LOOKS):
        costs = rooms.costs(prices)
        value = _bound(float(costs.min(axis=1).sum()), rooms, prices)
        if value > found + 1e-6 * abs(found) or not np.isfinite(found):
            found, best = value, prices
        else:
            length, prices = length / 2, best
        if length < FIRST_FINEST * SHORTEST or left_s() <= 0:
            break
        prices = _stepped(rooms, prices, aim, length, left_s, costs=costs)
    return best


def _bound(paid: float, rooms: Rooms, prices: Amounts) -> float:
    worth = np.where(prices > 0, prices * np.where(np.isfinite(rooms.room), rooms.room, 0.0), 0.0)
    return paid - float(worth.sum())


def _stepped(
    rooms: Rooms,
    prices: Amounts,
    aim: float,
    length: float,
    left_s: Callable[[], float],
    *,
    costs: Amounts | None = None,
) -> Amounts:
    """Take steps with each item looking at the bins that are cheapest at the first prices."""
    costs = rooms.costs(prices) if costs is None else costs
    width = min(WIDTH, costs.shape[1])
    near = np.argpartition(costs, width - 1, axis=1)[:, :width]
    alone = rooms.alone(near)
    limited = np.isfinite(rooms.room) & (rooms.room > 0)
    part = np.where(limited, 1.0 / np.where(limited, rooms.room, 1.0), 0.0)
    found, best, shortest, failed = -np.inf, prices, length * SHORTEST, 0
    direction, choose = np.zeros_like(prices), _chooser()
    for _ in range(STEPS):
        if left_s() <= 0:
            break
        paid, used = choose(alone, near, rooms.amounts, prices)
        value = _bound(paid, rooms, prices)
        failed += 1
        if value > found + 1e-6 * abs(found) or not np.isfinite(found):
            found, best, failed = value, prices, 0
        elif failed >= PATIENCE:
            length, failed, prices, direction = length / 2, 0, best, np.zeros_like(prices)
            if length < shortest:
                break
            continue
        slope = np.where(limited, used * part - 1.0, 0.0)
        direction = MEMORY * slope + (1 - MEMORY) * direction if direction.any() else slope
        rise = max(aim, found * LEAD if found > 0 else found) - value
        prices = np.maximum(0.0, prices + length * rise / max(float((direction**2).sum()), 1e-12) * direction * part)
    return best


def _chooser() -> Callable[[Amounts, Indices, Amounts, Amounts], tuple[float, Amounts]]:
    """Return what lets items choose; the compiled loop is thirty times faster than numpy, which stands in for it."""
    from tagdock_slotting.kernels.choosing import choose  # noqa: PLC0415 - the compiler takes a second to start
    from tagdock_slotting.kernels.compiled import COMPILES  # noqa: PLC0415

    def compiled(alone: Amounts, near: Indices, amounts: Amounts, prices: Amounts) -> tuple[float, Amounts]:
        used = np.empty_like(prices)
        return float(choose(alone, near, amounts, prices, used)), used

    return compiled if COMPILES else chosen


def chosen(alone: Amounts, near: Indices, amounts: Amounts, prices: Amounts) -> tuple[float, Amounts]:
    """Return what all items pay, each in the cheapest of its bins, and what they take there; see `kernels.choosing`."""
    paid = alone + sum(amount[:, None] * price[near] for amount, price in zip(amounts, prices, strict=True))
    first, rows = paid.argmin(axis=1), np.arange(len(paid))
    at, bins = near[rows, first], prices.shape[1]
    return float(paid[rows, first].sum()), np.array([np.bincount(at, amount, bins) for amount in amounts])
