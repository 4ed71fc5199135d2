"""The floor plan: the wall with its doors, the antennas and how far their beams reach, and the ways of the loads."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from tagdock_simulators.chance import Floats
from tagdock_simulators.doors import DoorGeometry
from tagdock_simulators.pictures.style import BEAM, FLOOR, INK, NORMAL, QUIET, SMALL, colour
from tagdock_simulators.pictures.view import Load, View
from tagdock_simulators.radio import Radio, Sight, one_way_db

TAG_HEIGHT_M = 1.0
"""At which height over the floor the beams are drawn: the middle of a loaded pallet."""
DEPTH_M = 4.2
"""How much is drawn on either side of the wall."""
_DOOR_M = 2.6
_WALL_M = 0.16
_GRID_M = 0.2
_LANE_M = 0.4  # ways through one door are drawn side by side


def draw_floor(axes: Axes, view: View) -> None:
    """Draw the doors of a view: the wall lies along the page, outside is below it."""
    width_m = _frame(axes, view)
    shown = [door for door in view.row if abs(door.y_m - sum(axes.get_xlim()) / 2) < width_m / 2 + 2.0]
    for door in shown:
        _beams(axes, door, view.radio)
    _wall(axes, shown)
    for door in shown:
        _antennas(axes, door)
    lanes = _lanes(view.loads)
    places = {door.door: door.y_m for door in view.row}
    for load in view.loads:
        _way(axes, load, places[load.crossing.door] + lanes[load.number])


def _frame(axes: Axes, view: View) -> float:
    """Fit the shown doors into the axes, with one scale for both directions; return the width in metres."""
    box = axes.get_window_extent()
    width_m = 2 * DEPTH_M * float(box.width / box.height)
    middle_m = (view.doors[0].y_m + view.doors[-1].y_m) / 2
    axes.set_xlim(middle_m - width_m / 2, middle_m + width_m / 2)
    axes.set_ylim(-DEPTH_M, DEPTH_M)
    axes.set_facecolor(FLOOR)
    axes.set_xlabel("along the wall (m)", fontsize=SMALL, labelpad=2)
    axes.set_ylabel("through the door (m)", fontsize=SMALL, labelpad=2)
    axes.tick_params(length=0)
    for y_m, word in ((-DEPTH_M + 0.25, "outside"), (DEPTH_M - 0.25, "inside")):
        place = axes.get_xlim()[0] + 0.2
        axes.text(place, y_m, word, color=QUIET, style="italic", va="bottom" if y_m < 0 else "top")
    return width_m


def _wall(axes: Axes, doors: Iterable[DoorGeometry]) -> None:
    """Draw the wall, open at the doors."""
    left, right = axes.get_xlim()
    for door in doors:
        ends = door.y_m - _DOOR_M / 2, door.y_m + _DOOR_M / 2
        axes.add_patch(Rectangle((left, -_WALL_M / 2), ends[0] - left, _WALL_M, color=INK, lw=0, zorder=3))
        left = ends[1]
    axes.add_patch(Rectangle((left, -_WALL_M / 2), right - left, _WALL_M, color=INK, lw=0, zorder=3))


def _antennas(axes: Axes, door: DoorGeometry) -> None:
    for antenna in door.antennas:
        port, x_m, y_m = antenna.port, antenna.x_m, antenna.y_m
        axes.plot([y_m], [x_m], marker="s", ms=8, mfc="white", mec=BEAM, mew=1.6, zorder=5)
        axes.annotate(str(port), (y_m, x_m), ha="center", va="center", fontsize=6, color=INK, zorder=6)
    axes.text(door.y_m - _DOOR_M / 2 - 0.1, 0.22, door.door, ha="right", fontsize=NORMAL, weight="bold", zorder=6)


def _beams(axes: Axes, door: DoorGeometry, radio: Radio) -> None:
    """Shade where a tag at pallet height has half an antenna's best power or more, and ring where it can wake."""
    for antenna in door.antennas:
        x_m, y_m, z_m = antenna.x_m, antenna.y_m, antenna.z_m
        along, through, gain_db = _gains(x_m, y_m, z_m, radio)
        best_db = float(gain_db.max())
        needed_db = radio.tag_sensitivity_dbm - radio.transmit_dbm
        axes.contourf(along, through, gain_db, levels=[best_db - 3.0, best_db + 1.0], colors=[BEAM], alpha=0.16)
        axes.contour(along, through, gain_db, levels=[needed_db], colors=[BEAM], linewidths=0.8, linestyles=":")


def _gains(x_m: float, y_m: float, z_m: float, radio: Radio) -> tuple[Floats, Floats, Floats]:
    """Return a grid along the wall and through the door, and what a signal gains on its way to a tag there, in dB."""
    along = np.arange(y_m - 8.0, y_m + 8.0, _GRID_M)
    through = np.arange(-DEPTH_M - 1.0, DEPTH_M + 1.0, _GRID_M)
    wide, deep = np.meshgrid(along, through)
    way_m = np.stack([deep - x_m, wide - y_m, np.full_like(wide, TAG_HEIGHT_M - z_m)], axis=-1)
    return along, through, one_way_db(Sight.along(way_m), radio)


def _lanes(loads: Iterable[Load]) -> dict[int, float]:
    """Put loads that use one door side by side: metres along the wall by load."""
    at: dict[str, list[int]] = {}
    for load in loads:
        at.setdefault(load.crossing.door, []).append(load.number)
    return {
        number: (place - (len(numbers) - 1) / 2) * _LANE_M
        for numbers in at.values()
        for place, number in enumerate(numbers)
    }


def _way(axes: Axes, load: Load, y_m: float) -> None:
    """Draw a load's way with an arrow at its end and its number where it begins."""
    path = load.crossing.path
    x = [min(max(each, -DEPTH_M + 0.7), DEPTH_M - 0.7) for each in path.x_m]
    y = [y_m + each for each in path.y_m]
    tint = colour(load.number)
    if (x[0], y[0]) != (x[-1], y[-1]) or len(set(x)) > 1:
        axes.plot(y, x, color=tint, lw=2.0, solid_capstyle="round", zorder=4)
        axes.annotate(
            "", (y[-1], x[-1]), (y[-2], x[-2]), zorder=4, arrowprops={"arrowstyle": "-|>", "color": tint, "lw": 2.0}
        )
    badge(axes, y[0], x[0], load)


def badge(axes: Axes, x: float, y: float, load: Load, *, passed: bool = True) -> None:
    """Put a load's number into a disc of its colour; hollow where nothing passed."""
    tint = colour(load.number)
    axes.text(
        x,
        y,
        str(load.number),
        ha="center",
        va="center",
        fontsize=7.5,
        weight="bold",
        color="white" if passed else tint,
        zorder=8,
        bbox={"boxstyle": "circle,pad=0.25", "fc": tint if passed else "white", "ec": tint, "lw": 1.2},
    )
