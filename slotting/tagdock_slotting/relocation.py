"""How to get from today's layout to another one: steps that can be executed in their order.

A step is taken when its goal has room; what blocks itself in a circle waits in a free bin that it may lie in, or is
carried where there is none. Independent chains come one after the other, the most rewarding first.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tagdock_slotting.model import Model, Units
from tagdock_slotting.rules import TOLERANCE, loads

ON_TRUCK = -1
"""Stands for a bin where goods are carried."""


@dataclass(frozen=True)
class Step:
    """Item `item` goes from bin `start` to bin `goal`; ON_TRUCK is no bin."""

    item: int
    start: int
    goal: int


def wanted_steps(model: Model, units: Units, start: Units | None = None) -> list[Step]:
    """Return what leaves its bin (of today, or of `start`) and where it goes; putting new items away is no step."""
    today, planned = _by_item(start or model.current), _by_item(units)
    steps: list[Step] = []
    for item, places in today.items():
        goals = planned.get(item, ())
        leaving = [place for place in places if place not in goals]
        coming = [place for place in goals if place not in places]
        steps.extend(Step(item, start, goal) for start, goal in zip(leaving, coming, strict=False))
    return steps


def executable_steps(model: Model, units: Units) -> list[Step]:
    """Order the relocation into steps of which each finds room when it is taken."""
    return [step for chain in executed_chains(model, units) for step in chain.steps]


@dataclass(frozen=True)
class Chain:
    """Moves that need each other: what shall leave its bin, and the steps that this takes, making room included."""

    wanted: tuple[Step, ...]
    steps: tuple[Step, ...]

    @property
    def carries(self) -> int:
        """How many times something is brought from a bin to a bin; a stay on the truck is no bin."""
        return sum(step.goal != ON_TRUCK for step in self.steps)


def executed_chains(model: Model, units: Units) -> list[Chain]:
    """Carry out a relocation chain by chain, the most rewarding first."""
    floor = _Floor(model)
    return [Chain(tuple(chain), tuple(_execute(floor, chain))) for chain in chains(model, wanted_steps(model, units))]


def chains(model: Model, steps: Sequence[Step]) -> list[list[Step]]:
    """Split steps into groups that share no bin, by what they save a step, the most rewarding first."""
    if not steps:
        return []
    group = _Groups(model.bins)
    for step in steps:
        group.join(step.start, step.goal)
    found: dict[int, list[Step]] = defaultdict(list)
    for step in steps:
        found[group.of(step.start)].append(step)
    return sorted(found.values(), key=lambda chain: -sum(saves_m_per_day(model, chain)) / len(chain))


def saves_m_per_day(model: Model, steps: Sequence[Step]) -> list[float]:
    """Return what each step saves in travel and ergonomics."""
    table = np.array([(step.item, step.start, step.goal) for step in steps], dtype=np.intp).reshape(len(steps), 3)
    before = model.unit_costs(Units(table[:, 0], table[:, 1]))
    after = model.unit_costs(Units(table[:, 0], table[:, 2]))
    saved: list[float] = (before - after).tolist()
    return saved


def moving_cost_m(model: Model, units: Units) -> float:
    """Return what a relocation costs in metres, once: a price a unit that leaves its bin, or the tour that does it."""
    moves = model.problem.moves
    if moves.model == "per_move":
        width = model.bins
        stays = np.isin(model.current.item * width + model.current.bin, units.item * width + units.bin)
        return moves.cost_m_per_move * int(len(stays) - stays.sum())
    return relocation_tour_m(model, executable_steps(model, units))


def relocation_tour_m(model: Model, steps: Sequence[Step]) -> float:
    """Return the way from the routing door through every start and goal in their order, and back."""
    stops = np.array([place for step in steps for place in (step.start, step.goal) if place != ON_TRUCK], dtype=np.intp)
    if not len(stops):
        return 0.0
    name = model.problem.routing.door
    door = next((index for index, door in enumerate(model.problem.doors) if door.id == name), 0)
    between = float(model.between(stops[:-1], stops[1:]).sum())
    return between + float(model.door_m[stops[0], door] + model.door_m[stops[-1], door])


def _by_item(units: Units) -> dict[int, tuple[int, ...]]:
    places: dict[int, list[int]] = defaultdict(list)
    for item, place in zip(units.item.tolist(), units.bin.tolist(), strict=True):
        places[item].append(place)
    return {item: tuple(sorted(found)) for item, found in places.items()}


class _Groups:
    """Union-find over bins."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def of(self, member: int) -> int:
        while self._parent[member] != member:
            self._parent[member] = self._parent[self._parent[member]]
            member = self._parent[member]
        return member

    def join(self, one: int, other: int) -> None:
        self._parent[self.of(one)] = self.of(other)


