"""Fading and shadowing as fields in space: sums of a few waves, so that what is near in space is alike.

    h(r)       = direct + sqrt(around / N) * sum_n exp(2 pi i (k_n r + phase_n))
    direct     = 10^((beam + dipole - goods + shadow) / 20)              (amplitude of the direct wave)
    around     = 10^((-K - goods / 2) / 10)                              (power of all echoes)
    gain       = base + 20 log10 |h|             (Rice; two places half a wavelength apart fade differently)
    shadowing  = sigma sqrt(2 / M) * sum_m cos(2 pi (q_m r + phase_m))        (bounded by sigma sqrt(2 M))

Echoes come from all over the hall: they do not care where antenna and tag look, so they fill the gaps between beams and
a tag's nulls, where fading is Rayleigh's. A tag that stands keeps its fade, a tag that moves runs through the pattern,
another channel or antenna has another one. One antenna sends and receives, so the echo fades twice: |h|^4 in power.
Sources: Clarke 1968, doi:10.1002/j.1538-7305.1968.tb00069.x (sum of waves); Griffin and Durgin 2009,
doi:10.1109/MAP.2009.5162013 (both ways).
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from tagdock_simulators.chance import Chance, Floats

ECHOES = 5
"""Waves that make up the fading: few enough to be quick, enough for Rice's distribution (K of 10 dB) to within 1 dB."""
SHADOWS = 4
"""Waves that make up the shadowing."""
_STEPS = 4096
_SCALE = 2.0**30
_COS: Floats = np.rint(np.cos(2.0 * np.pi * np.arange(_STEPS) / _STEPS) * _SCALE) / _SCALE
_SIN: Floats = np.rint(np.sin(2.0 * np.pi * np.arange(_STEPS) / _STEPS) * _SCALE) / _SCALE
"""Tables, rounded far below what matters: the same numbers on every machine, and quicker than the functions."""


def directions(chance: Chance, count: int) -> Floats:
    """Draw unit vectors (count, 3), evenly over the sphere."""
    z = 2.0 * chance.uniform(count) - 1.0
    turn = (chance.uniform(count) * _STEPS).astype(np.int64)
    across = np.sqrt(1.0 - z * z)
    return np.stack([across * _COS[turn], across * _SIN[turn], z], axis=1)


def steady(value: Floats) -> Floats:
    """Round decibels to 1/4096, so that the last bits of a machine's logarithms do not reach any comparison."""
    result: Floats = np.rint(value * 4096.0) / 4096.0
    return result


def luckiest(k_db: float) -> float:
    """Return the most that all echoes together add to the direct wave's amplitude."""
    return float(sqrt(ECHOES) * 10.0 ** (-k_db / 20.0))


def rician(direct: Floats, around: Floats, turns: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Add echoes, whose phases are given in turns, to a direct wave: the sum's real and imaginary part.

    `direct` is the direct wave's amplitude, `around` that of all echoes together (both positive, of one shape).
    """
    real, imaginary = np.zeros_like(turns[0]), np.zeros_like(turns[0])
    for turn in turns:
        step = (turn * _STEPS).astype(np.int64) & (_STEPS - 1)
        real += _COS[step]
        imaginary += _SIN[step]
    each = around * (1.0 / sqrt(len(turns)))
    return direct + each * real, each * imaginary


def power_db(real: Floats, imaginary: Floats) -> Floats:
    """Return 20 log10 |h|, rounded (see `steady`)."""
    return steady(10.0 * np.log10(np.maximum(real * real + imaginary * imaginary, 1e-6)))


def shadow_db(sigma_db: float, turns: Sequence[Floats]) -> Floats:
    """Add the waves of a shadow field, whose phases are given in turns."""
    total = np.zeros_like(turns[0])
    for turn in turns:
        total += _COS[(turn * _STEPS).astype(np.int64) & (_STEPS - 1)]
    result: Floats = sigma_db * sqrt(2.0 / len(turns)) * total
    return result
