"""One passage's reads, from all doors, to one verdict: which door, which way, how sure, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import erf, sqrt
from typing import NamedTuple

from tagdock_contract import AntennaEvidence, Direction, Evidence, LostDoor, Side

from tagdock_edge.clock import from_us
from tagdock_edge.config import AntennaConfig, DoorConfig
from tagdock_edge.passage.profile import Profile, Seen, profile, profiles

SURE_SIGMA = 1.5
"""A direction is reported when the rows' centres lie so many standard errors apart in time."""
CROSSING_GAP = 1.0
"""... and at least this share of the passage's own spread in time: goods that turn round or stand show hardly any."""
FAINT_ROW = 0.05
"""A row with less than this share of the door's energy only overheard goods that kept to the other side."""
FEW_READS = 4
"""With fewer reads than this nobody can tell a short crossing from goods going by."""
JITTER_US = 20_000
"""How well a read's time says where the tag was: a reader's own antenna turn, added to every standard error."""


class Verdict(NamedTuple):
    """What is said of one passage. `first_us` names the passage for ever; `observed_us` is when it was at the door."""

    epc_hex: str
    door: str
    direction: Direction
    confidence: float
    first_us: int
    observed_us: int
    last_us: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Layout:
    """The antennas of all doors in one list; reads carry an antenna's place in it."""

    antennas: tuple[AntennaConfig, ...]
    doors: tuple[str, ...]
    """The door of each antenna, in the same order."""

    @classmethod
    def of(cls, doors: Iterable[DoorConfig]) -> "Layout":
        """Number the antennas of the configured doors."""
        pairs = [(antenna, door.name) for door in doors for antenna in door.antennas]
        return cls(tuple(antenna for antenna, _ in pairs), tuple(door for _, door in pairs))

    def side(self, antenna: int) -> Side:
        """Return the row in which an antenna hangs."""
        return self.antennas[antenna].side


class _Way(NamedTuple):
    direction: Direction
    confidence: float
    reason: str


def judge(epc_hex: str, reads: Iterable[Seen], layout: Layout) -> Verdict:
    """Decide one passage from its reads. Their order and exact doubles among them change nothing."""
    seen = sorted(set(reads))
    by_antenna = profiles(seen)
    energy: dict[str, float] = {}
    for antenna, one in by_antenna.items():
        energy[layout.doors[antenna]] = energy.get(layout.doors[antenna], 0.0) + one.energy_mw
    door = max(energy, key=lambda name: (energy[name], name))
    share = energy[door] / sum(energy.values())
    winner = {antenna: one for antenna, one in by_antenna.items() if layout.doors[antenna] == door}
    way = _way(_rows(seen, winner, layout), sum(one.reads for one in winner.values()))
    strongest = max(winner.values(), key=lambda one: (one.peak_dbm, -one.peak_us))
    return Verdict(
        epc_hex=epc_hex,
        door=door,
        direction=way.direction,
        confidence=round(way.confidence * share, 4),
        first_us=seen[0].at_us,
        observed_us=strongest.peak_us,
        last_us=seen[-1].at_us,
        evidence=Evidence(
            reads=len(seen),
            antennas=tuple(_antenna_evidence(one, layout) for one in winner.values()),
            doors_lost=_doors_lost(door, energy, by_antenna, layout),
            reason=f"{door} has {share:.0%} of the energy; {way.reason}",
        ),
    )


def _rows(seen: list[Seen], winner: dict[int, Profile], layout: Layout) -> dict[Side, Profile]:
    """Profile each row of the winning door as one."""
    rows: dict[Side, list[Seen]] = {}
    for read in seen:
        if read.antenna in winner:
            rows.setdefault(layout.side(read.antenna), []).append(read)
    return {side: profile(reads) for side, reads in rows.items()}


def _way(rows: dict[Side, Profile], reads: int) -> _Way:
    """Tell the direction from when each row was nearest: the energy-weighted time order of the rows."""
    total = sum(row.energy_mw for row in rows.values())
    only = next((side for side, row in rows.items() if row.energy_mw >= (1 - FAINT_ROW) * total), None)
    if only is not None:
        if reads < FEW_READS:
            return _Way("uncertain", 0.5, f"only {reads} reads, nearly all {only}")
        return _Way("pass", 1 - 0.5 ** (reads / FEW_READS), f"nearly all energy {only}: it kept to that side")
    outside, inside = rows["outside"], rows["inside"]
    gap_us = inside.centre_us - outside.centre_us
    error_us = sqrt(_variance_of_centre(outside) + _variance_of_centre(inside))
    within_us2 = (outside.spread_us2 * outside.energy_mw + inside.spread_us2 * inside.energy_mw) / total
    sigma, relative = abs(gap_us) / error_us, abs(gap_us) / sqrt(within_us2 + JITTER_US**2)
    order = ("outside", "inside") if gap_us > 0 else ("inside", "outside")
    words = f"{order[1]} {abs(gap_us) / 1e6:.2f} s after {order[0]} ({sigma:.1f} sigma)"
    if sigma >= SURE_SIGMA and relative >= CROSSING_GAP:
        return _Way("in" if gap_us > 0 else "out", erf(sigma / sqrt(2)), words)
    if reads < FEW_READS or relative >= CROSSING_GAP:
        return _Way("uncertain", erf(sigma / sqrt(2)), f"{words}: too few reads to tell")
    return _Way("pass", 1 - relative / CROSSING_GAP / 2, f"both rows at the same time, {words}: it did not go through")


def _variance_of_centre(row: Profile) -> float:
    return row.spread_us2 / row.effective_reads + JITTER_US**2


def _antenna_evidence(one: Profile, layout: Layout) -> AntennaEvidence:
    antenna = layout.antennas[one.antenna]
    return AntennaEvidence(
        reader=antenna.reader,
        antenna=antenna.antenna,
        reads=one.reads,
        first_at=from_us(one.first_us),
        peak_at=from_us(one.peak_us),
        peak_rssi_dbm=round(one.peak_dbm, 1),
        last_at=from_us(one.last_us),
        side=antenna.side,
    )


def _doors_lost(
    winner: str, energy: dict[str, float], by_antenna: dict[int, Profile], layout: Layout
) -> tuple[LostDoor, ...]:
    """List the other doors that saw the tag; their score is their share of all energy."""
    total = sum(energy.values())
    reads: dict[str, int] = {}
    for antenna, one in by_antenna.items():
        reads[layout.doors[antenna]] = reads.get(layout.doors[antenna], 0) + one.reads
    losers = sorted(name for name in energy if name != winner)
    return tuple(LostDoor(name, reads[name], round(energy[name] / total, 6)) for name in losers)
