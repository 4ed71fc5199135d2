"""What is kept of one tag at the shelves, and what is said of it."""

from array import array
from typing import Literal, NamedTuple

from tagdock_contract import AntennaEvidence, Evidence

from tagdock_edge.clock import from_us
from tagdock_edge.presence.rule import WINDOW_READS

Antenna = tuple[str, int]
"""Reader and antenna number."""


class Change(NamedTuple):
    """A tag came into a bin, or is there no more. `cause_us` is the read that showed it."""

    epc_hex: str
    bin: str
    direction: Literal["in", "out"]
    cause_us: int
    observed_us: int
    evidence: Evidence


class Window:
    """The last reads of one tag by one antenna; times in microseconds, power in dBm."""

    __slots__ = ("first_us", "last_us", "peak_dbm", "peak_us", "reads", "recent_dbm")

    def __init__(self, at_us: int) -> None:
        self.recent_dbm = array("d")
        self.reads = 0
        self.first_us = self.last_us = self.peak_us = at_us
        self.peak_dbm = -1000.0

    def add(self, at_us: int, rssi_dbm: float) -> None:
        """Take one read; the oldest goes."""
        if len(self.recent_dbm) == WINDOW_READS:
            del self.recent_dbm[0]
        self.recent_dbm.append(rssi_dbm)
        self.reads += 1
        self.first_us, self.last_us = min(self.first_us, at_us), max(self.last_us, at_us)
        if rssi_dbm > self.peak_dbm:
            self.peak_dbm, self.peak_us = rssi_dbm, at_us

    @property
    def mean_dbm(self) -> float:
        """The mean of the decibels, as EdgeX takes it (not of the milliwatts)."""
        return sum(self.recent_dbm) / len(self.recent_dbm)

    def told(self, antenna: Antenna) -> AntennaEvidence:
        """Write down what this antenna saw."""
        return AntennaEvidence(
            reader=antenna[0],
            antenna=antenna[1],
            reads=self.reads,
            first_at=from_us(self.first_us),
            peak_at=from_us(self.peak_us),
            peak_rssi_dbm=round(self.peak_dbm, 1),
            last_at=from_us(self.last_us),
        )


class Stay:
    """One tag's time at the shelves.

    `bin` is what was last reported, `since_us` when that was. Its silence counts from `silent_us`: its last read, or
    when the gateway began to listen again. At `due_us` it is looked at again.
    """

    __slots__ = ("antenna", "bin", "due_us", "last_us", "silent_us", "since_us", "windows")

    def __init__(self, bin_name: str, antenna: Antenna, at_us: int) -> None:
        self.bin = bin_name
        self.antenna = antenna
        self.since_us = self.last_us = self.silent_us = self.due_us = at_us
        self.windows: dict[Antenna, Window] = {}

    def window(self, antenna: Antenna, at_us: int, at_most: int) -> Window:
        """Return the antenna's window. Where there are too many, the one that was silent the longest goes."""
        window = self.windows.get(antenna)
        if window is None:
            if len(self.windows) >= at_most:
                others = (each for each in self.windows if each != self.antenna)
                del self.windows[min(others, key=lambda each: (self.windows[each].last_us, each))]
            window = self.windows[antenna] = Window(at_us)
        return window

    def evidence(self, antennas: tuple[Antenna, ...], reason: str) -> Evidence:
        """Write down what these antennas saw, and what follows from it."""
        told = tuple(self.windows[each].told(each) for each in antennas if each in self.windows)
        return Evidence(reads=sum(each.reads for each in told), antennas=told, reason=reason)
