"""Speed and quality of the separable core beside SciPy's assignment on the same costs, in the same run.

    .venv/bin/python benchmarks/slotting_separable.py [--large]

Three kinds of warehouse: every bin at its own distance (SciPy's own problem), aisles (many bins alike), and aisles with
today's layout and a price on moves. Both sides must find the same optimum; the time is that of the network and its
solution, for SciPy that of the cost matrix and its solution. --large adds 10,000 SKUs in 10,000 bins.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.model import Model, build_model
from tagdock_slotting.problem import Aisles, Bin, Door, Item, MoveRules, Problem
from tagdock_slotting.solvers.relaxation import build_relaxation

DOORS = 6


def warehouse(items: int, bins: int, *, alike: bool, lived_in: bool) -> Problem:
    random = np.random.default_rng(items)
    aisles = Aisles(count=12, pitch_m=3.0, cells=1 + bins // 96, cell_m=1.0, front_gap_m=1.0, back_gap_m=1.0)
    spots = [(n % 12, n // 96) for n in range(bins)]
    points = random.uniform(0, 120, (bins, 2))
    places = tuple(
        Bin(id=f"B{n}", aisle=spot[0], cell=spot[1], x_m=float(x), y_m=float(y), items_at_most=1)
        for n, (spot, (x, y)) in enumerate(zip(spots, points, strict=True))
    )
    doors = tuple(Door(id=f"D{n}", aisle=2 * n, x_m=24.0 * n, y_m=0.0) for n in range(DOORS))
    shares = random.dirichlet(np.full(DOORS, 0.3), items)
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
        raise SystemExit("the benchmark's problem must have a solution")
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


def main() -> None:
    sizes = [(300, 320), (1000, 1000), (3200, 3400)] + ([(10_000, 10_000)] if "--large" in sys.argv else [])
    kinds = [("own distances", False, False), ("aisles", True, False), ("aisles, lived in", True, True)]
    print(f"{'SKUs x bins':>16} {'kind':<18} {'ours s':>8} {'SciPy s':>8} {'ratio':>7}  objective")
    for items, bins in sizes:
        for kind, alike, lived_in in kinds:
            if items > 5000 and not alike:
                continue  # 100 million arcs are no network that fits a small machine
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
