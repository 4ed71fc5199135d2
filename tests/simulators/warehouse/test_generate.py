"""Generated orders have the stated shape, and that shape is the real sample's."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from tagdock_simulators.warehouse.generate import generate_orders, order_days
from tagdock_simulators.warehouse.likeness import (
    affinity,
    ks_distance,
    lines_per_invoice,
    ranked_share,
    ranked_share_gap,
    sold,
)
from tagdock_simulators.warehouse.orders import OrderLine, read_orders
from tagdock_simulators.warehouse.shape import GIFTS, SAMPLED

YEAR = 374, date(2010, 12, 1)  # the days of the sample


def days(seed: int, count: int, first: date, kept: float = 1.0) -> list[list[OrderLine]]:
    return list(islice(order_days(seed, first, kept=kept), count))


@pytest.fixture(scope="module")
def quarter() -> list[list[OrderLine]]:
    return days(7, 91, date(2026, 3, 2))


@pytest.fixture(scope="module")
def thinned_year() -> list[OrderLine]:
    return [line for day in days(4, *YEAR, kept=SAMPLED) for line in day]


@pytest.fixture(scope="module")
def sample() -> Sequence[OrderLine]:
    file = Path(os.environ.get("TAGDOCK_TEST_DATA", "unset")) / "online_retail_sample.csv.gz"
    if not file.is_file():
        pytest.skip("set TAGDOCK_TEST_DATA to the folder that holds online_retail_sample.csv.gz")
    return read_orders(file).lines


def test_the_same_seed_gives_the_same_orders_and_another_seed_others() -> None:
    assert generate_orders(1, lines=500).lines == generate_orders(1, lines=500).lines
    assert generate_orders(1, lines=500).lines != generate_orders(2, lines=500).lines


def test_a_thinned_stream_holds_a_share_of_the_same_lines() -> None:
    whole, part = ([line for day in days(5, 20, date(2026, 3, 2), kept) for line in day] for kept in (1.0, 0.25))
    assert set(part) < set(whole)
    assert 0.22 < len(part) / len(whole) < 0.28


def test_time_goes_forward_and_invoices_stay_together(quarter: list[list[OrderLine]]) -> None:
    lines = [line for day in quarter for line in day]
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    changes = sum(a.invoice != b.invoice for a, b in pairwise(lines))
    assert changes + 1 == len({line.invoice for line in lines})
    assert all(line.is_return == line.invoice.startswith("C") for line in lines)


def test_no_invoice_names_a_sku_twice(quarter: list[list[OrderLine]]) -> None:
    for day in quarter:
        assert len({(line.invoice, line.sku) for line in day}) == len(day)


def test_saturdays_and_the_days_around_the_new_year_are_closed() -> None:
    for offset, day in enumerate(days(3, 40, date(2026, 12, 5), kept=0.05)):
        at = date(2026, 12, 5) + timedelta(days=offset)
        assert bool(day) == (at.weekday() != 5 and not date(2026, 12, 24) <= at <= date(2027, 1, 3)), at


def test_weekdays_hours_and_sizes_are_those_of_the_shape(quarter: list[list[OrderLine]]) -> None:
    first = {line.invoice: line.at for day in quarter for line in sold(day)}
    hours = Counter(at.hour for at in first.values())
    for offset, share in enumerate(GIFTS.hours):
        assert hours[GIFTS.opens_h + offset] / len(first) == pytest.approx(share, abs=0.015)
    per_weekday = Counter(at.weekday() for at in first.values())
    for weekday, level in enumerate(GIFTS.weekdays):
        assert per_weekday[weekday] / len(first) == pytest.approx(level / 6.0, abs=0.025)
    sizes = lines_per_invoice([line for day in quarter for line in sold(day)])
    assert float(np.median(sizes)) == pytest.approx(np.exp(GIFTS.lines[0]), rel=0.1)


def test_the_season_rises_to_christmas() -> None:
    june, november = (
        sum(line.at.month > 0 for day in days(3, 28, first, 0.1) for line in day)
        for first in (date(2026, 6, 1), date(2026, 11, 2))
    )
    assert november / june == pytest.approx(1.75 / 0.83, rel=0.25)


def test_what_returns_was_sold_before_and_its_share_is_that_of_the_shape(quarter: list[list[OrderLine]]) -> None:
    sold_pieces = Counter((line.sku, line.quantity) for day in quarter for line in sold(day))
    back = [line for day in quarter for line in day if line.is_return]
    late = [line for line in back if line.at.month >= 5]  # what was sold before the first day returned long before
    assert sum((line.sku, line.quantity) in sold_pieces for line in late) / len(late) > 0.98
    lines = sum(len(day) for day in quarter)
    expected = (
        GIFTS.returned_invoices
        * GIFTS.returned_lines
        / np.mean(lines_per_invoice([line for day in quarter for line in sold(day)]))
    )
    assert 0.5 * expected < len(back) / lines < 1.1 * expected  # the last weeks' returns are still to come


def test_families_and_themes_make_pairs_and_leave_the_popularity_alone() -> None:
    alone = replace(GIFTS, follow=0.0, on_theme=0.0)
    together, chance = (
        [line for day in islice(order_days(4, YEAR[1], shape=shape, kept=0.3), 20) for line in sold(day)]
        for shape in (GIFTS, alone)
    )
    assert affinity(together).mean_square_lift > 1.15 * affinity(chance).mean_square_lift
    assert ranked_share_gap(ranked_share(together), ranked_share(chance)) < 0.05


def test_a_thinned_year_is_like_the_real_sample(sample: Sequence[OrderLine], thinned_year: list[OrderLine]) -> None:
    real, made = sold(sample), sold(thinned_year)
    assert len(made) == pytest.approx(len(real), rel=0.1)
    assert len(ranked_share(made)) == pytest.approx(len(ranked_share(real)), rel=0.04)
    assert ranked_share_gap(ranked_share(real), ranked_share(made)) < 0.025
    assert ks_distance(lines_per_invoice(real), lines_per_invoice(made)) < 0.02
    assert ks_distance([line.quantity for line in real], [line.quantity for line in made]) < 0.02
    first = [{line.invoice: line.at for line in reversed(each)}.values() for each in (real, made)]
    assert ks_distance(*([at.hour for at in each] for each in first)) < 0.02
    assert ks_distance(*([at.weekday() for at in each] for each in first)) < 0.03
    lifts = [affinity(each) for each in (real, made)]
    assert ks_distance(*([pair.lift for pair in each.top] for each in lifts)) < 0.25
    assert lifts[1].mean_square_lift == pytest.approx(lifts[0].mean_square_lift, rel=0.15)
    back = [sum(line.is_return for line in each) / len(each) for each in (sample, thinned_year)]
    assert back[1] == pytest.approx(back[0], rel=0.25)
