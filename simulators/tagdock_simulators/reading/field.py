"""What all readers of a row of doors report of all loads, in time order, a stretch of time after the other."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import numpy as np
from tagdock_contract import InputChange

from tagdock_simulators.doors import Crossing, DoorGeometry
from tagdock_simulators.radio import Radio
from tagdock_simulators.reading.blocks import ReadBlock, microseconds
from tagdock_simulators.reading.eyes import Eyes
from tagdock_simulators.reading.hall import Hall, Schedule, Turns
from tagdock_simulators.reading.links import Stretch, links
from tagdock_simulators.reading.measured import Framed, answering, measured
from tagdock_simulators.reading.present import Place, Present, Tags
from tagdock_simulators.reading.rounds import Keys, Quiet, flood, once
from tagdock_simulators.reading.sights import sights

DEFAULT_RADIO = Radio()
STRETCH_TURNS = 100
"""Turns that are worked out together: 4 s; what is in memory grows with it."""
READERS_AT_ONCE = 8
"""With more readers a stretch is shorter."""


def field_reads(
    doors: Sequence[DoorGeometry], crossings: Iterable[Crossing], seed: int, radio: Radio = DEFAULT_RADIO
) -> Iterator[ReadBlock]:
    """Yield what the doors' readers report of loads that come in the order of their start.

    Loads may overlap as they like: all that a reader's antennas can reach share its rounds. The same arguments give the
    same reads on every machine. What is in memory grows with what happens at one time, not with the number of loads.

    Raises:
        ValueError: a load is at no door of these, or starts before the one before it.
    """
    field: _Field | None = None
    coming = deque[Crossing]()
    rest = iter(crossings)
    while True:
        if not coming and (following := next(rest, None)) is not None:
            coming.append(following)
        if field is None:
            if not coming:
                return
            field = _Field(doors, coming[0].starts_at, seed, radio)
        field.skip(coming[0].starts_at if coming else None)
        if field.is_over(coming):
            return
        while coming and field.begins_before_end(coming[0]):
            field.enter(coming.popleft())
            if (following := next(rest, None)) is not None:
                coming.append(following)
        block = field.stretch()
        if len(block) or block.inputs:
            yield block


class _Field:
    """The doors, the loads before them, and how far time has come."""

    def __init__(self, doors: Sequence[DoorGeometry], starts_at: datetime, seed: int, radio: Radio) -> None:
        self._seed = seed
        self._start_us = microseconds(starts_at)
        self._hall = Hall.of(doors, radio, seed)
        self._schedule = Schedule(self._hall, seed)
        self._eyes = Eyes(doors, starts_at)
        self._doors = {door.door: (place, door.y_m) for place, door in enumerate(doors)}
        busy = max(1, len(self._hall.readers) // READERS_AT_ONCE)
        self._turns_each = max(5, STRETCH_TURNS // busy)
        self._stretch = 0
        self._latest_s = 0.0
        self._loads: list[Present] = []

    @property
    def _stretch_s(self) -> float:
        return self._turns_each * self._hall.radio.turn_s

    @property
    def _ends_s(self) -> float:
        return (self._stretch + 1) * self._stretch_s

    def _seconds(self, at: datetime) -> float:
        return (microseconds(at) - self._start_us) / 1e6

    def skip(self, next_at: datetime | None) -> None:
        """Go to the stretch in which something happens next."""
        if not self._loads and not self._eyes.waiting and next_at is not None:
            self._stretch = max(self._stretch, int(self._seconds(next_at) / self._stretch_s))

    def is_over(self, coming: Sequence[Crossing]) -> bool:
        """Tell whether nothing is left to happen."""
        return not coming and not self._loads and not self._eyes.waiting

    def begins_before_end(self, crossing: Crossing) -> bool:
        """Tell whether a load comes within the stretch that is next."""
        return self._seconds(crossing.starts_at) < self._ends_s

    def enter(self, crossing: Crossing) -> None:
        """Take a load into the field."""
        starts_s = self._seconds(crossing.starts_at)
        if starts_s < self._latest_s:
            raise ValueError(f"loads come in the order of their start; {crossing.starts_at.isoformat()} is too late")
        if crossing.door not in self._doors:
            raise ValueError(f"there is no door {crossing.door!r} among {', '.join(map(repr, self._doors))}")
        self._latest_s = starts_s
        place, y_m = self._doors[crossing.door]
        load = Present.of(crossing, Place(place, y_m, starts_s), self._hall.radio, self._seed)
        self._loads.append(load)
        self._eyes.enter(load)

    def stretch(self) -> ReadBlock:
        """Work out the next stretch of time."""
        turns = self._schedule.between(self._stretch * self._turns_each, (self._stretch + 1) * self._turns_each)
        loads = [load for load in self._loads if len(load.own_db)]
        block = self._reads(turns, loads, self._eyes.until(self._ends_s))
        self._stretch += 1
        begins_s = self._ends_s - self._stretch_s
        self._loads = [load for load in self._loads if load.ends_s > begins_s]
        return block

    def _reads(self, turns: Turns, loads: Sequence[Present], inputs: tuple[InputChange, ...]) -> ReadBlock:
        hall = self._hall
        seen = sights(hall, turns, loads) if loads else None
        if seen is None or not len(seen.turn):
            return _nothing(hall.readers, inputs)
        stretch = Stretch(hall, turns, loads, Tags.of(loads), seen)
        found = links(stretch)
        keys = Keys(hall, turns, self._seed, self._stretch)
        answers = answering(stretch, found)
        if hall.radio.target == "dual" or hall.radio.session == 0:
            counted = flood(answers, keys, hall.radio)
        else:
            quiet = Quiet(loads, stretch.tags)
            counted = once(answers, found, quiet, keys, hall.radio)
            quiet.keep()
        return measured(stretch, found, counted, keys, Framed(self._start_us, inputs))


def _nothing(readers: tuple[str, ...], inputs: tuple[InputChange, ...]) -> ReadBlock:
    whole, real = np.zeros(0, np.int64), np.zeros(0)
    return ReadBlock(readers, (), whole, whole, whole, whole, real, real, real, whole, inputs)
