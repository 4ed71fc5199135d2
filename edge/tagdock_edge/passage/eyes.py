"""The photo-eyes' side of the story: who broke which beam when. Kept as evidence beside the reads."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from tagdock_contract import PhotoEyeEvidence, Side

from tagdock_edge.clock import from_us

BREAKS_A_DOOR = 64
"""Broken beams remembered for each door; the oldest go first."""


@dataclass(slots=True)
class Break:
    """One broken beam; `cleared_us` is None while it still is."""

    side: Side
    broken_us: int
    cleared_us: int | None = None


class PhotoEyes:
    """The last breaks of each door's beams."""

    def __init__(self) -> None:
        self._breaks: dict[str, deque[Break]] = {}

    def add(self, door: str, side: Side, at_us: int, broken: bool) -> None:
        """Note that a beam was broken or came clear; an eye that repeats itself changes nothing."""
        breaks = self._breaks.setdefault(door, deque(maxlen=BREAKS_A_DOOR))
        still = next((one for one in reversed(breaks) if one.side == side and one.cleared_us is None), None)
        if broken and still is None:
            breaks.append(Break(side, at_us))
        elif not broken and still is not None:
            still.cleared_us = at_us

    def during(self, door: str, first_us: int, last_us: int) -> list[Break]:
        """List the breaks of a door's beams that overlap a span of time, in the order in which they came."""
        return [
            one
            for one in self._breaks.get(door, ())
            if one.broken_us <= last_us and (one.cleared_us is None or one.cleared_us >= first_us)
        ]


def eye_evidence(breaks: Iterable[Break]) -> tuple[PhotoEyeEvidence, ...]:
    """Write breaks as evidence."""
    return tuple(
        PhotoEyeEvidence(one.side, from_us(one.broken_us), None if one.cleared_us is None else from_us(one.cleared_us))
        for one in breaks
    )
