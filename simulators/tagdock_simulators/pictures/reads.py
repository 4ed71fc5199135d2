"""Reads over time: for each door what its antennas report of a few tags, beside what really happened."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from tagdock_simulators.doors import DoorGeometry, crossing_truth
from tagdock_simulators.pictures.floor import badge
from tagdock_simulators.pictures.style import EYE, INK, NORMAL, PALE, QUIET, SMALL, colour
from tagdock_simulators.pictures.view import OTHERS, Broken, Curve, Load, View

_MEANS = 40  # a line is the mean of the reads in each of so many spans of the time shown
_SHORTEST_SPAN_S = 0.2
_DOT = 4e-4  # of the time shown: a line of no length at all would not be drawn
_DASH_DB = 1.3  # half the height of an inside read's mark
_BADGE_S = 0.022  # two badges this near (as a share of the time shown) are drawn one below the other


def draw_reads(panels: Sequence[Axes], view: View) -> None:
    """Draw one panel a door, all with the same time and the same power."""
    for axes, door in zip(panels, view.doors, strict=True):
        _frame(axes, door, view)
        outside = {antenna.port for antenna in door.antennas if antenna.side == "outside"}
        for curve in view.curves:
            if curve.door == door.door:
                _curve(axes, curve, view.for_s, outside=curve.antenna in outside)
        _eyes(axes, [each for each in view.broken if each.door == door.door])
        _truth(axes, [load for load in view.loads if load.crossing.door == door.door], view)
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    panels[-1].set_xlabel(f"seconds from {view.starts_at:%H:%M:%S} UTC on {view.starts_at:%Y-%m-%d}", fontsize=SMALL)


def _frame(axes: Axes, door: DoorGeometry, view: View) -> None:
    low, high = _range_dbm(view.curves)
    axes.set_xlim(0.0, view.for_s)
    axes.set_ylim(low, high + 0.25 * (high - low))  # room for the badges
    axes.set_yticks(np.arange(low, high + 1.0, 20.0))
    axes.grid(axis="both", color=PALE, lw=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_ylabel("RSSI (dBm)", fontsize=SMALL)
    axes.set_title(f"{door.door}", loc="left", fontsize=NORMAL, weight="bold", color=INK, pad=3)
    axes.set_title(f"read by {door.reader}", loc="right", fontsize=SMALL, color=QUIET, pad=3)


def _range_dbm(curves: Iterable[Curve]) -> tuple[float, float]:
    """Round what was received to tens, outwards."""
    every = [each for curve in curves for each in curve.rssi_dbm] or [-70.0, -40.0]
    return float(np.floor(min(every) / 10.0) * 10.0), float(np.ceil(max(every) / 10.0) * 10.0)


def _curve(axes: Axes, curve: Curve, for_s: float, *, outside: bool) -> None:
    tint = colour(curve.load)
    axes.add_patch(_marks(curve, tint, _DOT * for_s, 0.0 if outside else _DASH_DB))
    if curve.load != OTHERS:
        seconds, rssi_dbm = _means(curve, max(for_s / _MEANS, _SHORTEST_SPAN_S))
        axes.plot(seconds, rssi_dbm, color=tint, lw=1.4, ls=(0, (3, 1.5)) if outside else "-", zorder=4)


def _marks(curve: Curve, tint: str, dot_s: float, half_db: float) -> PathPatch:
    """Draw all reads of a curve as one path, dots or upright dashes: a fifth of the bytes of single marks."""
    seconds, rssi_dbm = np.array(curve.seconds), np.array(curve.rssi_dbm)
    points = np.empty((2 * len(seconds), 2))
    points[0::2] = np.column_stack([seconds, rssi_dbm - half_db])
    points[1::2] = np.column_stack([seconds + dot_s, rssi_dbm + half_db])
    codes = np.tile(np.array([Path.MOVETO, Path.LINETO]), len(seconds))
    width = 1.3 if half_db else 2.4
    return PathPatch(Path(points, codes), fill=False, ec=tint, lw=width, alpha=0.4, capstyle="round", zorder=2)


def _means(curve: Curve, span_s: float) -> tuple[list[float], list[float]]:
    """Average a curve over short spans; a gap breaks the line."""
    seconds, rssi = np.array(curve.seconds), np.array(curve.rssi_dbm)
    span = (seconds / span_s).astype(np.int64)
    at: list[float] = []
    mean: list[float] = []
    for number in np.unique(span):
        if at and number * span_s - at[-1] > 3 * span_s:
            at.append(at[-1])
            mean.append(float("nan"))
        at.append(float(seconds[span == number].mean()))
        mean.append(float(rssi[span == number].mean()))
    return at, mean


def _eyes(axes: Axes, broken: Iterable[Broken]) -> None:
    """Draw bars at the foot while light beams are broken: the outside one's below, the inside one's above it."""
    low, high = axes.get_ylim()
    for each in broken:
        y = low + (0.03 if each.side == "outside" else 0.085) * (high - low)
        axes.plot([each.from_s, each.to_s], [y, y], color=EYE, lw=3.2, solid_capstyle="butt", zorder=5)


def _truth(axes: Axes, loads: Iterable[Load], view: View) -> None:
    """Mark when each load was in the field, and when it passed the door line, or that it did not."""
    top = axes.get_ylim()[1]
    used: list[tuple[float, int]] = []
    for load in loads:
        truth = crossing_truth(load.crossing)[0]
        passed = truth.direction in ("in", "out")
        begin, end, at = (
            (each - view.starts_at).total_seconds()
            for each in (load.crossing.starts_at, load.crossing.ends_at, truth.at)
        )
        axes.axvspan(begin, end, color=colour(load.number), alpha=0.06, lw=0)
        at = min(at, (begin + min(end, view.for_s)) / 2) if not passed else at
        if passed:
            axes.axvline(at, color=colour(load.number), lw=1.2, alpha=0.8, zorder=2.6)
        level = next(n for n in range(10) if all(n != m or abs(at - t) > _BADGE_S * view.for_s for t, m in used))
        used.append((at, level))
        low = axes.get_ylim()[0]
        badge(axes, at, top - (0.09 + 0.16 * level) * (top - low), load, passed=passed)
