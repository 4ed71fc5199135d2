"""Orders that compete for the stock of several sites: solved together, beside first come, nearest first.

    .venv/bin/python benchmarks/slotting_sites.py [--orders 2000] [--sites 6] [--time-limit 30] [--seeds 3]

Random orders over a country of 1,200 by 1,200 km, one to four lines each, one in ten urgent, one in three may be split;
stock for `--cover` of what is wanted. The lower bound is CP-SAT's; first come, nearest first is what a person would do.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta

import numpy as np
from tagdock_slotting.sites.records import Demand, Line, Order, Site, Stock
from tagdock_slotting.solvers.allocating import allocate

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SKUS = 400


def demand(orders: int, sites: int, cover: float, seed: int) -> Demand:
    """Draw a demand; SKUs are wanted as they are in life: few much, many little."""
    random = np.random.default_rng(seed)
    share = 1 / np.arange(1, SKUS + 1)
    share /= share.sum()
    told = [_order(number, random, share) for number in range(orders)]
    wanted = np.zeros(SKUS)
    for order in told:
        for line in order.lines:
            wanted[int(line.sku[1:])] += line.quantity
    houses = tuple(
        Site(
            f"s{number}",
            float(random.uniform(25, 36)),
            float(random.uniform(105, 117)),
            NOW + timedelta(hours=8 * (number % 2)),
        )
        for number in range(sites)
    )
    stock = tuple(
        Stock(house.id, f"k{sku}", int(units))
        for sku in range(SKUS)
        for house, units in zip(
            houses, random.multinomial(round(cover * wanted[sku]), np.full(sites, 1 / sites)), strict=True
        )
    )
    return Demand(now=NOW, sites=houses, stock=stock, orders=tuple(told))


def _order(number: int, random: np.random.Generator, share: np.ndarray) -> Order:
    skus = random.choice(SKUS, random.integers(1, 5), replace=False, p=share)
    promised = NOW + timedelta(days=int(random.integers(1, 5)))
    return Order(
        id=f"o{number}",
        asked_at=NOW - timedelta(minutes=int(random.integers(0, 1000))),
        lat_deg=float(random.uniform(25, 36)),
        lon_deg=float(random.uniform(105, 117)),
        lines=tuple(Line(f"k{sku}", int(random.integers(1, 4))) for sku in skus),
        promised_at=promised if random.random() < 0.5 else None,
        value=float(random.lognormal(5, 0.8)),
        urgent=bool(random.random() < 0.1),
        split=bool(random.random() < 1 / 3),
    )


def main() -> None:
    """Print costs and seconds for plenty, enough and scarce stock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--sites", type=int, default=6)
    parser.add_argument("--time-limit", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    columns = {"cover": 8, "seed": 6, "first come": 14, "together": 14, "less": 8, "gap": 9, "waiting": 9, "seconds": 9}
    print("".join(f"{name:>{width}}" for name, width in columns.items()))
    for cover in (2.0, 1.0, 0.7):
        for seed in range(asked.seeds):
            found = allocate(demand(asked.orders, asked.sites, cover, seed), asked.time_limit, seed, time.monotonic)
            less, gap = 1 - found.cost / found.first_come_cost, 1 - found.lower_bound / found.cost
            print(
                f"{cover:>8.1f}{seed:>6}{found.first_come_cost:>14,.0f}{found.cost:>14,.0f}{less:>8.1%}{gap:>9.3%}"
                f"{len(found.waiting):>9,}{found.seconds:>9.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
