"""One vehicle's ride through its stops: when it is where, and whether it may be. Pure; what is told comes from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tagdock_slotting.runs.records import Day, Run, Vehicle, Visit
from tagdock_slotting.runs.roads import Ways

NEVER_S = 10**9


@dataclass(frozen=True)
class Clockwork:
    """A day in whole seconds from its start; stops by their place in the day, from 0."""

    day: Day
    ways: Ways

    def seconds(self, at: datetime | None, otherwise_s: int) -> int:
        """Return a moment in seconds from the day's start, floored at zero."""
        return otherwise_s if at is None else max(0, round((at - self.day.starts_at).total_seconds()))

    def window_s(self, stop: int) -> tuple[int, int]:
        """Return when service may begin."""
        told = self.day.stops[stop]
        return self.seconds(told.ready_at, 0), self.seconds(told.due_at, NEVER_S)

    def service_s(self, stop: int) -> int:
        """Return how long service lasts."""
        return round(self.day.stops[stop].service_min * 60)

    def shift_s(self, vehicle: Vehicle) -> tuple[int, int]:
        """Return when a vehicle may leave, and must be back."""
        return self.seconds(vehicle.starts_at, 0), self.seconds(vehicle.ends_at, NEVER_S)

    def begins_s(self, vehicle: Vehicle, stops: Sequence[int]) -> list[int] | None:
        """Return when service begins at each stop if the vehicle leaves early; None where it may not go so."""
        day, (leaves_s, back_s) = self.day, self.shift_s(vehicle)
        if _over(vehicle.mass_kg, sum(day.stops[stop].mass_kg for stop in stops)):
            return None
        if _over(vehicle.volume_m3, sum(day.stops[stop].volume_m3 for stop in stops)):
            return None
        begins, at, now_s = [], 0, leaves_s
        for stop in stops:
            ready_s, due_s = self.window_s(stop)
            begin_s = max(now_s + int(self.ways.seconds[at, stop + 1]), ready_s)
            if begin_s > due_s:
                return None
            begins.append(begin_s)
            at, now_s = stop + 1, begin_s + self.service_s(stop)
        return begins if now_s + int(self.ways.seconds[at, 0]) <= back_s else None

    def metres(self, stops: Sequence[int]) -> int:
        """Return how far it is from the depot through the stops and back."""
        path = [0, *(stop + 1 for stop in stops), 0]
        return int(sum(self.ways.metres[here, there] for here, there in pairwise(path)))

    def run(self, vehicle: Vehicle, stops: Sequence[int]) -> Run:
        """Tell a run. It leaves as late as costs nobody anything. Raises ValueError where the vehicle may not go so."""
        begins = self.begins_s(vehicle, stops)
        if begins is None:
            raise ValueError(f"a {vehicle.id} cannot serve {[self.day.stops[stop].id for stop in stops]} in this order")
        leaves_s = self._latest_start_s(vehicle, stops, begins)
        visits, at, now_s = [], 0, leaves_s
        for stop in stops:
            arrives_s = now_s + int(self.ways.seconds[at, stop + 1])
            begin_s = max(arrives_s, self.window_s(stop)[0])
            at, now_s = stop + 1, begin_s + self.service_s(stop)
            visits.append(Visit(self.day.stops[stop].id, *(self._moment(each) for each in (arrives_s, begin_s, now_s))))
        return Run(
            vehicle=vehicle.id,
            leaves_at=self._moment(leaves_s),
            returns_at=self._moment(now_s + int(self.ways.seconds[at, 0])),
            km=self.metres(stops) / 1000,
            visits=tuple(visits),
        )

    def _latest_start_s(self, vehicle: Vehicle, stops: Sequence[int], begins: Sequence[int]) -> int:
        """Go back from the last stop: leave each place so late that the next begins as early as it can."""
        latest_s = begins[-1] if begins else self.shift_s(vehicle)[0]
        for here, there, begin_s in reversed(list(zip(stops, stops[1:], begins, strict=False))):
            travel_s = int(self.ways.seconds[here + 1, there + 1])
            latest_s = min(self.window_s(here)[1], latest_s - travel_s - self.service_s(here))
            latest_s = max(latest_s, begin_s)
        return latest_s - int(self.ways.seconds[0, stops[0] + 1]) if stops else latest_s

    def _moment(self, seconds: int) -> datetime:
        return self.day.starts_at + timedelta(seconds=seconds)


def _over(room: float | None, amount: float) -> bool:
    return room is not None and amount > room * (1 + 1e-9)
