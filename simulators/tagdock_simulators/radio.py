"""The link between a portal's antenna and a tag: what power arrives at each end, and the echo's phase and Doppler.

A tag answers when enough power reaches it, and is heard when its echo is strong enough.
"""

from dataclasses import dataclass

import numpy as np

from tagdock_simulators.chance import Floats, Ints

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0
CHANNELS_MHZ = (865.7, 866.3, 866.9, 867.5)
"""The four high-power channels of ETSI EN 302 208 V3.1.1, lower band; LLRP numbers them from 1."""


@dataclass(frozen=True, slots=True)
class Radio:
    """The constants of a reader and its tags. Powers in dBm, gains and losses in dB; the defaults are a portal's."""

    transmit_dbm: float = 30.0
    reader_gain_dbi: float = 8.5
    polarisation_loss_db: float = 3.0
    """A circular antenna and a linear tag (Dobkin, The RF in RFID, 2nd ed. 2012, section 3)."""
    beam_exponent: float = 4.0
    """Pattern cos^n of the angle off boresight; 4 makes a half-power beam of 65 degrees, as patch antennas have."""
    back_lobe_db: float = -20.0
    tag_gain_dbi: float = 2.0
    material_loss_db: float = 5.0
    """What the goods under the tag take, each way (Dobkin, section 7)."""
    path_exponent: float = 2.0
    """Log-distance exponent (Rappaport, Wireless Communications, 2nd ed. 2002, section 4.9); 2 is free space."""
    modulation_loss_db: float = 6.0
    """What backscatter loses to carry data (Nikitin and Rao 2006, doi:10.1109/MAP.2006.323323)."""
    tag_sensitivity_dbm: float = -18.0
    reader_sensitivity_dbm: float = -80.0
    shadowing_db: float = 2.0
    """Standard deviation per tag and antenna: the load stands in the way (log-normal; Rappaport, section 4.9)."""
    shield_db: float = 3.0
    """What stands between neighbouring doors takes, each way."""
    rician_k_db: float = 10.0
    """The direct path over all echoes, drawn anew for each read (Rice 1944, doi:10.1002/j.1538-7305.1944.tb00874.x)."""
    turn_s: float = 0.04
    """How long the reader stays on one antenna before it switches to the next."""
    round_s: float = 0.004
    """What an inventory round costs before its first tag."""
    read_s: float = 0.0009
    """What each tag adds to a round: 0.65 ms for its answer (FM0, 640 kHz) and, at the best frame size, one empty slot
    (0.1 ms) and 0.72 collisions (0.2 ms) with it (Schoute 1983, doi:10.1109/TCOM.1983.1095854)."""


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


def one_way_db(seen: Sight, radio: Radio) -> Floats:
    """Return what a signal gains on its way from the reader's port to the tag's chip, or back (Friis 1946)."""
    pattern_db = 10.0 * radio.beam_exponent * np.log10(np.maximum(seen.cos_off, 1e-3))
    gain_db = radio.reader_gain_dbi + np.maximum(pattern_db, radio.back_lobe_db)
    wavelength_m = SPEED_OF_LIGHT_M_PER_S / (CHANNELS_MHZ[0] * 1e6)
    first_metre_db = 20.0 * np.log10(4.0 * np.pi / wavelength_m)
    path_db = first_metre_db + 10.0 * radio.path_exponent * np.log10(np.maximum(seen.distance_m, 0.1))
    result: Floats = gain_db - radio.polarisation_loss_db + radio.tag_gain_dbi - radio.material_loss_db - path_db
    return result


def rician_db(k_db: float, normal_pair: Floats) -> Floats:
    """Turn pairs of standard normal numbers (shape 2, n) into the fading of one way in dB, with a mean power of one."""
    k = 10.0 ** (k_db / 10.0)
    scatter = np.sqrt(0.5 / (k + 1.0))
    real = np.sqrt(k / (k + 1.0)) + scatter * normal_pair[0]
    result: Floats = 10.0 * np.log10(real * real + (scatter * normal_pair[1]) ** 2)
    return result


def phase_deg(distance_m: Floats, channel: Ints, tag_phase: Floats) -> Floats:
    """Return the echo's phase in degrees 0..360; `tag_phase` (0..1) is what tag and cable add.

    Source: Nikitin et al. 2010, doi:10.1109/RFID.2010.5467253.
    """
    result: Floats = (2.0 * distance_m / _wavelength_m(channel) + tag_phase) % 1.0 * 360.0
    return result


def doppler_hz(towards_m_per_s: Floats, channel: Ints) -> Floats:
    """Return the echo's shift in Hz for a tag that comes nearer at a speed (same source as `phase_deg`)."""
    result: Floats = 2.0 * towards_m_per_s / _wavelength_m(channel)
    return result


def _wavelength_m(channel: Ints) -> Floats:
    result: Floats = SPEED_OF_LIGHT_M_PER_S / (np.array(CHANNELS_MHZ)[channel - 1] * 1e6)
    return result
