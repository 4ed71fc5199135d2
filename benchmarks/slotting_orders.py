"""Order-aware layouts on orders they never saw, beside the layout by turnover, with bootstrap intervals.

    .venv/bin/python benchmarks/slotting_orders.py [online_retail_sample.csv.gz] [--time-limit 60] [--seed 0]

Three logs, cut by time: the first 70 % are given to `solve`, the last 30 % measure. `planted`: 600 SKUs in families
of six, an order takes most of one family and some others. `shuffled`: the same lines dealt out to the orders at
random, so that no affinity is left and the gate should fall back. `retail`: a sample of a gift retailer's lines (so its
orders are incomplete); SKUs with five lines or more and orders of two SKUs or more are kept. Its orders have dates, so
they count by how recent they are (`order_weights`, learnt from the first 70 %).

The floor: parallel aisles 3 m apart with cells of 1 m and a bin on each side of a cell (one side where planted), one
bin an SKU, one door in the middle of the front. `retail` is laid out three times: aisles of 10, 20 and 40 cells. The
layout by turnover puts the SKU with the most lines nearest to the door. Tours are exact.

What `retail` could gain: `forecast` is the layout by turnover with the rates of `tagdock_slotting.rates`; `known rates`
that with the lines that were to come, `known orders` a search on the held-out orders themselves: nobody can do
better than that search, and nobody knows what it was given. `pairs` is what the shrunk lift of two SKUs in the first
orders tells of the second one of a pair in the held-out ones, beyond how often it is picked.
"""

import argparse
import csv
import gzip
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from tagdock_slotting.annealing import Annealing
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.model import Units, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Aisles, Bin, Door, Item, Problem, Weights
from tagdock_slotting.rates import History, Rates, estimate, order_weights
from tagdock_slotting.solve import solve
from tagdock_slotting.stopping import Stopwatch

SEEN, DRAWS = 0.7, 2000
HORIZON_DAYS = 90
SHRUNK = 1.0
"""Pairs as rare as chance makes them that each lift is drawn to: of 0.5, 1, 2, 5 the most telling."""

MOST_IN_PAIRS = 25
"""SKUs of an order up to which its pairs are counted."""

Order = tuple[str, ...]
Log = list[Order]
Amounts = NDArray[np.float64]


@dataclass(frozen=True)
class Floor:
    """Aisles of so many cells with bins on so many sides."""

    cells: int
    sides: int = 1


def planted(seed: int) -> Log:
    random = np.random.default_rng(seed)
    skus, families = 600, 100
    popular = random.permutation(1.0 / np.arange(1, families + 1) ** 0.6)
    orders = []
    for _ in range(4000):
        family = random.choice(families, p=popular / popular.sum())
        taken = [6 * family + n for n in range(6) if random.random() < 0.7]
        others = random.integers(0, skus, random.poisson(0.5)).tolist()
        orders.append(tuple(dict.fromkeys(f"S{n}" for n in [*taken, *others])) or (f"S{6 * family}",))
    return orders


def shuffled(log: Log, seed: int) -> Log:
    lines = np.random.default_rng(seed).permutation([sku for order in log for sku in order]).tolist()
    dealt, at = [], 0
    for order in log:
        dealt.append(tuple(dict.fromkeys(lines[at : at + len(order)])))
        at += len(order)
    return dealt


def retail(path: Path) -> list[tuple[date, Order]]:
    with gzip.open(path, "rt") as file:
        rows = [row for row in csv.DictReader(file) if int(row["quantity"]) > 0 and row["stock_code"][0].isdigit()]
    orders: dict[str, tuple[date, dict[str, None]]] = {}
    for row in sorted(rows, key=lambda row: row["invoiced_at"]):
        day = date.fromisoformat(row["invoiced_at"][:10])
        orders.setdefault(row["invoice"], (day, {}))[1][row["stock_code"]] = None
    return [(day, tuple(skus)) for day, skus in orders.values()]


def busy(log: list[tuple[date, Order]], seen: int) -> list[tuple[date, Order]]:
    """Keep SKUs that the first orders have at least five times, and orders of two or more."""
    count = counted(order for _, order in log[:seen])
    kept = [(day, tuple(sku for sku in order if count[sku] >= 5)) for day, order in log]
    return [(day, order) for day, order in kept if len(order) > 1]


def counted(orders: Iterable[Order]) -> Counter[str]:
    return Counter(sku for order in orders for sku in order)


