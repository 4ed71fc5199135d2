"""Which loads come when: every lane of doors has a stream of loads of its own, and the streams are merged by time.

So a scenario of a million loads needs no more memory than one of ten, and a door's loads do not depend on the others'.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import count
from typing import TypeVar

from tagdock_simulators.chance import Chance
from tagdock_simulators.doors import Behaviour, Crossing, WayPoint
from tagdock_simulators.epc import giai96, sgtin96
from tagdock_simulators.scenarios.scenario import CARRIERS, MATERIALS, Scenario, Span

COMPANY_PREFIX = "9521234"
"""In GS1's range for examples (952)."""
EPOCH = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""When a recording starts: a Monday morning."""
_PRODUCTS = 200
_TOGETHER_S = 0.6
"""Two loads that pass neighbouring doors together start at most this far from each other."""
_BESIDE_M = 1.5
"""How far beside the lane's middle a load is parked: another one just passes."""
_PARKED_X_M: Span = (1.2, 2.6)
_WHERE_M: Mapping[str, Span] = {"turn": (-0.6, 0.6), "pass": (-3.5, -1.8)}
"""Where loads turn round, and where they pass along the wall."""
_FORKLIFTS = ("forklift", "empty-forklift")
_PASS_REACH_M = 2.0
_OPPOSITE: Mapping[Behaviour, Behaviour] = {"in": "out", "out": "in"}

Choice = TypeVar("Choice", bound=str)


def crossings(scenario: Scenario, seed: int, starts_at: datetime = EPOCH) -> Iterator[Crossing]:
    """Yield a scenario's loads in the order of their start; but for parked ones no two are in one door at a time."""
    width = 2 if scenario.together else 1
    lanes = [tuple(range(first, min(first + width, scenario.doors))) for first in range(0, scenario.doors, width)]
    share, more = divmod(scenario.loads, scenario.doors)
    streams = (
        _Lane(scenario, seed, starts_at, doors).loads(sum(share + (door < more) for door in doors)) for doors in lanes
    )
    return merge(*streams, key=lambda crossing: crossing.starts_at)


@dataclass(slots=True)
class _Door:
    """What is known of one door while its loads come."""

    number: int
    free_at: datetime
    """When the next load can come."""
    bay_free_at: datetime
    """When the place beside the lane is free for another parked load."""
    belt_m_per_s: float
    forklift_next: Behaviour = "in"
    """Which way the door's own forklift goes next."""


