"""Delivery runs of our own vehicles, on instances that everybody knows, beside OR-Tools' routing and the nearest stop.

    python benchmarks/slotting_runs.py --instances DIR [--time-limit 30] [--seeds 1] [--without-ortools]

DIR holds instances in VRPLIB's format (`X-n101-k25.vrp`) or in Solomon's (`R101.txt`), each with its best known
solution beside it (`X-n101-k25.sol`, `R101.sol`), as CVRPLIB gives them. Distances are as the best known values have
them: rounded to whole units in VRPLIB's instances, cut to one decimal in Solomon's. On a machine that is shared, read
the processor's seconds: the time limit is real time.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np
import vrplib
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from tagdock_slotting.runs.records import Day, Place, Roads, Stop, Vehicle
from tagdock_slotting.runs.roads import ways
from tagdock_slotting.solvers.running import plan_runs

STARTS_AT = datetime(2026, 1, 5, tzinfo=UTC)


def main() -> None:
    """Solve every instance of a folder and print what each way of solving is above the best known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=Path, required=True)
    parser.add_argument("--time-limit", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--without-ortools", action="store_true")
    asked = parser.parse_args()
    columns = {"stops": 6, "best known": 12, "runs": 8, "worst": 8, "OR-Tools": 10, "nearest": 9, "real s": 8, "CPU": 6}
    print(f"{'instance':<14}" + "".join(f"{name:>{width}}" for name, width in columns.items()))
    for path in sorted([*asked.instances.glob("*.vrp"), *asked.instances.glob("*.txt")]):
        day, best = read(path)
        spent_s = time.process_time()
        found = [plan_runs(day, asked.time_limit, seed, time.monotonic) for seed in range(asked.seeds)]
        above = [100 * (each.km / best - 1) for each in found]
        spent_s = (time.process_time() - spent_s) / asked.seeds
        served = all(not each.left_out for each in found)
        peer = None if asked.without_ortools else or_tools(day, asked.time_limit)
        print(
            f"{path.stem:<14}{len(day.stops):>6}{best:>12,.1f}{median(above):>7.2f}%{max(above):>7.2f}%"
            + (f"{'-':>10}" if peer is None else f"{100 * (peer / best - 1):>9.2f}%")
            + f"{100 * (found[0].nearest_km / best - 1):>8.1f}%"
            + f"{median(each.seconds for each in found):>8.1f}{spent_s:>6.1f}"
            + ("" if served else "  STOPS LEFT OUT"),
            flush=True,
        )


def read(path: Path) -> tuple[Day, float]:
    """Return an instance as a day, a km for each of its units, and its best known value."""
    if path.suffix == ".txt":
        told = vrplib.read_instance(path, instance_format="solomon")
        points = told["node_coord"]
        rows = np.floor(np.round(_straight(points) * 10, 6)) / 10
    else:
        told = vrplib.read_instance(path)
        points = told["node_coord"]
        cut = np.floor(np.round(_straight(points) * 10, 6)) / 10
        rows = cut if "time_window" in told else np.rint(_straight(points))
    best = float(vrplib.read_solution(path.with_suffix(".sol"))["cost"])
    windows, service = told.get("time_window"), np.broadcast_to(told.get("service_time", 0.0), len(rows))
    minutes = rows if windows is not None else np.zeros_like(rows)
    stops = tuple(
        Stop(
            id=str(place),
            place=Place(),
            mass_kg=float(told["demand"][place]),
            ready_at=None if windows is None else STARTS_AT + timedelta(minutes=float(windows[place][0])),
            due_at=None if windows is None else STARTS_AT + timedelta(minutes=float(windows[place][1])),
            service_min=float(service[place]),
        )
        for place in range(1, len(rows))
    )
    ends_at = None if windows is None else STARTS_AT + timedelta(minutes=float(windows[0][1]))
    vehicle = Vehicle(id="lorry", count=len(stops), mass_kg=float(told["capacity"]), ends_at=ends_at)
    roads = Roads(km=tuple(map(tuple, rows.tolist())), minutes=tuple(map(tuple, minutes.tolist())))
    return Day(depot=Place(), starts_at=STARTS_AT, stops=stops, vehicles=(vehicle,), roads=roads), best


def _straight(points: np.ndarray) -> np.ndarray:
    return np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))


def or_tools(day: Day, time_limit_s: float) -> float:
    """Return the km of OR-Tools' routing with guided local search in the same time; infinite where it finds nothing."""
    told, vehicle = ways(day), day.vehicles[0]
    manager = pywrapcp.RoutingIndexManager(len(told.metres), min(vehicle.count, 40), 0)
    routing = pywrapcp.RoutingModel(manager)
    arcs = routing.RegisterTransitMatrix(told.metres.tolist())
    routing.SetArcCostEvaluatorOfAllVehicles(arcs)
    loads = routing.RegisterUnaryTransitVector([0, *(round(stop.mass_kg) for stop in day.stops)])
    routing.AddDimension(loads, 0, round(vehicle.mass_kg or 0), True, "load")
    service = [0, *(round(stop.service_min * 60) for stop in day.stops)]
    times = routing.RegisterTransitMatrix((told.seconds + np.array(service)[:, None]).tolist())
    ends_s = 10**7 if vehicle.ends_at is None else round((vehicle.ends_at - day.starts_at).total_seconds())
    routing.AddDimension(times, ends_s, ends_s, False, "time")
    for place, stop in enumerate(day.stops, 1):
        if stop.due_at is not None and stop.ready_at is not None:
            window = [round((at - day.starts_at).total_seconds()) for at in (stop.ready_at, stop.due_at)]
            routing.GetDimensionOrDie("time").CumulVar(manager.NodeToIndex(place)).SetRange(*window)
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    search.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    search.time_limit.FromMilliseconds(round(time_limit_s * 1000))
    answer = routing.SolveWithParameters(search)
    return float("inf") if answer is None else answer.ObjectiveValue() / 1000


if __name__ == "__main__":
    main()
