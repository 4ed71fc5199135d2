"""LLRP tag reports, as sllurp decodes them, to reads. Pure but for the clock.

A reader may leave out what did not change since its last tag report of the ROSpec (LLRP 1.0.1, 16.2.7.3), and may
stamp with a clock of its own (`llrp_clock`): both are mended here.
"""

from collections.abc import Callable, Iterable
from typing import Any

from tagdock_contract import TagRead

from tagdock_edge.clock import from_us
from tagdock_edge.epc.decode import MAX_HEX_DIGITS
from tagdock_edge.readers.llrp_clock import ReaderClock

_EPCS_AT_MOST = 10_000
_RSSI_DBM = (-128, 50)
_PHASE_STEPS = 4096
_DEGREES_A_STEP = 360.0 / _PHASE_STEPS
_HERTZ_A_STEP = 1.0 / 16
"""Source of both steps: Impinj, Low Level User Data Support, revision 3.0."""


class ReportReader:
    """Turn one reader's reports into reads; remembers what the reader may leave out."""

    def __init__(self, reader: str, now_us: Callable[[], int]) -> None:
        self.reads = 0
        self.last_us = 0
        self.unreadable = 0
        """Tag reports that made no sense, since the start."""
        self.clock = ReaderClock()
        self._reader, self._now_us = reader, now_us
        self._last: dict[str, Any] = {}
        self._epcs: dict[bytes, str] = {}

    def begin_connection(self) -> None:
        """Forget what belonged to the last connection: its ROSpec is gone, the reader may have been restarted."""
        self._last = {}
        self.clock.begin_connection()

    def reads_of(self, reports: Iterable[dict[str, Any]]) -> list[TagRead]:
        """Turn a message's tag reports into reads; one that can't be read is counted and left out."""
        now_us = self._now_us()
        reports = list(reports)
        self.clock.watch(reports, now_us)
        reads = []
        for report in reports:
            try:
                reads.append(self._read(report, now_us))
            except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
                self.unreadable += 1
        self.reads += len(reads)
        return reads

    def _read(self, report: dict[str, Any], now_us: int) -> TagRead:
        last = self._last
        last.update(report)
        epc = self._epcs.get(last["EPC"]) or self._new_epc(last["EPC"])
        rssi_dbm = last["ImpinjPeakRSSI"] / 100 if "ImpinjPeakRSSI" in last else float(last["PeakRSSI"])
        if not _RSSI_DBM[0] <= rssi_dbm <= _RSSI_DBM[1]:
            raise ValueError("RSSI")
        phase, doppler = report.get("ImpinjRFPhaseAngle"), report.get("ImpinjRFDopplerFrequency")
        at_us = self.clock.at_us(last, now_us)
        self.last_us = max(self.last_us, at_us)
        return TagRead(
            from_us(at_us),
            self._reader,
            last["AntennaID"],
            epc,
            rssi_dbm,
            None if phase is None else phase % _PHASE_STEPS * _DEGREES_A_STEP,
            None if doppler is None else doppler * _HERTZ_A_STEP,
            last.get("ChannelIndex"),
            max(report.get("TagSeenCount", 1), 1),
        )

    def _new_epc(self, digits: bytes) -> str:
        """Check an EPC and remember how it is written: tags are read again and again."""
        epc = digits.decode().upper()
        if not 2 <= len(epc) <= MAX_HEX_DIGITS:
            raise ValueError("EPC")
        if len(self._epcs) >= _EPCS_AT_MOST:
            self._epcs.clear()
        self._epcs[digits] = epc
        return epc
