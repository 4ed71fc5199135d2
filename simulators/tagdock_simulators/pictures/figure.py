"""One page: title, floor plan, reads over time, and the words beside them; as SVG or PNG, the same bytes every time."""

import re
import textwrap
from io import BytesIO
from typing import BinaryIO, Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tagdock_simulators.pictures.floor import draw_floor
from tagdock_simulators.pictures.legend import LOAD_IN, READS_LEGEND_IN, blank, floor_legend, loads_table, reads_legend
from tagdock_simulators.pictures.reads import draw_reads
from tagdock_simulators.pictures.style import DPI, INK, LARGE, NORMAL, QUIET, SETTINGS, SMALL, WIDTH_IN
from tagdock_simulators.pictures.view import View

Kind = Literal["svg", "png"]

_LEFT_IN, _WORDS_IN, _EDGE_IN = 0.75, 2.55, 0.15
_HEAD_IN, _FLOOR_IN, _GAP_IN, _PANEL_IN, _BETWEEN_IN, _FOOT_IN = 0.95, 3.5, 0.85, 1.3, 0.36, 0.6


def draw(view: View) -> Figure:
    """Draw a view on one page, 12.5 inches wide and as high as its doors need."""
    with rc_context(SETTINGS):
        panels_in = len(view.doors) * (_PANEL_IN + _BETWEEN_IN) - _BETWEEN_IN
        panels_in = max(panels_in, LOAD_IN * len(view.loads) + READS_LEGEND_IN)
        figure = Figure(figsize=(WIDTH_IN, _HEAD_IN + _FLOOR_IN + _GAP_IN + panels_in + _FOOT_IN), dpi=DPI)
        FigureCanvasAgg(figure)
        _head(figure, view)
        floor, floor_words = _row(figure, _HEAD_IN, _FLOOR_IN)
        draw_floor(floor, view)
        floor_legend(floor_words)
        top_in = _HEAD_IN + _FLOOR_IN + _GAP_IN
        _, words = _row(figure, top_in, panels_in, only_words=True)
        loads_table(words, view)
        reads_legend(words)
        panel_in = (panels_in + _BETWEEN_IN) / len(view.doors) - _BETWEEN_IN
        tops = [top_in + place * (panel_in + _BETWEEN_IN) for place in range(len(view.doors))]
        draw_reads([_axes(figure, top, panel_in) for top in tops], view)
        return figure


def save(figure: Figure, file: BinaryIO, kind: Kind) -> None:
    """Write a page; the bytes depend on the page and on matplotlib's version alone."""
    with rc_context(SETTINGS):
        words = {"Date": None, "Creator": "Tagdock"} if kind == "svg" else {"Software": "Tagdock"}
        drawn = BytesIO()
        figure.savefig(drawn, format=kind, dpi=DPI, metadata=words)
    file.write(_lighter(drawn.getvalue()) if kind == "svg" else drawn.getvalue())


def _lighter(svg: bytes) -> bytes:
    """Leave out indents, and digits of paths beyond a hundredth of a point: half of an SVG's bytes."""
    short = re.sub(rb' d="[^"]*"', lambda path: re.sub(rb"(\.\d\d)\d+", rb"\1", path[0]), svg)
    return re.sub(rb"\s*\n\s*", b"\n", short)


def _head(figure: Figure, view: View) -> None:
    height_in = figure.get_size_inches()[1]
    left = 0.3 / WIDTH_IN
    figure.text(left, 1 - 0.38 / height_in, view.name, fontsize=LARGE, weight="bold", color=INK, va="center")
    told = f"{view.hard_about}".strip()
    figure.text(left, 1 - 0.68 / height_in, textwrap.shorten(told, 150), fontsize=NORMAL, color=QUIET, va="center")
    right = 1 - 0.3 / WIDTH_IN
    figure.text(right, 1 - 0.38 / height_in, f"seed {view.seed}", fontsize=SMALL, color=QUIET, ha="right", va="center")


def _row(figure: Figure, top_in: float, height_in: float, *, only_words: bool = False) -> tuple[Axes, Axes]:
    words_left_in = WIDTH_IN - _WORDS_IN - _EDGE_IN
    words = _axes(figure, top_in, height_in, words_left_in + 0.1, _WORDS_IN - 0.1)
    blank(words)
    return (words if only_words else _axes(figure, top_in, height_in)), words


def _axes(
    figure: Figure,
    top_in: float,
    height_in: float,
    left_in: float = _LEFT_IN,
    width_in: float = WIDTH_IN - _LEFT_IN - _WORDS_IN - 2 * _EDGE_IN,
) -> Axes:
    """Place axes by inches from the page's top and left."""
    page_in = figure.get_size_inches()[1]
    return figure.add_axes(
        (left_in / WIDTH_IN, 1 - (top_in + height_in) / page_in, width_in / WIDTH_IN, height_in / page_in)
    )
