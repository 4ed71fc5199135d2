"""Two loads don't fit into one doorway at once: a load that surely passes a door leaves its neighbours the others."""

from collections.abc import Mapping, Sequence
from math import exp, log

from tagdock_edge.passage.load import ALIKE, Load
from tagdock_edge.passage.witness import Ways

ROUNDS = 3
"""How often loads hear what the others make of it; it settles at once."""
MET = 0.5
"""Two loads meet in a doorway if they pass it nearer in time than this share of the time (twice a standard deviation)
for which both are heard: 1 m of way."""
FITS = 0.05
"""How often two do all the same: one follows the other closely, or what seems two is one."""


Claims = Mapping[int, Mapping[int, float]]
"""By the place of another load in a list: by how many nats doors are less likely as it passes them."""


def leave_doorways(loads: Sequence[Load]) -> None:
    """Tell each load how much less likely each door is (nats) as others pass it at the same time."""
    for load, claims in zip(loads, claims_of(loads), strict=True):
        load.taken = _all_of(claims)


def claims_of(loads: Sequence[Load]) -> list[Claims]:
    """Say for each load by how many nats each other one that it meets makes its doors less likely."""
    meeting = [[other for other, two in enumerate(loads) if two is not one and _meet(one, two)] for one in loads]
    claims: list[Claims] = [{} for _ in loads]
    if not any(meeting):
        return claims
    told = [_told(load) for load in loads]
    shares = [_passing(doors, {}) for doors in told]
    for _ in range(ROUNDS):
        claims = [
            {other: _taken(load.doors, shares[other]) for other in others}
            for load, others in zip(loads, meeting, strict=True)
        ]
        shares = [_passing(doors, _all_of(each)) for doors, each in zip(told, claims, strict=True)]
    return claims


def _all_of(claims: Claims) -> dict[int, float]:
    """Add up what all others claim."""
    taken: dict[int, float] = {}
    for claimed in claims.values():
        for door, nats in claimed.items():
            taken[door] = taken.get(door, 0.0) + nats
    return taken


def _meet(one: Load, other: Load) -> bool:
    heard_s = exp(one.course.heard.value) + exp(other.course.heard.value)
    return abs(one.middle_s - other.middle_s) < MET * heard_s


def _taken(doors: Mapping[int, Ways], shares: Mapping[int, float]) -> dict[int, float]:
    """Return the nats that doors lose by another load, whose doors are so likely."""
    return {door: log(1.0 - (1.0 - FITS) * shares[door]) for door in doors.keys() & shares.keys()}


def _told(load: Load) -> dict[int, Ways]:
    """Say what all tags of a load say together; they repeat each other."""
    weight = 1.0 / (1.0 + ALIKE * (len(load.witnesses) - 1))
    return {
        door: (weight * came_in, weight * went_out, weight * stayed)
        for door, (came_in, went_out, stayed) in load.doors.items()
    }


def _passing(told: Mapping[int, Ways], taken: Mapping[int, float]) -> dict[int, float]:
    """Return the probability that a load goes through each door."""
    nats = {
        door: (came_in + taken.get(door, 0.0), went_out + taken.get(door, 0.0), stayed)
        for door, (came_in, went_out, stayed) in told.items()
    }
    most = max(max(ways) for ways in nats.values())
    total = sum(exp(each - most) for ways in nats.values() for each in ways)
    return {door: (exp(ways[0] - most) + exp(ways[1] - most)) / total for door, ways in nats.items()}
