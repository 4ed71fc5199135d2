"""Layouts side by side: what each costs, and what it saves on the orders it was made for and on others.

Saving on orders is the mean tour of today's layout less that of the other, as a share of today's; its interval comes
from drawing as many orders with replacement, again and again (percentile bootstrap, Efron 1979,
doi:10.1214/aos/1176344552). Both layouts meet the same drawn orders, so that chance which hits both falls out.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from msgspec import Struct

from tagdock_slotting.distance import Metres
from tagdock_slotting.evaluate import evaluate
from tagdock_slotting.plan import Layout, Saving, Terms
from tagdock_slotting.problem import Policy, Problem

DRAWS = 1000
TAILS = (2.5, 97.5)
"""Percentiles between which an interval of 95 % lies."""

AT_ONCE = 4_000_000
"""Drawn orders held at a time: 32 MB."""

Orders = Sequence[Sequence[str]]


class Row(Struct, frozen=True):
    """One layout: its objective, and its savings on orders under the site's policy and on the shortest tours."""

    name: str
    objective_m_per_day: float
    terms: Terms
    saves_m_per_day: float
    moved_skus: int
    broken_rules: tuple[str, ...]
    training: tuple[Saving, ...]
    held_out: tuple[Saving, ...]


class Comparison(Struct, frozen=True):
    """All layouts; savings are against the first. Order lines of SKUs that the problem has not are left out."""

    rows: tuple[Row, ...]
    training_orders: int
    held_out_orders: int
    held_out_lines_left_out: int
    seed: int


def compare(problem: Problem, layouts: Mapping[str, Layout], held_out: Orders = (), seed: int = 0) -> Comparison:
    """Compare layouts under one problem. Raises ProblemError where one names unknown SKUs or bins."""
    known = {item.sku for item in problem.items}
    others = [tuple(sku for sku in order if sku in known) for order in held_out]
    sets = (problem.orders, tuple(order for order in others if order))
    first = next(iter(layouts.values()))
    tours = [_tours(problem, first, orders) for orders in sets]
    base = evaluate(_without_moves(problem), first).objective_m_per_day
    rows = []
    for name, layout in layouts.items():
        judged = evaluate(problem, layout)
        found = [
            _savings(before, _tours(problem, layout, orders), seed) for before, orders in zip(tours, sets, strict=True)
        ]
        rows.append(
            Row(
                name=name,
                objective_m_per_day=judged.objective_m_per_day,
                terms=judged.terms,
                saves_m_per_day=base - judged.objective_m_per_day,
                moved_skus=sum(sorted(places) != sorted(first.get(sku, ())) for sku, places in layout.items()),
                broken_rules=judged.broken_rules,
                training=found[0],
                held_out=found[1],
            )
        )
    left_out = sum(map(len, held_out)) - sum(map(len, others))
    return Comparison(tuple(rows), len(sets[0]), len(sets[1]), left_out, seed)


def _without_moves(problem: Problem) -> Problem:
    """The first layout stands already: nothing is moved for it."""
    return msgspec.structs.replace(problem, moves=msgspec.structs.replace(problem.moves, cost_m_per_move=0.0))


def _tours(problem: Problem, layout: Layout, orders: Orders) -> dict[Policy, Metres]:
    """Return each order's tour under the site's policy and the shortest; nothing without aisles or orders."""
    if problem.aisles is None or not orders:
        return {}
    policies: list[Policy] = ["exact"] if problem.routing.policy == "exact" else [problem.routing.policy, "exact"]
    found: dict[Policy, Metres] = {}
    for policy in policies:
        routing = msgspec.structs.replace(problem.routing, policy=policy)
        asked = msgspec.structs.replace(problem, routing=routing, orders=tuple(map(tuple, orders)), order_weights=())
        found[policy] = np.array(evaluate(asked, layout).tours_m)
    return found


def _savings(before: Mapping[Policy, Metres], after: Mapping[Policy, Metres], seed: int) -> tuple[Saving, ...]:
    return tuple(_saving(policy, before[policy], tours, seed) for policy, tours in after.items())


def _saving(policy: Policy, before: Metres, after: Metres, seed: int) -> Saving:
    shares = _drawn(before, after, seed)
    low, high = np.percentile(shares, TAILS)
    return Saving(policy, float(after.mean()), _share(float(before.sum()), float(after.sum())), float(low), float(high))


def _drawn(before: Metres, after: Metres, seed: int) -> Metres:
    """Return what is saved on each drawn set of orders."""
    random = np.random.default_rng(seed)
    orders, shares = len(before), []
    step = max(1, min(DRAWS, AT_ONCE // orders))
    for start in range(0, DRAWS, step):
        drawn = random.integers(0, orders, (min(step, DRAWS - start), orders))
        shares += [_share(*sums) for sums in zip(before[drawn].sum(axis=1), after[drawn].sum(axis=1), strict=True)]
    return np.array(shares)


def _share(before: float, after: float) -> float:
    return float((before - after) / before) if before > 0 else 0.0
