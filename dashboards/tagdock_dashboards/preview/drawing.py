"""One panel on one set of axes: a function a kind of panel."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from math import nan
from typing import Any

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator
from matplotlib.patches import Rectangle
from matplotlib.ticker import SymmetricalLogLocator
from matplotlib.transforms import Bbox

from tagdock_dashboards.preview.drawn import LETTER_IN, LONGEST_NAME, MOST_SERIES, Drawn, legend_columns
from tagdock_dashboards.preview.formats import text

COLOURS = {"green": "#3f8f45", "orange": "#ff9830", "red": "#d1364a", "blue": "#3273d9", "yellow": "#f2cc0c"}
TEXT, FRAME, EMPTY = "#202226", "#d0d3d9", "#f4f5f5"
MOST_TILES = 12
ROW_IN = 0.24
"""Height of a table's line in inches."""
NARROWEST_TILE_IN = 1.1
"""A tile that would be narrower moves to the next line."""
POINTS_PER_LETTER_IN = 105.0
"""What one letter across an inch may measure in points, so that it fits."""


DOTTED_UP_TO = 30
"""So many points of a line are shown as dots, too, as Grafana does where there is room: a point alone is no line."""
ALONE_S = 3600.0
NARROWEST_BAR = 0.004
"""How wide a bar is that stands alone, and of the period at least: else it would not be seen."""
NARROWEST_COLUMN_LETTERS = 10
MOMENT_IN = 0.8
"""What a moment under a time axis takes, and the space to the next."""


def draw(axes: Axes, drawn: Drawn) -> None:
    """Draw a panel into its axes; what has nothing to show says so in the panel's own words."""
    for side in axes.spines.values():
        side.set_color(FRAME)
    axes.tick_params(labelsize=6, colors=TEXT)
    if not drawn.answer.rows:
        _say(axes, str(drawn.defaults.get("noValue") or "no data"))
        return
    _KINDS[str(drawn.panel["type"])](axes, drawn)


def _say(axes: Axes, words: str) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor(EMPTY)
    axes.text(0.5, 0.5, words, ha="center", va="center", fontsize=8, color="#6e7177", transform=axes.transAxes)


def _tiles(axes: Axes, drawn: Drawn) -> None:
    """One tile a number, or one a row where the panel shows all values."""
    figures = _figures(drawn)
    if not figures:
        _say(axes, str(drawn.defaults.get("noValue") or "no data"))
        return
    axes.set_axis_off()
    across = min(len(figures), 6, max(1, int(_inches(axes)[0] / NARROWEST_TILE_IN)))
    down = -(-len(figures) // across)
    for number, (name, shown, paint) in enumerate(figures):
        left, top = number % across / across, 1 - number // across / down
        axes.add_patch(
            Rectangle((left + 0.004, top - 1 / down + 0.02), 1 / across - 0.008, 1 / down - 0.04, color=_paint(paint))
        )
        middle = left + 0.5 / across, top - 0.5 / down
        room_in = _inches(axes)[0] / across
        size = min(13 if down == 1 else 9, room_in * POINTS_PER_LETTER_IN / max(len(shown), 1))
        axes.text(*middle, shown, ha="center", va="center", color="white", fontsize=size, weight="bold")
        size = min(6.0, room_in * POINTS_PER_LETTER_IN / max(len(name), 1))
        axes.text(middle[0], top - 0.06 / down, name, ha="center", va="top", color="white", fontsize=size)


def _figures(drawn: Drawn) -> list[tuple[str, str, str | None]]:
    each_row = (drawn.panel.get("options") or {}).get("reduceOptions", {}).get("values")
    numbers = drawn.of_kind("number")
    if not each_row:
        last = drawn.answer.rows[-1]
        names = [drawn.answer.columns[index][0] for index in numbers]
        return [(name, *drawn.words(name, last[index])) for name, index in zip(names, numbers, strict=True)]
    naming, number = drawn.of_kind("text")[0], numbers[0]
    column = drawn.answer.columns[number][0]
    return [(str(row[naming]), *drawn.words(column, row[number])) for row in drawn.answer.rows[:MOST_TILES]]


def _lines(axes: Axes, drawn: Drawn) -> None:
    """Draw series over the whole period, as Grafana does: what is missing at its ends is seen to be missing."""
    custom = drawn.defaults.get("custom") or {}
    series = dict(list(drawn.series().items())[:MOST_SERIES])
    every = sorted({at for points in series.values() for at, _ in points})
    sides = [axes]
    if custom.get("drawStyle") == "bars":
        _stacked(axes, drawn, series, every)
    else:
        for name, points in series.items():
            is_right = drawn.setting(name, "custom.axisPlacement") == "right"
            if is_right:
                sides.append(_right_axes(axes, drawn, name))
            times, values = broken(points, custom.get("insertNulls"))
            marker = "o" if len(times) <= DOTTED_UP_TO else None
            paint = _own_colour(drawn, name)
            sides[-1 if is_right else 0].plot(
                times, values, linewidth=1, label=name, color=paint, marker=marker, markersize=3
            )
    _scale(axes, drawn, custom.get("scaleDistribution") or {})
    since, until = drawn.period
    axes.set_xlim(_day(min(since, every[0])), _day(max(until, every[-1])))
    axes.xaxis_date()
    most = max(2, int(_inches(axes)[0] / MOMENT_IN))
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=1, maxticks=most))  # type: ignore[no-untyped-call]
    axes.grid(color=FRAME, linewidth=0.4)
    handles = [handle for side in sides for handle in side.get_legend_handles_labels()[0]]
    wide_in, tall_in = _inches(axes)
    axes.legend(
        handles=handles, fontsize=5.5, loc="upper left", bbox_to_anchor=(0, -0.24 / tall_in),
        ncols=legend_columns(wide_in), frameon=False, borderaxespad=0, borderpad=0, labelspacing=0.2, handlelength=1.2,
    )  # fmt: skip


