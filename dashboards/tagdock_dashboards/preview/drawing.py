"""One panel on one set of axes: a function a kind of panel."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from tagdock_dashboards.needs import Answer
from tagdock_dashboards.preview.formats import colour, text, word

COLOURS = {"green": "#3f8f45", "orange": "#ff9830", "red": "#d1364a", "blue": "#3273d9", "yellow": "#f2cc0c"}
TEXT, FRAME, EMPTY = "#202226", "#d0d3d9", "#f4f5f5"
MOST_TILES, MOST_SERIES = 12, 16
ROW_IN = 0.24
"""Height of a table's line in inches."""
NARROWEST_TILE_IN, NARROWEST_COLUMN_IN = 1.1, 0.62
"""A tile that would be narrower moves to the next line; columns that would be have to be scrolled to, as in Grafana."""
POINTS_PER_LETTER_IN = 105.0
"""What one letter across an inch may measure in points, so that it fits."""


DOTTED_UP_TO = 30
"""So many points of a line are shown as dots, too, as Grafana does where there is room: a point alone is no line."""
ALONE_S = 6 * 3600.0
"""How wide a bar is that stands alone on its day."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel of a dashboard's JSON and the answer to its query."""

    panel: Mapping[str, Any]
    answer: Answer

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The field settings that hold for every column."""
        return (self.panel.get("fieldConfig") or {}).get("defaults") or {}

    def setting(self, column: str, name: str) -> Any:
        """Return a setting of a column: its own one, else the panel's."""
        for override in (self.panel.get("fieldConfig") or {}).get("overrides") or []:
            if (override.get("matcher") or {}).get("options") == column:
                for found in override.get("properties") or []:
                    if found.get("id") == name:
                        return found.get("value")
        return self.defaults.get(name)

    def of_kind(self, kind: str) -> list[int]:
        """Return the places of the columns of a kind."""
        return [index for index, (_, of) in enumerate(self.answer.columns) if of == kind]

    def words(self, column: str, value: Any) -> tuple[str, str | None]:
        """Return what is shown for a value of a column, and the colour that its mappings or thresholds give."""
        said, painted = word(value, self.setting(column, "mappings") or [])
        shown = said if said is not None else text(value, str(self.setting(column, "unit") or ""))
        own = self.setting(column, "color") or {}
        fixed = own.get("fixedColor") if own.get("mode") == "fixed" else None
        return shown, painted or fixed or colour(value, self.setting(column, "thresholds"))


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
    custom = drawn.defaults.get("custom") or {}
    stacked = custom.get("drawStyle") == "bars"
    series = _series(drawn)
    floor: dict[tuple[datetime, bool], float] = {}
    every = sorted({at for points in series.values() for at, _ in points})
    width = min((b - a).total_seconds() for a, b in pairwise(every)) if every[1:] else ALONE_S
    for name, points in list(series.items())[:MOST_SERIES]:
        values = [value for _, value in points]
        times = [at.timestamp() / 86400 for at, _ in points]
        paint = _own_colour(drawn, name)
        if stacked:
            axes.bar(
                times,
                values,
                width=width / 86400,
                bottom=[floor.get((at, v < 0), 0.0) for at, v in points],
                label=name,
                color=paint,
            )
            floor |= {(at, v < 0): floor.get((at, v < 0), 0.0) + v for at, v in points}
        else:
            is_right = drawn.setting(name, "custom.axisPlacement") == "right"
            scale_of = _right_axes(axes, drawn, name) if is_right else axes
            marker = "o" if len(times) <= DOTTED_UP_TO else None
            scale_of.plot(times, values, linewidth=1, label=name, color=paint, marker=marker, markersize=3)
    scale = custom.get("scaleDistribution") or {}
    if scale.get("type") == "symlog":
        axes.set_yscale("symlog", base=scale["log"], linthresh=scale["linearThreshold"])
    if len(every) == 1:
        _show_a_day(axes, every[0])
    axes.xaxis_date()
    unit = str(drawn.defaults.get("unit") or "")
    axes.yaxis.set_major_formatter(lambda value, _: text(value, unit))
    axes.grid(color=FRAME, linewidth=0.4)
    axes.legend(fontsize=5, loc="upper left", ncols=4, frameon=False)


