"""What goes wrong in an ordeal, and when. Pure: the same seed deals the same blows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tagdock_simulators.chance import Chance
from tagdock_simulators.faults.kinds import KINDS, Kind

GATEWAY_WIRE, CLOUD_WIRE = "gateway's wire", "cloud's wire"
Victim = Literal["gateway", "ingest", "broker", "database"]
VICTIMS: tuple[Victim, ...] = ("gateway", "ingest", "broker", "database")
WIRE_FAULTS = (Kind.CUT, Kind.BLACK_HOLE, Kind.HALF_OPEN, Kind.REFUSE, Kind.RESET_NEW, Kind.TRICKLE)
_LASTS_S = (2.0, 8.0)
"""Longer than a retry, shorter than the keep-alive: both kinds of recovery are met."""
_SHARE_AT_MOST = 0.6
_MIDDLE = 0.9
"""The share of the time in which blows fall: there is work before the first and after the last."""
_EARLY = 0.4
"""A gateway that dies plays its recording from the beginning, so it dies early."""


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that goes wrong: `what` with `on`, `at_s` seconds after the start, for `for_s` (0: a moment)."""

    at_s: float
    what: str
    on: str
    for_s: float = 0.0


def deal(seed: int, play_s: float, each: int = 2) -> list[Blow]:
    """Return the blows of a run in their order: each victim is killed and each wire fault done `each` times.

    Wire faults are done in turn on both wires, the disk is filled once. Each has a share of the time of its own.
    """
    chance = Chance(seed, "ordeal")
    kinds = sorted(_kinds(each), key=lambda kind: kind != ("kill", "gateway"))  # they choose their places first
    share_s = _MIDDLE * play_s / len(kinds)
    free = _shuffled(len(kinds), chance)
    dealt = []
    for what, on in kinds:
        place = _take_place(free, _EARLY * len(kinds) if (what, on) == ("kill", "gateway") else len(kinds))
        at_s = (1 - _MIDDLE) / 2 * play_s + share_s * (place + chance.between(0.0, 0.3))
        dealt.append(Blow(at_s, what, on, _lasts_s(what, chance, share_s)))
    return sorted(dealt, key=lambda blow: blow.at_s)


def _kinds(each: int) -> Iterator[tuple[str, str]]:
    wires = (GATEWAY_WIRE, CLOUD_WIRE)
    for turn in range(each):
        yield from (("kill", victim) for victim in VICTIMS)
        yield from ((kind.value, wires[(number + turn) % 2]) for number, kind in enumerate(WIRE_FAULTS))
    yield "fill", "disk"


def _lasts_s(what: str, chance: Chance, share_s: float) -> float:
    if what == "kill" or (what in WIRE_FAULTS and not KINDS[Kind(what)].lasts):
        return 0.0
    return min(chance.between(*_LASTS_S), _SHARE_AT_MOST * share_s)


def _shuffled(count: int, chance: Chance) -> list[int]:
    left = list(range(count))
    return [left.pop(chance.below(len(left))) for _ in range(count)]


def _take_place(free: list[int], before: float) -> int:
    place = next(place for place in free if place < before)
    free.remove(place)
    return place
