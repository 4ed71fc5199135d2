"""Does a day of deliveries make sense? Every finding starts with the path of its field. Pure."""

from collections.abc import Iterator

from tagdock_slotting.errors import ProblemError
from tagdock_slotting.runs.records import Day, Place
from tagdock_slotting.runs.roads import is_plane


def check_day(day: Day) -> None:
    """Check what types alone can't say. Raises ProblemError with every finding."""
    findings = [*_stops(day), *_places(day), *_vehicles(day), *_matrices(day)]
    if findings:
        raise ProblemError(findings)


def _stops(day: Day) -> Iterator[str]:
    first: dict[str, int] = {}
    for index, stop in enumerate(day.stops):
        if first.setdefault(stop.id, index) != index:
            yield f"$.stops[{index}].id: {stop.id!r} stands there twice, first at index {first[stop.id]}"
        if stop.ready_at is not None and stop.due_at is not None and stop.due_at < stop.ready_at:
            yield f"$.stops[{index}].due_at: is before ready_at"


def _places(day: Day) -> Iterator[str]:
    if day.roads.km is not None:
        return
    for path, place in [("$.depot", day.depot), *((f"$.stops[{i}].place", s.place) for i, s in enumerate(day.stops))]:
        if not is_plane(place) and not _is_on_earth(place):
            yield f"{path}: give lat_deg and lon_deg, or x_m and y_m; or all ways as roads.km"
        elif is_plane(place) != is_plane(day.depot):
            yield f"{path}: give all places in degrees, or all in metres"


def _is_on_earth(place: Place) -> bool:
    return place.lat_deg is not None and place.lon_deg is not None


def _vehicles(day: Day) -> Iterator[str]:
    kinds = [vehicle.id for vehicle in day.vehicles]
    for index, vehicle in enumerate(day.vehicles):
        if kinds.index(vehicle.id) != index:
            yield f"$.vehicles[{index}].id: {vehicle.id!r} stands there twice"
        starts_at = vehicle.starts_at or day.starts_at
        if vehicle.ends_at is not None and vehicle.ends_at <= starts_at:
            yield f"$.vehicles[{index}].ends_at: is not after the vehicle starts"
        if vehicle.starts_at is not None and vehicle.starts_at < day.starts_at:
            yield f"$.vehicles[{index}].starts_at: is before the day's starts_at"


def _matrices(day: Day) -> Iterator[str]:
    size = len(day.stops) + 1
    for name, rows in (("km", day.roads.km), ("minutes", day.roads.minutes)):
        if rows is not None and (len(rows) != size or any(len(row) != size for row in rows)):
            yield f"$.roads.{name}: must have {size} rows of {size}: the depot, then each stop in the day's order"
