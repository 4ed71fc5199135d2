"""How alike two order books are: the measures by which the generator was fitted, and is judged."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from tagdock_simulators.chance import Floats, Ints
from tagdock_simulators.warehouse.orders import OrderLine

PAIRED_LINES_AT_MOST = 30
"""Larger invoices gather many customers' orders: what stands together there was not bought together."""


def sold(lines: Iterable[OrderLine]) -> list[OrderLine]:
    """Return the lines that are no returns."""
    return [line for line in lines if not line.is_return]


def lines_per_invoice(lines: Iterable[OrderLine]) -> Ints:
    """Count the lines of each invoice."""
    return np.array(sorted(Counter(line.invoice for line in lines).values()), dtype=np.int64)


def ranked_share(lines: Iterable[OrderLine]) -> Floats:
    """Return the share of all lines that the most frequent 1, 2, 3, ... SKUs have."""
    counts = np.array(sorted(Counter(line.sku for line in lines).values(), reverse=True), dtype=np.float64)
    share: Floats = np.cumsum(counts) / counts.sum()
    return share


def ranked_share_gap(a: Floats, b: Floats) -> float:
    """Return the largest difference of two ranked shares at the same rank."""
    size = max(len(a), len(b))
    padded = [np.concatenate([share, np.ones(size - len(share))]) for share in (a, b)]
    return float(np.abs(padded[0] - padded[1]).max())


def ks_distance(a: Sequence[float] | Ints | Floats, b: Sequence[float] | Ints | Floats) -> float:
    """Return the largest difference of two samples' cumulative distributions (Kolmogorov-Smirnov)."""
    first, second = np.sort(np.asarray(a)), np.sort(np.asarray(b))
    points = np.union1d(first, second)
    shares = [np.searchsorted(each, points, side="right") / len(each) for each in (first, second)]
    return float(np.abs(shares[0] - shares[1]).max())


class PairLift(NamedTuple):
    """Two SKUs, how many invoices hold both, and how many times chance's number that is."""

    skus: tuple[str, str]
    together: int
    lift: float


class Affinity(NamedTuple):
    """Which SKUs are bought together beyond chance."""

    top: tuple[PairLift, ...]
    """The most frequent pairs, most frequent first (ties: higher lift first)."""
    mean_square_lift: float
    """How often a pair is met on two invoices, over what is expected: about 1 where baskets are pure chance.

    The sum of n(n - 1) over all pairs, over the sum of the squares of what is expected. Unlike the lift of the top
    pairs, which are chosen for being frequent, it does not grow as the counts get smaller.
    """


def affinity(lines: Iterable[OrderLine], top: int = 200) -> Affinity:
    """Measure the pairs of SKUs on invoices of 2 to `PAIRED_LINES_AT_MOST` lines.

    Expected is what the same invoices would hold with their lines shuffled: each SKU keeps the number of pairs that it
    is part of. Thinning takes pairs at random, so the lift of a pair does not depend on it.
    """
    invoices: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        invoices[line.invoice].add(line.sku)
    together: Counter[tuple[str, str]] = Counter()
    part_of: Counter[str] = Counter()
    for skus in invoices.values():
        if 2 <= len(skus) <= PAIRED_LINES_AT_MOST:
            together.update(combinations(sorted(skus), 2))
            part_of.update(dict.fromkeys(skus, len(skus) - 1))
    ends = sum(part_of.values())
    lifts = [PairLift(pair, n, n * ends / (part_of[pair[0]] * part_of[pair[1]])) for pair, n in together.items()]
    lifts.sort(key=lambda each: (-each.together, -each.lift, each.skus))
    squares = np.array(list(part_of.values()), dtype=np.float64) ** 2
    expected_squares = ((squares.sum() ** 2) - (squares**2).sum()) / 2 / max(1, ends) ** 2
    repeated = sum(n * (n - 1) for n in together.values())
    return Affinity(tuple(lifts[:top]), repeated / expected_squares if expected_squares else 1.0)
