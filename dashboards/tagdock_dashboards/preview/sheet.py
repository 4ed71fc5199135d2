"""A dashboard on one sheet: its panels where Grafana would put them, each from its own query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import shorten

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tagdock_dashboards.lint import WIDTH
from tagdock_dashboards.model import Json
from tagdock_dashboards.needs import Answer
from tagdock_dashboards.preview.drawing import TEXT, draw
from tagdock_dashboards.preview.drawn import Drawn, legend_in, name_in

DPI = 110
UNIT_IN = 38 / DPI
"""Height of one unit of Grafana's grid in inches: 30 px and the gap of 8 px."""
STACKED_BELOW_PX = 768
"""Narrower than this, Grafana puts one panel under the other, each across the whole page, as high as it is."""
HEAD_IN = 0.5
TITLE_IN = 0.22
EDGE_IN = 0.3
"""Half of the last moment that is written under a time axis."""
RIGHT_SIDE_IN = 0.75
"""What a second scale takes, or the one that says what colours mean."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A dashboard's panels, the answer to the query of each, and the period that was asked for."""

    panels: Iterable[Json]
    answers: Iterable[Answer]
    period: tuple[datetime, datetime]


def save(board: Json, asked: Asked, path: Path, *, width_px: int) -> None:
    """Draw a dashboard's panels, each with the answer to its query, and write the PNG, `width_px` wide."""
    page(board, asked, width_px=width_px).savefig(path)


def page(board: Json, asked: Asked, *, width_px: int) -> Figure:
    """Draw a dashboard's panels, each with the answer to its query, `width_px` wide."""
    rows = [panel for panel in board["panels"] if panel["type"] == "row"]
    together = zip(asked.panels, asked.answers, strict=True)
    drawn = [Drawn(panel, answer, asked.period) for panel, answer in together]
    places = {panel["id"]: panel["gridPos"] for panel in (*rows, *(one.panel for one in drawn))}
    if width_px < STACKED_BELOW_PX:
        places = stacked(places)
    height_in = HEAD_IN + UNIT_IN * max(box["y"] + box["h"] for box in places.values())
    figure = Figure(figsize=(width_px / DPI, height_in), facecolor="white", dpi=DPI)
    FigureCanvasAgg(figure)
    words = shorten(f"{board['title']}: {board['description']}", width_px // 9)
    _write(figure, 0.1, 0.12, words, height_in, size=10)
    for row in rows:
        _write(figure, 0.1, HEAD_IN + UNIT_IN * (places[row["id"]]["y"] + 0.35), row["title"], height_in, size=10)
    for one in drawn:
        _place(figure, one, places[one.panel["id"]], height_in)
    return figure


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
    has_axes = drawn.panel["type"] in ("timeseries", "xychart")
    margin_in = name_in(drawn, box["w"] * column_in) if drawn.panel["type"] == "bargauge" else 0.5 if has_axes else 0
    right_in = RIGHT_SIDE_IN if drawn.has_right_side else EDGE_IN if has_axes else 0
    wide_in = box["w"] * column_in - 0.2 - margin_in - right_in
    bottom_in = top_in + box["h"] * UNIT_IN - (0.28 + legend_in(drawn, wide_in) if has_axes else 0.08)
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
