"""How narrow the hill of power over time is at each door: goods that hide a tag make it lower, hardly narrower.

A tag that passes an antenna at a distance d, at a speed v, is heard over a time of about d / v. Doors' antennas are
alike and v is the same for all of them, so the door to which it is nearest hears the narrowest hill, however much the
goods take of its height. One tag's hill is full of fades and says little; those of a load add up, like all that its
tags say.
"""

from collections.abc import Mapping, Sequence
from math import log

from tagdock_edge.passage.looks import Look

NARROWER = 0.3
"""Natural log of how much wider the hill is at the next door than at a load's own: on simulated doors 3 m apart 0.30 to
0.38 for goods that hide nothing, for liquid and for metal; 0.31 in halls of another model of radio."""
SPREAD = 0.2
"""How far from that single tags are, beyond what few looks explain (natural log, standard deviation)."""
HILL_NATS = 3.0
"""The most that one tag's hills say for or against a door: a tag that halts on its way has hills of any width."""
WIDTH_LEAST_S = 0.03
"""Looks are a tenth of a second long: no hill is known better than by its standard deviation."""


def farther(seen: Mapping[int, Sequence[Look]], door_of: Sequence[int]) -> dict[int, float]:
    """Say how much less likely goods passed each door than the one with the narrowest hill: nats, `HILL_NATS` at most.

    `seen` are one tag's looks by antenna, `door_of` the antennas' doors. A door that hardly heard it is left out.
    """
    hills = {door: hill for door, hill in _hills(seen, door_of).items() if hill[1] > 1.0}
    if len(hills) < 2:
        return {}
    widths = {door: 0.5 * log(square_s2 / freedom) for door, (square_s2, freedom) in hills.items()}
    best = min(widths, key=lambda door: (widths[door], door))
    less = {}
    for door, width in widths.items():
        variance = SPREAD**2 + 0.5 / hills[door][1] + 0.5 / hills[best][1]
        less[door] = min(2.0 * NARROWER * (width - widths[best]) / variance, HILL_NATS)
    return less


def _hills(seen: Mapping[int, Sequence[Look]], door_of: Sequence[int]) -> dict[int, tuple[float, float]]:
    """Return each door's hill: its variance (seconds squared) times its freedom, and that: looks that weigh, less 1.

    Each antenna has a hill of its own about its own middle; those of a door are put together.
    """
    hills: dict[int, tuple[float, float]] = {}
    for antenna, each in seen.items():
        if len(each) > 1:
            variance_s2, freedom = _hill(each)
            square_s2, before = hills.get(door_of[antenna], (0.0, 0.0))
            hills[door_of[antenna]] = square_s2 + variance_s2 * (freedom + 1.0), before + freedom
    return hills


def _hill(each: Sequence[Look]) -> tuple[float, float]:
    """Return the variance of time (seconds squared), weighed by power, and how many looks carry it, less one."""
    power = first = second = squares = 0.0
    origin_us = each[0].at_us
    for at_us, power_mw, _ in each:
        at_s = (at_us - origin_us) / 1e6
        power += power_mw
        squares += power_mw * power_mw
        first += power_mw * at_s
        second += power_mw * at_s * at_s
    variance_s2 = max(second / power - (first / power) ** 2, 0.0) + WIDTH_LEAST_S**2
    return variance_s2, power * power / squares - 1.0
