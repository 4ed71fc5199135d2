"""The floor as a drawing: places in metres become rectangles and labels, flows become classes of colour. Pure.

Bins that stand above one another share a place on the floor; each gets a strip of it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

CLASSES = 6
"""Shades that the eye still tells apart on a map."""
_FILL = 0.86
"""Share of the free room between neighbours that a bin's rectangle takes."""

MARKS_A_FLOOR = 45
"""A door's mark is this part of the floor's longer side at least, so that it can be read on the largest."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """One bin on the drawing, in metres. `shade` 0: nothing is picked here; 1..6: ever more."""

    bin: str
    x: float
    y: float
    width: float
    height: float
    shade: int
    title: str


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


@dataclass(frozen=True, slots=True)
class Shade:
    """One entry of the legend: up to so many picks a day (inclusive), and how many bins that are."""

    shade: int
    up_to: float
    bins: int


def bin_flows(flow: Mapping[str, float], stored: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Return picks a day of each bin; a SKU that stands in several bins is picked from each alike.

    `flow`: picks a day by SKU. `stored`: SKUs by bin.
    """
    places = Counter(sku for skus in stored.values() for sku in skus)
    return {bin_: sum(flow.get(sku, 0.0) / places[sku] for sku in skus) for bin_, skus in stored.items()}


def class_limits(flows: Iterable[float]) -> list[float]:
    """Return the upper limits of the shades: equal steps of a logarithmic scale from the least to the busiest bin.

    Few SKUs make most of the flow, so equal steps of a linear scale would leave all but a handful in the palest shade.
    """
    picked = [flow for flow in flows if flow > 0]
    if not picked:
        return []
    least, busiest = min(picked), max(picked)
    if busiest == least:
        return [busiest]
    step = (busiest / least) ** (1 / CLASSES)
    return [least * step**shade for shade in range(1, CLASSES)] + [busiest]


def shade_of(flow: float, limits: Sequence[float]) -> int:
    """Return the shade of a flow: 0 for none, else the first whose limit holds it, counted from the darkest down."""
    if flow <= 0 or not limits:
        return 0
    return CLASSES - len(limits) + next((place for place, limit in enumerate(limits, 1) if flow <= limit), len(limits))


def legend(flows: Mapping[str, float], limits: Sequence[float]) -> list[Shade]:
    """Return the legend's entries with how many bins each holds."""
    counts = Counter(shade_of(flow, limits) for flow in flows.values())
    first = CLASSES - len(limits) + 1
    return [Shade(shade, limit, counts[shade]) for shade, limit in enumerate(limits, first)]


@dataclass(frozen=True, slots=True)
class Colouring:
    """What the colours say: picks a day and stored SKUs by bin, as they are or as a plan would have them."""

    flows: Mapping[str, float]
    stored: Mapping[str, Sequence[str]]
    limits: Sequence[float]

    def shade(self, bin_: str) -> int:
        """Return a bin's shade."""
        return shade_of(self.flows.get(bin_, 0.0), self.limits)

    def title(self, bin_: str) -> str:
        """Say what is in a bin and how much is picked from it."""
        skus, flow = self.stored.get(bin_, ()), self.flows.get(bin_, 0.0)
        content = ", ".join(skus[:4]) + (" …" if len(skus) > 4 else "") if skus else "empty"
        return f"{bin_}: {content}" + (f"; {flow:.1f} picks a day" if flow else "")


def draw(
    bins: Sequence[Mapping[str, Any]],
    doors: Sequence[Mapping[str, Any]],
    aisles: Mapping[str, Any] | None,
    colouring: Colouring,
) -> Drawing:
    """Draw a floor: bins and doors as the database has them, aisles as in a layout."""
    placed = [(row, _bin_point(row, aisles)) for row in bins]
    stacks: dict[Point, list[Mapping[str, Any]]] = defaultdict(list)
    for row, point in placed:
        if point is not None:
            stacks[point].append(row)
    room = _room(sorted(stacks))
    boxes = tuple(box for point, stack in stacks.items() for box in _stack(point, room, stack, colouring))
    marks = tuple(DoorMark(row["door"], *point) for row in doors if (point := _door_point(row, aisles)) is not None)
    unit = max(min(room), 0.6, _span([*stacks, *((mark.x, mark.y) for mark in marks)]) / MARKS_A_FLOOR)
    unplaced = sum(1 for _, point in placed if point is None)
    return Drawing(_view(boxes, marks, unit), boxes, marks, unplaced, unit)


def _stack(point: Point, room: Point, stack: Sequence[Mapping[str, Any]], colouring: Colouring) -> Iterator[Box]:
    """Cut the room of one place on the floor into strips, in the order of names: racks are named side by side."""
    (x, y), (width, height) = point, room
    strip = width / len(stack)
    for place, row in enumerate(sorted(stack, key=lambda row: str(row["bin"]))):
        left, shown = x - width / 2 + place * strip, strip * (0.94 if len(stack) > 1 else 1.0)
        name = row["bin"]
        yield Box(name, left, y - height / 2, shown, height, colouring.shade(name), colouring.title(name))


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
    return left, top, max(rights) + margin - left, max(bottoms) + margin - top
