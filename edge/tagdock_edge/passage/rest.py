"""Whether a tag that is read all the time stands still: its power is the same now as it was some seconds ago."""

from collections.abc import Sequence

from tagdock_edge.passage.profile import Seen, mean_dbm, milliwatts

REST_DB = 3.0
"""A tag rests when its best antenna's mean power changed by no more than this between two halves of the time."""
LOUD_DB, SHIFT_DB = 12.0, 9.0
"""Other antennas that hear it within so many dB of the best must not have changed by more than the second number: a
fade of goods that stand, on another channel, is less."""


def rests(reads: Sequence[Seen], begin_us: int, until_us: int) -> bool:
    """Tell whether the power at the tag's best antenna stayed the same from `begin_us` until `until_us`.

    No other antenna may have begun or ceased to hear it well meanwhile: goods that go on from one row to the other may
    be as strong at one of them before as after.
    """
    middle_us = begin_us + (until_us - begin_us + 1) // 2
    halves: dict[int, tuple[list[float], list[float]]] = {}
    for read in reads:
        if begin_us <= read.at_us < until_us:
            halves.setdefault(read.antenna, ([], []))[read.at_us >= middle_us].append(milliwatts(read.rssi_dbm))
    if not halves:
        return False
    faint = [min(min(half) for pair in halves.values() for half in pair if half)]
    levels = [(mean_dbm(before or faint), mean_dbm(after or faint)) for before, after in halves.values()]
    best = max(levels, key=max)
    loud = (pair for pair in levels if max(pair) >= max(best) - LOUD_DB)
    return abs(best[0] - best[1]) <= REST_DB and all(abs(one - two) <= SHIFT_DB for one, two in loud)
