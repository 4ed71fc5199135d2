"""People and machines: a limited number, in shifts; whoever can begin first does the next piece of work."""

import heapq
from datetime import datetime, timedelta

from tagdock_simulators.warehouse.world.settings import Hours

_DAY = timedelta(days=1)


class Crew:
    """Workers of some shifts. Work begins within a shift and is finished, even if that takes longer."""

    def __init__(self, shifts: tuple[Hours, ...], workers: int, now: datetime) -> None:
        self._free: list[tuple[Hours, list[datetime]]] = [(hours, [now] * workers) for hours in shifts]
        self.worked_s = 0.0

    def take(self, at: datetime, work_s: float) -> tuple[datetime, datetime]:
        """Give the next worker who can begin at or after a time some work; return when it begins and ends."""
        begins = [begin_in(hours, max(at, free[0])) for hours, free in self._free]
        place = begins.index(min(begins))
        ends = begins[place] + timedelta(seconds=work_s)
        heapq.heapreplace(self._free[place][1], ends)
        self.worked_s += work_s
        return begins[place], ends


def begin_in(hours: Hours, at: datetime) -> datetime:
    """Return the first moment at or after a time at which a shift works."""
    if at.weekday() in hours.weekdays and hours.from_h <= at.hour < hours.to_h:
        return at
    day = at.replace(hour=hours.from_h, minute=0, second=0, microsecond=0)
    if day < at:
        day += _DAY
    while day.weekday() not in hours.weekdays:
        day += _DAY
    return day