def problem_of(orders: Log, floor: Floor) -> Problem:
    count = counted(orders)
    cells, sides = floor.cells, floor.sides
    aisles = -(-len(count) // (cells * sides))
    places = [(a, c, side) for a in range(aisles) for c in range(cells) for side in range(sides)]
    return Problem(
        doors=(Door(id="D", aisle=aisles // 2),),
        bins=tuple(Bin(id=f"{a}-{c}-{side}", aisle=a, cell=c, items_at_most=1) for a, c, side in places),
        items=tuple(Item(sku=sku, picks_per_day=lines / 30) for sku, lines in sorted(count.items())),
        aisles=Aisles(count=aisles, pitch_m=3.0, cells=cells, cell_m=1.0, front_gap_m=1.0, back_gap_m=1.0),
        orders=tuple(orders),
        weights=Weights(travel=0.0, affinity=0.0, routes=1.0),
    )


def forecast(problem: Problem, dated: list[tuple[date, Order]]) -> Rates:
    """Foretell each SKU's rate from the orders that were seen."""
    index = {item.sku: number for number, item in enumerate(problem.items)}
    first, last = dated[0][0], dated[-1][0]
    lines = np.zeros((len(index), (last - first).days + 1))
    for day, order in dated:
        for sku in order:
            lines[index[sku], (day - first).days] += 1
    return estimate(History(first, lines), HORIZON_DAYS)


def by_turnover(problem: Problem, rates: Amounts) -> Units:
    model = build_model(problem)
    place = np.argsort(Objective(model).trips_m, kind="stable")
    return Units(np.argsort(-rates, kind="stable"), place[: model.items]).sorted()


def known_orders(problem: Problem, start: Units, limit_s: float, seed: int) -> Units:
    """Search on the given orders themselves."""
    model, watch = build_model(problem), Stopwatch()
    return Annealing(Objective(model), linear_bound(model), None).run(start, seed, lambda: limit_s - watch.spent_s())


class Judge:
    """Measures layouts on the held-out orders, against the layout by turnover."""

    def __init__(self, problem: Problem, held: Log) -> None:
        known = {item.sku for item in problem.items}
        self.held = [left for order in held if (left := tuple(sku for sku in order if sku in known))]
        self.problem = replace(problem, orders=tuple(self.held), order_weights=())
        self._objective = Objective(build_model(self.problem))
        self.lines = np.array([item.picks_per_day for item in problem.items])
        self.turnover_m = self._objective.tours_m(by_turnover(problem, self.lines))

    def change(self, layout: Units) -> str:
        """Return what a layout changes, with its interval."""
        tours_m = self._objective.tours_m(layout)
        drawn = np.random.default_rng(1).integers(0, len(tours_m), (DRAWS, len(tours_m)))
        shares = tours_m[drawn].sum(1) / self.turnover_m[drawn].sum(1) - 1
        low, high = np.quantile(shares, [0.025, 0.975])
        return f"{tours_m.sum() / self.turnover_m.sum() - 1:+.1%} [{low:+.1%}, {high:+.1%}]"


def report(name: str, problem: Problem, held: Log, limit_s: float, seed: int) -> Judge:
    judge = Judge(problem, held)
    plan = solve(problem, limit_s, seed)
    found = judge.change(build_model(problem).units(plan.assignment))
    orders = f"{len(problem.orders)} + {len(judge.held)} orders, {judge.turnover_m.mean():.0f} m by turnover"
    print(f"{name:<9} {len(problem.items):>5} SKUs {orders}: held-out tours {found}, {plan.seconds:.0f} s")
    print(f"          {plan.solver.split('; ')[-1]}", flush=True)
    return judge


def report_retail(path: Path, limit_s: float, seed: int) -> None:
    sample = retail(path)
    dated = busy(sample, int(SEEN * len(sample)))
    cut = int(SEEN * len(dated))
    seen, held = [order for _, order in dated[:cut]], [order for _, order in dated[cut:]]
    for cells in (10, 20, 40):
        problem = problem_of(seen, Floor(cells, 2))
        rates = forecast(problem, dated[:cut])
        ages = [(dated[cut - 1][0] - day).days for day, _ in dated[:cut]]
        problem = replace(problem, order_weights=order_weights(rates, ages))
        judge = report(f"retail {cells}", problem, held, limit_s, seed)
        coming = counted(judge.held)
        known = by_turnover(problem, np.array([float(coming[item.sku]) for item in problem.items]))
        print(f"          forecast {judge.change(by_turnover(problem, rates.rate))}, known rates {judge.change(known)}")
        best = known_orders(judge.problem, known, limit_s, seed)
        print(f"          known orders, searched {limit_s:.0f} s: {judge.change(best)}", flush=True)
    print(f"pairs     {told_by_pairs(seen, held):.4f} nats each in retail", end=", ")
    made = planted(seed)
    print(f"{told_by_pairs(made[: int(SEEN * len(made))], made[int(SEEN * len(made)) :]):.4f} in planted")


def told_by_pairs(seen: Log, held: Log) -> float:
    """Return what is known more of a second SKU by the first, in nats: the mean gain in logarithm of its chance."""
    index = {sku: number for number, sku in enumerate(sorted(counted(seen)))}
    pairs, coming = (_pairs(orders, index) for orders in (seen, held))
    chance, coming_chance = (each.sum(axis=0) / each.sum() for each in (pairs, coming))
    lift = (pairs + SHRUNK) / (np.outer(chance, chance) * pairs.sum() + SHRUNK)
    told = lift / (lift @ coming_chance)[:, None]
    return float((coming * np.log(told)).sum() / coming.sum())


def _pairs(orders: Log, index: dict[str, int]) -> Amounts:
    pairs = np.zeros((len(index), len(index)))
    for order in orders:
        at = [index[sku] for sku in order if sku in index]
        if 1 < len(at) <= MOST_IN_PAIRS:
            pairs[np.ix_(at, at)] += 1.0 / (len(at) - 1)
            pairs[at, at] -= 1.0 / (len(at) - 1)
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sample", type=Path, nargs="?")
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    made = planted(options.seed)
    for name, log in (("planted", made), ("shuffled", shuffled(made, options.seed))):
        cut = int(SEEN * len(log))
        report(name, problem_of(log[:cut], Floor(20)), log[cut:], options.time_limit, options.seed)
    if options.sample:
        report_retail(options.sample, options.time_limit, options.seed)


if __name__ == "__main__":
    main()
