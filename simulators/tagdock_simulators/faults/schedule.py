"""Faults in time: what is wrong with whom, from when to when. The same seed gives the same faults."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tagdock_simulators.chance import Chance
from tagdock_simulators.faults.kinds import KINDS, Kind, Towards

EVERYBODY = "*"
"""The `on` that means each name."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault on one thing, from `at_s` after the start for `for_s` (0: a moment; inf: to the end).

    `amount` means what the table of kinds says; `number` is the place in the schedule, from 1.
    """

    kind: Kind
    on: str
    at_s: float = 0.0
    for_s: float = 0.0
    amount: float | None = None
    towards: Towards | None = None
    every_s: float | None = None
    chance: float = 1.0
    number: int = field(default=0, compare=True)

    @property
    def until_s(self) -> float:
        """Return when it is over."""
        return self.at_s + self.for_s

    @property
    def value(self) -> float:
        """Return the amount, the kind's own where none is given."""
        if self.amount is not None:
            return self.amount
        meant = KINDS[self.kind].amount
        return 0.0 if meant is None or meant.default is None else meant.default

    def concerns(self, on: str) -> bool:
        """Say whether it is done to whom that name belongs to."""
        return self.on in (EVERYBODY, on)

    def is_done_to(self, side: Towards) -> bool:
        """Say whether it is done to that side of a connection."""
        sides = self.towards or KINDS[self.kind].towards or Towards.BOTH
        return sides.covers(side)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All faults of a run. Times are seconds since its start."""

    faults: tuple[Fault, ...] = ()
    seed: int = 1

    def active(self, on: str, elapsed_s: float) -> tuple[Fault, ...]:
        """Return the faults that somebody has now, each with the time at which this turn of it began.

        A fault that is over in a moment is active at that very moment only; see `next_change_s`.
        """
        found = (self._turn_at(fault, elapsed_s) for fault in self.faults if fault.concerns(on))
        return tuple(fault for fault in found if fault is not None)

    def next_change_s(self, elapsed_s: float) -> float | None:
        """Return when something may begin or end next, after `elapsed_s`; None when nothing will."""
        times = (time_s for fault in self.faults for time_s in self._changes_s(fault, elapsed_s))
        return min(times, default=None)

    def turns(self, until_s: float) -> Iterator[Fault]:
        """Yield each turn of each fault that begins before `until_s`, in the order of time."""
        time_s: float | None = 0.0
        told: set[Fault] = set()
        while time_s is not None and time_s < until_s:
            now = [turn for fault in self.faults if (turn := self._turn_at(fault, time_s)) and turn not in told]
            told = {turn for turn in told if turn.until_s > time_s} | set(now)
            yield from now
            time_s = self.next_change_s(time_s)

    def only(self, numbers: frozenset[int]) -> "Schedule":
        """Return the schedule with these faults alone."""
        return replace(self, faults=tuple(fault for fault in self.faults if fault.number in numbers))

    def _turn_at(self, fault: Fault, elapsed_s: float) -> Fault | None:
        for turn in _turns_near(fault, elapsed_s):
            begins_s = _begin_s(fault, turn)
            if begins_s == elapsed_s or begins_s <= elapsed_s < begins_s + fault.for_s:
                return replace(fault, at_s=begins_s) if self._happens(fault, turn) else None
        return None

    def _changes_s(self, fault: Fault, elapsed_s: float) -> Iterator[float]:
        for turn in _turns_near(fault, elapsed_s):
            for time_s in (_begin_s(fault, turn), _begin_s(fault, turn) + fault.for_s):
                if elapsed_s < time_s < math.inf:
                    yield time_s

    def _happens(self, fault: Fault, turn: int) -> bool:
        if fault.chance >= 1.0:
            return True
        return Chance(self.seed, "fault", str(fault.number), str(turn)).between(0.0, 1.0) < fault.chance


def _begin_s(fault: Fault, turn: int) -> float:
    return fault.at_s + turn * (fault.every_s or 0.0)


def _turns_near(fault: Fault, elapsed_s: float) -> range:
    """Return the turns that may be going on at a time, or begin or end next; rounding may hide one on either side."""
    if fault.every_s is None:
        return range(1)
    last = math.floor((elapsed_s - fault.at_s) / fault.every_s)
    return range(max(0, last - 1), max(0, last + 2) + 1)
