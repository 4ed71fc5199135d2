"""What of a link changes within an antenna's turn: fading, the way, how fast it shrinks."""

from dataclasses import dataclass

import numpy as np

from tagdock_simulators.chance import Floats, Ints
from tagdock_simulators.radio.regions import SPEED_OF_LIGHT_M_PER_S
from tagdock_simulators.radio.waves import ECHOES, power_db, rician
from tagdock_simulators.reading.links import Links, Stretch

_WHOLE_TURNS = 64.0
"""Added to phases so that they are positive; whole turns change nothing."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Links at moments: |h|^2 in dB, h itself, the way and how fast it shrinks. Columns of one length."""

    fade_db: Floats
    real: Floats
    imaginary: Floats
    distance_m: Floats
    towards_m_per_s: Floats
    wavelength_m: Floats


def moments(stretch: Stretch, found: Links, link: Ints, seconds: Floats) -> Moments:
    """Work out fading and way of links (places in `found`) at times."""
    hall, seen, tags = stretch.hall, stretch.sights, stretch.tags
    sight, tag = found.sight[link], found.tag[link]
    after_s = seconds - seen.middle_s[sight]
    vx, vy = seen.vx[sight], seen.vy[sight]
    x = seen.x_m[sight] + vx * after_s + tags.place_m[0][tag]
    y = seen.y_m[sight] + vy * after_s + tags.place_m[1][tag]
    z = seen.z_m[sight] + tags.place_m[2][tag]
    distance_m = np.sqrt(x * x + y * y + z * z)
    mhz = np.array(hall.radio.region.channels_mhz)[stretch.turns.channel[seen.turn] - 1]
    waves_per_m = (mhz * (1e6 / SPEED_OF_LIGHT_M_PER_S))[sight]
    own = hall.echo_turns[seen.antenna] + mhz[:, None] * hall.echo_us[seen.antenna] + _WHOLE_TURNS
    turns = [
        (x * hall.echoes[n, 0] + y * hall.echoes[n, 1] + z * hall.echoes[n, 2] - distance_m) * waves_per_m
        + own[:, n][sight]
        + tags.echo_turns[n][tag]
        + hall.drift_turns_per_s[n] * seconds
        for n in range(ECHOES)
    ]
    real, imaginary = rician(found.direct[link], found.around[link], turns)
    towards = -(x * vx + y * vy) / distance_m
    return Moments(power_db(real, imaginary), real, imaginary, distance_m, towards, 1.0 / waves_per_m)
