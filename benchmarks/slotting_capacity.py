"""Shared volume and mass: how far above the bound a plan is, and that it is legal.

    .venv/bin/python benchmarks/slotting_capacity.py [--items 5000] [--bins 1000] [--fill 0.7] [--time-limit 60]
        [--seed 1] [--lp]

Items of log-normal volume and mass, five a bin, two doors, bins of three sizes in 20 aisles; items take `fill` of all
volume and of all mass. Two limits are told apart: the plan's own lower bound, which knows that items are whole, and
the linear programme's, which does not and lies lower (worked out anew after the plan, as long as it takes). The peer is
that programme's solution rounded and nothing more; with --lp the programme of all pairs by SciPy's HiGHS, which takes
minutes at full size.
"""

import argparse
import time

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array
from tagdock_slotting.bounds import linear_bound
from tagdock_slotting.evaluate import evaluate
from tagdock_slotting.model import Model, build_model
from tagdock_slotting.objective import Objective
from tagdock_slotting.problem import Aisles, Bin, Door, Item, Problem
from tagdock_slotting.rules import is_legal
from tagdock_slotting.sharing import room_bound
from tagdock_slotting.solve import solve
from tagdock_slotting.solvers.rooms import shares_of_room

AISLES = 20

PROGRAMME_S = 600.0
"""Time that the programme may take when it is worked out alone: 20 s of a processor at full size."""


def warehouse(items: int, bins: int, fill: float, seed: int) -> Problem:
    random = np.random.default_rng(seed)
    room_m3, room_kg = random.choice([0.7, 1.0, 1.5], bins), random.choice([0.8, 1.0, 1.4], bins) * 100
    volume_m3, mass_kg = random.lognormal(-1, 0.6, items), random.lognormal(2, 0.7, items)
    volume_m3 = np.minimum(volume_m3 * fill * room_m3.sum() / volume_m3.sum(), 0.7)
    mass_kg = np.minimum(mass_kg * fill * room_kg.sum() / mass_kg.sum(), 80.0)
    share = random.random(items).round(3)
    return Problem(
        doors=(Door(id="D0", aisle=5), Door(id="D1", aisle=15)),
        bins=tuple(
            Bin(id=f"B{n}", aisle=n % AISLES, cell=n // AISLES, volume_m3=float(room_m3[n]), mass_kg=float(room_kg[n]))
            for n in range(bins)
        ),
        items=tuple(
            Item(
                sku=f"S{n}",
                picks_per_day=float(random.pareto(1.1)),
                door_share={"D0": float(share[n]), "D1": float(1 - share[n])},
                volume_m3=float(volume_m3[n]),
                mass_kg=float(mass_kg[n]),
            )
            for n in range(items)
        ),
        aisles=Aisles(count=AISLES, pitch_m=3.0, cells=-(-bins // AISLES), cell_m=1.0, front_gap_m=1.0, back_gap_m=1.0),
    )


def relaxed(model: Model) -> float:
    """Return the linear programme's value: items may be split."""
    items, bins = model.items, model.bins
    cost = model.pick_costs(np.arange(items), np.arange(bins)).ravel()
    item, place = np.repeat(np.arange(items), bins), np.tile(np.arange(bins), items)
    column = np.arange(len(cost))
    rooms = coo_array(
        (np.r_[model.volume_m3[item], model.mass_kg[item]], (np.r_[place, place + bins], np.r_[column, column]))
    )
    whole = coo_array((np.ones(len(cost)), (item, column)))
    limits = np.r_[model.bin_volume_m3, model.bin_mass_kg]
    answer = linprog(cost, rooms.tocsr(), limits, whole.tocsr(), np.ones(items), bounds=(0, None), method="highs-ipm")
    return float(answer.fun)


def print_programme(model: Model, value: float) -> None:
    """Print how far a layout's cost is above the linear programme, and what that costs once rounded."""
    started, end_s = time.process_time(), time.monotonic() + PROGRAMME_S
    rooms = room_bound(linear_bound(model), value, lambda: end_s - time.monotonic(), shares_of_room)
    took_s, rounded = time.process_time() - started, Objective(model).terms(rooms.units).total()
    legal = "legal" if is_legal(model, rooms.units) else "not legal"
    print(f"linear programme {rooms.m_per_day:,.0f} in {took_s:.0f} s of a processor: the plan is ", end="")
    print(f"{value / rooms.m_per_day - 1:.2%} above it, rounded alone ({legal}) {rounded / rooms.m_per_day - 1:.2%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--bins", type=int, default=1000)
    parser.add_argument("--fill", type=float, default=0.7)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lp", action="store_true")
    options = parser.parse_args()
    problem = warehouse(options.items, options.bins, options.fill, options.seed)
    started = time.process_time()
    plan = solve(problem, options.time_limit)
    busy_s = time.process_time() - started
    value, floor = plan.objective_m_per_day or np.nan, plan.lower_bound_m_per_day or np.nan
    rules = len(evaluate(problem, plan.assignment).broken_rules)
    print(f"{options.items} SKUs, {options.bins} bins {options.fill:.0%} full: {value:,.0f} m a day, ", end="")
    print(f"{value / floor - 1:.2%} above its bound of {floor:,.0f}, {rules} rules broken, ", end="")
    print(f"{plan.seconds:.0f} s ({busy_s:.0f} s of a processor)", flush=True)
    print_programme(build_model(problem), value)
    if options.lp:
        started = time.process_time()
        least = relaxed(build_model(problem))
        took_s = time.process_time() - started
        print(
            f"linear programme {least:,.0f} in {took_s:.0f} s: the plan is {value / least - 1:.2%} above it, ", end=""
        )
        print(f"its bound {floor / least - 1:+.2%} beside it")


if __name__ == "__main__":
    main()
