"""The mean gain of a link, from the reader's port to the tag's chip or back, as arrays of one shape.

    base = G_reader + G_tag - polarisation - path(distance) - detuning
    gain = base + beam(angle) + dipole(axis) - through(goods)    (the direct wave alone; echoes: see `waves`)

    beam(angle)    = max(10 n log10 cos angle, back lobe)
    dipole(axis)   = 20 log10 |cos(90 deg cos axis) / sin axis|  (a half-wave dipole, not under the null's depth)
    path(distance) = 20 log10(4 pi / wavelength) + 10 n log10(distance / 1 m)
    through(goods) = min(dB a metre * metres of goods, at most)

    forward: P_tag    = P_reader + gain                          (a tag wakes above its sensitivity)
    back:    P_echo   = P_reader + 2 gain - modulation           (a reader hears above its own)

Sources: Friis 1946, doi:10.1109/JRPROC.1946.234568; Griffin and Durgin 2009, doi:10.1109/MAP.2009.5162013 (both ways);
Balanis, Antenna Theory (half-wave dipole). The beam's form and the most that goods take are assumed.
"""

from dataclasses import dataclass
from math import log10, pi

import numpy as np

from tagdock_simulators.chance import Floats
from tagdock_simulators.radio.regions import SPEED_OF_LIGHT_M_PER_S
from tagdock_simulators.radio.settings import Radio

NULL = 0.02
"""The least a tag gets along its own axis: -17 dB; real labels are bent and never quite deaf (assumed)."""
_STEPS = 1024


def _half_wave_db() -> Floats:
    """Tabulate the dipole's pattern over the cosine of the axis, rounded: the same numbers on every machine."""
    cos = np.arange(_STEPS) / _STEPS
    power = np.cos(pi / 2.0 * cos) ** 2 / (1.0 - cos * cos)
    result: Floats = np.rint(10.0 * np.log10(np.maximum([*power, 0.0], NULL)) * 4096.0) / 4096.0
    return result


_DIPOLE_DB = _half_wave_db()


@dataclass(frozen=True, slots=True)
class Sight:
    """How tags stand to an antenna that looks straight down, all arrays of one shape."""

    distance_m: Floats
    cos_off: Floats
    """Cosine of the angle off boresight."""

    @classmethod
    def along(cls, way_m: Floats) -> "Sight":
        """Measure ways from antenna to tag, given as (x, y, z) along the last axis."""
        distance_m = np.sqrt((way_m * way_m).sum(axis=-1))
        return cls(distance_m, -way_m[..., 2] / distance_m)


def fixed_db(radio: Radio) -> float:
    """Return the part of a link's gain that is the same everywhere: antennas, polarisation, the first metre."""
    wavelength_m = SPEED_OF_LIGHT_M_PER_S / (radio.region.channels_mhz[0] * 1e6)
    first_metre_db = 20.0 * log10(4.0 * pi / wavelength_m)
    return round(radio.reader_gain_dbi + radio.tag_gain_dbi - radio.polarisation_loss_db - first_metre_db, 6)


def beam_db(cos_off: Floats, radio: Radio) -> Floats:
    """Return the reader antenna's pattern against its best."""
    least = 10.0 ** (radio.back_lobe_db / (10.0 * radio.beam_exponent))
    result: Floats = (10.0 * radio.beam_exponent) * np.log10(np.maximum(cos_off, least))
    return result


def dipole_db(cos_axis: Floats) -> Floats:
    """Return the tag antenna's pattern against its best, from the cosine between its axis and the line."""
    step = np.minimum(np.abs(cos_axis) * _STEPS + 0.5, _STEPS).astype(np.int64)
    result: Floats = _DIPOLE_DB[step]
    return result


def far_db(distance_squared_m2: Floats, radio: Radio) -> Floats:
    """Return what the way beyond the first metre takes, from the squared distance."""
    result: Floats = (5.0 * radio.path_exponent) * np.log10(np.maximum(distance_squared_m2, 0.01))
    return result


def through_m(
    place_m: tuple[Floats, ...], way_m: tuple[Floats, ...], box_m: tuple[tuple[Floats, Floats], ...]
) -> Floats:
    """Return how much of each way, antenna to tag, lies in the goods, as a share of the way.

    `place_m` are the tags' places in their box, `way_m` the ways, `box_m` the (low, high) sides of the boxes, each by
    axis. The line from a tag towards the antenna leaves its box through the first side that it meets.
    """
    shares = []
    for place, way, (low, high) in zip(place_m, way_m, box_m, strict=True):
        side = np.where(way < 0.0, high, low)
        shares.append((place - side) / np.where(way == 0.0, 1e-12, way))
    result: Floats = np.minimum(np.minimum(shares[0], shares[1]), shares[2])
    return np.maximum(result, 0.0)


def one_way_db(seen: Sight, radio: Radio) -> Floats:
    """Return the mean gain to a tag that lies across the line, with nothing in the way."""
    result: Floats = fixed_db(radio) + beam_db(seen.cos_off, radio) - far_db(seen.distance_m**2, radio)
    return result
