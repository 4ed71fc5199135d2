"""Impinj's readers.

Seen for the Speedway R420: every capability but the band, in the bytes of a real one (firmware 5.14.0.240, powered over
Ethernet, so up to 30 dBm) that EdgeX's `device-rfid-llrp-go` keeps; an R220 under ETSI rules (firmware 6.2.1.240)
declared the same limits. It speaks LLRP 1.0.1 only: firmware 6.4.1.240 answers GET_SUPPORTED_VERSION with
M_UnsupportedVersion (newton5555/LLRPCSharp on GitHub, docs/acceptance).
Assumed: that the R420 declares the same modulations under ETSI rules, and that it accumulates only where reports wait.

Seen for the R700: its model number (EdgeX), two inputs and three outputs ("Connecting GPIO devices to Impinj R700"),
that its LLRP modes carry the Speedway's numbers, 0 to 5 and 1002 to 1004 ("Impinj R700 reader modes").
Assumed: 10 to 33 dBm in steps of 0.25 dB, the firmware's number, and everything else as the Speedway has it.
"""

from dataclasses import replace

from tagdock_simulators.llrp.capabilities import UHFC1G2RFModeTableEntry
from tagdock_simulators.llrp.impinj import VENDOR
from tagdock_simulators.llrp.profile import Profile
from tagdock_simulators.llrp.profiles.modes import Forward, Mask, Modulation, mode
from tagdock_simulators.llrp.reporting import Reporting

_FAST_NS, _DENSE_NS, _HYBRID_NS = (6250, 6250, 0), (20_000, 20_000, 0), (7140, 7140, 0)
_AUTO_MODES = (1000, 1002, 1003, 1004, 1005)
_FIXED_MODES = (
    mode(0, Modulation.FM0, 640_000, 1500, _FAST_NS, mask=Mask.MULTIPLE, forward=Forward.DSB_ASK),
    mode(1, Modulation.M2, 640_000, 1500, _FAST_NS, mask=Mask.MULTIPLE, forward=Forward.DSB_ASK),
    mode(2, Modulation.M4, 274_000, 2000, _DENSE_NS, mask=Mask.DENSE),
    mode(3, Modulation.M8, 170_600, 2000, _DENSE_NS, mask=Mask.DENSE),
    mode(4, Modulation.M4, 640_000, 1500, _HYBRID_NS, mask=Mask.MULTIPLE),
)
_SECOND_DENSE_MODE = mode(5, Modulation.M4, 320_000, 2000, (14_290, 14_290, 0), mask=Mask.MULTIPLE)


def _auto(identifier: int) -> UHFC1G2RFModeTableEntry:
    """The reader looks for the best mode by itself; what it declares of such a mode means nothing."""
    return mode(identifier, Modulation.FM0, 40_000, 1500, _FAST_NS, mask=Mask.UNKNOWN, dr_64_3=False)


SPEEDWAY = Profile(
    name="impinj-speedway",
    summary="Impinj Speedway R420: 4 antennas, LLRP 1.0.1, Impinj's phase, Doppler and fine RSSI",
    manufacturer=VENDOR,
    model=2_001_002,
    firmware="5.14.0.240",
    antennas=4,
    inputs=4,
    outputs=4,
    powers_cdbm=range(1000, 3001, 25),
    sensitivities_db=(0, *range(10, 51)),
    rf_modes=(*_FIXED_MODES, *map(_auto, _AUTO_MODES)),
    max_rospecs=1,
    max_priority=1,
    max_accessspecs=1508,
    max_opspecs_per_accessspec=8,
    max_select_filters=2,
    impinj_extensions=True,
    reporting=Reporting(accumulates=True),
)
R700 = replace(
    SPEEDWAY,
    name="impinj-r700",
    summary="Impinj R700: as the Speedway with 2 inputs, 3 outputs, up to 33 dBm",
    model=2_001_052,
    firmware="7.6.0.240",
    inputs=2,
    outputs=3,
    powers_cdbm=range(1000, 3301, 25),
    rf_modes=(*_FIXED_MODES, _SECOND_DENSE_MODE, *map(_auto, _AUTO_MODES[1:4])),
)
