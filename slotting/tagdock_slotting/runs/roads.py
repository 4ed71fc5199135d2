"""How far and how long from each place of a day to each other one: whole metres and seconds. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tagdock_slotting.runs.records import Day, Place
from tagdock_slotting.sites.geography import Floats, great_circle_km

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ways:
    """Ways between the depot (place 0) and the stops (places 1, 2, ... in the day's order), each of shape (n, n)."""

    metres: Whole
    seconds: Whole


def ways(day: Day) -> Ways:
    """Measure all ways of a day, rounded to metres and seconds."""
    km = _km(day) if day.roads.km is None else np.array(day.roads.km, dtype=float)
    minutes = km / day.roads.speed_km_h * 60 if day.roads.minutes is None else np.array(day.roads.minutes, dtype=float)
    return Ways(np.rint(km * 1000).astype(np.int64), np.rint(minutes * 60).astype(np.int64))


def _km(day: Day) -> Floats:
    places = [day.depot, *(stop.place for stop in day.stops)]
    if is_plane(day.depot):
        points = np.array([(place.x_m, place.y_m) for place in places], dtype=float)
        straight = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1)) / 1000
    else:
        degrees = np.array([(place.lat_deg, place.lon_deg) for place in places], dtype=float)
        straight = great_circle_km(degrees, degrees)
    return np.asarray(straight * day.roads.detour, dtype=np.float64)


def is_plane(place: Place) -> bool:
    """Tell whether a place is given in metres on a plane."""
    return place.x_m is not None and place.y_m is not None
