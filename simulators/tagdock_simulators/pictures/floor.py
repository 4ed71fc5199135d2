"""The floor plan: the wall with its doors, the antennas and how far their beams reach, and the ways of the loads."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from tagdock_simulators.chance import Floats
from tagdock_simulators.doors import Antenna, Carrier, DoorGeometry
from tagdock_simulators.pictures.style import BEAM, EYE, FLOOR, INK, QUIET, SMALL, colour
from tagdock_simulators.pictures.view import Load, View
from tagdock_simulators.radio import Radio, Sight, one_way_db

TAG_HEIGHT_M = 1.0
"""At which height over the floor the beams are drawn: the middle of a loaded pallet."""
_DEPTHS_M = (2.4, 4.2)
"""At least and at most so much is drawn on either side of the wall."""
_WALL_M = 0.16
_MARGIN_M = 0.7  # between the end of a way and the edge of the drawing
_GRID_M = 0.2
_LANE_M = 0.4  # ways through one door are drawn side by side


def draw_floor(axes: Axes, view: View) -> None:
    """Draw the doors of a view: the wall lies along the page, outside is below it."""
    depth_m = _depth_m(view)
    width_m = _frame(axes, view, depth_m)
    shown = [door for door in view.row if abs(door.y_m - sum(axes.get_xlim()) / 2) < width_m / 2 + 2.0]
    for door in shown:
        _beams(axes, door, view.radio)
    _wall(axes, shown)
    for door in shown:
        _antennas(axes, door)
    lanes = _lanes(view.loads)
    places = {door.door: door.y_m for door in view.row}
    for load in view.loads:
        _way(axes, load, places[load.crossing.door] + lanes[load.number], depth_m - _MARGIN_M)


def _depth_m(view: View) -> float:
    """Choose how deep the drawing is: as deep as the ways are long."""
    farthest_m = max(abs(x_m) for load in view.loads for x_m in load.crossing.path.x_m)
    return min(max(farthest_m + _MARGIN_M, _DEPTHS_M[0]), _DEPTHS_M[1])


def _frame(axes: Axes, view: View, depth_m: float) -> float:
    """Fit the shown doors into the axes, with one scale for both directions; return the width in metres."""
    box = axes.get_window_extent()
    width_m = 2 * depth_m * float(box.width / box.height)
    middle_m = (view.doors[0].y_m + view.doors[-1].y_m) / 2
    axes.set_xlim(middle_m - width_m / 2, middle_m + width_m / 2)
    axes.set_ylim(-depth_m, depth_m)
    axes.set_yticks(range(-int(depth_m), int(depth_m) + 1))
    axes.set_facecolor(FLOOR)
    inside = [door for door in view.row if abs(door.y_m - middle_m) < width_m / 2 - 0.5]
    axes.set_xticks([door.y_m for door in inside], [f"{door.door}\n{door.y_m:g} m" for door in inside], fontsize=SMALL)
    axes.set_ylabel("through the door (m)", fontsize=SMALL, labelpad=2)
    axes.tick_params(length=0)
    for y_m, word in ((-0.95 * depth_m, "outside"), (0.95 * depth_m, "inside")):
        place = axes.get_xlim()[0] + 0.2
        axes.text(place, y_m, word, color=QUIET, style="italic", va="bottom" if y_m < 0 else "top")
    return width_m


def _wall(axes: Axes, doors: Iterable[DoorGeometry]) -> None:
    """Draw the wall, open at the doors."""
    left, right = axes.get_xlim()
    for door in doors:
        ends = door.y_m - door.width_m / 2, door.y_m + door.width_m / 2
        axes.add_patch(Rectangle((left, -_WALL_M / 2), ends[0] - left, _WALL_M, color=INK, lw=0, zorder=3))
        left = ends[1]
    axes.add_patch(Rectangle((left, -_WALL_M / 2), right - left, _WALL_M, color=INK, lw=0, zorder=3))


def _antennas(axes: Axes, door: DoorGeometry) -> None:
    """Draw antennas with their ports, a stroke where they look if not straight down, and the light beams."""
    for antenna in door.antennas:
        through, along, _ = antenna.boresight
        axes.plot(
            [antenna.y_m, antenna.y_m + 0.45 * along], [antenna.x_m, antenna.x_m + 0.45 * through], color=BEAM, lw=2
        )
        axes.plot([antenna.y_m], [antenna.x_m], marker="s", ms=8, mfc="white", mec=BEAM, mew=1.6, zorder=5)
    for (x_m, y_m), ports in _ports(door).items():
        axes.text(y_m + 0.2, x_m + 0.14, ports, fontsize=6.5, color=INK, zorder=6, clip_on=True)
    for eye in door.photo_eyes:
        ends = door.y_m - door.width_m / 2, door.y_m + door.width_m / 2
        axes.plot(ends, [eye.x_m] * 2, color=EYE, lw=1.0, ls=(0, (4, 2)), marker="|", ms=7, zorder=4)


def _ports(door: DoorGeometry) -> dict[tuple[float, float], str]:
    """Name the ports of all antennas that hang over one spot of the floor."""
    spots: dict[tuple[float, float], str] = {}
    for antenna in door.antennas:
        spot = antenna.x_m, antenna.y_m
        spots[spot] = f"{spots[spot]}, {antenna.port}" if spot in spots else f"{antenna.port}"
    return spots


def _beams(axes: Axes, door: DoorGeometry, radio: Radio) -> None:
    """Shade where a tag at pallet height has half an antenna's best power or more, and ring where it can wake."""
    for antenna in door.antennas:
        along, through, gain_db = _gains(antenna, radio)
        best_db = float(gain_db.max())
        power_dbm = radio.transmit_dbm if antenna.transmit_dbm is None else antenna.transmit_dbm
        needed_db = radio.tag_sensitivity_dbm - power_dbm
        axes.contourf(along, through, gain_db, levels=[best_db - 3.0, best_db + 1.0], colors=[BEAM], alpha=0.16)
        axes.contour(along, through, gain_db, levels=[needed_db], colors=[BEAM], linewidths=0.8, linestyles=":")


