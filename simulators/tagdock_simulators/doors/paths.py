"""The way of a load's centre: way points in time, straight and steady between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tagdock_simulators.chance import Floats


@dataclass(frozen=True, slots=True)
class WayPoint:
    """A place on a load's way, from the middle of its door's line, and how long it stands there."""

    x_m: float
    y_m: float = 0.0
    stay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Path:
    """Way points of a load's centre: seconds from the start, metres."""

    seconds: tuple[float, ...]
    x_m: tuple[float, ...]
    y_m: tuple[float, ...]

    @classmethod
    def along(cls, points: Sequence[WayPoint], speed_m_per_s: float) -> "Path":
        """Walk from point to point at one speed, standing where a point says so. Needs one point at least."""
        now, times, places = 0.0, [0.0], [(points[0].x_m, points[0].y_m)]
        for point in points:
            place = point.x_m, point.y_m
            way_m = float(np.hypot(place[0] - places[-1][0], place[1] - places[-1][1]))
            for takes_s in (way_m / speed_m_per_s, point.stay_s):
                if takes_s > 0.0:  # a leg that takes no time would have no speed
                    now += takes_s
                    times.append(now)
                    places.append(place)
        return cls(tuple(times), tuple(x for x, _ in places), tuple(y for _, y in places))

    def at(self, seconds: Floats) -> tuple[Floats, Floats]:
        """Return x and y in metres at each time."""
        return np.interp(seconds, self.seconds, self.x_m), np.interp(seconds, self.seconds, self.y_m)

    def velocity(self, seconds: Floats) -> tuple[Floats, Floats]:
        """Return vx and vy in m/s at each time."""
        if len(self.seconds) == 1:
            return np.zeros_like(seconds), np.zeros_like(seconds)
        lengths = np.diff(self.seconds)
        leg = np.clip(np.searchsorted(self.seconds, seconds, side="right") - 1, 0, len(lengths) - 1)
        return (np.diff(self.x_m) / lengths)[leg], (np.diff(self.y_m) / lengths)[leg]

    def heading(self) -> tuple[int, int]:
        """Return which way the load faces, as (1, 0), (-1, 0), (0, 1) or (0, -1): the way it first moves.

        It keeps facing that way: a truck that turns back in a doorway backs out of it.
        """
        for dx, dy in zip(np.diff(self.x_m).tolist(), np.diff(self.y_m).tolist(), strict=True):
            if dx or dy:
                return (1 if dx > 0 else -1, 0) if abs(dx) >= abs(dy) else (0, 1 if dy > 0 else -1)
        return 1, 0

    def last_through_s(self, offset_m: float) -> float:
        """Return when something that lies `offset_m` before the centre (along x) passes the door line for good.

        The end of the path where it never does.
        """
        passed_s = self.seconds[-1]
        for n in range(len(self.seconds) - 1):
            a, b = self.x_m[n] + offset_m, self.x_m[n + 1] + offset_m
            if (a < 0.0) != (b < 0.0):
                passed_s = self.seconds[n] + (self.seconds[n + 1] - self.seconds[n]) * (a / (a - b))
        return passed_s
