"""The air in the house: a day's curve, and dips when a dock door is open. Pure functions of time.

Humidity follows the temperature at a fixed dew point (Magnus: Alduchov and Eskridge 1996,
doi:10.1175/1520-0450(1996)035<0601:IMFAOS>2.0.CO;2). The house's own figures are assumed: an unheated hall.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from tagdock_simulators.sensors.draws import Draws

_DAY_S = 86_400.0
_MAGNUS_B, _MAGNUS_C = 17.625, 243.04


@dataclass(frozen=True, slots=True)
class House:
    """How warm and damp it is. All assumed."""

    mean_c: float = 17.0
    swing_c: float = 4.0
    """Half the difference between the afternoon and the night."""
    warmest_h: float = 15.0
    """Hour of the day in UTC at which it is warmest."""
    dew_point_c: float = 8.0
    door_dip_c: float = 3.0
    """By how much it falls by a door that stays open for long; other bins see less of it."""
    door_damp_pct: float = 12.0
    """By how much the humidity rises with it."""
    openings_a_day: int = 40
    open_s: tuple[float, float] = (60.0, 900.0)
    recovers_s: float = 600.0


HALL = House()
"""An unheated hall."""


class Air(NamedTuple):
    """What surrounds a sensor."""

    temperature_c: float
    humidity_pct: float


class Climate:
    """The air at one place of the house, from a seed; the doors open at the same times for all places."""

    def __init__(self, house: House, seed: int, place: str) -> None:
        """Put `place` nearer to or farther from the doors, by its name."""
        self._house, self._seed = house, seed
        draws = Draws(seed, "climate", place)
        self._nearness = draws.uniform()
        self._offset_c = 0.5 * draws.normal()

    def air(self, at_s: float) -> Air:
        """Return the air at a time in seconds since 1970."""
        house = self._house
        angle = 2.0 * math.pi * (at_s / 3600.0 - house.warmest_h) / 24.0
        dip = self._nearness * self._openness(at_s)
        temperature_c = house.mean_c + self._offset_c + house.swing_c * math.cos(angle) - house.door_dip_c * dip
        damp = _saturation(house.dew_point_c) / _saturation(temperature_c) * 100.0 + house.door_damp_pct * dip
        return Air(temperature_c, min(100.0, max(0.0, damp)))

    def _openness(self, at_s: float) -> float:
        """Say how much of the full dip is reached: it grows while a door is open and recovers afterwards, 0 to 1."""
        recovers_s = self._house.recovers_s
        level = 0.0
        for opens_s, closes_s in self._lately(at_s):
            grown = 1.0 - math.exp(-(min(at_s, closes_s) - opens_s) / recovers_s)
            level = max(level, grown * math.exp(-max(0.0, at_s - closes_s) / recovers_s))
        return level

    def _lately(self, at_s: float) -> Iterator[tuple[float, float]]:
        """Give the openings that are still felt: after twelve times the recovery nothing is left that a sensor sees."""
        house = self._house
        since_s = at_s - house.open_s[1] - 12.0 * house.recovers_s
        for day in range(int(since_s // _DAY_S), int(at_s // _DAY_S) + 1):
            openings = _openings(house, self._seed, day)
            yield from openings[bisect_right(openings, (since_s,)) : bisect_right(openings, (at_s, math.inf))]


@lru_cache(maxsize=64)
def _openings(house: House, seed: int, day: int) -> tuple[tuple[float, float], ...]:
    """Return when the doors open and close on one day since 1970, in order of opening: between 06:00 and 20:00 UTC."""
    draws = Draws(seed, "doors", str(day))
    opens = sorted(_DAY_S * (day + draws.between(6.0, 20.0) / 24.0) for _ in range(house.openings_a_day))
    return tuple((at_s, at_s + draws.between(*house.open_s)) for at_s in opens)


def _saturation(temperature_c: float) -> float:
    return math.exp(_MAGNUS_B * temperature_c / (_MAGNUS_C + temperature_c))
