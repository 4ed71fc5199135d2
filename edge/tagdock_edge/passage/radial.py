"""When a tag passed a row of antennas, from phases and Doppler shifts: it comes nearer before that and goes away after.

A tag that passes at a steady speed v, at a distance h beside the antennas, goes away from them (metres a second) at

    radial(t) = v s / sqrt(1 + s^2),    s = (t - passed) v / h

A reader shows that in two ways: the phase of its echo turns by 2 radial dt / wavelength between two reads of one
antenna on one channel, and each reply is shifted by -2 radial / wavelength. Readers may add half a turn to any phase,
so only twice the turn counts; some let the phase grow with the distance, others fall, so both are tried: a distance
that bends the other way is nobody's; and some stamp reads when their report leaves, so that turns follow no rule, which
is tried, too. `passed` and v are found on a grid, all reads together, because one pair of reads alone may have turned
by any number of half turns.

Sources: Nikitin et al. 2010, doi:10.1109/RFID.2010.5467253 (velocity from the phase in time); Impinj, Low Level User
Data Support, 2013 (half-turn ambiguity; Doppler shift from the phase within one reply).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import cos, exp, hypot, pi, radians
from statistics import median
from typing import NamedTuple

from tagdock_edge.passage.profile import NOT_TOLD, Seen

BESIDE_M = 1.5
"""How far beside the row goods pass: half a lane's width. Half or twice as much shifts the speed that is found, hardly
the time of passing."""
FASTEST_M_PER_S = 3.6
"""The fastest speed tried: a forklift that hurries."""
FIELD_M = 14.0
"""Goods move no farther while they are heard, so the fastest speed tried is less for those that are heard for long."""
SPEEDS = (0.1, 0.16, 0.25, 0.36, 0.48, 0.6, 0.78, 1.0)
"""Speeds tried, as shares of the fastest."""
WINDOWS = 14
"""The passage is cut into so many stretches; within one the radial speed is taken to be steady."""
BEYOND = 3
"""A tag may have passed so many stretches before its first read, or after its last."""
PAIR_US = (500, 60_000)
"""Two reads nearer than this did not turn, farther apart they turned too often in between."""
PAIRS_AT_MOST = 150
"""More pairs than these say little more, and cost as much each."""
WAVELENGTH_M = 0.336
"""Between 865 MHz (0.346 m) and 928 MHz (0.323 m): 4 % of speed does not matter."""
DOPPLER_LEAST_HZ = 5.0
"""The least error of one Doppler shift: a reply lasts some hundred microseconds only."""
TRUST = 1.5
"""How much a pair whose turn fits says, in natural-log units: pairs share a read, and echoes bend them all."""
_NO_RULE = 0.4988
"""log I0(TRUST): what makes the von Mises density add up to 1, against the same chance for every turn."""
_EACH_WAY = 18
_STEPS = 2 * _EACH_WAY + 1
"""Radial speeds for which each stretch is scored: so many either way, and none."""

Scores = dict[int, list[float]]
"""For each stretch that has any, the log-likelihood of each radial speed."""


class Passed(NamedTuple):
    """When a tag passed: times in microseconds, each with its probability; they and `still` add up to 1."""

    times: tuple[tuple[float, float], ...]
    still: float
    """How likely it is that it stood still."""
    told: float
    """How likely it is that phases and shifts tell anything at all (0..1)."""


def passed(reads: Sequence[Seen]) -> Passed | None:
    """Weigh the times at which a tag may have passed one door's row; None where nothing tells of its motion.

    `reads` are in the order of time.
    """
    first_us, length_us = reads[0].at_us, reads[-1].at_us - reads[0].at_us
    if length_us < PAIR_US[1]:
        return None
    step = min(FASTEST_M_PER_S, FIELD_M * 1e6 / length_us) / _EACH_WAY
    phases, shifts = _phases(reads, step), _shifts(reads, step)
    if not phases and not shifts:
        return None
    ways = (_added(phases, shifts), _added(_mirrored(phases), shifts), shifts) if phases else (shifts,)
    stretch_s = length_us / 1e6 / WINDOWS
    logs: dict[int, list[float]] = {}
    for scores in ways:
        for turned, log in _moving(scores, stretch_s, step):
            logs.setdefault(turned, []).append(log)
    still = sum(row[_EACH_WAY] for row in ways[0].values())
    likely = _weighed(logs, still)
    no_rule = 0.0 if shifts else likely(0.0) * len(SPEEDS) * len(logs)
    times = tuple(
        (first_us + (turned + 0.5) * length_us / WINDOWS, sum(map(likely, each))) for turned, each in logs.items()
    )
    return Passed(times, likely(still) * len(SPEEDS) * len(ways) * len(logs), 1.0 - no_rule)


def _window(at_us: float, reads: Sequence[Seen]) -> int:
    first_us, last_us = reads[0].at_us, reads[-1].at_us
    return min(int((at_us - first_us) * WINDOWS / (last_us - first_us)), WINDOWS - 1)


def _phases(reads: Sequence[Seen], step: float) -> Scores:
    """Score each stretch's radial speeds, `step` m/s apart, by the turns between reads of one antenna and channel.

    Each read is set against the first one of its run: near ones tell how often the phase turned, far ones how fast.
    """
    begun: dict[tuple[int, int], Seen] = {}
    pairs: list[tuple[Seen, Seen]] = []
    for read in reads:
        if read.phase_deg == NOT_TOLD:
            continue
        before = begun.get((read.antenna, read.channel))
        if before is None or read.at_us - before.at_us > PAIR_US[1]:
            begun[read.antenna, read.channel] = read
        elif read.at_us - before.at_us >= PAIR_US[0]:
            pairs.append((before, read))
    scores: Scores = {}
    for before, after in pairs[:: 1 + len(pairs) // PAIRS_AT_MOST]:
        row = scores.setdefault(_window((before.at_us + after.at_us) / 2, reads), [0.0] * _STEPS)
        _add_turn(row, step, (after.at_us - before.at_us) / 1e6, radians(after.phase_deg - before.phase_deg))
    return scores


def _add_turn(row: list[float], step: float, seconds: float, turned_rad: float) -> None:
    """Add how much likelier a turn is with each radial speed than without any rule (von Mises, TRUST its strength)."""
    a_step_rad = 8.0 * pi * seconds / WAVELENGTH_M * step
    twice = 2.0 * cos(a_step_rad)
    here = -_EACH_WAY * a_step_rad - 2.0 * turned_rad
    before, now = TRUST * cos(here - a_step_rad), TRUST * cos(here)
    for place in range(len(row)):
        row[place] += now - _NO_RULE
        before, now = now, twice * now - before  # cos(a + b) = 2 cos(b) cos(a) - cos(a - b)


def _shifts(reads: Sequence[Seen], step: float) -> Scores:
    """Score each stretch's radial speeds, `step` m/s apart, by its Doppler shifts, as wrong as neighbours differ."""
    told = [read for read in reads if read.doppler_hz != NOT_TOLD]
    if len({read.doppler_hz for read in told}) < 3:
        return {}
    differences = [abs(b.doppler_hz - a.doppler_hz) for a, b in pairwise(told)]
    error_hz = max(1.05 * median(differences), DOPPLER_LEAST_HZ)  # a normal error's median difference is 0.954 of it
    sums: dict[int, tuple[int, float]] = {}
    for read in told:
        window = _window(read.at_us, reads)
        count, total = sums.get(window, (0, 0.0))
        sums[window] = count + 1, total + max(-3.0 * error_hz, min(read.doppler_hz, 3.0 * error_hz))
    shifts_hz = [-2.0 * (place - _EACH_WAY) * step / WAVELENGTH_M for place in range(_STEPS)]
    return {
        window: [-shift * (count * shift - 2.0 * total) / (2.0 * error_hz**2) for shift in shifts_hz]
        for window, (count, total) in sums.items()
    }


