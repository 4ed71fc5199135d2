"""Where the doors of a wall and their antennas and photo-eyes are, and which reader ports they are wired to.

The floor has two axes: `x_m` runs through the doors (negative outside, positive inside, the wall at 0) and `y_m` along
the wall; `z_m` is the height.
"""

from dataclasses import dataclass
from math import cos, radians, sin
from typing import Literal

Side = Literal["outside", "inside"]
Vector = tuple[float, float, float]

DOWN: Vector = (0.0, 0.0, -1.0)


@dataclass(frozen=True, slots=True)
class Antenna:
    """One antenna: its reader's port, its place in metres, where it looks (a unit vector), the row it belongs to."""

    port: int
    x_m: float
    y_m: float
    z_m: float
    boresight: Vector = DOWN
    side: Side = "outside"
    transmit_dbm: float | None = None
    """The port's own power; None is the radio's."""
    mode: str | None = None
    """The port's own mode, by its name in `radio.MODES`; None is the radio's."""
    turns: int = 1
    """How many turns in a row the port gets each time round: a reader may stay longer on one than on others."""

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65_535:
            raise ValueError(f"an antenna port is 1 to 65,535, not {self.port}")
        if abs(sum(part * part for part in self.boresight) - 1.0) > 1e-6:
            raise ValueError(f"a boresight is a unit vector, not {self.boresight}")
        if not 1 <= self.turns <= 1000:
            raise ValueError(f"a port gets 1 to 1,000 turns in a row, not {self.turns}")


@dataclass(frozen=True, slots=True)
class PhotoEye:
    """A light beam across the lane, wired to an input of the door's reader; broken while a body stands in it."""

    gpi: int
    x_m: float
    side: Side

    def __post_init__(self) -> None:
        if not 1 <= self.gpi <= 65_535:
            raise ValueError(f"an input is 1 to 65,535, not {self.gpi}")


@dataclass(frozen=True, slots=True)
class DoorGeometry:
    """One door: its reader, the middle of its lane, its antennas and photo-eyes. A reader may serve several doors."""

    door: str
    reader: str
    y_m: float
    antennas: tuple[Antenna, ...]
    photo_eyes: tuple[PhotoEye, ...] = ()
    width_m: float = 2.6
    """The clear width of the doorway: a lorry's 2.55 m (Directive 96/53/EC, annex I) and a little."""

    def __post_init__(self) -> None:
        if not self.antennas:
            raise ValueError(f"door {self.door!r} has no antenna")
        ports, inputs = [one.port for one in self.antennas], [eye.gpi for eye in self.photo_eyes]
        if len(set(ports)) < len(ports) or len(set(inputs)) < len(inputs):
            raise ValueError(f"door {self.door!r} uses a port or an input of its reader twice")


def two_row(
    door: str,
    reader: str,
    y_m: float = 0.0,
    *,
    first_port: int = 1,
    row_m: float = 1.0,
    height_m: float = 3.0,
    per_row: int = 1,
    eyes: bool = False,
    first_gpi: int = 1,
) -> DoorGeometry:
    """Hang a row of antennas before the door line and one behind it, `row_m` away, looking down on the lane.

    Ports count from `first_port`, the outside row first. Photo-eyes, if any, stand under the rows.
    """
    antennas = tuple(
        Antenna(first_port + row * per_row + place, x_m, y_m + _across(place, per_row), height_m, DOWN, side)
        for row, (side, x_m) in enumerate(_rows(row_m))
        for place in range(per_row)
    )
    return DoorGeometry(door, reader, y_m, antennas, _eyes(row_m, first_gpi) if eyes else ())


def single_row(
    door: str,
    reader: str,
    y_m: float = 0.0,
    *,
    first_port: int = 1,
    behind_m: float = 0.3,
    half_width_m: float = 1.5,
    heights_m: tuple[float, ...] = (0.8, 1.6),
    turned_deg: float = 0.0,
    eyes: bool = False,
    first_gpi: int = 1,
    eyes_m: float = 0.8,
) -> DoorGeometry:
    """Stand posts on both sides of the lane, just behind the door line, whose antennas look across it.

    They are `turned_deg` from straight across towards the inside, and all are `inside`. Straight across, goods that
    come in look like goods that go out, only backwards in space, which no read shows; turned antennas hear goods that
    come in late and for long. Ports count from `first_port`, the lower antennas first.
    """
    places = [(sign, height) for height in heights_m for sign in (-1.0, 1.0)]
    along, across = round(sin(radians(turned_deg)), 9), round(cos(radians(turned_deg)), 9)
    antennas = tuple(
        Antenna(first_port + n, behind_m, y_m + sign * half_width_m, height, (along, -sign * across, 0.0), "inside")
        for n, (sign, height) in enumerate(places)
    )
    return DoorGeometry(door, reader, y_m, antennas, _eyes(eyes_m, first_gpi) if eyes else ())


def conveyor(
    door: str,
    reader: str,
    y_m: float = 0.0,
    *,
    first_port: int = 1,
    row_m: float = 0.5,
    height_m: float = 1.7,
    transmit_dbm: float = 24.0,
    eyes: bool = False,
    first_gpi: int = 1,
) -> DoorGeometry:
    """Set a tunnel over a belt: an antenna over its mouth, one over its end, weak enough to see its inside only."""
    antennas = tuple(
        Antenna(first_port + n, x_m, y_m, height_m, DOWN, side, transmit_dbm)
        for n, (side, x_m) in enumerate(_rows(row_m))
    )
    return DoorGeometry(door, reader, y_m, antennas, _eyes(row_m, first_gpi) if eyes else (), width_m=1.0)


def _rows(row_m: float) -> tuple[tuple[Side, float], ...]:
    return ("outside", -row_m), ("inside", row_m)


def _across(place: int, per_row: int) -> float:
    """Spread the antennas of a row over the lane, 1.2 m apart."""
    return (place - (per_row - 1) / 2) * 1.2


def _eyes(x_m: float, first_gpi: int) -> tuple[PhotoEye, ...]:
    return tuple(PhotoEye(first_gpi + n, x, side) for n, (side, x) in enumerate(_rows(x_m)))
