"""The physics between a reader's antenna and a tag: equations on arrays, each with its source; no clock, no chance."""

from tagdock_simulators.radio.gen2 import DENSE, FAST, HYBRID, MODES, THOROUGH, Gen2Mode
from tagdock_simulators.radio.link import Sight, one_way_db
from tagdock_simulators.radio.regions import CHANNELS_MHZ, ETSI, FCC, Region
from tagdock_simulators.radio.settings import Radio

__all__ = [
    "CHANNELS_MHZ",
    "DENSE",
    "ETSI",
    "FAST",
    "FCC",
    "HYBRID",
    "MODES",
    "THOROUGH",
    "Gen2Mode",
    "Radio",
    "Region",
    "Sight",
    "one_way_db",
]
