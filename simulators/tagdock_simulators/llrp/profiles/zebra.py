"""Zebra's FX9600.

Seen: manufacturer, model and firmware, eight antennas, LLRP 1.0.1 only (GET_SUPPORTED_VERSION is refused) and the
bytes of Zebra's own capabilities, in a capture of firmware 3.32.37.0 (newton5555/LLRPCSharp on GitHub, docs); powers of
10 to 29.2 dBm in steps of 0.1 dB, and hopping in a table even where the band has few channels (same source); the
modulations and their numbers, 1 to 31 (the driver `zebra-llrp` on PyPI, after Zebra's 123RFID); four inputs
(icmgate.com, GPI_CONFIG); that it takes state-aware singulation (sllurp, pull request 132); stop triggers for N tags
and for N attempts, with a timeout (RFID3 API, STOP_TRIGGER_TYPE).
Assumed: that an AISpec cannot wait for no new tags, because the API has no such trigger; how many ROSpecs, AccessSpecs
and filters there are; four outputs; that it does not accumulate.
"""

from tagdock_simulators.llrp.custom import Custom
from tagdock_simulators.llrp.profile import GERMANY, Band, Profile, Triggers
from tagdock_simulators.llrp.profiles.modes import Mask, Modulation, mode
from tagdock_simulators.llrp.rospec import TagObservation

VENDOR = 161
"""Motorola's IANA enterprise number, which the product line kept."""

_SLOW_NS, _MIDDLE_NS, _FAST_NS = (25_000, 25_000, 0), (12_500, 23_000, 2100), (12_500, 18_800, 2100)
_RATES = ((240, (_SLOW_NS, _MIDDLE_NS)), (256, (_SLOW_NS, _MIDDLE_NS)), (320, (_FAST_NS,)))
"""Link frequencies in kHz, and the Taris that each goes with."""
_PIES_X1000 = (1500, 2000)
_AUTOMATIC = (Modulation.M4, 0, 0, (0, 0, 0))


def _rows() -> list[tuple[Modulation, int, int, tuple[int, int, int]]]:
    rows = []
    for modulation, symbols in ((Modulation.M2, 2), (Modulation.M4, 4), (Modulation.M8, 8)):
        if modulation is Modulation.M8:
            rows.append(_AUTOMATIC)
        for link_khz, taris in _RATES:
            bit_per_s = link_khz * 1000 // symbols
            rows += [(modulation, bit_per_s, pie, tari) for pie in _PIES_X1000 for tari in taris]
    return rows


def _capability(subtype: int, flags: int) -> Custom:
    """One of Zebra's own capabilities: a version, and a byte of flags."""
    return Custom(VENDOR, subtype, (1).to_bytes(4, "big") + bytes((flags,)))


FX9600 = Profile(
    name="zebra-fx9600",
    summary="Zebra FX9600: 8 antennas, hop table, waits for N tags or N attempts but not for no new tags",
    manufacturer=VENDOR,
    model=96_008,
    firmware="3.32.37.0",
    antennas=8,
    inputs=4,
    outputs=4,
    powers_cdbm=range(1000, 2921, 10),
    sensitivities_db=(0,),
    rf_modes=tuple(mode(number, *row, mask=Mask.DENSE, conforms=True) for number, row in enumerate(_rows(), start=1)),
    max_rospecs=4,
    max_priority=7,
    max_accessspecs=32,
    max_opspecs_per_accessspec=8,
    max_select_filters=4,
    band=Band(GERMANY.country, GERMANY.standard, GERMANY.channels_khz, hops=True),
    triggers=Triggers(observations=frozenset((TagObservation.N_TAGS, TagObservation.N_ATTEMPTS))),
    singulates_by_state=True,
    vendor_capabilities=(
        _capability(1, 0x9C),
        _capability(100, 0x80),
        _capability(120, 0xE0),
        _capability(200, 0xF0),
        _capability(300, 0xE0),
        _capability(110, 0xB2),
        _capability(400, 0x96),
    ),
)
