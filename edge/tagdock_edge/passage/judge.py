"""One passage's reads, from all doors, to one verdict: which door, which way, how sure, and why."""

from collections.abc import Iterable
from typing import NamedTuple

from tagdock_contract import AntennaEvidence, Direction, Evidence, LostDoor, Side

from tagdock_edge.clock import from_us
from tagdock_edge.passage.layout import Layout
from tagdock_edge.passage.profile import Profile, Seen, profiles
from tagdock_edge.passage.way import way


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


def judge(epc_hex: str, reads: Iterable[Seen], layout: Layout, moved_us: tuple[int, int] | None = None) -> Verdict:
    """Decide one passage from its reads. Their order and exact doubles among them change nothing.

    The direction is told from the reads within `moved_us` (from, to) where it is given: before and after the tag
    stood still, and standing says nothing about the way.
    """
    seen = sorted(set(reads))
    by_antenna = profiles(seen)
    energy: dict[str, float] = {}
    for one in by_antenna:
        door = layout.door_of[one.antenna]
        energy[door] = energy.get(door, 0.0) + one.energy_mw
    winner = max(energy, key=lambda door: (energy[door], door))
    share = energy[winner] / sum(energy.values())
    found = way(_rows(seen, winner, layout, moved_us))
    own = [one for one in by_antenna if layout.door_of[one.antenna] == winner]
    strongest = max(own, key=lambda one: (one.peak_dbm, -one.peak_us))
    return Verdict(
        epc_hex=epc_hex,
        door=winner,
        direction=found.direction,
        confidence=round(found.confidence * (share if found.direction in ("in", "out") else 1.0), 4),
        first_us=seen[0].at_us,
        observed_us=strongest.peak_us,
        last_us=seen[-1].at_us,
        evidence=Evidence(
            reads=len(seen),
            antennas=tuple(_antenna_evidence(one, layout) for one in own),
            doors_lost=_doors_lost(winner, energy, by_antenna, layout),
            reason=f"{share:.1%} of the energy at {winner}; {found.reason}",
        ),
    )


def _rows(seen: list[Seen], door: str, layout: Layout, moved_us: tuple[int, int] | None) -> dict[Side, list[Seen]]:
    """Sort the door's reads by row; all of them count where none lies in the time in which the tag moved."""
    own = [read for read in seen if layout.door_of[read.antenna] == door]
    if moved_us is not None:
        own = [read for read in own if moved_us[0] <= read.at_us <= moved_us[1]] or own
    rows: dict[Side, list[Seen]] = {}
    for read in own:
        rows.setdefault(layout.antennas[read.antenna].side, []).append(read)
    return rows


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
    winner: str, energy: dict[str, float], by_antenna: list[Profile], layout: Layout
) -> tuple[LostDoor, ...]:
    """List the other doors that saw the tag; their score is their share of all energy."""
    total = sum(energy.values())
    reads = dict.fromkeys(energy, 0)
    for one in by_antenna:
        reads[layout.door_of[one.antenna]] += one.reads
    losers = sorted(door for door in energy if door != winner)
    return tuple(LostDoor(door, reads[door], round(energy[door] / total, 6)) for door in losers)
