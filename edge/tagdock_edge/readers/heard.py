"""What a message of a reader said, and what the runner needs of a format. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tagdock_contract import InputChange, Record, TagRead

from tagdock_edge.clock import from_us
from tagdock_edge.inbox import ReaderNews
from tagdock_edge.mapping import MisfitError
from tagdock_edge.mapping.misfits import shown
from tagdock_edge.readers.stamp_clock import StampClock

NO_RSSI_DBM = -60.0
"""Stands for a strength that the reader does not tell: all reads weigh the same, their number and order still count."""
_STATUS_CHARS = 200
LOWEST_DBM, HIGHEST_DBM = -128.0, 50.0
"""LLRP's PeakRSSI is a signed byte (LLRP 1.0.1, 16.2.7.3.6); no tag answers with more than 100 W."""
KHZ_A_CHANNEL = 25
"""A frequency becomes a channel number in steps of 25 kHz: every region's channels (ETSI EN 302 208, FCC 15.247,
GB/T 28925) lie on that raster, and 960 MHz is below 65,536. It tells channels apart, no more."""


@dataclass(slots=True)
class Heard:
    """What one message said: records in order, news, whether the reader is there, and what did not fit."""

    records: list[Record] = field(default_factory=list)
    news: list[ReaderNews] = field(default_factory=list)
    present: bool | None = True
    """True: the reader is there. False: it is gone, as it or its will says. None: the message does not tell."""
    detail: str = ""
    """Why it is gone."""
    misfits: int = 0
    first_misfit: MisfitError | None = None

    def refuse(self, misfit: MisfitError, count: int = 1) -> None:
        """Count what does not fit, and keep the first of it to be told."""
        self.misfits += count
        self.first_misfit = self.first_misfit or misfit


class Format(Protocol):
    """How one reader's messages are understood. It may remember what earlier messages said."""

    @property
    def state_topics(self) -> Sequence[str]:
        """Topics whose retained message tells how the reader stands now; elsewhere retained messages are old."""

    def hear(self, topic: str, payload: bytes, now_us: int) -> Heard:
        """Understand one message that came at `now_us`. Never raises; what makes no sense is counted in the answer."""

    def notes(self) -> Sequence[str]:
        """Say what a person should know of the reader at the moment, for its status."""

    @property
    def clock(self) -> StampClock:
        """How the reader's clock stands against ours."""


def hear_status(payload: bytes, connect_message: str) -> Heard:
    """Understand a status or will message: texts chosen by whoever set up the reader; an empty one tells nothing."""
    text = payload[:_STATUS_CHARS].decode(errors="replace").strip()
    if not text:
        return Heard(present=None)
    if text == connect_message:
        return Heard()
    return Heard(present=False, detail=f"the reader, or its will, says {shown(text)}")


def tag_read(
    at_us: int,
    reader: str,
    epc: str,
    *,
    antenna: int | None,
    rssi_dbm: float | None,
    phase_deg: float | None = None,
    doppler_hz: float | None = None,
    channel: int | None = None,
    count: int = 1,
) -> TagRead:
    """Make a read, checked as the contract has it. Raises MisfitError naming the field."""
    if antenna is None or not 0 <= antenna <= 65_535:
        raise MisfitError("antenna", "is missing" if antenna is None else f"{antenna} is none: 0 to 65535")
    if rssi_dbm is None:
        rssi_dbm = NO_RSSI_DBM
    elif not LOWEST_DBM <= rssi_dbm <= HIGHEST_DBM:
        raise MisfitError("rssi", f"{rssi_dbm:g} dBm is no strength of a tag: {LOWEST_DBM:g} to {HIGHEST_DBM:g}")
    if phase_deg is not None and not -360.0 <= phase_deg <= 360.0:
        raise MisfitError("phase", f"{phase_deg:g} is none: -360 to 360 degrees")
    return TagRead(
        from_us(at_us), reader, antenna, epc, rssi_dbm, phase_deg, doppler_hz, channel, min(max(count, 1), 1 << 32)
    )


def input_change(at_us: int, reader: str, gpi: int, state: bool) -> InputChange:
    """Make an input change. Raises MisfitError naming the field."""
    if not 0 <= gpi <= 65_535:
        raise MisfitError("gpi", f"{gpi} is none: 0 to 65535")
    return InputChange(from_us(at_us), reader, gpi, state)


def channel_of(khz: float | None) -> int | None:
    """Number a frequency; None where there is none, or one outside of 800 to 1000 MHz."""
    return round(khz / KHZ_A_CHANNEL) if khz is not None and 800_000 <= khz <= 1_000_000 else None