@dataclass(slots=True)
class _Lane:
    """One door, or two neighbours, with the loads that come to them."""

    scenario: Scenario
    seed: int
    starts_at: datetime
    numbers: tuple[int, ...]
    chance: Chance = field(init=False)
    doors: list[_Door] = field(init=False)
    serials: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        scenario = self.scenario
        self.chance = Chance(self.seed, "scenario", scenario.name, f"D{self.numbers[0] + 1}")
        self.serials = count(self.numbers[0], scenario.doors)  # lanes have one door or two, so none takes another's
        self.doors = [
            _Door(
                number, self._after(self.starts_at, scenario.gap_s), self.starts_at, self._span(scenario.speed_m_per_s)
            )
            for number in self.numbers
        ]

    def loads(self, many: int) -> Iterator[Crossing]:
        """Yield so many loads in the order of their start."""
        while many > 0:
            first = min(self.doors, key=lambda door: door.free_at)
            if many > 1 and len(self.doors) > 1 and self.chance.between(0.0, 1.0) < self.scenario.together:
                yield from self._together()
                many -= 2
            else:
                yield self._load(first)
                many -= 1

    def _together(self) -> Iterator[Crossing]:
        """Let a load start at both doors at nearly the same time, as soon as both are free."""
        at = max(door.free_at for door in self.doors)
        second = int(self.chance.between(0.0, 2.0))
        self.doors[1 - second].free_at = at
        self.doors[second].free_at = self._after(at, (0.0, _TOGETHER_S))
        yield self._load(self.doors[1 - second])
        yield self._load(self.doors[second])

    def _load(self, door: _Door) -> Crossing:
        """Draw the next load of a door; the door, or its parking bay, is taken until it has gone."""
        crossing = self._parked(door) if self._parks(door) else self._passing(door)
        if crossing.direction == "park":
            door.bay_free_at = crossing.ends_at
            door.free_at = self._after(door.free_at, self.scenario.gap_s)
        elif self.scenario.door_kind == "conveyor":
            spacing_s = self._span(self.scenario.spacing_m) / door.belt_m_per_s
            door.free_at += timedelta(seconds=spacing_s)
        else:
            door.free_at = self._after(crossing.ends_at, self.scenario.gap_s)
        return crossing

    def _parks(self, door: _Door) -> bool:
        weights = self.scenario.behaviours
        wanted = self.chance.between(0.0, sum(weights.values())) < weights.get("park", 0.0)
        others = any(weight > 0.0 for behaviour, weight in weights.items() if behaviour != "park")
        return wanted and (door.bay_free_at <= door.free_at or not others)

    def _parked(self, door: _Door) -> Crossing:
        """Set a load down beside the lane, inside or outside, and take it away again on the same side."""
        scenario, chance = self.scenario, self.chance
        side = -1.0 if chance.between(0.0, 1.0) < 0.5 else 1.0
        x_m, y_m = side * self._span(_PARKED_X_M), (-1.0 if chance.between(0.0, 1.0) < 0.5 else 1.0) * _BESIDE_M
        from_m = side * scenario.reach_m
        stay_s = self._span(scenario.park_s)
        way = (WayPoint(from_m, y_m), WayPoint(x_m, y_m, stay_s), WayPoint(from_m, y_m))
        at = max(door.free_at, door.bay_free_at)
        return self._crossing(door, "park", at, self._goods(), way=way)

    def _passing(self, door: _Door) -> Crossing:
        scenario = self.scenario
        kinds: dict[Behaviour, float] = {each: weight for each, weight in scenario.behaviours.items() if each != "park"}
        behaviour = _choose(kinds, self.chance)
        carrier = _choose(scenario.carriers, self.chance)
        epcs = () if carrier == "empty-forklift" else self._goods()
        if carrier in _FORKLIFTS:
            epcs += (_forklift(door.number),)
            if behaviour in _OPPOSITE:
                behaviour, door.forklift_next = door.forklift_next, _OPPOSITE[door.forklift_next]
        return self._crossing(door, behaviour, door.free_at, epcs, carrier=carrier)

    def _crossing(
        self,
        door: _Door,
        behaviour: Behaviour,
        at: datetime,
        epcs: tuple[str, ...],
        *,
        carrier: str = "pallet",
        way: tuple[WayPoint, ...] = (),
    ) -> Crossing:
        scenario, chance = self.scenario, self.chance
        belt = scenario.door_kind == "conveyor"
        return Crossing(
            epcs,
            f"D{door.number + 1}",
            behaviour,
            at,
            door.belt_m_per_s if belt else self._span(scenario.speed_m_per_s),
            reach_m=_PASS_REACH_M if behaviour == "pass" else scenario.reach_m,
            stay_s=self._span(scenario.turn_s) if behaviour == "turn" else 0.0,
            carrier=CARRIERS[carrier],
            materials=MATERIALS[_choose(scenario.materials, chance)],
            unreadable=self._unreadable(epcs),
            where_m=self._span(_WHERE_M[behaviour]) if behaviour in _WHERE_M else None,
            way=way,
        )

    def _goods(self) -> tuple[str, ...]:
        """Tag a load with one product; serials never repeat within a seed, nor between neighbouring seeds."""
        scenario, chance = self.scenario, self.chance
        product = f"0{chance.below(_PRODUCTS):05d}"
        every_load = 2 * (scenario.loads + scenario.doors)
        first = (self.seed % 10_000 * every_load + next(self.serials)) * 1000
        tags = scenario.tags[0] + chance.below(scenario.tags[1] - scenario.tags[0] + 1)
        return tuple(sgtin96(COMPANY_PREFIX, product, (first + tag) % 2**38).hex for tag in range(tags))

    def _unreadable(self, epcs: tuple[str, ...]) -> frozenset[str]:
        draws = self.chance.uniform(len(epcs))
        return frozenset(epc for epc, draw in zip(epcs, draws, strict=True) if draw < self.scenario.unreadable)

    def _span(self, span: Span) -> float:
        return self.chance.between(*span)

    def _after(self, at: datetime, span_s: Span) -> datetime:
        return at + timedelta(seconds=self._span(span_s))


def _forklift(door: int) -> str:
    """Name a door's own forklift."""
    return giai96(COMPANY_PREFIX, 1 + door).hex


def _choose(weights: Mapping[Choice, float], chance: Chance) -> Choice:
    possible = {choice: weight for choice, weight in weights.items() if weight > 0.0}
    place = chance.between(0.0, sum(possible.values()))
    for choice, weight in possible.items():
        place -= weight
        if place < 0.0:
            return choice
    return choice
