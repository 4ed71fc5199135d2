"""Where bins and doors lie on the sheet."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from tagdock_slotting.distance import cell_positions, cross_positions
from tagdock_slotting.pictures.sheet import MARGIN, WIDTH, Sheet
from tagdock_slotting.problem import Aisles, Bin, Door, Problem

MOST_HIGH = 520.0
"""Units that a floor may take of the sheet's height."""

FILLED = 0.9
DOOR = 5.0
MOST_NUMBERED = 20
"""More numbers of aisles would lie on each other; beyond, every second one is written, every third, ..."""

MOST_NAMED = 12
"""More names of doors would lie on each other."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A bin's place on the sheet, in units from the floor's upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        """The point in the middle."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Floor:
    """All bins (in the problem's order), doors and aisles (number, middle), and the height that they take."""

    boxes: tuple[Box, ...]
    doors: tuple[tuple[str, Point], ...]
    aisles: tuple[tuple[int, float], ...]
    height: float
    is_to_scale: bool

    def begin(self, sheet: Sheet) -> float:
        """Number the aisles at the back and return where the floor begins."""
        if not self.aisles:
            return sheet.down + 4 + self._above
        stride = -(-len(self.aisles) // MOST_NUMBERED)
        for aisle, x in self.aisles[::stride]:
            sheet.text(x, sheet.down + 8, str(aisle), kind="soft", size=9.0, anchor="middle")
        return sheet.down + 10 + self._above

    def doors_on(self, sheet: Sheet, top: float) -> None:
        """Draw the doors with their names, pointing at the floor."""
        named = len(self.doors) <= MOST_NAMED
        for name, (x, y) in self.doors:
            far, at_back = 1.6 * DOOR, self._is_behind(y)
            foot, head, word = (y - far, y, y - far - 3) if at_back else (y, y - far, y + 11)
            points = f"{x - DOOR:.1f},{top + foot:.1f} {x + DOOR:.1f},{top + foot:.1f} {x:.1f},{top + head:.1f}"
            sheet.shape("polygon", f"door {name}", points=points, class_="door")
            if named:
                sheet.text(x, top + word, name, kind="soft", anchor="middle")

    @property
    def _above(self) -> float:
        """The room that doors at the back take above the floor."""
        return 3.5 * DOOR if any(self._is_behind(y) for _, (_, y) in self.doors) else 0.0

    def _is_behind(self, y: float) -> bool:
        return y <= min(box.y for box in self.boxes)


def lay_out(problem: Problem) -> Floor:
    """Lay the floor out to scale across the sheet, doors included; without any coordinates as a grid by name."""
    aisles = problem.aisles
    bins = [_place(place, aisles) for place in problem.bins]
    doors = [_door(door, aisles) for door in problem.doors]
    to_scale = None not in bins
    if not to_scale:
        columns = max(1, round(len(bins) ** 0.5))
        bins = [(float(n % columns), -float(n // columns)) for n in range(len(bins))]
        doors = [(columns * (n + 0.5) / len(doors), 1.0) for n in range(len(doors))]
    return _scaled([at for at in bins if at], [at for at in doors if at], problem, to_scale)


def _scaled(bins: list[Point], doors: list[Point], problem: Problem, to_scale: bool) -> Floor:
    gap_x, gap_y = _gap(x for x, _ in bins), _gap(y for _, y in bins)
    xs, ys = [x for x, _ in bins + doors], [y for _, y in bins + doors]
    left, top = min(xs) - gap_x / 2, max(ys) + gap_y / 2  # the front lies below
    wide, high = max(xs) - left + gap_x / 2, top - min(ys) + gap_y / 2
    unit = min((WIDTH - 2 * MARGIN) / wide, MOST_HIGH / high)
    stretch = min(MOST_HIGH / high, max(unit, 150 / high))  # a flat floor gets higher, so that its bins can be seen
    across = (WIDTH - 2 * MARGIN) / wide
    stacks: dict[Point, list[int]] = defaultdict(list)
    for number, at in enumerate(bins):
        stacks[at].append(number)
    boxes: dict[int, Box] = {}
    for (x, y), numbers in stacks.items():
        numbers.sort(key=lambda n: (problem.bins[n].z_m, problem.bins[n].id))
        width, height = gap_x * across * FILLED / len(numbers), gap_y * stretch * FILLED
        for place, number in enumerate(numbers):
            start = MARGIN + (x - left - gap_x * FILLED / 2) * across + place * width
            boxes[number] = Box(
                start, (top - y) * stretch - height / 2, width * (0.96 if len(numbers) > 1 else 1), height
            )
    marks = tuple(
        (door.id, (MARGIN + (x - left) * across, (top - y) * stretch))
        for door, (x, y) in zip(problem.doors, doors, strict=True)
    )
    ways = sorted(
        {(place.aisle, x) for place, (x, _) in zip(problem.bins, bins, strict=True) if place.aisle is not None}
    )
    aisles = tuple((aisle, MARGIN + (x - left) * across) for aisle, x in ways) if problem.aisles is not None else ()
    return Floor(tuple(boxes[n] for n in range(len(bins))), marks, aisles, high * stretch + 14, to_scale)


def _gap(values: Iterable[float]) -> float:
    """Return the usual distance between neighbours on one axis."""
    gaps = sorted(b - a for a, b in pairwise(sorted({round(value, 3) for value in values})))
    return gaps[len(gaps) // 4] if gaps else 1.0


def _place(place: Bin, aisles: Aisles | None) -> Point | None:
    if aisles is not None and place.aisle is not None and place.cell is not None:
        return place.aisle * aisles.pitch_m, float(cell_positions(aisles)[place.cell])
    return None if place.x_m is None or place.y_m is None else (place.x_m, place.y_m)


def _door(door: Door, aisles: Aisles | None) -> Point | None:
    if aisles is not None and door.aisle is not None:
        back = float(cross_positions(aisles)[-1]) + door.gap_m
        return door.aisle * aisles.pitch_m, back if door.end == "back" else -door.gap_m
    return None if door.x_m is None or door.y_m is None else (door.x_m, door.y_m)
