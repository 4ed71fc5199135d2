"""A dashboard on one sheet: its panels where Grafana would put them, each from its own query."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import shorten

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tagdock_dashboards.lint import WIDTH
from tagdock_dashboards.model import Json
from tagdock_dashboards.needs import Answer
from tagdock_dashboards.preview.drawing import TEXT, Drawn, draw

DPI = 110
UNIT_IN = 38 / DPI
"""Height of one unit of Grafana's grid in inches: 30 px and the gap of 8 px."""
STACKED_BELOW_PX = 768
"""Narrower than this, Grafana puts one panel under the other, each across the whole page, as high as it is."""
HEAD_IN = 0.5
TITLE_IN = 0.22


def save(board: Json, panels: Iterable[Json], answers: Iterable[Answer], path: Path, *, width_px: int) -> None:
    """Draw a dashboard's panels, each with the answer to its query, and write the PNG, `width_px` wide."""
    rows = [panel for panel in board["panels"] if panel["type"] == "row"]
    drawn = [Drawn(panel, answer) for panel, answer in zip(panels, answers, strict=True)]
    places = {panel["id"]: panel["gridPos"] for panel in (*rows, *(one.panel for one in drawn))}
    if width_px < STACKED_BELOW_PX:
        places = stacked(places)
    height_in = HEAD_IN + UNIT_IN * max(box["y"] + box["h"] for box in places.values())
    figure = Figure(figsize=(width_px / DPI, height_in), facecolor="white")
    FigureCanvasAgg(figure)
    words = shorten(f"{board['title']}: {board['description']}", width_px // 7)
    _write(figure, 0.1, 0.12, words, height_in, size=10)
    for row in rows:
        _write(figure, 0.1, HEAD_IN + UNIT_IN * (places[row["id"]]["y"] + 0.35), row["title"], height_in, size=10)
    for one in drawn:
        _place(figure, one, places[one.panel["id"]], height_in)
    figure.savefig(path, dpi=DPI)


def stacked(places: Mapping[int, Mapping[str, int]]) -> dict[int, dict[str, int]]:
    """Put one box under the other, line by line as they stand beside each other."""
    top, boxes = 0, {}
    for number, box in sorted(places.items(), key=lambda place: (place[1]["y"], place[1]["x"])):
        boxes[number] = {"x": 0, "y": top, "w": WIDTH, "h": box["h"]}
        top += box["h"]
    return boxes


def _place(figure: Figure, drawn: Drawn, box: Mapping[str, int], height_in: float) -> None:
    width_in = figure.get_size_inches()[0]
    column_in = width_in / WIDTH
    left_in, top_in = box["x"] * column_in + 0.1, HEAD_IN + box["y"] * UNIT_IN
    _write(
        figure,
        left_in,
        top_in + 0.05,
        shorten(drawn.panel["title"], max(20, int(box["w"] * column_in * 14))),
        height_in,
        size=8,
    )
    margin_in = (
        1.0 if drawn.panel["type"] == "bargauge" else 0.45 if drawn.panel["type"] in ("timeseries", "xychart") else 0
    )
    bottom_in = top_in + box["h"] * UNIT_IN - (0.28 if drawn.panel["type"] in ("timeseries", "xychart") else 0.08)
    wide_in = box["w"] * column_in - 0.2 - margin_in
    tall_in = bottom_in - top_in - TITLE_IN
    axes = figure.add_axes(
        ((left_in + margin_in) / width_in, 1 - bottom_in / height_in, wide_in / width_in, tall_in / height_in)
    )
    draw(axes, drawn)


def _write(figure: Figure, left_in: float, top_in: float, words: str, height_in: float, *, size: float) -> None:
    figure.text(
        left_in / figure.get_size_inches()[0],
        1 - top_in / height_in,
        words,
        ha="left",
        va="top",
        fontsize=size,
        color=TEXT,
    )
