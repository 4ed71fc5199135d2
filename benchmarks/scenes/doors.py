"""Doors of a wall at x = 0, outside x < 0: their antennas in rows over the lane, beside it, or both; photo-eyes."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Literal

import numpy as np

Side = Literal["outside", "inside"]
Vector = tuple[float, float, float]
_ONE_SIDED = ("inwards", "straight")
_TURNED_DEG = {"turned": (18.0, 45.0), "posts": (18.0, 45.0), "inwards": (28.0, 45.0), "straight": (0.0, 0.0)}
"""By how much fitters turn the antennas of single rows."""


@dataclass(frozen=True, slots=True)
class Antenna:
    """A reader's port, where it is and looks, and the row that the gateway is told."""

    port: int
    place_m: Vector
    looks: Vector
    side: Side
    less_db: float = 0.0
    """By how much weaker it sends than the others."""


@dataclass(frozen=True, slots=True)
class Eye:
    """A light beam across the lane."""

    gpi: int
    x_m: float
    side: Side


@dataclass(frozen=True, slots=True)
class Door:
    """A door of one reader; `half_m` is half of its clear width."""

    name: str
    reader: str
    y_m: float
    antennas: tuple[Antenna, ...]
    eyes: tuple[Eye, ...] = ()
    half_m: float = 1.4


@dataclass(frozen=True, slots=True)
class Build:
    """How the doors of one scene are built, drawn once: a fitter does all doors of a house alike."""

    kind: Literal["over", "beside", "mixed", "turned", "posts", "inwards", "straight", "tunnel"]
    """Two rows over the lane, beside it, or both; one row over it or on posts, turned to both sides; one row on posts,
    all of it `inside`, that looks inwards or straight across; a tunnel over a belt."""
    row_m: float
    """From the door line to each row."""
    turned_deg: float
    """By how much antennas look away from the door line, to their own side."""
    high_m: float
    per_row: int
    eyes_m: float | None
    """From the door line to each photo-eye; None is none."""


def draw_build(rng: np.random.Generator, kinds: Iterable[str], eyes: bool) -> Build:
    """Draw how doors are built."""
    kind = str(rng.choice(list(kinds)))
    eyes_m = rng.uniform(0.5, 1.0) if eyes else None
    if kind in ("turned", "posts", *_ONE_SIDED):
        turned_deg = rng.uniform(*_TURNED_DEG[kind])
        return Build(kind, rng.uniform(0.0, 0.15), turned_deg, rng.uniform(2.4, 3.2), 2, eyes_m)  # type: ignore[arg-type]
    if kind == "tunnel":
        return Build("tunnel", rng.uniform(0.3, 0.6), 0.0, rng.uniform(0.5, 0.9), 1, eyes_m and 0.8 * eyes_m)
    return Build(
        kind,  # type: ignore[arg-type]  # the callers' kinds are Build's
        rng.uniform(0.8, 1.5),
        rng.uniform(0.0, 30.0),
        rng.uniform(2.6, 3.8),
        2 if kind == "mixed" else int(rng.integers(1, 3)),
        eyes_m,
    )


def build_doors(rng: np.random.Generator, build: Build, count: int, pitch_m: float, share: int) -> tuple[Door, ...]:
    """Build doors in a row, `share` of them at each reader, each antenna mounted a little crooked."""
    doors = []
    rows: tuple[tuple[Side, float], ...] = (("outside", -1.0), ("inside", 1.0))
    hung = (rows[1], rows[1]) if build.kind in _ONE_SIDED else rows
    for place in range(count):
        y_m, first = place * pitch_m, 1 + place % share * 2 * build.per_row
        antennas = [
            _antenna(rng, build, first + row * build.per_row + n, n, side, sign, y_m)
            for row, (side, sign) in enumerate(hung)
            for n in range(build.per_row)
        ]
        gpi = 1 + place % share * 2
        eyes = (
            ()
            if build.eyes_m is None
            else tuple(Eye(gpi + n, sign * build.eyes_m, side) for n, (side, sign) in enumerate(rows))
        )
        half_m = 0.5 if build.kind == "tunnel" else 1.4
        doors.append(Door(f"D{place + 1}", f"dock-{place // share + 1}", y_m, tuple(antennas), eyes, half_m))
    return tuple(doors)


def _antenna(
    rng: np.random.Generator, build: Build, port: int, number: int, side: Side, sign: float, y_m: float
) -> Antenna:
    """Mount one antenna: over the lane looking down, or on a post looking across, turned to its own side."""
    beside = build.kind in ("beside", "posts", *_ONE_SIDED) or (build.kind == "mixed" and number == build.per_row - 1)
    turned = radians(build.turned_deg + rng.normal(0.0, 3.0)) * sign
    crooked = radians(rng.normal(0.0, 4.0))
    x_m = sign * build.row_m + rng.normal(0.0, 0.03)
    if beside:
        hand = -1.0 if number % 2 else 1.0
        look = (sin(turned), -hand * cos(turned) * cos(crooked), sin(crooked))
        return Antenna(port, (x_m, y_m + hand * rng.uniform(1.5, 1.7), rng.uniform(0.9, 1.7)), look, side)
    across = 0.0 if build.per_row == 1 else (number - 0.5) * 1.3
    look = (sin(turned), sin(crooked) * cos(turned), -cos(crooked) * cos(turned))
    high_m, less_db = (0.85 + build.high_m, rng.uniform(6.0, 9.0)) if build.kind == "tunnel" else (build.high_m, 0.0)
    return Antenna(port, (x_m, y_m + across, high_m), look, side, less_db)


def gateway_toml(doors: Iterable[Door]) -> str:
    """Write the gateway's configuration for these doors."""
    doors = tuple(doors)
    parts = ['[gateway]\nid = "gw-1"\nsite = "scene-1"\nbroker = "mqtt://127.0.0.1:1883"\n']
    parts += [
        f'[[reader]]\nname = "{reader}"\ndriver = "llrp"\nhost = "127.0.0.1"\nport = {5084 + number}\n'
        for number, reader in enumerate(dict.fromkeys(door.reader for door in doors))
    ]
    return "\n".join([*parts, *map(_door_toml, doors)])


def _door_toml(door: Door) -> str:
    rows = "".join(
        f'  {{ reader = "{door.reader}", antenna = {one.port}, side = "{one.side}" }},\n' for one in door.antennas
    )
    eyes = "".join(f", {eye.side}_gpi = {eye.gpi}" for eye in door.eyes)
    eyes = f'photo_eyes = {{ reader = "{door.reader}"{eyes} }}\n' if eyes else ""
    return f'[[door]]\nname = "{door.name}"\nantennas = [\n{rows}]\n{eyes}'
