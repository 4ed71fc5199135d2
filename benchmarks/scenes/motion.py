"""How a load moves: along a line with corners, speeding up and braking, stopping, and perhaps backing out again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenes.hall import STEP_S, Floats

_LOOK_M = 0.4
"""A load turns over so much of its way before and after a corner."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A load's way. `stops` are (metres along the line, seconds); `back_from_m`: there it goes back, facing on."""

    corners_m: tuple[tuple[float, float], ...]
    speed_m_s: float
    gain_m_s2: float
    stops: tuple[tuple[float, float], ...] = ()
    back_from_m: float | None = None
    lasts_s: float | None = None
    """A load that stands at its first corner all this time, with no line to go."""


@dataclass(frozen=True, slots=True)
class Track:
    """Where a load's centre is and how it faces, a row a step: metres, cosine and sine."""

    x_m: Floats
    y_m: Floats
    cos: Floats
    sin: Floats
    moved_m: Floats
    """How far it moved in each step."""

    def __len__(self) -> int:
        return len(self.x_m)


def track(drive: Drive) -> Track:
    """Drive it, a step at a time."""
    if drive.lasts_s is not None:
        steps = np.ones(max(1, round(drive.lasts_s / STEP_S)))
        (x, y), zero = drive.corners_m[0], np.zeros(len(steps))
        return Track(x * steps, y * steps, steps, zero, zero)
    way_m = _along(drive, _length(drive.corners_m))
    corners = np.array(drive.corners_m)
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    x, y = (np.interp(way_m, at, corners[:, axis]) for axis in (0, 1))
    ahead, behind = (np.clip(way_m + shift, 0.0, at[-1]) for shift in (_LOOK_M, -_LOOK_M))
    dx, dy = (np.interp(ahead, at, corners[:, axis]) - np.interp(behind, at, corners[:, axis]) for axis in (0, 1))
    length = np.maximum(np.hypot(dx, dy), 1e-9)
    return Track(x, y, dx / length, dy / length, np.abs(np.diff(way_m, prepend=way_m[0])))


def _length(corners_m: Sequence[tuple[float, float]]) -> float:
    return float(np.hypot(*np.diff(np.array(corners_m), axis=0).T).sum())


def _along(drive: Drive, length_m: float) -> Floats:
    """Return how far along its line the load is at each step: it brakes before a stop and speeds up after it."""
    stops = [*drive.stops] if drive.back_from_m is None else [*drive.stops, (drive.back_from_m, 0.0)]
    way_m, speed, done = 0.0, drive.speed_m_s, []
    for stop_m, wait_s in stops:
        while stop_m - way_m > 0.01:
            speed = min(speed + drive.gain_m_s2 * STEP_S, drive.speed_m_s, _braking(drive, stop_m - way_m))
            way_m = min(way_m + speed * STEP_S, stop_m)
            done.append(way_m)
        done += [way_m] * round(wait_s / STEP_S)
        speed = 0.0
    sign, end_m = (1.0, length_m) if drive.back_from_m is None else (-1.0, 0.0)
    while (end_m - way_m) * sign > 0.0:
        speed = min(speed + drive.gain_m_s2 * STEP_S, drive.speed_m_s)
        way_m += sign * speed * STEP_S
        done.append(way_m)
    result: Floats = np.clip(np.array(done), 0.0, length_m)
    return result


def _braking(drive: Drive, left_m: float) -> float:
    """Return the speed from which the rest of the way is enough to stop; it creeps up to the very place."""
    return float(max((2.0 * drive.gain_m_s2 * left_m) ** 0.5, 0.1))
