"""One passage's reads, from all doors, to one verdict: which door, which way, how sure, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tagdock_contract import AntennaEvidence, Direction, Evidence, LostDoor

from tagdock_edge.clock import from_us
from tagdock_edge.config import Thresholds
from tagdock_edge.passage.eyes import PhotoEyes, eye_evidence
from tagdock_edge.passage.layout import Door, Layout
from tagdock_edge.passage.opinion import Opinion
from tagdock_edge.passage.opinions import opinion_of
from tagdock_edge.passage.profile import Profile, Seen, profiles


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
class Site:
    """What a passage is judged by besides its own reads."""

    layout: Layout
    eyes: PhotoEyes
    thresholds: Thresholds


def judge(epc_hex: str, reads: Iterable[Seen], site: Site, moved_us: tuple[int, int] | None = None) -> Verdict:
    """Decide one passage from its reads. Their order and exact doubles among them change nothing.

    The direction is told from the reads within `moved_us` (from, to) where it is given: before and after the tag
    stood still, and standing says nothing about the way.
    """
    seen = sorted(set(reads))
    by_antenna = profiles(seen)
    energy = _energy(by_antenna, site.layout)
    winner = max(energy, key=lambda door: (energy[door], site.layout.doors[door].name))
    share = energy[winner] / sum(energy.values())
    door = site.layout.doors[winner]
    breaks = site.eyes.during(door.name, seen[0].at_us, seen[-1].at_us)
    found = opinion_of(door, _moving(seen, door, moved_us), breaks, site.thresholds)
    direction, confidence = _decided(found, share, site.thresholds)
    own = [one for one in by_antenna if one.antenna in door.rows]
    strongest = max(own, key=lambda one: (one.peak_dbm, -one.peak_us))
    return Verdict(
        epc_hex=epc_hex,
        door=door.name,
        direction=direction,
        confidence=confidence,
        first_us=seen[0].at_us,
        observed_us=strongest.peak_us,
        last_us=seen[-1].at_us,
        evidence=Evidence(
            reads=len(seen),
            antennas=tuple(_antenna_evidence(one, site.layout) for one in own),
            photo_eyes=eye_evidence(breaks),
            doors_lost=_doors_lost(winner, energy, by_antenna, site.layout),
            reason=f"{share:.1%} of the energy at {door.name}; {found.reason}: {_WORDS[direction]}",
        ),
    )


def _energy(by_antenna: list[Profile], layout: Layout) -> dict[int, float]:
    """Add up each door's energy, in milliwatts over its reads."""
    energy: dict[int, float] = {}
    for one in by_antenna:
        door = layout.door_of[one.antenna]
        energy[door] = energy.get(door, 0.0) + one.energy_mw
    return energy


_WORDS: dict[Direction, str] = {
    "in": "it came in",
    "out": "it went out",
    "pass": "it did not go through",
    "uncertain": "no way is clearly the likeliest",
}


def _decided(found: Opinion, share: float, thresholds: Thresholds) -> tuple[Direction, float]:
    """Name the likeliest way, and how sure it is."""
    shares = found.shares()
    best = max(shares, key=lambda way: shares[way])
    if best == "stay" or not found.reason:
        return "pass", round(shares["stay"], 4)
    if shares[best] < thresholds.clear:
        return "uncertain", round(shares[best], 4)
    return best, round(shares[best] * share, 4)


def _moving(seen: list[Seen], door: Door, moved_us: tuple[int, int] | None) -> list[Seen]:
    """Return the door's reads that tell the way; all of them where none lies in the time in which the tag moved."""
    own = [read for read in seen if read.antenna in door.rows]
    if moved_us is None:
        return own
    return [read for read in own if moved_us[0] <= read.at_us <= moved_us[1]] or own


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
    winner: int, energy: dict[int, float], by_antenna: list[Profile], layout: Layout
) -> tuple[LostDoor, ...]:
    """List the other doors that saw the tag; their score is their share of all energy."""
    total = sum(energy.values())
    reads = dict.fromkeys(energy, 0)
    for one in by_antenna:
        reads[layout.door_of[one.antenna]] += one.reads
    losers = sorted(door for door in energy if door != winner)
    return tuple(LostDoor(layout.doors[door].name, reads[door], round(energy[door] / total, 6)) for door in losers)
