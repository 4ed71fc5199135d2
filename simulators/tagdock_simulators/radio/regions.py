"""The channels that readers may use, and how long they stay on one."""

from dataclasses import dataclass

SPEED_OF_LIGHT_M_PER_S = 299_792_458.0


@dataclass(frozen=True, slots=True)
class Region:
    """A regulation: channel centres in MHz, numbered from 1 as LLRP does, and the longest stay on one of them."""

    name: str
    channels_mhz: tuple[float, ...]
    stay_s: float


ETSI = Region("ETSI", (865.7, 866.3, 866.9, 867.5), 4.0)
"""The four high-power channels of the lower band (ETSI EN 302 208 V3.1.1; Switzerland's RIR1003-10 has the same four).
That a reader stays 4 s on one at most is assumed: we have not read the standard's own text."""
FCC = Region("FCC", tuple(902.75 + 0.5 * n for n in range(50)), 0.4)
"""Fifty hopping channels, 0.4 s on each. Source: 47 CFR 15.247 (a)(1)(i)."""
CHANNELS_MHZ = ETSI.channels_mhz