def _added(one: Scores, other: Scores) -> Scores:
    """Add the scores of two kinds of evidence."""
    return {
        window: [a + b for a, b in zip(one[window], other[window], strict=True)]
        if window in one and window in other
        else one.get(window) or other[window]
        for window in sorted({*one, *other})
    }


def _mirrored(scores: Scores) -> Scores:
    """Take the phase to fall with the distance rather than to grow."""
    return {window: row[::-1] for window, row in scores.items()}


def _moving(scores: Scores, stretch_s: float, step: float) -> list[tuple[int, float]]:
    """Return (stretch of passing, log-likelihood) for every speed and time of passing."""
    found, rows, ahead = [], list(scores.items()), WINDOWS + BEYOND
    for share in SPEEDS:
        along_m = [share * step * _EACH_WAY * (n - ahead) * stretch_s for n in range(2 * ahead)]
        curve = [_EACH_WAY + round(share * _EACH_WAY * x_m / hypot(x_m, BESIDE_M)) for x_m in along_m]
        for turned in range(-BEYOND, ahead):
            shift = ahead - turned
            found.append((turned, sum([row[curve[window + shift]] for window, row in rows])))
    return found


def _weighed(logs: dict[int, list[float]], still: float) -> Callable[[float], float]:
    """Return what turns a hypothesis's log-likelihood into its probability; to stand is as likely as all motions."""
    tried = sum(len(each) for each in logs.values())
    most = max(still, *(max(each) for each in logs.values()))
    total = sum(exp(log - most) for each in logs.values() for log in each) + exp(still - most) * tried
    return lambda log: exp(log - most) / total
