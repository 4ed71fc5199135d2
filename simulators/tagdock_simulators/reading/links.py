"""Antenna turns before tags: the gain of every link of a stretch of time that could carry a read.

It is worked out once for each turn, at its middle; within a turn only the fading and the phase move on (`moments`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tagdock_simulators.chance import Floats, Ints
from tagdock_simulators.radio.link import beam_db, dipole_db, far_db, through_m
from tagdock_simulators.radio.waves import SHADOWS, shadow_db, steady
from tagdock_simulators.reading.hall import Hall, Turns
from tagdock_simulators.reading.present import Present, Tags, Vectors
from tagdock_simulators.reading.sights import Sights, amplitude, best_shadow_db, could_answer


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time: the turns, the loads that are there, their tags, and which turns see which loads."""

    hall: Hall
    turns: Turns
    loads: Sequence[Present]
    tags: Tags
    sights: Sights


@dataclass(frozen=True, slots=True)
class Links:
    """Turns before tags that may answer: columns of one length. `sight` and `tag` are places in Sights and Tags."""

    sight: Ints
    tag: Ints
    base_db: Floats
    """The gain without beam, dipole, goods and shadow, which weaken the direct wave (goods a little the echoes)."""
    direct: Floats
    """The direct wave's amplitude under all that weakens it."""
    around: Floats
    """The amplitude of all echoes together."""


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Sights and tags in pairs: their places, the tags' places on their loads, the ways, one over their lengths."""

    sight: Ints
    tag: Ints
    place: Vectors
    way: Vectors
    short: Floats

    def only(self, where: Ints) -> "_Pairs":
        """Return some of them."""
        (px, py, pz), (wx, wy, wz) = self.place, self.way
        place, way = (px[where], py[where], pz[where]), (wx[where], wy[where], wz[where])
        return _Pairs(self.sight[where], self.tag[where], place, way, self.short[where])


def links(stretch: Stretch) -> Links:
    """Work out the gain of every sight's tags; leave out what no luck with fading makes a read."""
    hall, seen, tags = stretch.hall, stretch.sights, stretch.tags
    pairs, squared = _pairs(stretch)
    base = seen.fixed_db[pairs.sight] + tags.own_db[pairs.tag] - far_db(squared, hall.radio)
    direct = beam_db(_along(pairs, hall.boresight[seen.antenna].T, pairs.sight), hall.radio)
    best = amplitude(direct + best_shadow_db(hall.radio))
    near = np.flatnonzero(could_answer(hall, seen.antenna[pairs.sight], base, best))
    pairs, base, direct = pairs.only(near), base[near], direct[near]
    goods_db = _goods_db(stretch, pairs)
    shadows = [seen.shadow_turns[:, n][pairs.sight] + tags.shadow_turns[n][pairs.tag] for n in range(SHADOWS)]
    direct += dipole_db(_along(pairs, np.stack(tags.axis), pairs.tag)) - goods_db
    wave = steady(amplitude(direct + shadow_db(hall.radio.shadowing_db, shadows)))
    around = steady(amplitude(-hall.radio.rician_k_db - goods_db / 2.0))
    near = np.flatnonzero(could_answer(hall, seen.antenna[pairs.sight], base, wave))
    return Links(pairs.sight[near], pairs.tag[near], steady(base[near]), wave[near], around[near])


def _pairs(stretch: Stretch) -> tuple[_Pairs, Floats]:
    """Set each sight before each tag of its load; return the squared distances too."""
    seen, tags = stretch.sights, stretch.tags
    count = tags.count[seen.load]
    sight = np.repeat(np.arange(len(count)), count)
    tag = np.arange(len(sight)) + np.repeat(tags.first[seen.load] - (np.cumsum(count) - count), count)
    x, y, z = (column[tag] for column in tags.place_m)
    way = seen.x_m[sight] + x, seen.y_m[sight] + y, seen.z_m[sight] + z
    squared = way[0] * way[0] + way[1] * way[1] + way[2] * way[2]
    return _Pairs(sight, tag, (x, y, z), way, 1.0 / np.sqrt(np.maximum(squared, 0.01))), squared


def _along(pairs: _Pairs, vectors: Floats, which: Ints) -> Floats:
    """Return the cosines between the ways and unit vectors (3, n), of which each pair has one."""
    way, (x, y, z) = pairs.way, vectors
    result: Floats = (way[0] * x[which] + way[1] * y[which] + way[2] * z[which]) * pairs.short
    return result


def _goods_db(stretch: Stretch, pairs: _Pairs) -> Floats:
    """Work out what the goods of the tags' own load take."""
    load, tags = stretch.sights.load, stretch.tags
    low = np.array([each.goods.low_m for each in stretch.loads])[load].T
    high = np.array([each.goods.high_m for each in stretch.loads])[load].T
    box = tuple((low[axis][pairs.sight], high[axis][pairs.sight]) for axis in range(3))
    metres = through_m(pairs.place, pairs.way, box) / pairs.short
    result: Floats = np.minimum(tags.through_db_per_m[pairs.tag] * metres, tags.through_most_db[pairs.tag])
    return result
