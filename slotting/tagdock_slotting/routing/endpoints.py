"""Where tours start and end."""

from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from tagdock_slotting.distance import Metres, door_distances
from tagdock_slotting.problem import Door, Problem


@dataclass(frozen=True)
class Endpoints:
    """The door a tour starts at and the one it ends at."""

    start: Door
    end: Door

    @property
    def gaps_m(self) -> float:
        """The way from door to aisle and back, walked once a tour."""
        return self.start.gap_m + self.end.gap_m


def endpoints(problem: Problem) -> Endpoints:
    """Look up the doors of a problem's routing; the first door where none is named."""
    doors = {door.id: door for door in problem.doors}
    start = doors[problem.routing.door] if problem.routing.door is not None else problem.doors[0]
    end = doors[problem.routing.end_door] if problem.routing.end_door is not None else start
    return Endpoints(start, end)


def round_trips(problem: Problem, ends: Endpoints) -> Metres:
    """Return for each bin the shortest way from the start door through it to the end door, by the aisle layout."""
    to_doors = door_distances(replace(problem, bin_door_m=None, doors=(ends.start, ends.end)))
    return np.asarray(to_doors.sum(axis=1))
