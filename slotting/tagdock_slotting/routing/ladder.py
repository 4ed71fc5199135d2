"""Shortest tours in a warehouse of parallel aisles with two or three cross-aisles, by dynamic programming over aisles.

The aisles are walked through from left to right; what matters of the tour so far is, for each crossing of the present
aisle, whether it has been touched and by an even or odd number of edges, and which crossings hang together. That is
Ratliff and Rosenthal's scheme for two cross-aisles (doi:10.1287/opre.31.3.507) and Roodbergen and de Koster's for
three (doi:10.1016/S0377-2217(00)00177-6); here the states and their transitions are generated, not listed. A tour
between two doors has an odd number of edges at both. The programme runs over all orders at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from tagdock_slotting.distance import Metres
from tagdock_slotting.routing.picks import Reach

UNTOUCHED, ODD, EVEN = 0, 1, 2
NONE, PASS, DOUBLE, FRONT, BACK, GAP = range(6)
"""What is done in one block of an aisle: nothing, walked once, twice, entered from one end, from both up to the gap."""


@dataclass(frozen=True)
class State:
    """Parity and component of each crossing of an aisle; `closed` when the tour is complete to the left of it."""

    parity: tuple[int, ...]
    component: tuple[int, ...]
    closed: bool = False


Step = tuple[State, int]
"""A state that is reached and the option that leads there (a number of edges, or one of NONE .. GAP)."""

Stage = Callable[[State], tuple[Step, ...]]
"""What may be done next in a state."""


def shortest_tours(blocks: list[Reach], pitch_m: float, ends: list[tuple[int, int]]) -> Metres:
    """Return the length of the shortest tour of each order, in metres.

    `blocks` from front to back; `ends` holds the crossings (aisle, number) that the tour starts and ends at.
    """
    aisles, orders = blocks[0].count.shape
    values = {untouched(len(blocks)): np.zeros(orders)}
    for aisle in range(aisles):
        if aisle > 0:
            values = _advance(values, _across, lambda edges: edges * pitch_m)
        for at, crossing in ends:
            if at == aisle:
                values = _advance(values, _DOORS[crossing], lambda _: 0.0)
        for block, reach in enumerate(blocks):
            values = _advance(values, _BLOCKS[block], _block_costs(reach, aisle).__getitem__)
    complete = [value for state, value in values.items() if is_tour(state)]
    return np.asarray(np.minimum.reduce(complete))


def _advance(
    values: dict[State, Metres], steps: Callable[[State], tuple[Step, ...]], cost: Callable[[int], Metres | float]
) -> dict[State, Metres]:
    best: dict[State, Metres] = {}
    for state, value in values.items():
        for reached, option in steps(state):
            length = value + cost(option)
            if reached in best:
                np.minimum(best[reached], length, out=best[reached])
            else:
                best[reached] = length
    return best


def _block_costs(reach: Reach, aisle: int) -> list[Metres | float]:
    count = reach.count[aisle]
    visited = np.where(count > 0, 0.0, np.inf)
    return [
        np.where(count > 0, np.inf, 0.0),
        reach.length_m,
        2 * reach.length_m,
        2 * reach.front[aisle] + visited,
        2 * reach.back[aisle] + visited,
        np.where(count > 1, 2 * (reach.length_m - reach.gap[aisle]), np.inf),
    ]


@lru_cache(maxsize=4096)
def _across(state: State) -> tuple[Step, ...]:
    """Go on to the next aisle: odd crossings take one edge along, even ones none or two."""
    choices = {UNTOUCHED: (0,), ODD: (1,), EVEN: (0, 2)}
    steps = []
    for edges in product(*(choices[parity] for parity in state.parity)):
        kept = {label for label, taken in zip(state.component, edges, strict=True) if taken}
        left = set(state.component) - {0} - kept
        closing = bool(left) and not kept
        if left and (kept or len(left) > 1):
            continue  # a part of the tour would stay behind unconnected
        component = tuple(label if taken else 0 for label, taken in zip(state.component, edges, strict=True))
        parity = tuple((UNTOUCHED, ODD, EVEN)[taken] for taken in edges)
        steps.append((_canonical(parity, component, state.closed or closing), sum(edges)))
    return tuple(steps)


def _door_step(crossing: int) -> Callable[[State], tuple[Step, ...]]:
    """Let the tour start or end at a crossing of this aisle: half an edge comes in there."""

    @lru_cache(maxsize=4096)
    def steps(state: State) -> tuple[Step, ...]:
        return () if state.closed else ((_toggle(state, crossing), 0),)

    return steps


def _block_step(low: int) -> Callable[[State], tuple[Step, ...]]:
    """Serve the block between crossing `low` and the next."""

    @lru_cache(maxsize=4096)
    def steps(state: State) -> tuple[Step, ...]:
        if state.closed:
            return ((state, NONE),)
        return tuple(_served(state, low))

    return steps


def _served(state: State, low: int) -> Iterator[Step]:
    high = low + 1
    front, back = _touch(state, low), _touch(state, high)
    both = _touch(front, high)
    yield state, NONE
    yield _join(_toggle(_toggle(state, low), high), low, high), PASS
    yield _join(both, low, high), DOUBLE
    yield front, FRONT
    yield back, BACK
    yield both, GAP


def _touch(state: State, crossing: int) -> State:
    if state.parity[crossing] != UNTOUCHED:
        return state
    return _replaced(state, crossing, EVEN)


def _toggle(state: State, crossing: int) -> State:
    return _replaced(state, crossing, EVEN if state.parity[crossing] == ODD else ODD)


def _replaced(state: State, crossing: int, parity: int) -> State:
    parities, components = list(state.parity), list(state.component)
    parities[crossing] = parity
    components[crossing] = components[crossing] or max(components) + 1
    return _canonical(tuple(parities), tuple(components), state.closed)


def _join(state: State, one: int, other: int) -> State:
    gone, stays = state.component[other], state.component[one]
    component = tuple(stays if label == gone else label for label in state.component)
    return _canonical(state.parity, component, state.closed)


def _canonical(parity: tuple[int, ...], component: tuple[int, ...], closed: bool = False) -> State:
    """Number components in the order of their first crossing, so that equal states are equal."""
    names = {0: 0}
    return State(parity, tuple(names.setdefault(label, len(names)) for label in component), closed)


def untouched(blocks: int) -> State:
    """Return the state before the first aisle."""
    return _canonical((UNTOUCHED,) * (blocks + 1), (0,) * (blocks + 1))


def stages(blocks: int, sides: tuple[int, int]) -> tuple[Stage, tuple[Stage, ...], tuple[Stage, Stage]]:
    """Return what leads from state to state: to the next aisle, through each block, past the start and the end."""
    return _across, _BLOCKS[:blocks], (_DOORS[sides[0]], _DOORS[sides[1]])


def reached(start: State, steps: tuple[Stage, ...]) -> list[State]:
    """Return all states that steps lead to, the start first."""
    found, fresh = {start: None}, [start]
    while fresh:
        goals = [goal for state in fresh for step in steps for goal, _ in step(state)]
        fresh = [goal for goal in dict.fromkeys(goals) if goal not in found]
        found.update(dict.fromkeys(fresh))
    return list(found)


def is_tour(state: State) -> bool:
    """Return whether a tour may be complete in a state."""
    parts = len(set(state.component) - {0})
    return ODD not in state.parity and parts == (0 if state.closed else 1)


_DOORS = tuple(map(_door_step, range(3)))
_BLOCKS = tuple(map(_block_step, range(2)))
