"""Rows of a reader's table of modulations, in the standard's codes."""

from enum import IntEnum

from tagdock_simulators.llrp.capabilities import UHFC1G2RFModeTableEntry


class Modulation(IntEnum):
    """How a tag answers."""

    FM0 = 0
    M2 = 1
    M4 = 2
    M8 = 3


class Forward(IntEnum):
    """How the reader modulates its carrier."""

    PR_ASK = 0
    SSB_ASK = 1
    DSB_ASK = 2


class Mask(IntEnum):
    """For how many readers near each other the spectrum is meant."""

    UNKNOWN = 0
    SINGLE = 1
    MULTIPLE = 2
    DENSE = 3


def mode(
    identifier: int,
    modulation: Modulation,
    bit_per_s: int,
    pie_x1000: int,
    tari_ns: tuple[int, int, int],
    *,
    mask: Mask,
    forward: Forward = Forward.PR_ASK,
    dr_64_3: bool = True,
    conforms: bool = False,
) -> UHFC1G2RFModeTableEntry:
    """Return a row; `tari_ns` is least, greatest and step."""
    return UHFC1G2RFModeTableEntry(
        identifier, dr_64_3, conforms, int(modulation), int(forward), int(mask), bit_per_s, pie_x1000, *tari_ns
    )
