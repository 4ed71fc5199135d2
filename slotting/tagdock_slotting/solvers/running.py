"""A day's deliveries as runs: PyVRP's search, its answer checked and told by our own clockwork."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tagdock_slotting.errors import SlottingError
from tagdock_slotting.runs.nearest import Way, nearest
from tagdock_slotting.runs.records import Day, Runs, Vehicle
from tagdock_slotting.runs.ride import Clockwork
from tagdock_slotting.runs.roads import Whole, ways

if TYPE_CHECKING:
    import pyvrp

_GRAM, _LITRE = 1000, 1000
"""Masses are counted in grams, volumes in litres: the solver's loads are whole numbers. Loads round up."""
_PATIENCE = 100_000
"""Steps without a better plan after which the search ends; a hundred stops take some 20 s for so many."""


def plan_runs(day: Day, time_limit_s: float, seed: int, clock: Callable[[], float]) -> Runs:
    """Find short runs for a day; stops that cannot be served are left out, as few as possible.

    The search ends when nothing better comes for long: then the same seed gives the same plan; or after the time limit:
    then only a machine as fast gives it again. Raises SlottingError where PyVRP is not installed.
    Source: PyVRP, N. A. Wouda, L. Lan, W. Kool (2024), doi:10.1287/ijoc.2023.0055.
    """
    began_s = clock()
    clockwork = Clockwork(day, ways(day))
    by_hand, by_hand_left = nearest(clockwork)
    found, left = (by_hand, by_hand_left) if not day.stops else _search(clockwork, time_limit_s, seed)
    if (len(left), _metres(clockwork, found)) > (len(by_hand_left), _metres(clockwork, by_hand)):
        found, left = by_hand, by_hand_left
    return Runs(
        runs=tuple(clockwork.run(vehicle, stops) for vehicle, stops in found),
        left_out=tuple(day.stops[stop].id for stop in left),
        km=_metres(clockwork, found) / 1000,
        nearest_km=_metres(clockwork, by_hand) / 1000,
        nearest_left_out=len(by_hand_left),
        seconds=round(clock() - began_s, 3),
    )


def _metres(clockwork: Clockwork, found: list[Way]) -> int:
    return sum(clockwork.metres(stops) for _, stops in found)


def _search(clockwork: Clockwork, time_limit_s: float, seed: int) -> tuple[list[Way], tuple[int, ...]]:
    try:
        import pyvrp  # noqa: PLC0415 - only who has vehicles of their own installs it
        from pyvrp.stop import MaxRuntime, MultipleCriteria, NoImprovement  # noqa: PLC0415
    except ModuleNotFoundError:
        raise SlottingError("planning runs needs PyVRP: install tagdock-slotting[runs]") from None
    ends = MultipleCriteria([MaxRuntime(time_limit_s), NoImprovement(_PATIENCE)])
    result = pyvrp.solve(_data(clockwork), ends, seed=seed, collect_stats=False, display=False)
    if not result.best.is_feasible():
        return [], tuple(range(len(clockwork.day.stops)))
    kinds = clockwork.day.vehicles
    found = [
        (kinds[route.vehicle_type()], tuple(step.idx for step in route if step.is_client()))
        for route in result.best.routes()
    ]
    served = {stop for _, stops in found for stop in stops}
    return found, tuple(stop for stop in range(len(clockwork.day.stops)) if stop not in served)


def _data(clockwork: Clockwork) -> "pyvrp.ProblemData":
    import pyvrp  # noqa: PLC0415

    day, ways_ = clockwork.day, clockwork.ways
    prize = 1 + int(ways_.metres.max(initial=0)) * 4  # more than any detour to it can cost
    return pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0)] * (len(day.stops) + 1),
        clients=[_client(clockwork, stop, prize) for stop in range(len(day.stops))],
        depots=[pyvrp.Depot(0)],
        vehicle_types=[_vehicle(clockwork, kind) for kind in day.vehicles],
        distance_matrices=[_matrix(ways_.metres)],
        duration_matrices=[_matrix(ways_.seconds)],
    )


def _matrix(whole: Whole) -> "np.ndarray[Any, Any]":
    return whole  # PyVRP's stub names an array's type in a way of its own


def _client(clockwork: Clockwork, stop: int, prize: int) -> "pyvrp.Client":
    import pyvrp  # noqa: PLC0415

    told = clockwork.day.stops[stop]
    ready_s, due_s = clockwork.window_s(stop)
    return pyvrp.Client(
        stop + 1,
        delivery=[int(np.ceil(told.mass_kg * _GRAM)), int(np.ceil(told.volume_m3 * _LITRE))],
        service_duration=clockwork.service_s(stop),
        tw_early=ready_s,
        tw_late=due_s,
        prize=prize,
        required=False,
    )


def _vehicle(clockwork: Clockwork, kind: Vehicle) -> "pyvrp.VehicleType":
    import pyvrp  # noqa: PLC0415

    starts_s, ends_s = clockwork.shift_s(kind)
    return pyvrp.VehicleType(
        num_available=min(kind.count, max(1, len(clockwork.day.stops))),
        capacity=[_room(kind.mass_kg, _GRAM), _room(kind.volume_m3, _LITRE)],
        tw_early=starts_s,
        tw_late=ends_s,
    )


def _room(room: float | None, unit: int) -> int:
    return 2**40 if room is None else int(np.floor(room * unit * (1 + 1e-9)))
