"""Antenna turns before loads: where each load is in the middle of each turn, and what its tags have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tagdock_simulators.chance import Floats, Ints
from tagdock_simulators.radio import Radio
from tagdock_simulators.radio.link import beam_db, far_db, fixed_db
from tagdock_simulators.radio.waves import SHADOWS, luckiest
from tagdock_simulators.reading.hall import Hall, Turns
from tagdock_simulators.reading.present import Present, Vectors, best_own_db

Bools = NDArray[np.bool_]

_BEHIND_FROM, _BEHIND_OVER = 0.3, 0.4
"""From which cosine backwards, and over how much more of it, what drives a load comes to stand in the way (assumed)."""


@dataclass(frozen=True, slots=True)
class Sights:
    """Turns before loads: columns of one length. Ways are from antenna to load's centre (on the floor)."""

    turn: Ints
    load: Ints
    antenna: Ints
    middle_s: Floats
    x_m: Floats
    y_m: Floats
    z_m: Floats
    vx: Floats
    vy: Floats
    """Speeds in m/s."""
    fixed_db: Floats
    """All of the gain that is one for the load: antennas, frame, wall, shield, who stands behind."""
    shadow_turns: Floats
    """(n, waves)."""

    def only(self, where: Ints) -> "Sights":
        """Return some of them."""
        columns: dict[str, Any] = {each.name: getattr(self, each.name)[where] for each in fields(self)}
        return Sights(**columns)


class _Before(NamedTuple):
    """The antennas whose turn it is, before one load, and the ways to its centre."""

    hall: Hall
    antenna: Ints
    way: Vectors
    load: Present

    @property
    def middle_way(self) -> Vectors:
        """Return the ways to the middle of the goods rather than to the floor under it."""
        goods = self.load.goods
        return self.way[0], self.way[1], self.way[2] + float(goods.low_m[2] + goods.high_m[2]) / 2


def sights(hall: Hall, turns: Turns, loads: Sequence[Present]) -> Sights:
    """Set every turn before every load that is there then; leave out what certainly carries no read."""
    parts = [_sights_of(hall, turns, load, number) for number, load in enumerate(loads)]
    columns: dict[str, Any] = {
        each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Sights)
    }
    seen = Sights(**columns)
    return seen.only(np.argsort(seen.turn, kind="stable"))


def _sights_of(hall: Hall, turns: Turns, load: Present, number: int) -> Sights:
    radio = hall.radio
    middle_s = turns.begin_s + radio.turn_s / 2
    there = np.flatnonzero((middle_s >= load.starts_s) & (middle_s < load.ends_s))
    antenna, middle_s = turns.antenna[there], middle_s[there]
    x, y = load.path.at(middle_s - load.starts_s)
    vx, vy = load.path.velocity(middle_s - load.starts_s)
    place = hall.place_m[antenna]
    way = x - place[:, 0], y + load.y_m - place[:, 1], -place[:, 2]
    before = _Before(hall, antenna, way, load)
    fixed = fixed_db(radio) - load.crossing.carrier.frame_db - _in_the_way_db(before)
    moved = (x + 0.7 * (y + load.y_m))[:, None] * (np.arange(SHADOWS) + 1.0) / (6.0 * radio.shadow_m)
    columns = there, np.full(len(there), number), antenna, middle_s, *way, vx, vy, fixed
    return Sights(*columns, hall.shadow_turns[antenna] + moved).only(np.flatnonzero(_could_carry(before, fixed)))


def _in_the_way_db(before: _Before) -> Floats:
    """Add up what stands between antennas and a load: the wall, other lanes, who drives it."""
    hall, antenna, way, load = before
    place = hall.place_m[antenna]
    share = place[:, 0] / np.where(way[0] == 0.0, 1e-9, -way[0])
    beside_m = np.abs((place[:, 1] + share * way[1])[:, None] - hall.doors_y_m) - hall.doors_half_m
    walled = ((place[:, 0] < 0.0) != (place[:, 0] + way[0] < 0.0)) & (beside_m.min(axis=1) > 0.0)
    ahead = -(way[0] * load.goods.heading[0] + way[1] * load.goods.heading[1]) / _length(before.middle_way)
    behind = np.clip((-ahead - _BEHIND_FROM) / _BEHIND_OVER, 0.0, 1.0)
    elsewhere = hall.door[antenna] != load.door
    lost_db = hall.radio.wall_db * walled + load.crossing.carrier.behind_db * behind
    result: Floats = lost_db + hall.radio.shield_db * elsewhere
    return result


def _could_carry(before: _Before, fixed: Floats) -> Bools:
    """Tell which antennas could wake the best tag that the load may hold, at the best place that it may have."""
    radio, way = before.hall.radio, before.middle_way
    far_m, radius_m = np.maximum(_length(way), 0.01), before.load.radius_m
    look = before.hall.boresight[before.antenna]
    cos_off = (way[0] * look[:, 0] + way[1] * look[:, 1] + way[2] * look[:, 2]) / far_m
    sin_wide = np.minimum(radius_m / far_m, 1.0)
    cos_wide = np.sqrt(1.0 - sin_wide * sin_wide)
    sin_off = np.sqrt(np.maximum(1.0 - cos_off * cos_off, 0.0))
    in_it = (cos_off >= cos_wide) | (sin_wide >= 1.0)
    best_cos = np.where(in_it, 1.0, cos_off * cos_wide + sin_off * sin_wide)
    base_db = fixed - far_db(np.maximum(far_m - radius_m, 0.1) ** 2, radio) + best_own_db(radio)
    best = amplitude(beam_db(best_cos, radio) + best_shadow_db(radio))
    return could_answer(before.hall, before.antenna, base_db, best)


def could_answer(hall: Hall, antenna: Ints, base_db: Floats, direct: Floats) -> Bools:
    """Tell which links carry a read if all echoes add to the direct wave, whose amplitude is given."""
    return heard(hall, antenna, base_db + 20.0 * np.log10(direct + luckiest(hall.radio.rician_k_db)))


def amplitude(decibels: Floats) -> Floats:
    """Turn decibels of power into an amplitude."""
    result: Floats = 10.0 ** (decibels * 0.05)
    return result


def heard(hall: Hall, antenna: Ints, gain_db: Floats) -> Bools:
    """Tell which links wake the tag and bring its echo back."""
    sent_dbm = hall.transmit_dbm[antenna]
    forward = sent_dbm + gain_db >= hall.radio.tag_sensitivity_dbm
    back = sent_dbm + 2.0 * gain_db - hall.radio.modulation_loss_db >= hall.weakest_dbm[antenna]
    result: Bools = forward & back
    return result


def best_shadow_db(radio: Radio) -> float:
    """Return the most by which shadowing can help."""
    return radio.shadowing_db * sqrt(2.0 * SHADOWS)


def _length(way: Vectors) -> Floats:
    result: Floats = np.sqrt(way[0] * way[0] + way[1] * way[1] + way[2] * way[2])
    return result