def _stacked(
    axes: Axes, drawn: Drawn, series: Mapping[str, Sequence[tuple[datetime, float]]], every: Sequence[datetime]
) -> None:
    """Draw bars on each other, what is below zero downwards."""
    floor: dict[tuple[datetime, bool], float] = {}
    width_s = min((b - a).total_seconds() for a, b in pairwise(every)) if every[1:] else ALONE_S
    length_s = (drawn.period[1] - drawn.period[0]).total_seconds()
    for name, points in series.items():
        axes.bar(
            [_day(at) for at, _ in points],
            [value for _, value in points],
            width=max(width_s, length_s * NARROWEST_BAR) / 86400,
            bottom=[floor.get((at, v < 0), 0.0) for at, v in points],
            label=name,
            color=_own_colour(drawn, name),
        )
        floor |= {(at, v < 0): floor.get((at, v < 0), 0.0) + v for at, v in points}


def broken(points: Sequence[tuple[datetime, float]], gap_ms: Any) -> tuple[list[float], list[float]]:
    """Return a line's times and values, with a break where it has no point for longer than the panel allows."""
    times, values = [_day(at) for at, _ in points[:1]], [value for _, value in points[:1]]
    for (before, _), (at, value) in pairwise(points):
        if gap_ms and (at - before).total_seconds() * 1000 > gap_ms:
            times, values = [*times, _day(before)], [*values, nan]
        times, values = [*times, _day(at)], [*values, value]
    return times, values


def _scale(axes: Axes, drawn: Drawn, scale: Mapping[str, Any]) -> None:
    unit = str(drawn.defaults.get("unit") or "")
    if scale.get("type") == "symlog":
        base, even_to = scale["log"], scale["linearThreshold"]
        axes.set_yscale("symlog", base=base, linthresh=even_to)
        axes.yaxis.set_major_locator(SymmetricalLogLocator(base=base, linthresh=even_to, subs=[1, 2, 5]))
    elif drawn.defaults.get("custom", {}).get("drawStyle") != "bars":
        low, high = axes.get_ylim()
        least, most = drawn.defaults.get("min"), drawn.defaults.get("max")
        bottom = low if least is None else least
        axes.set_ylim(bottom, high + 0.05 * (high - bottom) if most is None else most * 1.02)
    axes.yaxis.set_major_formatter(lambda value, _: text(value, unit))


def _right_axes(axes: Axes, drawn: Drawn, name: str) -> Axes:
    right, unit = axes.twinx(), str(drawn.setting(name, "unit") or "")
    right.set_ylim(drawn.setting(name, "min"), drawn.setting(name, "max") * 1.02)
    right.yaxis.set_major_formatter(lambda value, _: text(value, unit))
    right.tick_params(labelsize=6, colors=TEXT)
    for side in right.spines.values():
        side.set_color(FRAME)
    return right


def _day(at: datetime) -> float:
    """Return a moment as matplotlib counts: in days."""
    return at.timestamp() / 86400


def _own_colour(drawn: Drawn, name: str) -> str | None:
    """Return the colour that an override gives a series, by its name or by a pattern."""
    for override in drawn.panel["fieldConfig"].get("overrides") or []:
        options = str(override["matcher"]["options"])
        if options == name or (override["matcher"]["id"] == "byRegexp" and re.search(options.strip("/"), name)):
            for found in override["properties"]:
                if found["id"] == "color":
                    return _paint(found["value"].get("fixedColor"))
    return None