class _Floor:
    """The warehouse while it is being rearranged."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._count, self._volume_m3, self._mass_kg = loads(model, model.current)
        self._inside: dict[int, set[int]] = defaultdict(set)
        for item, place in zip(model.current.item.tolist(), model.current.bin.tolist(), strict=True):
            self._inside[place].add(item)

    def has_room(self, item: int, place: int) -> bool:
        """Return whether an item may be put into a bin now."""
        model, inside = self._model, self._inside[place]
        return bool(
            self._count[place] < model.slots[place]
            and self._volume_m3[place] + model.volume_m3[item] <= model.bin_volume_m3[place] * (1 + TOLERANCE)
            and self._mass_kg[place] + model.mass_kg[item] <= model.bin_mass_kg[place] * (1 + TOLERANCE)
            and item not in inside
            and not model.enemies[item] & inside
        )

    def waiting_room(self, item: int, near: int, wanted: set[int]) -> int:
        """Return the nearest bin that an item may wait in, not one that is a goal; ON_TRUCK where there is none."""
        model = self._model
        fits = model.allowed(np.array(item), np.arange(model.bins)) & (self._count < model.slots)
        candidates = np.flatnonzero(fits)
        by_way = np.argsort(model.between(np.array([near]), candidates), kind="stable")
        places: list[int] = candidates[by_way].tolist()
        for place in places:
            if place not in wanted and place != near and self.has_room(item, place):
                return place
        return ON_TRUCK

    def move(self, step: Step) -> None:
        """Carry out a step."""
        self._change(step.start, step.item, -1)
        self._change(step.goal, step.item, 1)

    def _change(self, place: int, item: int, by: int) -> None:
        if place == ON_TRUCK:
            return
        self._count[place] += by
        self._volume_m3[place] += by * self._model.volume_m3[item]
        self._mass_kg[place] += by * self._model.mass_kg[item]
        (self._inside[place].add if by > 0 else self._inside[place].discard)(item)


def _execute(floor: _Floor, chain: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps of one chain as they become possible; break circles."""
    waiting: dict[int, list[Step]] = defaultdict(list)
    for step in chain:
        waiting[step.goal].append(step)
    unbroken = list(reversed(chain))
    ready = list(chain)
    while any(waiting.values()):
        while ready:
            step = ready.pop(0)
            if step in waiting[step.goal] and floor.has_room(step.item, step.goal):
                waiting[step.goal].remove(step)
                floor.move(step)
                yield step
                ready.extend(waiting.get(step.start, ()))
        if not any(waiting.values()):
            return
        yield from _break_circle(floor, waiting, unbroken, ready)


def _break_circle(
    floor: _Floor, waiting: dict[int, list[Step]], unbroken: list[Step], ready: list[Step]
) -> Iterator[Step]:
    """Make one of the waiting steps give way: into a free bin, else onto the truck."""
    while unbroken:
        step = unbroken.pop()
        if step in waiting[step.goal]:
            goals = {goal for goal, steps in waiting.items() if steps}
            aside = Step(step.item, step.start, floor.waiting_room(step.item, step.start, goals))
            resumed = Step(step.item, aside.goal, step.goal)
            waiting[step.goal][waiting[step.goal].index(step)] = resumed
            floor.move(aside)
            yield aside
            ready.extend([*waiting.get(step.start, ()), resumed])
            return
    for step in [step for steps in waiting.values() for step in steps]:  # the goal itself is overfull: no order helps
        waiting[step.goal].remove(step)
        floor.move(step)
        yield step
