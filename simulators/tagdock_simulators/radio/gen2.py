"""How long a Gen2 inventory takes: the air time of commands and replies, and what slotted ALOHA adds.

With BLF the backscatter link frequency, M the cycles a bit, Tari the length of a data-0, RTcal = 2.75 Tari:

    command(n)  = 12.5 us + Tari + RTcal + n RTcal / 2          (delimiter, calibration, n bits of mean length)
    reply(n)    = (preamble + n + 1) M / BLF                    (preamble 6 bits with FM0, 10 with Miller)
    T1          = max(RTcal, 10 / BLF),  T2 = 10 / BLF
    success     = command(4) + T1 + reply(16) + T2 + command(18) + T1 + reply(128) + T2
    collision   = command(4) + T1 + reply(16) + T2
    empty       = command(4) + T1
    a tag       = success + empty + (e - 2) collision           (frames as long as there are tags)

Source: EPC Gen2 V1.2, sections 6.3.1.2.8 (preambles of commands), 6.3.1.3 (replies), 6.3.1.6 (T1 to T4), 6.3.2.11
(QueryRep 4 bits, ACK 18 bits; Miller's preamble and the two commands' lengths from memory); the best frame: Schoute
1983, doi:10.1109/TCOM.1983.1095854 (one empty slot and e - 2 collisions for each success).
"""

from dataclasses import dataclass
from math import e, log10

_DELIMITER_S = 12.5e-6
_QUERY_REP_BITS, _ACK_BITS, _RN16_BITS, _EPC_BITS = 4, 18, 16, 16 + 96 + 16
_RTCAL_TARI = 2.75
"""Between the 2.5 and 3 that section 6.3.1.2.8 allows."""


@dataclass(frozen=True, slots=True)
class Gen2Mode:
    """How a reader and its tags talk. `miller` is the cycles a bit takes: 1 (FM0), 2, 4 or 8."""

    name: str
    tari_s: float
    blf_hz: float
    miller: int

    @property
    def bit_s(self) -> float:
        """Return how long a tag's bit takes."""
        return self.miller / self.blf_hz

    @property
    def epc_s(self) -> float:
        """Return how long a tag's EPC is on the air."""
        return self._reply_s(_EPC_BITS)

    @property
    def tag_s(self) -> float:
        """Return what one tag adds to a round whose frame fits it."""
        turn_s = max(_RTCAL_TARI * self.tari_s, 10.0 / self.blf_hz)
        gap_s = 10.0 / self.blf_hz
        empty_s = self._command_s(_QUERY_REP_BITS) + turn_s
        collision_s = empty_s + self._reply_s(_RN16_BITS) + gap_s
        success_s = collision_s + self._command_s(_ACK_BITS) + turn_s + self.epc_s + gap_s
        return success_s + empty_s + (e - 2.0) * collision_s

    @property
    def gain_db(self) -> float:
        """Return how much weaker a reply may be than at 640 kbit/s: noise grows with the bandwidth that bits need."""
        return round(10.0 * log10(self.bit_s * 640e3), 6)

    def _command_s(self, bits: int) -> float:
        rtcal_s = _RTCAL_TARI * self.tari_s
        return _DELIMITER_S + self.tari_s + rtcal_s + bits * rtcal_s / 2

    def _reply_s(self, bits: int) -> float:
        preamble = 6 if self.miller == 1 else 10
        return (preamble + bits + 1) * self.bit_s


FAST = Gen2Mode("fast", 6.25e-6, 640e3, 1)
HYBRID = Gen2Mode("hybrid", 6.25e-6, 640e3, 2)
DENSE = Gen2Mode("dense", 25e-6, 274e3, 4)
THOROUGH = Gen2Mode("thorough", 25e-6, 171e3, 8)
MODES = {mode.name: mode for mode in (FAST, HYBRID, DENSE, THOROUGH)}
"""As readers offer them: Impinj's modes 0 (FM0), 1 (Miller 2), 2 (Miller 4) and 3 (Miller 8). Source of the encodings:
Impinj, Reader Modes Made Easy; their Tari and link frequencies are assumed."""


@dataclass(frozen=True, slots=True)
class Persistence:
    """How long a tag stays quiet after it was inventoried, least and most, and whether power keeps it so."""

    least_s: float
    most_s: float
    held_by_power: bool


SESSIONS = (
    Persistence(0.0, 0.0, True),
    Persistence(0.5, 5.0, False),
    Persistence(2.0, 20.0, True),
    Persistence(2.0, 20.0, True),
)
"""S0 to S3: S0 none without power; S1 0.5 to 5 s with or without it; S2 and S3 indefinite with power, more than 2 s
without (20 s as the most is assumed). Source: EPC Gen2 V1.2, table 6.14."""
