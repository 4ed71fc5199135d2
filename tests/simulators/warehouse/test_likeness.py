"""The measures by which order books are compared say what they claim to say."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagdock_simulators.chance import Chance
from tagdock_simulators.warehouse.likeness import affinity, ks_distance, ranked_share, ranked_share_gap
from tagdock_simulators.warehouse.orders import OrderLine

AT = datetime.fromisoformat("2011-01-04T10:00")


def invoices(*baskets: str) -> list[OrderLine]:
    return [OrderLine(AT, str(number), sku, "", 1, False) for number, basket in enumerate(baskets) for sku in basket]


def test_ranked_share_counts_the_most_frequent_first() -> None:
    assert ranked_share(invoices("ab", "a", "ac")).tolist() == [0.6, 0.8, 1.0]


def test_ranked_shares_of_different_length_are_compared() -> None:
    assert ranked_share_gap(np.array([0.5, 1.0]), np.array([0.5, 0.75, 1.0])) == 0.25


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_ks_distance_is_the_largest_gap_of_the_distributions(a: list[int], b: list[int]) -> None:
    def share(values: list[int], at: int) -> float:
        return sum(value <= at for value in values) / len(values)

    assert ks_distance(a, b) == pytest.approx(max(abs(share(a, at) - share(b, at)) for at in range(10)))


def test_a_pair_that_is_always_together_has_a_high_lift() -> None:
    found = affinity(invoices("ab", "ab", "cd", "ce", "de"))
    assert (found.top[0].skus, found.top[0].together) == (("a", "b"), 2)
    assert found.top[0].lift == 2 * 10 / (2 * 2)


def test_bulk_invoices_make_no_pairs() -> None:
    assert affinity([OrderLine(AT, "1", str(sku), "", 1, False) for sku in range(31)]).top == ()


def test_baskets_of_pure_chance_have_no_affinity_however_they_are_thinned() -> None:
    drawn = Chance(1, "baskets").uniform(4_000, 10)
    for kept in (1.0, 0.4):
        baskets = (set((row[row < kept] / kept * 150).astype(int).tolist()) for row in drawn)
        lines = [OrderLine(AT, str(n), str(sku), "", 1, False) for n, basket in enumerate(baskets) for sku in basket]
        assert affinity(lines).mean_square_lift == pytest.approx(1.0, abs=0.05)
