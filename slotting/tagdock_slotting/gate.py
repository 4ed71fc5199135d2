"""No order-aware layout without proof on orders it never saw: the last of those given are held out.

A layout fitted to a thin log gains much on that log and nothing on the next weeks. So it is sought on the first orders
(they are taken to stand in the order of time) and this is only gone on with, on all of them, if it beats the layout by
the same orders' rates on the rest, by more than chance.
"""

from dataclasses import dataclass, replace

import numpy as np
from msgspec.structs import replace as with_fields

from tagdock_slotting.model import Model, Units
from tagdock_slotting.objective import Objective

SEEN = 0.7
"""Share of the orders, the first ones, that a layout is sought on."""

SURE = 1.645
"""Standard errors by which the mean gain of a held-out tour must exceed zero: one case of chance in twenty."""

FEWEST = 10
"""Held-out orders below which nothing is proven."""


@dataclass(frozen=True)
class Verdict:
    """Mean held-out tour of both layouts in metres, over so many orders, and whether the order-aware one is kept."""

    kept: bool
    aware_m: float
    by_rates_m: float
    orders: int

    def __str__(self) -> str:
        """Say it in a plan."""
        if self.orders < FEWEST:
            return f"by rates: {self.orders} held-out orders prove nothing about an order-aware layout"
        which = "order-aware" if self.kept else "by rates, for the order-aware one did not prove better"
        return f"{which} (a held-out tour {self.aware_m:.1f} m, by rates {self.by_rates_m:.1f} m, {self.orders} orders)"


def seen_orders(model: Model) -> Model:
    """Return the problem with its first orders only."""
    orders = model.problem.orders
    return _with_orders(model, 0, int(SEEN * len(orders)))


def judge(model: Model, aware: Units, by_rates: Units) -> Verdict:
    """Compare two layouts on the orders that were held out."""
    count = len(model.problem.orders)
    held = Objective(_with_orders(model, int(SEEN * count), count))
    orders = len(held.model.problem.orders)
    if orders < FEWEST:
        return Verdict(kept=False, aware_m=0.0, by_rates_m=0.0, orders=orders)
    aware_m, by_rates_m, weight = held.tours_m(aware), held.tours_m(by_rates), held.model.order_weight
    if not weight.any():
        return Verdict(kept=False, aware_m=0.0, by_rates_m=0.0, orders=0)
    mean_aware_m, mean_by_rates_m = (float(np.average(tours_m, weights=weight)) for tours_m in (aware_m, by_rates_m))
    off_m = weight * (by_rates_m - aware_m - (mean_by_rates_m - mean_aware_m))
    chance_m = SURE * float(np.sqrt(off_m @ off_m * orders / (orders - 1)))
    gain = held.terms(by_rates).total() - held.terms(aware).total()
    doubt = model.problem.weights.routes * chance_m / held.model.problem.orders_days
    return Verdict(bool(gain > doubt), mean_aware_m, mean_by_rates_m, orders)


def _with_orders(model: Model, start: int, stop: int) -> Model:
    problem = model.problem
    weights, every = problem.order_weights[start:stop], model.order_weight
    share = every[start:stop].sum() / max(every.sum(), 1e-9)
    part = with_fields(
        problem,
        orders=problem.orders[start:stop],
        order_weights=weights,
        orders_days=max(1e-9, problem.orders_days * float(share)),
    )
    return replace(model, problem=part)
