"""How fast SKUs move: classes A, B and C by order lines in a moving window, with hysteresis. Pure.

The SKUs that make four fifths of the lines are A, those that make up to nineteen twentieths B, all others C. Who is in
a class stays until it lies clearly beyond its border: else what lies near a border would change class, and with it its
limits and counts, every week. The classes of a day follow from the weeks alone: they are worked out from the first week
on, so a rebuild gives the same.

Source: ABC by cumulative share, Ford Dickie (1951), "ABC inventory analysis shoots for dollars, not pennies".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Velocity = Literal["A", "B", "C"]
ORDER: tuple[Velocity, ...] = ("A", "B", "C")
BORDERS = (0.80, 0.95)
"""Cumulative shares of the order lines at which A and B end."""
MARGIN = 0.02
"""Share that a SKU has to lie beyond a border before it changes its class."""
WINDOW_WEEKS = 13
"""A quarter: a season moves through it, one busy week does not decide."""


@dataclass(frozen=True, slots=True)
class Place:
    """A SKU's class, the week (by number) since which it has it, and the share of all lines of those before it."""

    velocity: Velocity
    since: int
    share: float
    lines: float


def classify(weeks: Mapping[str, Sequence[float]], window: int = WINDOW_WEEKS) -> dict[str, Place]:
    """Return each SKU's class after the last week; all have equally many weeks (>= 1) of order lines."""
    length = max(map(len, weeks.values()), default=0)
    held: dict[str, Place] = {}
    for week in range(length):
        lines = {sku: sum(own[max(0, week + 1 - window) : week + 1]) for sku, own in weeks.items()}
        held = _step(held, lines, week)
    return held


def _step(held: Mapping[str, Place], lines: Mapping[str, float], week: int) -> dict[str, Place]:
    everything = sum(lines.values())
    ahead, found = 0.0, {}
    for sku in sorted(lines, key=lambda name: (-lines[name], name)):
        share = ahead / everything if everything else 1.0
        before = held.get(sku)
        velocity = _class(share, before.velocity if before else None) if lines[sku] else "C"
        since = before.since if before and before.velocity == velocity else week
        found[sku] = Place(velocity, since, share, lines[sku])
        ahead += lines[sku]
    return found


def _class(share: float, before: Velocity | None) -> Velocity:
    """Return the class for a share of lines ahead; the borders give way to who is already inside."""
    for velocity, border in zip(ORDER, BORDERS, strict=False):
        is_in = before is not None and ORDER.index(before) <= ORDER.index(velocity)
        if share < border + (0.0 if before is None else MARGIN if is_in else -MARGIN):
            return velocity
    return "C"
