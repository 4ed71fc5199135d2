"""What one antenna saw of one tag, boiled down from its reads. Power is averaged in milliwatts, never in dB."""

from collections.abc import Iterable
from math import log10
from typing import NamedTuple

PEAK_READS = 3
"""The peak is the best mean of so many reads in a row: one read alone may be an echo that happened to add up."""


class Seen(NamedTuple):
    """One read as the passage keeps it: microseconds, the antenna's place in the detector's list, dBm."""

    at_us: int
    antenna: int
    rssi_dbm: float


class Profile(NamedTuple):
    """One antenna's (or one row's) reads of one passage. Times in microseconds, energy in mW summed over its reads."""

    antenna: int
    reads: int
    first_us: int
    peak_us: int
    peak_dbm: float
    last_us: int
    energy_mw: float
    centre_us: float
    """Energy-weighted mean time: when the tag was nearest, all reads considered."""
    spread_us2: float
    """Energy-weighted variance of that time."""
    effective_reads: float
    """How many equally strong reads would say as much (Kish 1965, section 11.7)."""


def profiles(reads: Iterable[Seen]) -> dict[int, Profile]:
    """Boil a passage's reads, sorted and without doubles, down to a profile an antenna."""
    by_antenna: dict[int, list[Seen]] = {}
    for read in reads:
        by_antenna.setdefault(read.antenna, []).append(read)
    return {antenna: profile(seen) for antenna, seen in sorted(by_antenna.items())}


def mean_dbm(powers_mw: list[float]) -> float:
    """Average powers given in milliwatts; the answer in dBm."""
    return 10.0 * log10(sum(powers_mw) / len(powers_mw))


def milliwatts(rssi_dbm: float) -> float:
    """Turn dBm into milliwatts."""
    power: float = 10.0 ** (rssi_dbm / 10.0)
    return power


def profile(seen: list[Seen]) -> Profile:
    """Boil reads in the order of time down to one profile, named after the first one's antenna."""
    powers = [milliwatts(read.rssi_dbm) for read in seen]
    energy = sum(powers)
    origin = seen[0].at_us  # small numbers keep the sums exact enough
    times = [read.at_us - origin for read in seen]
    centre = sum(power * time for power, time in zip(powers, times, strict=True)) / energy
    spread = sum(power * (time - centre) ** 2 for power, time in zip(powers, times, strict=True)) / energy
    peak_us, peak_dbm = _peak(seen, powers)
    return Profile(
        antenna=seen[0].antenna,
        reads=len(seen),
        first_us=seen[0].at_us,
        peak_us=peak_us,
        peak_dbm=peak_dbm,
        last_us=seen[-1].at_us,
        energy_mw=energy,
        centre_us=origin + centre,
        spread_us2=spread,
        effective_reads=energy * energy / sum(power * power for power in powers),
    )


def _peak(seen: list[Seen], powers: list[float]) -> tuple[int, float]:
    """Find when the power was highest, and how high; the earliest of equals."""
    width = min(PEAK_READS, len(seen))
    sums = [sum(powers[start : start + width]) for start in range(len(seen) - width + 1)]
    best = max(range(len(sums)), key=lambda start: (sums[start], -start))
    return seen[best + width // 2].at_us, mean_dbm(powers[best : best + width])
