"""What few moves are worth, and how fast a point of the frontier is found.

    .venv/bin/python benchmarks/slotting_moves.py [--items 10000]

A lived-in and full warehouse in aisles: the full gain is that of the layout without a budget. For each budget the price
of a move is varied until the number fits, and whole chains fill it up: `moves` relocated units, their share of the full
gain, and the `bound` that no layout with so few moves exceeds. `steps`: the same where what only makes room counts,
too, as `at_most` in a problem does (in a full warehouse each exchange takes three). A point is one price, solved from
the arcs and prices of the point before; its peer is the same point solved from scratch.
"""

import argparse
import statistics
import time
from collections.abc import Callable

from slotting_separable import warehouse
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.model import Units, build_model
from tagdock_slotting.relocation import executable_steps
from tagdock_slotting.solvers.budget import Corner, Sweep, paying
from tagdock_slotting.solvers.relaxation import build_relaxation

SHARES = (0.05, 0.25)


def sweep_of(items: int) -> tuple[Sweep, float, Corner]:
    problem = warehouse(items, items, alike=True, lived_in=True)
    relaxation = build_relaxation(linear_bound(build_model(problem)))
    current = relaxation.bound.model.current
    today = relaxation.cost(current)
    return Sweep(relaxation, relaxation.cost), today, Corner(current, today, 0, 0.0, -float("inf"))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    items = parser.parse_args().items
    sweep, today, held = sweep_of(items)
    wall_s, cpu_s = timed(lambda: sweep.at(0.0))
    free = sweep.corners[0]
    full = today - free.cost
    print(f"{items:,} SKUs, full gain {full:,.0f} m a day with {free.relocations:,} moves, ", end="")
    print(f"solved in {wall_s:.2f} s ({cpu_s:.2f} s of CPU)", flush=True)
    print(f"{'at most':>8} {'moves':>7} {'of full gain':>13} {'bound':>8} {'steps':>7} {'of full gain':>13}  points")
    for share in SHARES:
        budget, points = int(share * items), Points(sweep)
        found = sweep.within(budget, free, held)
        if found.relocations > budget:
            raise SystemExit(f"{found.relocations} moves were made and {budget} allowed")
        proven = (today - sweep.bound_m_per_day(budget)) / full
        carried, gain = in_steps(sweep, found.units, budget, today)
        print(
            f"{budget:>8,} {found.relocations:>7,} {(today - found.cost) / full:>13.1%} {proven:>8.1%} "
            f"{carried:>7,} {gain / full:>13.1%}  {points}",
            flush=True,
        )
    fresh, _, _ = sweep_of(items)
    wall_s, cpu_s = timed(lambda: fresh.at(sweep.corners[-1].price))
    print(f"the last point from scratch: {wall_s:.2f} s ({cpu_s:.2f} s of CPU)")


def in_steps(sweep: Sweep, units: Units, budget: int, today: float) -> tuple[int, float]:
    """Return steps and gain of what is left where steps that only make room count as moves, too."""
    model = sweep.relaxation.bound.model
    cut = paying(model, units, budget, model.problem.moves.cost_m_per_move / model.problem.moves.horizon_days)
    steps = len(executable_steps(model, cut))
    if steps > budget:
        raise SystemExit(f"{steps} steps are needed and {budget} allowed")
    return steps, today - sweep.relaxation.cost(cut)


class Points:
    """Listens to a sweep: how many points it looks at and what one takes; the last one is exact, for the bound."""

    def __init__(self, sweep: Sweep) -> None:
        self._spent: list[tuple[float, float]] = []
        at = type(sweep).at

        def timed_at(price: float, *, exact: bool = True) -> Corner | None:
            started = time.perf_counter(), time.process_time()
            found = at(sweep, price, exact=exact)
            if not exact:
                self._spent.append((time.perf_counter() - started[0], time.process_time() - started[1]))
            return found

        sweep.at = timed_at  # type: ignore[method-assign]

    def __str__(self) -> str:
        wall_s, cpu_s = (statistics.median(column) for column in zip(*self._spent, strict=True))
        return f"{len(self._spent)}, each {wall_s:.2f} s ({cpu_s:.2f} s of CPU)"


if __name__ == "__main__":
    main()
