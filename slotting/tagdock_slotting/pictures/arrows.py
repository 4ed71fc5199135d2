"""The moves on the map: from where to where, the rewarding ones strong."""

import math

from tagdock_slotting.pictures.colours import GAIN, LOSS
from tagdock_slotting.pictures.floor import Floor, Point
from tagdock_slotting.pictures.sheet import MARGIN, SMALL, Sheet, number
from tagdock_slotting.plan import CARRIED, Move, Plan
from tagdock_slotting.problem import Problem

MOST_ARROWS = 20
"""More can't be followed with the eye (60 were a scribble); the rest are said in words. Steps stand at the heads."""


def draw_moves(sheet: Sheet, problem: Problem, floor: Floor, plan: Plan) -> None:
    """Draw the floor in grey with an arrow for each of the largest moves."""
    top = floor.begin(sheet)
    for bin_, box in zip(problem.bins, floor.boxes, strict=True):
        sheet.shape("rect", bin_.id, x=box.x, y=top + box.y, width=box.width, height=box.height, class_="empty")
    floor.doors_on(sheet, top)
    shown = _largest(plan)
    _draw_arrows(sheet, problem, floor, shown, top)
    sheet.down = top + floor.height + 6
    _legend(sheet)
    left_out = len(plan.moves) - len(shown)
    if left_out:
        sheet.say(f"The {len(shown)} largest; {left_out:,} smaller ones are in the list.", kind="soft", size=SMALL)


def _largest(plan: Plan) -> list[Move]:
    known = [move for move in plan.moves if CARRIED not in {move.from_bin, move.to_bin}]
    return sorted(sorted(known, key=lambda move: -abs(move.saves_m_per_day))[:MOST_ARROWS], key=lambda move: move.step)


def _draw_arrows(sheet: Sheet, problem: Problem, floor: Floor, shown: list[Move], top: float) -> None:
    place = {bin_.id: index for index, bin_ in enumerate(problem.bins)}
    most = max((abs(move.saves_m_per_day) for move in shown), default=1.0) or 1.0
    for move in shown:
        (x1, y1), (x2, y2) = (floor.boxes[place[name]].middle for name in (move.from_bin, move.to_bin))
        saves = move.saves_m_per_day
        words = f"{move.step}. {move.sku}: {move.from_bin} to {move.to_bin}, saves {number(saves)} m a day"
        width = 0.8 + 2.4 * math.sqrt(abs(saves) / most)
        _arrow(sheet, (x1, top + y1), (x2, top + y2), words, (GAIN if saves > 0 else LOSS, width))
        sheet.text(x2 + 3, top + y2 - 3, str(move.step), kind="title", size=9.5)


def _arrow(sheet: Sheet, start: Point, end: Point, words: str, look: tuple[str, float]) -> None:
    """Draw a line bent a little, so that a way there and one back lie apart, with a head."""
    colour, width = look
    across, down = end[0] - start[0], end[1] - start[1]
    length = math.hypot(across, down) or 1.0
    bend = min(0.18 * length, 24.0)
    middle = ((start[0] + end[0]) / 2 - down / length * bend, (start[1] + end[1]) / 2 + across / length * bend)
    way = f"M{start[0]:.1f} {start[1]:.1f}Q{middle[0]:.1f} {middle[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
    sheet.shape("path", words, d=way, fill="none", stroke=colour, stroke_width=width, stroke_opacity=0.75)
    angle = math.atan2(end[1] - middle[1], end[0] - middle[0])
    size = 3.5 + 1.5 * width
    corners = [end] + [
        (end[0] - size * math.cos(angle + turn), end[1] - size * math.sin(angle + turn)) for turn in (0.42, -0.42)
    ]
    sheet.shape("polygon", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in corners), fill=colour)


def _legend(sheet: Sheet) -> None:
    y = sheet.down + 6
    for x, colour, width, words in ((0, GAIN, 3.0, "saves, the wider the more"), (178, LOSS, 1.5, "makes room")):
        sheet.shape("line", x1=MARGIN + x, x2=MARGIN + x + 22, y1=y, y2=y, stroke=colour, stroke_width=width)
        sheet.text(MARGIN + x + 28, y + 4, words)
    sheet.down += 16
