"""A story as a PNG: a panel a door with every read over time, photo-eyes below, the decision in words above.

The only module that knows matplotlib, which comes with the extra `pictures`. Colours after Okabe and Ito, Color
Universal Design (2008): they can be told apart by colour-blind people.
"""

import textwrap
from collections.abc import Sequence
from itertools import groupby
from math import ceil, floor
from pathlib import Path
from typing import Any

from tagdock_contract import PhotoEyeEvidence

from tagdock_edge.clock import to_us
from tagdock_edge.errors import ExplainError
from tagdock_edge.explain.story import Dot, Row, Story
from tagdock_edge.explain.text import SHORTEST_US, count, headline, mates_in_words

try:
    from matplotlib import rc_context
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
except ImportError as error:
    raise ExplainError("pictures need matplotlib; install it with: pip install 'tagdock-edge[pictures]'") from error

_WIDTH_IN, _HEAD_IN, _PANEL_IN, _GAP_IN, _FOOT_IN = 10.5, 1.05, 1.9, 0.3, 0.25
_LEFT_IN, _RIGHT_IN = 0.75, 2.1
_DPI = 110
_DOORS_AT_MOST = 4
"""Of doors that lost only those with the most reads are drawn."""
_COLOURS = {"outside": "#0072B2", "inside": "#D55E00", "": "#009E73"}
_INK, _QUIET, _PALE = "#22272e", "#66707c", "#d5dae0"
_MARKS = ("o", "s", "^", "D")
_SMOOTH_US = 250_000
"""The line through an antenna's reads is their median over so long."""
_MANY = 30
"""Reads of one antenna that are drawn smaller and paler, so that they don't hide each other."""
_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": _INK,
    "axes.edgecolor": _PALE,
    "axes.labelcolor": _QUIET,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
}


def save(story: Story, path: Path) -> None:
    """Draw a story into a file. Raises ExplainError when the file can't be written."""
    with rc_context(_SETTINGS):
        figure = _draw(story)
        try:
            figure.savefig(path, format="png", dpi=_DPI, metadata={"Software": "Tagdock"})
        except OSError as error:
            raise ExplainError(f"{path}: can't be written ({error.strerror}); name another file") from error


def _draw(story: Story) -> Figure:
    """Lay out head and panels; all panels share their axes, so that doors compare."""
    shown = story.rows if any(row.place == story.place for row in story.rows) else (*story.idle, *story.rows)
    places = [[*rows] for _, rows in groupby(shown, key=lambda row: row.place)][:_DOORS_AT_MOST]
    reason = textwrap.wrap(story.evidence.reason, 128)
    head_in = _HEAD_IN + 0.19 * len(reason)
    high_in = head_in + len(places) * (_PANEL_IN + _GAP_IN) + _FOOT_IN
    figure = Figure(figsize=(_WIDTH_IN, high_in), facecolor="white")
    FigureCanvasAgg(figure)
    _head(figure, story, reason, high_in)
    powers = [dot.rssi_dbm for row in story.rows for dot in row.dots] or [-60.0]
    limits = floor(min(powers) / 5.0) * 5.0 - 6.0, ceil(max(powers) / 5.0) * 5.0 + 2.0
    length_s = max(story.last_us - story.first_us, SHORTEST_US) / 1e6
    for n, rows in enumerate(places):
        bottom_in = high_in - head_in - (n + 1) * (_PANEL_IN + _GAP_IN) + _GAP_IN
        width_in = _WIDTH_IN - _LEFT_IN - _RIGHT_IN
        box = (_LEFT_IN / _WIDTH_IN, bottom_in / high_in, width_in / _WIDTH_IN, _PANEL_IN / high_in)
        axes = figure.add_axes(box)
        axes.set_ylim(*limits)
        axes.set_xlim(-0.03 * length_s, 1.03 * length_s)
        _panel(axes, story, rows, won=rows[0].place == story.place)
        axes.tick_params(labelbottom=n == len(places) - 1, length=3)
    axes.set_xlabel("seconds since the first read")
    return figure


