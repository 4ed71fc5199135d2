"""One passage's reads, from all doors, to one verdict: which door, which way, how sure, and why."""

from collections.abc import Mapping, Sequence
from math import exp
from typing import NamedTuple

from tagdock_contract import AntennaEvidence, Direction, Evidence, LostDoor

from tagdock_edge.clock import from_us
from tagdock_edge.config import Thresholds
from tagdock_edge.passage.eyes import eye_evidence
from tagdock_edge.passage.layout import Layout
from tagdock_edge.passage.load import Load, spoken
from tagdock_edge.passage.profile import Profile, Seen, profiles
from tagdock_edge.passage.witness import Site, Ways, Witness

WEAK_NATS = 1.0
"""By how much less likely goods went through than one tag's and its load's evidence says: what does go through mostly
tells it clearly, so that weak evidence is mostly of goods that do not. What was found to stand is doubted already."""


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


def judge(seen: Sequence[Seen], one: Witness, load: Load, site: Site) -> Verdict:
    """Decide one passage as that of the whole load: goods that move together go through one door, one way.

    `seen` are the reads of its tag in the order of time without doubles, `one` is what they say. A load may consist of
    the tag alone; which tags are on it is found before (see `loads`).
    """
    by_antenna = profiles(seen)
    said = spoken(load)
    likely = _shares(said if one.stood else _doubted(said, site.layout))
    shares = {door: sum(ways) for door, ways in likely.items()}
    winner = max(shares, key=lambda door: (shares[door], -door))
    door = site.layout.doors[winner]
    direction, confidence = _decided(likely, winner, site.thresholds)
    own = [each for each in by_antenna if each.antenna in door.rows] or by_antenna
    strongest = max(own, key=lambda each: (each.peak_dbm, -each.peak_us))
    return Verdict(
        epc_hex=one.epc,
        door=door.name,
        direction=direction,
        confidence=confidence,
        first_us=one.first_us,
        observed_us=strongest.peak_us,
        last_us=one.last_us,
        evidence=Evidence(
            reads=len(seen),
            antennas=tuple(_antenna_evidence(each, site.layout) for each in own),
            photo_eyes=eye_evidence(site.eyes.during(door.name, one.first_us, one.last_us)),
            doors_lost=_doors_lost(winner, shares, by_antenna, site.layout),
            reason=_reason(one, load, winner, f"{door.name} with {shares[winner]:.1%}", _WORDS[direction]),
        ),
    )


def _doubted(doors: Mapping[int, Ways], layout: Layout) -> dict[int, Ways]:
    """Hold what seldom comes of weak evidence against it, at doors of two rows."""
    return {door: (ways[0], ways[1], ways[2] + WEAK_NATS * layout.doors[door].two_rows) for door, ways in doors.items()}


def _shares(doors: dict[int, Ways]) -> dict[int, Ways]:
    """Turn nats into probabilities of doors and ways: all of them add up to 1."""
    most = max(max(ways) for ways in doors.values())
    likely = {door: tuple(exp(nats - most) for nats in ways) for door, ways in doors.items()}
    total = sum(sum(ways) for ways in likely.values())
    return {door: (came / total, went / total, stayed / total) for door, (came, went, stayed) in likely.items()}


def _reason(one: Witness, load: Load, winner: int, door: str, way: str) -> str:
    mates = len(load.witnesses) - 1
    company = f", with {mates} other tag{'s' * (mates > 1)} that moved alike" if mates else ""
    own = one.reasons.get(winner) or "hardly heard there itself"
    return f"{door}{company}; {own}: {way}"


_WORDS: dict[Direction, str] = {
    "in": "it came in",
    "out": "it went out",
    "pass": "it did not go through",
    "uncertain": "no way is clearly the likeliest",
}


def _decided(likely: dict[int, Ways], winner: int, thresholds: Thresholds) -> tuple[Direction, float]:
    """Name the likeliest way, and how sure it is; to go through the wrong door is no way."""
    came_in, went_out, _ = likely[winner]
    stayed = sum(ways[2] for ways in likely.values())
    if stayed >= max(came_in, went_out):
        return "pass", round(stayed, 4)
    if max(came_in, went_out) < thresholds.clear:
        return "uncertain", round(max(came_in, went_out), 4)
    return ("in", round(came_in, 4)) if came_in > went_out else ("out", round(went_out, 4))


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
    winner: int, shares: dict[int, float], by_antenna: list[Profile], layout: Layout
) -> tuple[LostDoor, ...]:
    """List the other doors that saw the tag; their score is their probability."""
    reads: dict[int, int] = {}
    for each in by_antenna:
        door = layout.door_of[each.antenna]
        reads[door] = reads.get(door, 0) + each.reads
    losers = sorted(door for door in reads if door != winner)
    return tuple(LostDoor(layout.doors[door].name, reads[door], round(shares.get(door, 0.0), 6)) for door in losers)
