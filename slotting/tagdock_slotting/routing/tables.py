"""The ladder programme's states and steps as arrays of numbers, for a loop over one order at a time."""

from typing import NamedTuple

import numpy as np

from tagdock_slotting.distance import Indices
from tagdock_slotting.routing.ladder import Stage, State, is_tour, reached, stages, untouched


class Ladder(NamedTuple):
    """States are numbered, 0 is the start; a row of a table is (state, reached state, option).

    `across` goes on to the next aisle (its option is a number of edges), `blocks[b]` serves a block of the present
    aisle; `doors[k]` is the state after the tour's start (0) or end (1) is at this aisle, -1 for none; `tours` are
    final states.
    """

    across: Indices
    blocks: tuple[Indices, ...]
    doors: Indices
    tours: Indices
    states: int


def ladder(blocks: int, sides: tuple[int, int]) -> Ladder:
    """Number the states of a layout with one or two blocks whose tours start and end at two crossings."""
    across, served, doors = stages(blocks, sides)
    numbers = {state: number for number, state in enumerate(reached(untouched(blocks), (across, *served, *doors)))}
    after = np.full((2, len(numbers)), -1, dtype=np.intp)
    for door, steps in enumerate(doors):
        for state, number in numbers.items():
            for goal, _ in steps(state):
                after[door, number] = numbers[goal]
    return Ladder(
        across=_rows(across, numbers),
        blocks=tuple(_rows(steps, numbers) for steps in served),
        doors=after,
        tours=np.array([number for state, number in numbers.items() if is_tour(state)], dtype=np.intp),
        states=len(numbers),
    )


def _rows(steps: Stage, numbers: dict[State, int]) -> Indices:
    rows = [(number, numbers[goal], option) for state, number in numbers.items() for goal, option in steps(state)]
    return np.array(rows, dtype=np.intp).reshape(len(rows), 3)
