"""The photo-eyes' memory: who broke which beam when, and which eyes are not to be believed just now."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tagdock_contract import PhotoEyeEvidence, Side

from tagdock_edge.clock import SECOND_US, from_us

BREAKS_A_DOOR = 256
"""Broken beams remembered for each door, the oldest go first: a minute of the fastest belt."""
ABOUT_US = 12 * SECOND_US
"""Breaks so long before and after a tag's reads may still be its load's, or explain a neighbour's."""
STUCK_US = 60 * SECOND_US
"""A beam that is broken for longer is blocked, by goods that stand in it or by dirt."""
SILENT_AFTER = 8
"""An eye that saw nothing while the other one of its door was broken so often is dead, or looks elsewhere."""


@dataclass(slots=True)
class Break:
    """One broken beam; `cleared_us` is None while it still is."""

    side: Side
    broken_us: int
    cleared_us: int | None = None


@dataclass(frozen=True, slots=True)
class Beams:
    """What a door's eyes saw about one time, oldest first; `mute` are eyes that are stuck or silent."""

    breaks: tuple[Break, ...] = ()
    mute: frozenset[Side] = frozenset()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a door's eyes in a snapshot: its breaks, and how often the other side's beam was broken since."""

    breaks: tuple[Break, ...]
    others: dict[Side, int]


@dataclass(slots=True)
class _Door:
    breaks: deque[Break] = field(default_factory=lambda: deque(maxlen=BREAKS_A_DOOR))
    still: dict[Side, Break] = field(default_factory=dict)
    others: dict[Side, int] = field(default_factory=lambda: {"outside": 0, "inside": 0})
    """How often the other side's beam was broken since this side's was."""


class PhotoEyes:
    """The last breaks of each door's beams."""

    def __init__(self) -> None:
        self._doors: dict[str, _Door] = {}

    def add(self, door: str, side: Side, at_us: int, broken: bool) -> None:
        """Note that a beam was broken or came clear; an eye that repeats itself changes nothing."""
        own = self._doors.setdefault(door, _Door())
        still = own.still.get(side)
        if broken and still is None:
            own.still[side] = one = Break(side, at_us)
            own.breaks.append(one)
            own.others[side] = 0
            own.others["inside" if side == "outside" else "outside"] += 1
        elif not broken and still is not None:
            still.cleared_us = max(at_us, still.broken_us)
            del own.still[side]

    def kept(self) -> dict[str, Kept]:
        """Return all that is remembered, by door."""
        return {door: Kept(tuple(own.breaks), dict(own.others)) for door, own in self._doors.items()}

    def restore(self, kept: Mapping[str, Kept]) -> None:
        """Remember what was kept, and nothing else."""
        self._doors = {}
        for door, own in kept.items():
            still = {one.side: one for one in own.breaks if one.cleared_us is None}
            self._doors[door] = _Door(deque(own.breaks, BREAKS_A_DOOR), still, dict(own.others))

    def during(self, door: str, first_us: int, last_us: int) -> list[Break]:
        """List the breaks of a door's beams that overlap a span of time, in the order in which they came."""
        own = self._doors.get(door)
        return [
            one
            for one in (own.breaks if own else ())
            if one.broken_us <= last_us and (one.cleared_us is None or one.cleared_us >= first_us)
        ]

    def about(self, door: str, first_us: int, last_us: int) -> Beams:
        """Return what a door's eyes saw about a span of time: enough to tell whose breaks are whose."""
        own = self._doors.get(door)
        if own is None:
            return Beams()
        return Beams(tuple(self.during(door, first_us - ABOUT_US, last_us + ABOUT_US)), self.mute(door, last_us))

    def mute(self, door: str, now_us: int) -> frozenset[Side]:
        """Return a door's eyes that are not to be believed at a time: stuck, or silent while the other one is not."""
        own = self._doors.get(door, _Door())
        stuck = {side for side, one in list(own.still.items()) if now_us - one.broken_us > STUCK_US}
        silent: set[Side] = {side for side, count in own.others.items() if count >= SILENT_AFTER}
        return frozenset(stuck | silent)


def eye_evidence(breaks: Iterable[Break]) -> tuple[PhotoEyeEvidence, ...]:
    """Write breaks as evidence."""
    return tuple(
        PhotoEyeEvidence(one.side, from_us(one.broken_us), None if one.cleared_us is None else from_us(one.cleared_us))
        for one in breaks
    )
