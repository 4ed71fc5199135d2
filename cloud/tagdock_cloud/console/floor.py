"""The floor as a drawing: places in metres become rectangles, and the rectangles of one colour one path. Pure.

Bins that stand above one another share a place on the floor; each gets a strip of it, or all of it where one level is
shown alone.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_FILL = 0.86
"""Share of the free room between neighbours that a bin's rectangle takes."""

MARKS_A_FLOOR = 45
"""A door's mark is this part of the floor's longer side at least, so that it can be read on the largest."""

LEAST_UNITS = 16
"""A floor of a few bins is drawn in a frame so many marks wide, or one door would fill the page."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """One bin on the drawing, in metres from its left upper corner."""

    bin: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class DoorMark:
    """One door on the drawing: a point on its wall."""

    door: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """All shapes and what they lie in: `view` is x, y, width, height in metres."""

    view: tuple[float, float, float, float]
    boxes: tuple[Box, ...]
    doors: tuple[DoorMark, ...]
    unplaced: int
    unit: float
    """A length in metres that reads well on this floor: the size of a door's mark."""


def draw(
    bins: Sequence[Mapping[str, Any]], doors: Sequence[Mapping[str, Any]], aisles: Mapping[str, Any] | None
) -> Drawing:
    """Draw a floor: bins and doors as the database has them, aisles as in a layout."""
    placed = [(row, _bin_point(row, aisles)) for row in bins]
    stacks: dict[Point, list[str]] = defaultdict(list)
    for row, point in placed:
        if point is not None:
            stacks[point].append(str(row["bin"]))
    room = _room(sorted(stacks))
    boxes = tuple(box for point, stack in stacks.items() for box in _stack(point, room, stack))
    marks = tuple(DoorMark(row["door"], *point) for row in doors if (point := _door_point(row, aisles)) is not None)
    unit = max(min(room), 0.6, _span([*stacks, *((mark.x, mark.y) for mark in marks)]) / MARKS_A_FLOOR)
    unplaced = sum(1 for _, point in placed if point is None)
    return Drawing(_view(boxes, marks, unit), boxes, marks, unplaced, unit)


def paths(boxes: Sequence[Box], looks: Mapping[str, str], otherwise: str) -> dict[str, str]:
    """Return one path for all bins of a look: ten thousand shapes cost a browser more than one of as many parts.

    `looks`: by bin; `otherwise`: of those that it does not name.
    """
    drawn: dict[str, list[str]] = defaultdict(list)
    for box in boxes:
        drawn[looks.get(box.bin, otherwise)].append(
            f"M{_short(box.x)} {_short(box.y)}h{_short(box.width)}v{_short(box.height)}h-{_short(box.width)}z"
        )
    return {look: "".join(parts) for look, parts in sorted(drawn.items())}


def levels(bins: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the heights above the floor at which bins lie, in metres, from below; equal to a centimetre is equal."""
    return sorted({round(row["z_m"], 2) for row in bins if row["z_m"] is not None})


def _short(metres: float) -> str:
    """Write metres to the centimetre in as few characters as that takes."""
    return f"{metres:.2f}".rstrip("0").rstrip(".")


def _stack(point: Point, room: Point, stack: Sequence[str]) -> Iterator[Box]:
    """Cut the room of one place on the floor into strips, in the order of names: racks are named side by side."""
    (x, y), (width, height) = point, room
    strip = width / len(stack)
    shown = strip * (0.94 if len(stack) > 1 else 1.0)
    for place, name in enumerate(sorted(stack)):
        yield Box(name, x - width / 2 + place * strip, y - height / 2, shown, height)


def _bin_point(row: Mapping[str, Any], aisles: Mapping[str, Any] | None) -> Point | None:
    if row["x_m"] is not None:
        return row["x_m"], row["y_m"]
    if aisles and row["aisle"] is not None and row["cell"] is not None:
        return row["aisle"] * aisles["pitch_m"], aisles["front_gap_m"] + _depth(row["cell"], aisles)
    return None


def _door_point(row: Mapping[str, Any], aisles: Mapping[str, Any] | None) -> Point | None:
    if row["x_m"] is not None:
        return row["x_m"], row["y_m"]
    if not aisles or row["aisle"] is None or row["aisle_end"] is None:
        return None
    gap = row["gap_m"] or 0.0
    back = aisles["front_gap_m"] + _depth(aisles["cells"] - 1, aisles) + aisles["back_gap_m"]
    return row["aisle"] * aisles["pitch_m"], -gap if row["aisle_end"] == "front" else back + gap


def _depth(cell: int, aisles: Mapping[str, Any]) -> float:
    """Return metres from cell 0 to a cell, middle cross-aisles included."""
    crossed = sum(cross["width_m"] for cross in aisles["cross_aisles"] if cross["after_cell"] < cell)
    return float(cell * aisles["cell_m"] + crossed)


def _room(points: Sequence[Point]) -> Point:
    """Return width and height that a rectangle may have without touching its neighbours."""
    dx = _least_step({x for x, _ in points})
    dy = _least_step({y for _, y in points})
    dx, dy = dx or dy or 1.0, dy or dx or 1.0
    return min(dx, 4 * dy) * _FILL, min(dy, 4 * dx) * _FILL


def _span(points: Sequence[Point]) -> float:
    """Return the longer side of what holds all points."""
    if not points:
        return 0.0
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return max(max(xs) - min(xs), max(ys) - min(ys))


def _least_step(values: set[float]) -> float | None:
    ordered = sorted(values)
    steps = [after - before for before, after in pairwise(ordered) if after - before > 1e-3]
    return min(steps, default=None)


def _view(boxes: Sequence[Box], doors: Sequence[DoorMark], unit: float) -> tuple[float, float, float, float]:
    """Return what frames all shapes with a margin for the doors' names."""
    lefts = [box.x for box in boxes] + [door.x for door in doors]
    tops = [box.y for box in boxes] + [door.y for door in doors]
    if not lefts:
        return 0.0, 0.0, 1.0, 1.0
    rights = [box.x + box.width for box in boxes] + [door.x for door in doors]
    bottoms = [box.y + box.height for box in boxes] + [door.y + 2 * unit for door in doors]  # the name stands below
    margin = unit
    left, top = min(lefts) - margin, min(tops) - margin
    width, height = max(rights) + margin - left, max(bottoms) + margin - top
    aside = max(0.0, LEAST_UNITS * unit - width) / 2
    return left - aside, top, width + 2 * aside, height
