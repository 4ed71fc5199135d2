"""A default life for bins that no warehouse feeds: picked from by day, replenished when they run low. Pure, seeded.

All figures are assumed; a warehouse gives better ones.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tagdock_simulators.sensors.contents import BinTruth
from tagdock_simulators.sensors.draws import Draws

_WORKS = range(6, 20)
"""Hours of the day in UTC in which people pick."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How bins live."""

    picks_an_hour: tuple[float, float] = (0.3, 6.0)
    """The slowest and the fastest bin, in working hours."""
    unit_mass_kg: tuple[float, float] = (0.05, 1.5)
    full_kg: float = 40.0
    """What a full bin holds at most, ..."""
    full_items: int = 240
    """... in mass and in number."""
    low: float = 0.2
    """Below this share of its full count it is replenished, ..."""
    replenished_h: tuple[float, float] = (0.3, 3.0)
    """... after so long."""
    at_once: int = 4
    """Items taken in one pick, at most."""


USUAL = Habits()


def bin_names(count: int) -> tuple[str, ...]:
    """Name bins as a rack does: aisle, bay, level. Raises ValueError beyond 26 aisles of 40 bays of 5 levels."""
    if not 1 <= count <= 26 * 40 * 5:
        raise ValueError(f"{count} bins; there can be 1 to {26 * 40 * 5:,}")
    places = ((n // 200, n // 5 % 40, n % 5) for n in range(count))
    return tuple(f"{chr(65 + aisle)}-{bay + 1:02}-{level + 1}" for aisle, bay, level in places)


def live(names: Sequence[str], seed: int, begin: datetime, habits: Habits = USUAL) -> Iterator[BinTruth]:
    """Give what lies in all bins from `begin` on, in time order, without end."""
    return heapq.merge(*(bin_life(name, seed, begin, habits) for name in names), key=lambda truth: truth.at)


def bin_life(name: str, seed: int, begin: datetime, habits: Habits = USUAL) -> Iterator[BinTruth]:
    """Give one bin's contents from `begin` on: first what it holds, then every change, without end."""
    draws = Draws(seed, "life", name)
    unit_mass_kg = round(draws.between(*habits.unit_mass_kg), 3)
    full = max(habits.at_once + 1, min(habits.full_items, int(habits.full_kg / unit_mass_kg)))
    mean_s = 3600.0 / draws.between(*habits.picks_an_hour)
    count, at, restock_at = int(full * draws.between(0.1, 1.0)), begin, None
    while True:
        yield BinTruth(at, name, count, unit_mass_kg, round(min(1.0, count / full), 4))
        if restock_at is None and count < habits.low * full:
            restock_at = at + timedelta(seconds=round(3600.0 * draws.between(*habits.replenished_h)))
        picked_at = _next_pick(at, mean_s, draws) if count else None
        if restock_at is not None and (picked_at is None or restock_at <= picked_at):
            at, restock_at = restock_at, None
            count = full - int(0.1 * full * draws.uniform())
        elif picked_at is not None:
            at = picked_at
            count -= min(count, 1 + int(habits.at_once * draws.uniform() ** 2))


def _next_pick(at: datetime, mean_s: float, draws: Draws) -> datetime:
    """Wait for the next pick; the clock of picks stands still by night."""
    at += timedelta(seconds=round(1.0 + draws.waiting(mean_s), 3))
    if at.hour in _WORKS:
        return at
    morning = at.replace(hour=_WORKS.start, minute=0, second=0, microsecond=0)
    morning += timedelta(days=1) if at.hour >= _WORKS.stop else timedelta()
    return morning + timedelta(seconds=round(draws.waiting(mean_s), 3))