def _bars(axes: Axes, drawn: Drawn) -> None:
    naming, number = drawn.of_kind("text")[0], drawn.of_kind("number")[0]
    column = drawn.answer.columns[number][0]
    rows = list(reversed(drawn.answer.rows[:30]))
    paints = [_paint(drawn.words(column, row[number])[1]) for row in rows]
    names = [str(row[naming])[:LONGEST_NAME] for row in rows]
    bars = axes.barh(names, [float(row[number] or 0) for row in rows], color=paints)
    axes.bar_label(bars, [drawn.words(column, row[number])[0] for row in rows], fontsize=6, padding=2)
    axes.set_xticks([])
    axes.set_xmargin(0.7 / _inches(axes)[0])  # room for the figure behind the longest


def _table(axes: Axes, drawn: Drawn) -> None:
    axes.set_axis_off()
    names = [name for name, _ in drawn.answer.columns]
    wide_in, tall_in = _inches(axes)
    rows = drawn.answer.rows[: max(1, int(tall_in / ROW_IN) - 1)]
    cells = [[drawn.words(name, value) for name, value in zip(names, row, strict=True)] for row in rows]
    natural = [max(len(name), *(len(row[place][0]) for row in cells), 3) + 2 for place, name in enumerate(names)]
    letters = fitting(natural, int(wide_in / LETTER_IN))
    names = names[: len(letters)]
    cells = [row[: len(letters)] for row in cells]
    shown = [[_cut(said, room - 2) for (said, _), room in zip(row, letters, strict=True)] for row in cells]
    tall = min(1.0, (len(shown) + 1) * ROW_IN / tall_in)
    widths = [one / sum(letters) for one in letters]
    box = Bbox.from_bounds(0.0, 1.0 - tall, 1.0, tall)
    heads = [_cut(name, room - 2) for name, room in zip(names, letters, strict=True)]
    table = axes.table(
        shown, colLabels=heads, colWidths=widths, bbox=box, cellLoc="left", colLoc="left", edges="horizontal"
    )
    table.auto_set_font_size(False)
    table.set_fontsize(7.0)
    for (line, _), cell in table.get_celld().items():
        cell.set_edgecolor(FRAME)
        cell.PAD = 0.02
        if line == 0:
            cell.get_text().set_fontweight("bold")
    for line, row in enumerate(cells, start=1):
        for place, (_, paint) in enumerate(row):
            if paint in COLOURS and drawn.setting(names[place], "mappings" if not paint else "color") is not None:
                table[line, place].get_text().set_color(_paint(paint))


def fitting(natural: Sequence[int], room: int) -> list[int]:
    """Return how many letters each column gets: what it needs, and the widest give first where there is no room.

    Columns that have no room even so are left out at the end: in Grafana they have to be scrolled to.
    """
    letters = list(natural)
    while sum(letters) > room and max(letters) > NARROWEST_COLUMN_LETTERS:
        letters[letters.index(max(letters))] -= 1
    while len(letters) > 1 and sum(letters) > room:
        letters.pop()
    return letters


def _cut(said: str, room: int) -> str:
    return said if len(said) <= room else said[: room - 1] + "…"


def _floor(axes: Axes, drawn: Drawn) -> None:
    names = [name for name, _ in drawn.answer.columns]
    series = drawn.panel["options"]["series"][0]
    x, y, figure = (names.index(series[axis]["matcher"]["options"]) for axis in ("x", "y", "color"))
    name = names[figure]
    known = [row for row in drawn.answer.rows if row[figure] is not None]
    rest = [row for row in drawn.answer.rows if row[figure] is None]
    axes.scatter([row[x] for row in rest], [row[y] for row in rest], c="#b0b3b8", s=5, marker="s")
    points = axes.scatter(
        [row[x] for row in known], [row[y] for row in known], c=[float(row[figure]) for row in known],
        cmap="RdYlBu_r", vmin=drawn.setting(name, "min"), vmax=drawn.setting(name, "max"), s=9, marker="s",
    )  # fmt: skip
    axes.set_aspect("equal", adjustable="datalim")
    if known and axes.figure is not None:
        unit = str(drawn.setting(name, "unit") or "")
        where = axes.inset_axes((1.01, 0.0, 0.012, 1.0))
        bar = axes.figure.colorbar(points, cax=where, format=lambda value, _: text(value, unit))
        bar.ax.tick_params(labelsize=6)


def _inches(axes: Axes) -> tuple[float, float]:
    box, (wide_in, tall_in) = axes.get_position(), axes.figure.get_size_inches()  # type: ignore[union-attr]
    return box.width * wide_in, box.height * tall_in


def _paint(name: str | None) -> str:
    return COLOURS.get(str(name), str(name) if str(name).startswith("#") else "#808080")


_KINDS: dict[str, Callable[[Axes, Drawn], None]] = {
    "stat": _tiles,
    "timeseries": _lines,
    "bargauge": _bars,
    "table": _table,
    "xychart": _floor,
}
"""Kinds of panel that can be drawn."""


def drawable() -> Sequence[str]:
    """Return the kinds of panel that can be drawn."""
    return tuple(_KINDS)
