"""What a reader makes of an echo: power, phase and Doppler shift, with its noise and in its steps.

    RSSI     = P_echo + noise                                   in steps of 0.5 dB
    phase    = 2 d / wavelength + tag - 2 arg h + noise (+ 1/2) in turns of 1/4096, backwards as the way grows
    noise    = sqrt(floor^2 + 1 / (2 SNR))                      of the phase, in radians
    Doppler  = 2 v / wavelength + sqrt(2) noise / (4 pi T)      T: how long the EPC is on the air; in steps of 1/16 Hz

Doppler comes from the turn of the phase within one short reply, so fast modes hardly see a forklift in it. Sources:
Nikitin et al. 2010, Phase based spatial identification of UHF RFID tags, IEEE RFID; Impinj, Low Level User Data
Support, 2013, section 3 (steps, half-turn ambiguity, Doppler from the phase within a packet; from memory).
"""

from math import pi, sqrt

import numpy as np

from tagdock_simulators.chance import Floats
from tagdock_simulators.radio.settings import Radio

RSSI_STEP_DB, PHASE_STEPS, DOPPLER_STEP_HZ = 0.5, 4096, 1.0 / 16
PHASE_STEP_DEG = 360.0 / PHASE_STEPS
SATURATED_DBM = 30.0
"""More than a reader sends never comes back, whatever a scenario's constants say; it shows no more than that."""
DETECTION_SNR_DB = 10.0
"""How far the weakest echo that is heard stands above the noise (assumed)."""


def rssi_dbm(echo_dbm: Floats, bell: Floats, radio: Radio) -> Floats:
    """Return powers as the reader reports them; `bell` are normal numbers."""
    result: Floats = np.rint((echo_dbm + radio.rssi_noise_db * bell) / RSSI_STEP_DB) * RSSI_STEP_DB + 0.0
    return np.minimum(result, SATURATED_DBM)


def phase_noise_rad(echo_dbm: Floats, weakest_dbm: Floats, radio: Radio) -> Floats:
    """Return the standard deviation of each phase reading; `weakest_dbm` is what the reader just hears."""
    snr_db = np.maximum(echo_dbm - weakest_dbm + DETECTION_SNR_DB, 0.0)
    floor_rad = radio.phase_noise_deg * pi / 180.0
    result: Floats = np.sqrt(floor_rad * floor_rad + 0.5 * 10.0 ** (-snr_db / 10.0))
    return result


def phase_deg(turns: Floats) -> Floats:
    """Return phases, given in turns, as the reader reports them: 0 to 360 degrees."""
    result: Floats = np.rint(turns * PHASE_STEPS) % PHASE_STEPS * PHASE_STEP_DEG
    return result


def doppler_hz(towards_m_per_s: Floats, wavelength_m: Floats, noise_rad: Floats, epc_s: Floats) -> Floats:
    """Return the echo's shift as the reader reports it, for tags that come nearer at a speed.

    `noise_rad` is what the phase is wrong by over the EPC, which is on the air for `epc_s`.
    """
    wrong_hz = sqrt(2.0) / (4.0 * pi) * noise_rad / epc_s
    result: Floats = (
        np.rint((2.0 * towards_m_per_s / wavelength_m + wrong_hz) / DOPPLER_STEP_HZ) * DOPPLER_STEP_HZ + 0.0
    )
    return result
