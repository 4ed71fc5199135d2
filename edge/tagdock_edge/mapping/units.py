"""Units that messages use, each as what turns it into ours: ours = raw * factor + constant. Pure.

Source: BIPM, The International System of Units, 9th edition, tables 4 and 7; pound, ounce and inch by the
International Yard and Pound agreement (NIST Special Publication 811, appendix B.8).
"""

import math
from collections.abc import Mapping

Linear = tuple[float, float]
Units = Mapping[str, Linear]
"""The first one is ours, and what is meant where a mapping names none."""

RSSI_DBM: Units = {"dBm": (1.0, 0.0), "ddBm": (0.1, 0.0), "cdBm": (0.01, 0.0), "-dBm": (-1.0, 0.0)}
PHASE_DEG: Units = {"deg": (1.0, 0.0), "rad": (180.0 / math.pi, 0.0), "cdeg": (0.01, 0.0)}
DISTANCE_MM: Units = {"mm": (1.0, 0.0), "cm": (10.0, 0.0), "m": (1000.0, 0.0), "in": (25.4, 0.0)}
MASS_KG: Units = {
    "kg": (1.0, 0.0),
    "g": (0.001, 0.0),
    "t": (1000.0, 0.0),
    "lb": (0.45359237, 0.0),
    "oz": (0.028349523125, 0.0),
}
TEMPERATURE_C: Units = {"C": (1.0, 0.0), "F": (5.0 / 9.0, -160.0 / 9.0), "K": (1.0, -273.15)}
SHARE_PCT: Units = {"%": (1.0, 0.0), "1": (100.0, 0.0)}


def chain(first: Linear, then: Linear) -> Linear:
    """Return what does both, one after the other."""
    return first[0] * then[0], first[1] * then[0] + then[1]
