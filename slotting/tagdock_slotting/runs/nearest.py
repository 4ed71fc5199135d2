"""The nearest stop next: what a driver would do without a plan, to compare with. Pure."""

from tagdock_slotting.runs.records import Vehicle
from tagdock_slotting.runs.ride import Clockwork

Way = tuple[Vehicle, tuple[int, ...]]
"""A vehicle and its stops in their order."""


def nearest(clockwork: Clockwork) -> tuple[list[Way], tuple[int, ...]]:
    """Send one vehicle after the other, each to the nearest stop that it may still serve.

    Returns the ways, and the stops that are left out. Source: the nearest neighbour rule of D. J. Rosenkrantz,
    R. E. Stearns, P. M. Lewis (1977), doi:10.1137/0206041, with the day's rules.
    """
    left = set(range(len(clockwork.day.stops)))
    found: list[Way] = []
    for vehicle in (each for kind in clockwork.day.vehicles for each in [kind] * min(kind.count, len(left))):
        path: list[int] = []
        while (stop := _next(clockwork, vehicle, path, left)) is not None:
            path.append(stop)
            left.discard(stop)
        if path:
            found.append((vehicle, tuple(path)))
    return found, tuple(sorted(left))


def _next(clockwork: Clockwork, vehicle: Vehicle, path: list[int], left: set[int]) -> int | None:
    at = path[-1] + 1 if path else 0
    row = clockwork.ways.metres[at]
    for stop in sorted(left, key=lambda each: (row[each + 1], each)):
        if clockwork.begins_s(vehicle, [*path, stop]) is not None:
            return stop
    return None
