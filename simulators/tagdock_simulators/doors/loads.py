"""A load of tagged goods at a door: what carries it, what it does there and when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tagdock_simulators.doors.carriers import CARDBOARD, PALLET, Carrier, Material
from tagdock_simulators.doors.paths import Path, WayPoint

Behaviour = Literal["in", "out", "pass", "turn", "park"]
"""What a load does: `pass` goes by along the wall, `turn` comes, stops and goes back, `park` does so for longer."""

PASS_X_M = -2.5
"""Where goods pass by or stand, unless told: outside, a lane's width in front of the wall."""
TURN_X_M = 0.0
"""Where a load turns round, unless told: in the doorway itself."""
TAGS_AT_MOST = 1000
"""A load of more is not simulated: no carrier holds it."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A load at a door. `direction` says what it truly does, `starts_at` when it comes into the field."""

    epcs: tuple[str, ...]
    door: str
    direction: Behaviour
    starts_at: datetime
    speed_m_per_s: float = 2.0
    reach_m: float = 2.0
    """How far from the door line it comes from (`pass`: from its middle; `park`, `turn`: from where it stops)."""
    stay_s: float = 0.0
    """How long a turning or parked load stands."""
    carrier: Carrier = PALLET
    materials: Material | tuple[Material, ...] = CARDBOARD
    """What the goods are made of: all of them, or one for each tag."""
    unreadable: frozenset[str] = frozenset()
    """EPCs of tags that never answer."""
    where_m: float | None = None
    """The x at which the load passes by, turns round or stands; None is the usual place."""
    way: tuple[WayPoint, ...] = ()
    """Another way than the usual one; it has to do what `direction` says."""

    def __post_init__(self) -> None:
        if not 0.05 <= self.speed_m_per_s <= 10.0:
            raise ValueError(f"a load moves at 0.05 to 10 m/s, not {self.speed_m_per_s}")
        if not 0.1 <= self.reach_m <= 20.0:
            raise ValueError(f"a load starts 0.1 to 20 m from the door line, not {self.reach_m}")
        if not 0.0 <= self.stay_s <= 86_400.0:
            raise ValueError(f"a load stays 0 to 86,400 s, not {self.stay_s}")
        if self.where_m is not None and not -20.0 <= self.where_m <= 20.0:
            raise ValueError(f"a load stands or passes within 20 m of the door line, not at {self.where_m}")
        if self.starts_at.tzinfo is None:
            raise ValueError("starts_at needs a time zone")
        if len(self.epcs) > TAGS_AT_MOST:
            raise ValueError(f"a load has at most {TAGS_AT_MOST} tags, not {len(self.epcs)}")
        if isinstance(self.materials, tuple) and len(self.materials) != len(self.epcs):
            raise ValueError(
                f"{len(self.epcs)} tags need as many materials (or one for all), not {len(self.materials)}"
            )
        if self.way:
            self._check_way()

    def _check_way(self) -> None:
        for point in self.way:
            if not (abs(point.x_m) <= 100.0 and abs(point.y_m) <= 1000.0 and 0.0 <= point.stay_s <= 86_400.0):
                raise ValueError(f"a way stays within 100 m of the wall and stands for at most a day, not {point}")
        first, last = self.way[0], self.way[-1]
        does = {(True, False): "in", (False, True): "out"}.get((first.x_m < 0.0, last.x_m < 0.0), "")
        if does != (self.direction if self.direction in ("in", "out") else ""):
            raise ValueError(f"a load whose way goes from {first} to {last} does not do {self.direction!r}")

    @property
    def path(self) -> Path:
        """Return the way of the load's centre, with the door's own y at 0."""
        return Path.along(self.way or _usual_way(self), self.speed_m_per_s)

    @property
    def ends_at(self) -> datetime:
        """Return the time at which the load has left the field."""
        return self.starts_at + timedelta(seconds=self.path.seconds[-1])


def _usual_way(crossing: Crossing) -> tuple[WayPoint, ...]:
    reach = crossing.reach_m
    match crossing.direction:
        case "in":
            return WayPoint(-reach), WayPoint(reach)
        case "out":
            return WayPoint(reach), WayPoint(-reach)
        case "pass":
            x_m = PASS_X_M if crossing.where_m is None else crossing.where_m
            return WayPoint(x_m, -reach), WayPoint(x_m, reach)
        case "turn" | "park":
            usual_m = TURN_X_M if crossing.direction == "turn" else PASS_X_M
            x_m = usual_m if crossing.where_m is None else crossing.where_m
            from_m = x_m - reach if x_m <= 0.0 else x_m + reach
            return WayPoint(from_m), WayPoint(x_m, 0.0, max(crossing.stay_s, 0.001)), WayPoint(from_m)
