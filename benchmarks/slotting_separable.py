"""Speed and quality of the separable core beside SciPy's assignment on the same costs, in the same run.

    .venv/bin/python benchmarks/slotting_separable.py [--large [aisles|own|door|today|100,000]]

Three kinds of warehouse: every bin at its own distance (SciPy's own problem), aisles (many bins alike), and aisles with
today's layout and a price on moves. Both sides must find the same optimum; the time is that of the network and its
solution, for SciPy that of the cost matrix and its solution.

--large: 10,000 SKUs in 10,000 bins (`today`: with today's layout and a price on moves), and 100,000 SKUs in 100 bins of
1,000 places, beside the same problem with all arcs written down (OR-Tools' min-cost flow alone; its dense assignment
where every bin is at its own distance). Each side runs in a process of its own and tells its seconds, CPU seconds and
peak of memory: on a busy machine compare the CPU.
"""

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from ortools.graph.python import linear_sum_assignment as dense
from scipy.optimize import linear_sum_assignment
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.model import Model, build_model
from tagdock_slotting.problem import Aisles, Bin, Door, Item, MoveRules, Problem
from tagdock_slotting.solvers import relaxation
from tagdock_slotting.solvers.relaxation import build_relaxation

DOORS = 6


def warehouse(
    items: int, bins: int, *, alike: bool, lived_in: bool, places_each: int = 1, doors_used: int = DOORS
) -> Problem:
    random = np.random.default_rng(items)
    aisles = Aisles(count=12, pitch_m=3.0, cells=1 + bins // 96, cell_m=1.0, front_gap_m=1.0, back_gap_m=1.0)
    spots = [(n % 12, n // 96) for n in range(bins)]
    points = random.uniform(0, 120, (bins, 2))
    places = tuple(
        Bin(id=f"B{n}", aisle=spot[0], cell=spot[1], x_m=float(x), y_m=float(y), items_at_most=places_each)
        for n, (spot, (x, y)) in enumerate(zip(spots, points, strict=True))
    )
    doors = tuple(Door(id=f"D{n}", aisle=2 * n, x_m=24.0 * n, y_m=0.0) for n in range(DOORS))
    shares = random.dirichlet(np.full(DOORS, 0.3), items) if doors_used > 1 else np.eye(DOORS)[np.zeros(items, int)]
    rates = random.pareto(1.1, items)
    goods = tuple(
        Item(sku=f"S{n}", picks_per_day=float(rate), door_share={f"D{d}": float(part) for d, part in enumerate(row)})
        for n, (rate, row) in enumerate(zip(rates, shares, strict=True))
    )
    order = random.permutation(bins)
    current = {f"S{n}": (f"B{order[n]}",) for n in range(items)} if lived_in else {}
    return Problem(
        doors=doors,
        bins=places,
        items=goods,
        aisles=aisles if alike else None,
        current=current,
        moves=MoveRules(cost_m_per_move=200.0 if lived_in else 0.0),
    )


def ours(problem: Problem) -> float:
    model = build_model(problem)
    relaxation = build_relaxation(linear_bound(model))
    relaxed = relaxation.solve()
    if relaxed is None:
        raise RuntimeError("the benchmark's problem must have a solution")
    return relaxation.cost(relaxed.units)


def peer(problem: Problem) -> float:
    model = build_model(problem)
    cost = model.pick_costs(np.arange(model.items), np.arange(model.bins)) + moving(model)
    rows, columns = linear_sum_assignment(cost)
    return float(cost[rows, columns].sum())


def moving(model: Model) -> np.ndarray:
    moves = model.problem.moves
    price = np.full((model.items, model.bins), moves.cost_m_per_move / moves.horizon_days)
    price[model.current.item, model.current.bin] = 0.0
    return price


def timed(solve: Callable[[Problem], float], problem: Problem, runs: int) -> tuple[float, float]:
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        value = solve(problem)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), value


def on_all_arcs(problem: Problem) -> float:
    relaxation.WRITTEN_AT_MOST = relaxation.PAIRS_AT_MOST
    return ours(problem)


def dense_assignment(problem: Problem) -> float:
    model = build_model(problem)
    moves, today = model.problem.moves, model.current
    cost = model.pick_costs(np.arange(model.items), np.arange(model.bins))
    cost += moves.cost_m_per_move / moves.horizon_days
    cost[today.item, today.bin] -= moves.cost_m_per_move / moves.horizon_days
    unit = cost.max() / 2**30  # its prices are some 2**27 times as large, and must stay within 63 bits
    solver = dense.SimpleLinearSumAssignment()
    columns = np.arange(model.bins, dtype=np.int32)
    for row in range(model.items):
        whole = np.rint(cost[row] / unit).astype(np.int64)
        solver.add_arcs_with_cost(np.full(model.bins, row, dtype=np.int32), columns, whole)
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("the dense assignment found nothing")
    return float(sum(cost[row, solver.right_mate(row)] for row in range(model.items)))


def apart(solve: Callable[[Problem], float], problem: Problem) -> str:
    """Run one side in a process of its own; return a line of figures."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        value, wall_s, cpu_s, peak_mb = pool.apply(_measured, (solve, problem))
    return f"{wall_s:>8.2f} s {cpu_s:>8.2f} s of CPU {peak_mb:>7,.0f} MB  objective {value:,.2f}"


def _measured(solve: Callable[[Problem], float], problem: Problem) -> tuple[float, float, float, float]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    value = solve(problem)
    spent = time.perf_counter() - wall_s, time.process_time() - cpu_s
    return value, *spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def large(only: str) -> None:
    one_door = warehouse(10_000, 10_000, alike=False, lived_in=False, doors_used=1)
    lived_in = warehouse(10_000, 10_000, alike=False, lived_in=True)
    lived_in_one_door = warehouse(10_000, 10_000, alike=False, lived_in=True, doors_used=1)
    cases = [
        ("10,000 x 10,000 in aisles", warehouse(10_000, 10_000, alike=True, lived_in=False), on_all_arcs),
        ("10,000 x 10,000 own, one door", one_door, dense_assignment),
        ("10,000 x 10,000 own distances", warehouse(10_000, 10_000, alike=False, lived_in=False), dense_assignment),
        ("10,000 x 10,000 one door, today", lived_in_one_door, dense_assignment),
        ("10,000 x 10,000 six doors, today", lived_in, dense_assignment),
        ("100,000 x 100 classes", warehouse(100_000, 100, alike=False, lived_in=False, places_each=1000), on_all_arcs),
    ]
    for name, problem, peer_of_it in cases:
        if only not in name:
            continue
        print(f"{name:<34} ours {apart(ours, problem)}", flush=True)
        print(f"{'':<34} {'peer':<4} {apart(peer_of_it, problem)}", flush=True)


def main() -> None:
    if "--large" in sys.argv:
        large("".join(sys.argv[sys.argv.index("--large") + 1 :]))
        return
    sizes = [(300, 320), (1000, 1000), (3200, 3400)]
    kinds = [("own distances", False, False), ("aisles", True, False), ("aisles, lived in", True, True)]
    print(f"{'SKUs x bins':>16} {'kind':<18} {'ours s':>8} {'SciPy s':>8} {'ratio':>7}  objective")
    for items, bins in sizes:
        for kind, alike, lived_in in kinds:
            problem = warehouse(items, bins, alike=alike, lived_in=lived_in)
            runs = 3 if items <= 1000 else 1
            (ours_s, found), (peer_s, best) = timed(ours, problem, runs), timed(peer, problem, runs)
            equal = "equal" if abs(found - best) <= 1e-6 * max(1.0, best) else f"DIFFERENT: {found} and {best}"
            print(
                f"{items:>7} x {bins:>6} {kind:<18} {ours_s:>8.2f} {peer_s:>8.2f} {peer_s / ours_s:>6.1f}x  {equal}",
                flush=True,
            )


if __name__ == "__main__":
    main()