def _show_a_day(axes: Axes, only_at: datetime) -> None:
    """Show a day around the only moment there is: by itself matplotlib shows years around a point."""
    at = only_at.timestamp() / 86400
    axes.set_xlim(at - 0.5, at + 0.5)


def _right_axes(axes: Axes, drawn: Drawn, name: str) -> Axes:
    right, unit = axes.twinx(), str(drawn.setting(name, "unit") or "")
    right.set_ylim(drawn.setting(name, "min"), drawn.setting(name, "max"))
    right.yaxis.set_major_formatter(lambda value, _: text(value, unit))
    right.tick_params(labelsize=6, colors=TEXT)
    return right


def _own_colour(drawn: Drawn, name: str) -> str | None:
    """Return the colour that an override gives a series, by its name or by a pattern."""
    for override in drawn.panel["fieldConfig"].get("overrides") or []:
        options = str(override["matcher"]["options"])
        if options == name or (override["matcher"]["id"] == "byRegexp" and re.search(options.strip("/"), name)):
            for found in override["properties"]:
                if found["id"] == "color":
                    return _paint(found["value"].get("fixedColor"))
    return None


def _series(drawn: Drawn) -> dict[str, list[tuple[datetime, float]]]:
    names = [name for name, _ in drawn.answer.columns]
    at, metric = names.index("time"), names.index("metric") if "metric" in names else None
    found: dict[str, list[tuple[datetime, float]]] = {}
    for row in drawn.answer.rows:
        moment = row[at] if isinstance(row[at], datetime) else datetime.fromtimestamp(float(row[at]), UTC)
        for index in drawn.of_kind("number"):
            if index != at and row[index] is not None:
                own = "" if names[index] == "metric" else names[index]
                name = own if metric is None else str(row[metric]) if _is_alone(drawn) else f"{row[metric]} {own}"
                found.setdefault(name, []).append((moment, float(row[index])))
    return found


def _is_alone(drawn: Drawn) -> bool:
    return len([index for index in drawn.of_kind("number") if drawn.answer.columns[index][0] != "time"]) == 1


def _bars(axes: Axes, drawn: Drawn) -> None:
    naming, number = drawn.of_kind("text")[0], drawn.of_kind("number")[0]
    column = drawn.answer.columns[number][0]
    rows = list(reversed(drawn.answer.rows[:30]))
    paints = [_paint(drawn.words(column, row[number])[1]) for row in rows]
    bars = axes.barh([str(row[naming])[:32] for row in rows], [float(row[number] or 0) for row in rows], color=paints)
    axes.bar_label(bars, [drawn.words(column, row[number])[0] for row in rows], fontsize=6, padding=2)
    axes.set_xticks([])


def _table(axes: Axes, drawn: Drawn) -> None:
    axes.set_axis_off()
    names = [name for name, _ in drawn.answer.columns]
    wide_in, tall_in = _inches(axes)
    rows = drawn.answer.rows[: max(1, int(tall_in / ROW_IN) - 1)]
    seen = max(1, min(len(names), int(wide_in / NARROWEST_COLUMN_IN)))
    names = names[:seen]
    cells = [[drawn.words(name, value) for name, value in zip(names, row[:seen], strict=True)] for row in rows]
    shown = [[said if len(said) <= 30 else said[:29] + "…" for said, _ in row] for row in cells]
    letters = [max(len(name), *(len(row[place]) for row in shown), 3) for place, name in enumerate(names)]
    tall = min(1.0, (len(shown) + 1) * ROW_IN / tall_in)
    widths = [one / sum(letters) for one in letters]
    box = Bbox.from_bounds(0.0, 1.0 - tall, 1.0, tall)
    table = axes.table(shown, colLabels=names, colWidths=widths, bbox=box, cellLoc="left", edges="horizontal")
    table.auto_set_font_size(False)
    table.set_fontsize(min(7.0, wide_in * POINTS_PER_LETTER_IN / sum(letters)))
    for line, row in enumerate(cells, start=1):
        for place, (_, paint) in enumerate(row):
            if paint in COLOURS and drawn.setting(names[place], "mappings" if not paint else "color") is not None:
                table[line, place].get_text().set_color(_paint(paint))


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
        bar = axes.figure.colorbar(points, ax=axes, fraction=0.02, pad=0.01, format=lambda value, _: text(value, unit))
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
