"""What one antenna saw of one tag, boiled down from its reads. Power is averaged in milliwatts, never in dB."""

from collections.abc import Iterable, Sequence
from math import inf, log10
from typing import NamedTuple

PEAK_READS = 3
"""The peak is the best mean of so many reads in a row: one read alone may be an echo that happened to add up."""


NOT_TOLD = inf
"""A phase or Doppler shift that the reader did not report: a number, so that reads can be put in order."""


class Seen(NamedTuple):
    """One read as the passage keeps it: microseconds, the antenna's place in the layout, dBm.

    Phase (degrees), Doppler shift (hertz) and channel are kept for doors that need them, `NOT_TOLD` elsewhere.
    """

    at_us: int
    antenna: int
    rssi_dbm: float
    phase_deg: float = NOT_TOLD
    doppler_hz: float = NOT_TOLD
    channel: int = 0


class Profile(NamedTuple):
    """One antenna's reads of one passage. Times in microseconds, energy in milliwatts summed over its reads."""

    antenna: int
    reads: int
    first_us: int
    peak_us: int
    peak_dbm: float
    last_us: int
    energy_mw: float


def profiles(reads: Iterable[Seen]) -> list[Profile]:
    """Boil a passage's reads, in the order of time, down to one profile an antenna."""
    by_antenna: dict[int, list[Seen]] = {}
    for read in reads:
        by_antenna.setdefault(read.antenna, []).append(read)
    return [_profile(seen) for _, seen in sorted(by_antenna.items())]


def peak_and_rise(reads: Sequence[Seen]) -> tuple[float, float]:
    """Return how strong a tag's best reads were, in dBm, and by how many dB they exceed its weakest ones."""
    powers_dbm = sorted(read.rssi_dbm for read in reads)
    few = max(min(len(reads) // 3, PEAK_READS), 1)
    peak_dbm = sum(powers_dbm[-few:]) / few
    return peak_dbm, peak_dbm - sum(powers_dbm[:few]) / few


def mean_dbm(powers_mw: list[float]) -> float:
    """Average powers given in milliwatts; the answer in dBm."""
    return 10.0 * log10(sum(powers_mw) / len(powers_mw))


def milliwatts(rssi_dbm: float) -> float:
    """Turn dBm into milliwatts."""
    power: float = 10.0 ** (rssi_dbm / 10.0)
    return power


def _profile(seen: list[Seen]) -> Profile:
    powers = [milliwatts(read.rssi_dbm) for read in seen]
    peak_us, peak_dbm = _peak(seen, powers)
    return Profile(seen[0].antenna, len(seen), seen[0].at_us, peak_us, peak_dbm, seen[-1].at_us, sum(powers))


def _peak(seen: list[Seen], powers: list[float]) -> tuple[int, float]:
    """Find when the power was highest, and how high; the earliest of equals."""
    width = min(PEAK_READS, len(seen))
    sums = [sum(powers[start : start + width]) for start in range(len(seen) - width + 1)]
    best = sums.index(max(sums))
    return seen[best + width // 2].at_us, mean_dbm(powers[best : best + width])
