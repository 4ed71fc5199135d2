"""Speed and quality of tours: microseconds a tour, exact and by policy, and their excess over the optimum.

    .venv/bin/python benchmarks/slotting_tours.py

10,000 random orders of 2 to 10 lines in 12 aisles of 30 cells, on one block and on two. The peer is the lower limit of
any method that looks at each pick once: sorting the same picks by order, aisle and cell with numpy.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from tagdock_slotting.problem import Aisles, Bin, CrossAisle, Door, Item, Policy, Problem
from tagdock_slotting.routing import Router

ORDERS, AISLES, CELLS = 10_000, 12, 30
POLICIES: tuple[Policy, ...] = ("exact", "combined", "largest_gap", "midpoint", "s_shape", "return")


def router_of(crosses: tuple[CrossAisle, ...]) -> Router:
    bins = tuple(Bin(id=f"{a}-{c}", aisle=a, cell=c) for a in range(AISLES) for c in range(CELLS))
    aisles = Aisles(
        count=AISLES, pitch_m=3.0, cells=CELLS, cell_m=1.0, front_gap_m=1.0, back_gap_m=1.0, cross_aisles=crosses
    )
    problem = Problem(
        doors=(Door(id="D", aisle=4),),
        bins=bins,
        items=(Item(sku="S"),),
        aisles=aisles,
        orders=(("S",),),
    )
    router = Router.of(problem)
    if router is None:
        raise SystemExit("the benchmark's problem must have aisles and orders")
    return router


def median_us(run: Callable[[], object], runs: int = 5) -> float:
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) / ORDERS * 1e6


def main() -> None:
    random = np.random.default_rng(1)
    order = np.repeat(np.arange(ORDERS), random.integers(2, 11, ORDERS))
    place = random.integers(0, AISLES * CELLS, len(order))
    peer_us = median_us(lambda: np.lexsort((place % CELLS, place // CELLS, order)))
    print(f"{len(order) / ORDERS:.1f} picks a tour; sorting them alone: {peer_us:.2f} us a tour")
    one, two = router_of(()), router_of((CrossAisle(after_cell=14, width_m=2.0),))
    best = one.lengths(ORDERS, order, place).sum()
    for policy in POLICIES:
        router = replace(one, policy=policy)
        took_us = median_us(lambda router=router: router.lengths(ORDERS, order, place))
        excess = router.lengths(ORDERS, order, place).sum() / best - 1
        speed = f"{took_us:>7.2f} us a tour {took_us / peer_us:>6.1f}x the sort"
        print(f"one block, {policy:<12} {speed}, {excess:>6.1%} longer")
    took_us = median_us(lambda: two.lengths(ORDERS, order, place), runs=3)
    print(f"two blocks, exact       {took_us:>7.2f} us a tour {took_us / peer_us:>6.1f}x the sort")


if __name__ == "__main__":
    main()
