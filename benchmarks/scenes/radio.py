"""The power at a tag and back at the reader: log-distance loss, a floor that reflects, lobes, labels, Nakagami fading.

    gain(one way) = G_reader + lobe + G_tag + label - loss(1 m) - 10 n log10(d) + floor + fade - wall
    floor         = 20 log10 |1 + R exp(2 pi i (d' - d) / wavelength) d / d'|        d' over the floor's mirror
    fade          = 10 log10 (|z_1|^2 + ... + |z_m|^2) / m,      z complex normal, decaying with way and time

Sources: Rappaport, Wireless Communications, sections 4.6 (two rays), 4.9 (log-distance); Nakagami 1960 (the m
distribution is the sum of m squared normals over m); figures of halls and readers are drawn, see `hall`.
"""

from math import log10, pi

import numpy as np

from scenes.doors import Door
from scenes.hall import STEP_S, Floats, Hall, Ints, Readers
from scenes.loads import Load

_LOBES_DB = 3.0
"""By how much side lobes ripple."""


def active(door_of_port: list[tuple[Door, int]], steps: Ints, readers: Readers, shift: int) -> Ints:
    """Return which of a reader's antennas is on at each step: they take turns."""
    result: Ints = (steps // readers.turn_steps + shift) % len(door_of_port)
    return result


def one_way_db(
    load: Load, ports: list[tuple[Door, int]], on: Ints, hall: Hall, readers: Readers
) -> tuple[Floats, Floats]:
    """Return the gain without fading, and the distance in metres, of each step's antenna to each tag: (steps, n)."""
    antennas = [door.antennas[place] for door, place in ports]
    place_m, looks = (np.array([getattr(one, name) for one in antennas])[on] for name in ("place_m", "looks"))
    less_db = np.array([one.less_db for one in antennas])[on]
    tags, facing = _turned(load)
    way = tags - place_m[:, None, :]
    distance = np.maximum(np.linalg.norm(way, axis=2), 0.2)
    unit = way / distance[..., None]
    gain = readers.antenna_dbi + _lobe_db((unit * looks[:, None, :]).sum(axis=2), readers)
    gain += load.gain_db - hall.label_db * (1.0 + (unit * facing).sum(axis=2)) / 2.0
    gain -= 20.0 * log10(4.0 * pi / hall.wavelength_m) + 10.0 * hall.path_exponent * np.log10(distance)
    gain += _floor_db(way, distance, place_m[:, 2], tags[..., 2], hall) - less_db[:, None]
    doors = {door.name: door for door, _ in ports}.values()
    return gain - hall.wall_db * _through_wall(place_m, tags, doors), distance


def _turned(load: Load) -> tuple[Floats, Floats]:
    """Return where tags are and look at each step: (steps, n, 3)."""
    cos, sin = load.way.cos[:, None], load.way.sin[:, None]

    def turn(vectors: Floats) -> Floats:
        ahead, left, up = vectors.T
        flat = np.stack([cos * ahead - sin * left, sin * ahead + cos * left], axis=2)
        return np.concatenate([flat, np.broadcast_to(up[None, :, None], (*flat.shape[:2], 1))], axis=2)

    tags = turn(load.place_m)
    tags[..., 0] += load.way.x_m[:, None]
    tags[..., 1] += load.way.y_m[:, None]
    return tags, turn(load.looks)


def _lobe_db(cos_off: Floats, readers: Readers) -> Floats:
    """Return the pattern: a cosine's power in front, rippling lobes at the side and back."""
    front = 10.0 * readers.beam_exponent * np.log10(np.maximum(cos_off, 1e-3))
    ripple = _LOBES_DB * np.cos(9.0 * cos_off)
    result: Floats = np.maximum(front, readers.back_lobe_db + ripple)
    return result


def _floor_db(way: Floats, distance: Floats, high_m: Floats, tag_m: Floats, hall: Hall) -> Floats:
    flat = (way[..., :2] ** 2).sum(axis=2)
    mirrored = np.sqrt(flat + (high_m[:, None] + tag_m) ** 2)
    phase = 2.0 * pi * (mirrored - distance) / hall.wavelength_m
    result: Floats = 20.0 * np.log10(
        np.abs(1.0 - hall.floor_reflects * np.exp(1j * phase) * distance / mirrored).clip(0.05)
    )
    return result


def _through_wall(place_m: Floats, tags: Floats, doors: object) -> Floats:
    """Tell which links meet the wall beside every doorway of the reader: 1 or 0."""
    x0, x1 = place_m[:, None, 0], tags[..., 0]
    share = np.where(x0 == x1, 0.0, x0 / np.where(x0 == x1, 1.0, x0 - x1))
    y_m = place_m[:, None, 1] + share * (tags[..., 1] - place_m[:, None, 1])
    open_here = np.zeros(y_m.shape, dtype=bool)
    for door in doors:  # type: ignore[attr-defined]  # a view of doors
        open_here |= np.abs(y_m - door.y_m) < door.half_m
    result: Floats = ((x0 * x1 < 0.0) & ~open_here).astype(np.float64)
    return result


def fade_db(rng: np.random.Generator, load: Load, antennas: int, hall: Hall) -> Floats:
    """Draw the fading of every tag to so many antennas: (steps, antennas, n), in dB one way."""
    shape = (antennas, len(load.epcs), hall.nakagami_m)
    keep = np.exp(-load.way.moved_m / hall.fade_m - STEP_S / hall.fade_s)
    fresh = np.sqrt((1.0 - keep**2) / (2.0 * hall.nakagami_m))
    real, imaginary = rng.normal(size=(2, *shape)) / np.sqrt(2.0 * hall.nakagami_m)
    power = np.empty((len(keep), *shape[:2]))
    for step in range(len(keep)):
        noise = rng.standard_normal((2, *shape), dtype=np.float32)
        real = keep[step] * real + fresh[step] * noise[0]
        imaginary = keep[step] * imaginary + fresh[step] * noise[1]
        power[step] = (real * real + imaginary * imaginary).sum(axis=2)
    result: Floats = 10.0 * np.log10(np.maximum(power, 1e-5))
    return result
