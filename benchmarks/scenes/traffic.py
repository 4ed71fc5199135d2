"""The loads of a scene: who comes when to which door, and which way."""

from collections.abc import Iterator, Mapping
from math import hypot
from typing import TypeVar

import numpy as np
from tagdock_simulators.epc import sgtin96

from scenes.doors import Door
from scenes.hall import STEP_S, Hall
from scenes.loads import Does, Load, draw_load
from scenes.motion import Drive
from scenes.plans import Plan, Span

Choice = TypeVar("Choice", bound=str)

_FAR_M = 5.0
"""From about here loads come, and to here they go."""
_OPPOSITE: dict[Does, Does] = {"in": "out", "out": "in"}


class Traffic:
    """Draws the loads of one scene."""

    def __init__(self, rng: np.random.Generator, plan: Plan, doors: tuple[Door, ...], hall: Hall) -> None:
        self._rng, self._plan, self._doors, self._hall = rng, plan, doors, hall
        self._free_s = [self._span((1.0, 4.0)) for _ in doors]
        self._serial = int(rng.integers(0, 2**30))

    def loads(self) -> list[Load]:
        """Draw them all, in the order of their start."""
        made = [*self._belts()] if "tunnel" in self._plan.kinds else [*self._driven()]
        until_s = max(self._free_s)
        made += [self._parked(until_s) for _ in range(self._plan.parked)]
        return sorted(made, key=lambda load: load.first)

    def _driven(self) -> Iterator[Load]:
        plan, rng, came = self._plan, self._rng, 0
        while came < plan.loads:
            door = min(range(len(self._doors)), key=lambda place: self._free_s[place])
            if rng.random() < plan.strangers:
                yield self._next(door, "in" if rng.random() < 0.5 else "out", (), "person")
            first = self._next(door, _drawn(rng, plan.does), self._epcs(), _drawn(rng, plan.sizes))
            yield first
            came += 1
            if len(self._doors) > 1 and rng.random() < plan.together:
                beside = door + 1 if door == 0 or (door + 1 < len(self._doors) and rng.random() < 0.5) else door - 1
                self._free_s[beside] = max(self._free_s[beside], first.first * STEP_S + rng.uniform(-0.8, 0.8))
                yield self._next(beside, _drawn(rng, plan.does), self._epcs(), "pallet")
                came += 1
            if first.does in _OPPOSITE and rng.random() < plan.again:
                self._free_s[door] += 35.0
                yield self._next(door, _OPPOSITE[first.does], first.epcs, "pallet")

    def _next(self, door: int, does: Does, epcs: tuple[str, ...], size: str) -> Load:
        at_s = max(self._free_s[door], 0.0)
        load = draw_load(self._rng, self._hall, does, door, round(at_s / STEP_S), epcs, self._drive(door, does), size)
        self._free_s[door] = at_s + len(load.way) * STEP_S + self._span(self._plan.gap_s) - 1.0
        return load

    def _belts(self) -> Iterator[Load]:
        """Let cartons run on belts of one speed and way each; `does` of a belt never changes."""
        plan, rng = self._plan, self._rng
        belts = [(self._span(plan.speed_m_s), bool(rng.random() < 0.7)) for _ in self._doors]
        for number in range(plan.loads):
            place = number % len(self._doors)
            speed, comes_in = belts[place]
            y_m = self._doors[place].y_m
            line = ((-1.8, y_m), (1.8, y_m))
            drive = Drive(line if comes_in else line[::-1], speed, 50.0)
            at_s = self._free_s[place]
            self._free_s[place] += rng.uniform(0.7, 2.0) / speed
            does: Does = "in" if comes_in else "out"
            yield draw_load(rng, self._hall, does, place, round(at_s / STEP_S), self._epcs(), drive, "carton")

    def _parked(self, until_s: float) -> Load:
        """Stand a pallet beside a lane: there all the time, or brought and fetched on its own side."""
        rng, door = self._rng, int(self._rng.integers(len(self._doors)))
        side, hand = rng.choice([-1.0, 1.0], 2)
        x_m, y_m = side * rng.uniform(1.2, 4.0), self._doors[door].y_m + hand * rng.uniform(1.6, 3.5)
        if hypot(x_m, y_m - self._doors[door].y_m) < 2.0:
            x_m = 2.0 * side
        lasts_s, size = min(rng.uniform(60.0, 150.0), until_s), "pallet"
        drive = Drive(((x_m, y_m),), 1.0, 1.0, lasts_s=lasts_s)
        if rng.random() < 0.5:
            far = (side * (_FAR_M + 3.0), y_m + rng.normal())
            length = hypot(far[0] - x_m, far[1] - y_m)
            drive = Drive((far, (x_m, y_m)), rng.uniform(0.7, 1.6), 0.8, ((length, lasts_s),), length)
        first = round(rng.uniform(0.0, max(until_s - lasts_s, 1.0)) / STEP_S)
        return draw_load(rng, self._hall, "park", door, first, self._epcs(), drive, size)

    def _drive(self, door: int, does: Does) -> Drive:
        rng, y_m = self._rng, self._doors[door].y_m
        speed, gain = self._span(self._plan.speed_m_s), rng.uniform(0.5, 1.5)
        if does == "pass":
            x_m = rng.uniform(2.0, 4.5) * (1.0 if rng.random() < 0.6 else -1.0)
            hand = float(rng.choice([-1.0, 1.0]))
            line = ((x_m, y_m - hand * 6.0), (x_m + rng.normal(0.0, 0.2), y_m + hand * 6.0))
            return Drive(line, speed, gain)
        from_in = does == "out" or (does == "turn" and rng.random() < 0.5)
        sign = 1.0 if from_in else -1.0
        if does == "turn":
            turns_m = sign * rng.uniform(-0.5, 1.2)
            line = ((sign * _FAR_M, y_m + rng.normal(0.0, 0.4)), (turns_m - 0.6 * sign, y_m + rng.normal(0.0, 0.2)))
            back_m = _FAR_M - sign * turns_m
            return Drive(line, speed, gain, ((back_m, self._span((0.3, 6.0))),), back_m)
        return self._through(y_m, sign, speed, gain)

    def _through(self, y_m: float, sign: float, speed: float, gain: float) -> Drive:
        """Go through a door from the side of `sign`, straight or round a corner inside."""
        rng, plan = self._rng, self._plan
        middle_m = y_m + rng.normal(0.0, 0.2)
        inside = [(_FAR_M, middle_m + rng.normal(0.0, 0.4))]
        if rng.random() < plan.corners:
            lane_m, hand = rng.uniform(2.8, 4.5), float(rng.choice([-1.0, 1.0]))
            inside = [(lane_m, middle_m), (lane_m, middle_m + hand * rng.uniform(4.0, 7.0))]
        line = [(-_FAR_M, middle_m + rng.normal(0.0, 0.3)), (0.0, middle_m), *inside]
        if sign > 0:
            line.reverse()
        whole = np.hypot(*np.diff(np.array(line), axis=0).T)
        door_m = float(whole[0]) if sign < 0 else float(whole[:-1].sum())
        stops = []
        if rng.random() < plan.waits:
            stops.append((max(door_m - rng.uniform(2.2, 4.0), 0.2), rng.uniform(20.0, 40.0)))
        if rng.random() < plan.halts:
            stops.append((door_m + rng.uniform(-1.2, 1.5), rng.uniform(0.5, 7.0)))
        return Drive(tuple(line), speed, gain, tuple(stops))

    def _epcs(self) -> tuple[str, ...]:
        count = int(self._rng.integers(self._plan.tags[0], self._plan.tags[1] + 1))
        first, self._serial = self._serial, self._serial + count
        return tuple(sgtin96("9506000", "013435", serial).hex for serial in range(first, first + count))

    def _span(self, span: Span) -> float:
        return float(self._rng.uniform(*span))


def _drawn(rng: np.random.Generator, weights: Mapping[Choice, float]) -> Choice:
    names, shares = [*weights], np.array([*weights.values()])
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]
