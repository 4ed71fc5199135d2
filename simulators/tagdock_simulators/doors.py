"""A dock door with two rows of antennas, and what moves through it or past it.

The floor has two axes: `x_m` runs through the door (negative outside, positive inside, the door line at 0) and `y_m`
along the wall. Antennas hang over the lane and look down.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from tagdock_simulators.chance import Floats
from tagdock_simulators.epc import urn_of

Behaviour = Literal["in", "out", "pass", "turn", "park"]
"""What a load does: `pass` goes by outside, `turn` comes in and goes back, `park` stands outside before the door."""


@dataclass(frozen=True, slots=True)
class DoorGeometry:
    """Where a door and its antennas are, in metres, and which reader ports they are wired to."""

    door: str
    reader: str
    outside_antenna: int = 1
    inside_antenna: int = 2
    y_m: float = 0.0
    row_m: float = 1.0
    """Distance of each antenna row from the door line."""
    height_m: float = 3.0
    """Height of the antennas over the floor."""

    def antennas(self) -> tuple[tuple[int, float, float, float], ...]:
        """Return (port, x_m, y_m, z_m) of each antenna, outside first."""
        return (
            (self.outside_antenna, -self.row_m, self.y_m, self.height_m),
            (self.inside_antenna, self.row_m, self.y_m, self.height_m),
        )


@dataclass(frozen=True, slots=True)
class Crossing:
    """A load of tagged goods at a door. `direction` says what it does, `starts_at` when it comes into the field."""

    epcs: tuple[str, ...]
    door: str
    direction: Behaviour
    starts_at: datetime
    speed_m_per_s: float = 2.0
    reach_m: float = 2.0
    """How far from the door line the load's centre is when the crossing starts and ends."""
    stay_s: float = 0.0
    """How long a turning load stands in the doorway, or a parked one before it."""

    def __post_init__(self) -> None:
        if not 0.05 <= self.speed_m_per_s <= 10.0:
            raise ValueError(f"a load moves at 0.05 to 10 m/s, not {self.speed_m_per_s}")
        if not 0.1 <= self.reach_m <= 20.0:
            raise ValueError(f"a load starts 0.1 to 20 m from the door line, not {self.reach_m}")
        if not 0.0 <= self.stay_s <= 86_400.0:
            raise ValueError(f"a load stays 0 to 86,400 s, not {self.stay_s}")
        if self.starts_at.tzinfo is None:
            raise ValueError("starts_at needs a time zone")

    @property
    def path(self) -> "Path":
        """Return the way of the load's centre, with the door's own y at 0."""
        return _path(self)

    @property
    def ends_at(self) -> datetime:
        """Return the time at which the load has left the field."""
        return self.starts_at + timedelta(seconds=float(self.path.seconds[-1]))


@dataclass(frozen=True, slots=True)
class Path:
    """Way points of a load's centre: seconds from the start, metres; straight and steady between them."""

    seconds: tuple[float, ...]
    x_m: tuple[float, ...]
    y_m: tuple[float, ...]

    def at(self, seconds: Floats) -> tuple[Floats, Floats]:
        """Return x and y in metres at each time."""
        return np.interp(seconds, self.seconds, self.x_m), np.interp(seconds, self.seconds, self.y_m)

    def velocity(self, seconds: Floats) -> tuple[Floats, Floats]:
        """Return vx and vy in m/s at each time."""
        lengths = np.diff(self.seconds)
        leg = np.clip(np.searchsorted(self.seconds, seconds, side="right") - 1, 0, len(lengths) - 1)
        return (np.diff(self.x_m) / lengths)[leg], (np.diff(self.y_m) / lengths)[leg]


def _path(crossing: Crossing) -> Path:
    reach = crossing.reach_m
    leg_s = reach / crossing.speed_m_per_s
    stay_s = max(crossing.stay_s, 0.001)
    match crossing.direction:
        case "in":
            return Path((0.0, 2 * leg_s), (-reach, reach), (0.0, 0.0))
        case "out":
            return Path((0.0, 2 * leg_s), (reach, -reach), (0.0, 0.0))
        case "pass":
            return Path((0.0, 2 * leg_s), (-PASS_X_M, -PASS_X_M), (-reach, reach))
        case "turn":
            return Path(
                (0.0, leg_s, leg_s + stay_s, 2 * leg_s + stay_s), (-reach, TURN_X_M, TURN_X_M, -reach), (0.0,) * 4
            )
        case "park":
            return Path((0.0, stay_s), (-PASS_X_M, -PASS_X_M), (0.0, 0.0))


PASS_X_M = 2.5
"""How far outside the door line goods pass by or stand: a lane's width in front of the wall."""
TURN_X_M = 0.0
"""Where a load turns round: in the doorway itself."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened to one tag: it passed a door at a time, or `why` nothing is to be reported."""

    epc_hex: str
    door: str
    direction: Literal["in", "out", "pass"] | None
    at: datetime
    why: str = ""

    @property
    def epc(self) -> str:
        """Return the tag's URN."""
        return urn_of(self.epc_hex)


def crossing_truth(crossing: Crossing) -> list[Truth]:
    """Say what a crossing's tags really did; `at` is when the load's centre was at the door (to the microsecond)."""
    path = crossing.path
    at = crossing.starts_at + timedelta(seconds=(path.seconds[0] + path.seconds[-1]) / 2)
    why = {"turn": "turned round in the doorway", "park": "stood in the field without passing"}.get(
        crossing.direction, ""
    )
    direction = None if why else crossing.direction
    return [Truth(epc, crossing.door, direction, at, why) for epc in crossing.epcs]  # type: ignore[arg-type]  # narrowed by `why`
