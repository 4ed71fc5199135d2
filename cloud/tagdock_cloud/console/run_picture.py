"""A small picture of delivery runs: the depot, the stops, and which vehicle goes to which in which order. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any

WIDTH, HEIGHT, MARGIN = 640.0, 360.0, 24.0
COLOURS = 6
"""So many runs are told apart by colour; those behind them begin with the first again."""
_LEAST = 1e-6
"""Degrees: what lies nearer than a step is drawn as one place."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dot:
    """A stop: where it lies in the picture, its number on its run, and which order it is."""

    x: float
    y: float
    place: int
    order: str
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """A run's way from the depot and back, as an SVG path, its colour (0 to COLOURS - 1), and its stops."""

    path: str
    colour: int
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The depot and all runs, in WIDTH x HEIGHT units."""

    depot: tuple[float, float]
    lines: tuple[Line, ...]


def draw(depot: tuple[float, float] | None, runs: Sequence[Sequence[Row]]) -> Picture | None:
    """Draw runs; None where a place is not known. `depot`: degrees of latitude and longitude; `runs`: stops in order.

    Latitudes are drawn as they are, longitudes as long as they are at the depot: right for a day's drive.
    """
    places = [_place(stop) for run in runs for stop in run]
    if depot is None or not places or any(place is None for place in places):
        return None
    known = [place for place in places if place is not None]
    wide = max(cos(radians(depot[0])), 0.01)
    flat = [(lon * wide, -lat) for lat, lon in (depot, *known)]
    put = _fitted(flat)
    rest = iter(put[1:])
    lines = tuple(_line(put[0], run, rest, number % COLOURS) for number, run in enumerate(runs))
    return Picture(put[0], lines)


def _place(stop: Row) -> tuple[float, float] | None:
    where = stop["destination"] or {}
    lat, lon = where.get("lat_deg"), where.get("lon_deg")
    return None if lat is None or lon is None else (float(lat), float(lon))


def _fitted(flat: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Move and stretch points alike both ways, so that they fill the picture."""
    lows, highs = [min(axis) for axis in zip(*flat, strict=True)], [max(axis) for axis in zip(*flat, strict=True)]
    spans = [high - low for low, high in zip(lows, highs, strict=True)]
    room = (WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN)
    scale = min(size / max(span, _LEAST) for size, span in zip(room, spans, strict=True))
    free = [(size - scale * span) / 2 for size, span in zip((WIDTH, HEIGHT), spans, strict=True)]
    return [(free[0] + (x - lows[0]) * scale, free[1] + (y - lows[1]) * scale) for x, y in flat]


def _line(depot: tuple[float, float], run: Sequence[Row], points: Iterable[tuple[float, float]], colour: int) -> Line:
    dots = tuple(
        Dot(*point, place, stop["order_id"], stop["state"])
        for place, (stop, point) in enumerate(zip(run, points, strict=False), 1)
    )
    way = [depot, *((dot.x, dot.y) for dot in dots), depot]
    return Line("M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in way), colour, dots)
