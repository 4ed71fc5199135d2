"""What each antenna saw of one tag, a tenth of a second at a time: a look is one look, however many reads it gave.

Readers take turns between antennas and share them among the tags, so how often a tag is read says more about the
others than about itself; how strong it was each tenth of a second does not.
"""

from collections.abc import Iterable, Mapping
from math import log10, sqrt
from typing import NamedTuple

from tagdock_edge.passage.profile import Seen, milliwatts

LOOK_US = 100_000
"""At walking pace to a hurrying forklift (0.5 to 4 m/s) goods move 0.05 to 0.4 m meanwhile: less than a row's beam."""
FAINTER_DB = 3.0
"""What is not heard at all counts as so much weaker than the weakest read of the same tag."""


class Look(NamedTuple):
    """One antenna's reads of one tag within a tenth of a second: when in the middle, mean power in mW, mean dBm."""

    at_us: int
    power_mw: float
    rssi_dbm: float


def looks(reads: Iterable[Seen], origin_us: int) -> dict[int, list[Look]]:
    """Sum up one tag's reads by antenna, tenths counted from `origin_us`; looks are in order of time if reads are."""
    sums: dict[tuple[int, int], list[float]] = {}
    for read in reads:
        key = (read.antenna, (read.at_us - origin_us) // LOOK_US)
        one = sums.get(key)
        if one is None:
            sums[key] = [1.0, read.rssi_dbm, milliwatts(read.rssi_dbm)]
        else:
            one[0] += 1.0
            one[1] += read.rssi_dbm
            one[2] += milliwatts(read.rssi_dbm)
    found: dict[int, list[Look]] = {}
    for (antenna, slot), (count, dbm, power_mw) in sums.items():
        found.setdefault(antenna, []).append(
            Look(origin_us + slot * LOOK_US + LOOK_US // 2, power_mw / count, dbm / count)
        )
    return found


def levels_dbm(
    seen: Mapping[int, list[Look]], doors: Mapping[int, Iterable[int]], weakest_dbm: float
) -> dict[int, float]:
    """Say how strong each door heard the tag over all its time in the field: mean power, dB averaged over its antennas.

    `doors` are the antennas of the doors in question; an antenna that heard nothing counts as just too weak.
    """
    times = {look.at_us for each in seen.values() for look in each}
    faint_mw = milliwatts(weakest_dbm - FAINTER_DB)
    levels = {}
    for door, antennas in doors.items():
        powers = [sum(look.power_mw for look in seen.get(antenna, ())) / len(times) + faint_mw for antenna in antennas]
        levels[door] = sum(10.0 * log10(power) for power in powers) / len(powers)
    return levels


def middle_us(seen: Mapping[int, list[Look]]) -> float:
    """Return the time about which the tag was heard, weighed by amplitude: when it passed, if it passed."""
    weighed = [(sqrt(look.power_mw), look.at_us) for each in seen.values() for look in each]
    origin = weighed[0][1]
    return origin + sum(weight * (at_us - origin) for weight, at_us in weighed) / sum(weight for weight, _ in weighed)