def _gains(antenna: Antenna, radio: Radio) -> tuple[Floats, Floats, Floats]:
    """Return a grid along the wall and through the door, and what a signal gains on its way to a tag there, in dB."""
    along = np.arange(antenna.y_m - 8.0, antenna.y_m + 8.0, _GRID_M)
    through = np.arange(-_DEPTHS_M[1] - 1.0, _DEPTHS_M[1] + 1.0, _GRID_M)
    wide, deep = np.meshgrid(along, through)
    way_m = np.stack([deep - antenna.x_m, wide - antenna.y_m, np.full_like(wide, TAG_HEIGHT_M - antenna.z_m)], axis=-1)
    distance_m = np.sqrt((way_m * way_m).sum(axis=-1))
    cos_off = (way_m * np.array(antenna.boresight)).sum(axis=-1) / np.maximum(distance_m, 0.1)
    return along, through, one_way_db(Sight(distance_m, cos_off), radio)


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


def _way(axes: Axes, load: Load, y_m: float, edge_m: float) -> None:
    """Draw a load's way with an arrow at its end, its number where it begins, and its box where it stands."""
    path, tint = load.crossing.path, colour(load.number)
    x = [min(max(each, -edge_m), edge_m) for each in path.x_m]
    y = [y_m + each for each in path.y_m]
    axes.plot(y, x, color=tint, lw=2.0, solid_capstyle="round", zorder=4)
    if (x[-1], y[-1]) != (x[-2], y[-2]):
        axes.annotate(
            "", (y[-1], x[-1]), (y[-2], x[-2]), zorder=4, arrowprops={"arrowstyle": "-|>", "color": tint, "lw": 2.0}
        )
    for n in range(len(x) - 1):
        if path.x_m[n : n + 1] + path.y_m[n : n + 1] == path.x_m[n + 1 : n + 2] + path.y_m[n + 1 : n + 2]:
            _box(axes, load.crossing.carrier, y[n], x[n], tint)
    badge(axes, y[0], x[0], load)


def _box(axes: Axes, carrier: Carrier, along_m: float, through_m: float, tint: str) -> None:
    """Draw the goods where they stand, their long side through the door."""
    (behind, ahead), (right, left) = carrier.goods_x_m, carrier.goods_y_m
    corner = along_m + right, through_m + behind
    axes.add_patch(Rectangle(corner, left - right, ahead - behind, fc=tint, ec=tint, alpha=0.35, lw=1.2, zorder=3))


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