def _head(figure: Figure, story: Story, reason: Sequence[str], high_in: float) -> None:
    left, right = 0.3 / _WIDTH_IN, 1 - 0.3 / _WIDTH_IN

    def text(down_in: float, words: str, **looks: Any) -> None:
        figure.text(looks.pop("x", left), 1 - down_in / high_in, words, va="center", **looks)

    title, sure = headline(story)
    text(0.32, title, fontsize=14, weight="bold")
    text(0.32, sure, x=right, ha="right", fontsize=11, color=_QUIET)
    text(0.6, f"{story.movement.epc}   ·   event {story.movement.event_id}", color=_QUIET)
    text(0.82, mates_in_words(story), color=_QUIET)
    for n, line in enumerate(reason):
        text(1.04 + 0.19 * n, line)


def _panel(axes: Axes, story: Story, rows: Sequence[Row], *, won: bool) -> None:
    """Draw one door: its antennas' reads, and for the door that won its photo-eyes and when the tag was there."""
    for spine in ("top", "right"):
        axes.spines[spine].set_visible(False)
    axes.grid(axis="y", color=_PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylabel("dBm")
    for side in ("outside", "inside", ""):
        for n, row in enumerate(row for row in rows if row.side == side):
            _antenna(axes, row, story.first_us, _MARKS[n % len(_MARKS)])
    if won:
        _eyes(axes, story.evidence.photo_eyes, story.first_us)
        axes.axvline(
            (to_us(story.movement.observed_at) - story.first_us) / 1e6, color=_INK, linewidth=1.0, linestyle=":"
        )
    lost = {each.door: each for each in story.evidence.doors_lost}.get(rows[0].place)
    told = "the door that won" if won else f"lost with {lost.score:.2%}" if lost else "lost"
    told = told if story.movement.door else "the bin" if won else "another bin"
    axes.text(1.02, 1.0, rows[0].place, transform=axes.transAxes, va="top", weight="bold", fontsize=11)
    axes.text(1.02, 0.87, told, transform=axes.transAxes, va="top", color=_QUIET)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        legend = axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.005, 0.78), frameon=False, fontsize=8)
        for text in legend.get_texts():
            text.set_color(_QUIET)


def _antenna(axes: Axes, row: Row, first_us: int, mark: str) -> None:
    """Draw an antenna's reads, and a line through them where they are many."""
    seconds = [(dot.at_us - first_us) / 1e6 for dot in row.dots]
    looks: Any = {"color": _COLOURS[row.side], "marker": mark, "linewidths": 0}
    label = f"{row.side} {row.reader}/{row.antenna}, {count(len(row.dots))}".lstrip()
    many = len(row.dots) > _MANY
    axes.scatter(
        seconds,
        [dot.rssi_dbm for dot in row.dots],
        s=10 if many else 22,
        alpha=0.4 if many else 0.8,
        label=label,
        **looks,
    )
    line = _smooth(row.dots)
    if len(line) >= 3:
        mean_s = [(at_us - first_us) / 1e6 for at_us, _ in line]
        axes.plot(mean_s, [power for _, power in line], color=looks["color"], linewidth=1.3, alpha=0.8)


def _smooth(dots: Sequence[Dot]) -> list[tuple[float, float]]:
    """Return the median power of each short while, at the middle of its reads."""
    line = []
    for _, group in groupby(dots, key=lambda dot: dot.at_us // _SMOOTH_US):
        mine = [*group]
        powers = sorted(dot.rssi_dbm for dot in mine)
        line.append((sum(dot.at_us for dot in mine) / len(mine), powers[len(powers) // 2]))
    return line


def _eyes(axes: Axes, eyes: Sequence[PhotoEyeEvidence], first_us: int) -> None:
    """Draw at the foot of the panel when each photo-eye was broken."""
    until_s = axes.get_xlim()[1]
    for eye in eyes:
        from_s = max((to_us(eye.broken_at) - first_us) / 1e6, axes.get_xlim()[0])
        to_s = until_s if eye.cleared_at is None else min((to_us(eye.cleared_at) - first_us) / 1e6, until_s)
        foot = 0.055 if eye.side == "outside" else 0.0
        axes.axvspan(from_s, to_s, ymin=foot, ymax=foot + 0.045, color=_COLOURS[eye.side], linewidth=0)
    for side, foot in (("outside", 0.075), ("inside", 0.02)):
        if any(eye.side == side for eye in eyes):
            axes.text(
                1.003, foot, f"{side} eye", transform=axes.transAxes, va="center", fontsize=7, color=_COLOURS[side]
            )
