"""A reader's radio and its surroundings: every constant of the model that a scenario may want to change."""

from dataclasses import dataclass
from typing import Literal

from tagdock_simulators.radio.gen2 import FAST, Gen2Mode
from tagdock_simulators.radio.regions import ETSI, Region


@dataclass(frozen=True, slots=True)
class Radio:
    """The constants of readers, tags and hall. Powers in dBm, gains and losses in dB; the defaults are a portal's."""

    transmit_dbm: float = 30.0
    """1 W into the antenna: with 8.5 dBic about the 33 dBm e.r.p. that ETSI EN 302 208 allows."""
    reader_gain_dbi: float = 8.5
    polarisation_loss_db: float = 3.0
    """A circular antenna and a linear tag, whichever way the tag is turned round the line between them. Source: Griffin
    and Durgin 2009, doi:10.1109/MAP.2009.5162013."""
    beam_exponent: float = 4.0
    """Pattern cos^n of the angle off boresight; 4 makes a half-power beam of 65 degrees, as patch antennas have."""
    back_lobe_db: float = -20.0
    tag_gain_dbi: float = 2.15
    """A half-wave dipole across its axis (Balanis, Antenna Theory)."""
    path_exponent: float = 2.0
    """Log-distance exponent (Rappaport, Wireless Communications); 2 is free space."""
    modulation_loss_db: float = 6.0
    """What backscatter loses to carry data (method: Nikitin and Rao 2006, doi:10.1109/MAP.2006.323323; assumed)."""
    tag_sensitivity_dbm: float = -18.0
    """Chips are better (Impinj Monza 4: -19.5, R6: -22.1 dBm with a dipole, data sheets); labels lose some of it."""
    tag_spread_db: float = 1.0
    """Standard deviation between labels of one kind (assumed)."""
    reader_sensitivity_dbm: float = -75.0
    """At 640 kbit/s; slower modes hear weaker tags (assumed; readers state -80 to -92 dBm for their best mode)."""
    shadowing_db: float = 1.2
    """Standard deviation of what stands in a link's way by chance, besides its own goods (log-normal:
    Rappaport). The figure is assumed: a tidy portal's; scenarios that are hard have more."""
    shadow_m: float = 0.5
    """How far apart links have to be, on a load or along its way, to be shadowed differently (after Gudmundson 1991,
    Electron. Lett. 27, 2145, whose distances are a street's; ours is a load's and assumed)."""
    shield_db: float = 3.0
    """What stands between neighbouring doors takes, each way (assumed: strip curtains, bumpers, other goods)."""
    wall_db: float = 10.0
    """What the wall takes from links that miss every doorway, each way (assumed: insulated sheet-metal panels)."""
    rician_k_db: float = 15.0
    """The direct wave over all echoes, for a tag in the middle of the beam; outside it is less. Source: Rice 1945,
    Bell Syst. Tech. J. 24, 46; for passive tags Dimitriou et al. 2014, doi:10.1109/LAWP.2014.2313350. The
    figure is assumed: short links and antennas that look at them."""
    region: Region = ETSI
    mode: Gen2Mode = FAST
    session: Literal[0, 1, 2, 3] = 0
    target: Literal["dual", "single"] = "dual"
    """`dual` counts tags back and forth for ever; `single` counts each once until it forgets that it was."""
    turn_s: float = 0.04
    """How long the reader stays on one antenna before it switches to the next (assumed)."""
    round_s: float = 0.004
    """What an inventory round costs before its first tag: switching, power-up, Query, frames too long (assumed)."""
    rssi_noise_db: float = 0.5
    """Standard deviation of a power reading (assumed)."""
    phase_noise_deg: float = 3.0
    """Standard deviation of a strong tag's phase reading; weak ones are worse (assumed)."""
    phase_flips: bool = True
    """Whether a phase may be half a turn off: the receiver cannot tell. Source: Impinj, Low Level User Data Support,
    2013, section 3.2."""

    def weakest_dbm(self, mode: Gen2Mode) -> float:
        """Return the weakest echo that the reader hears in a mode."""
        return self.reader_sensitivity_dbm - mode.gain_db
