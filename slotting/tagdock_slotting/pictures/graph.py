"""The frontier: how many moves save how much."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tagdock_slotting.pictures.colours import GAIN, LOSS
from tagdock_slotting.pictures.sheet import MARGIN, SMALL, WIDTH, Sheet, number

HEIGHT, LEFT, TICKS = 210.0, 46.0, 4
RIGHT = WIDTH - MARGIN - 6


@dataclass(frozen=True)
class Savings:
    """Moves and metres a day saved: of what is known, of the plan, and what no plan with so many moves can pass."""

    known: Sequence[tuple[int, float]]
    plan: tuple[int, float]
    bound: float


@dataclass(frozen=True)
class _Scale:
    most: float
    best: float
    bottom: float

    def x(self, moves: float) -> float:
        return LEFT + (RIGHT - LEFT) * moves / self.most

    def y(self, saved: float) -> float:
        return self.bottom - HEIGHT * max(saved, 0.0) / self.best / 1.04


def draw_frontier(sheet: Sheet, savings: Savings) -> None:
    """Draw metres a day saved over moves: the points known, the plan, and its bound."""
    known, (moves, saved) = sorted({(0, 0.0), *savings.known}), savings.plan
    best = max(savings.bound, *(metres for _, metres in known), 1e-9)
    scale = _Scale(max(moves, *(count for count, _ in known), 1), best, sheet.down + 6 + HEIGHT)
    _axes(sheet, scale)
    line = " ".join(f"{scale.x(count):.1f},{scale.y(metres):.1f}" for count, metres in known)
    sheet.shape("polyline", points=line, fill="none", stroke=GAIN, stroke_width=2.0)
    for count, metres in known:
        words = f"{count} moves save {number(metres)} m a day"
        sheet.shape("circle", words, cx=scale.x(count), cy=scale.y(metres), r=3.0, fill=GAIN)
    limit, end = scale.y(savings.bound), max(scale.x(moves), LEFT + 8)
    words = f"with {moves} moves no plan can save more"
    sheet.shape("line", words, x1=LEFT, x2=end, y1=limit, y2=limit, class_="line", stroke_dasharray="5 4")
    x, y = scale.x(moves), scale.y(saved)
    sheet.shape("circle", f"this plan: {moves} moves", cx=x, cy=y, r=6.0, fill="none", stroke=LOSS, stroke_width=2.5)
    sheet.down = scale.bottom + 34
    _legend(sheet, words)


def _legend(sheet: Sheet, bound: str) -> None:
    y = sheet.down + 6
    sheet.shape("circle", cx=MARGIN + 6, cy=y, r=5.0, fill="none", stroke=LOSS, stroke_width=2.5)
    sheet.text(MARGIN + 18, y + 4, "this plan")
    sheet.shape("line", x1=MARGIN + 90, x2=MARGIN + 112, y1=y, y2=y, class_="line", stroke_dasharray="5 4")
    sheet.text(MARGIN + 118, y + 4, bound)
    sheet.down += 16


def _axes(sheet: Sheet, scale: _Scale) -> None:
    for tick in _ticks(scale.best):
        y = scale.y(tick)
        sheet.shape("line", x1=LEFT, x2=RIGHT, y1=y, y2=y, class_="grid")
        sheet.text(LEFT - 5, y + 3.5, number(tick), kind="soft", anchor="end")
    for tick in _ticks(scale.most):
        if tick == int(tick):
            sheet.text(scale.x(tick), scale.bottom + 14, number(tick), kind="soft", anchor="middle")
    sheet.shape("line", x1=LEFT, x2=RIGHT, y1=scale.bottom, y2=scale.bottom, class_="line")
    sheet.text(RIGHT, scale.bottom + 28, "moves", kind="soft", anchor="end", size=SMALL)


def _ticks(largest: float) -> list[float]:
    """Return round numbers from 0 up to a value: steps of 1, 2 or 5 times a power of ten."""
    rough = largest / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough)
    return [step * n for n in range(int(largest / step + 1e-9) + 1)]
