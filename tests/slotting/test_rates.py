"""Rates from counted order lines: recent weeks, the long run, thin SKUs, shut-downs, seasons, intervals that hold."""

from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import nbinom
from tagdock_slotting.rates import History, Rates, estimate, order_weights
from tagdock_slotting.rates.counting import log_likelihood, quantile

MONDAY = date(2026, 1, 5)


def history(lines: NDArray[np.float64]) -> History:
    return History(MONDAY, lines)


def poisson(rates: NDArray[np.float64], days: int, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).poisson(rates[:, None], (len(rates), days)).astype(float)


def spread(skus: int = 400) -> NDArray[np.float64]:
    return np.random.default_rng(5).gamma(0.5, 2.0, skus)


def test_steady_rates_are_found_and_their_intervals_hold_what_comes() -> None:
    rates = spread()
    drawn = poisson(rates, 140)
    found = estimate(history(drawn[:, :112]), horizon_days=28)
    plain = drawn[:, 84:112].mean(axis=1)
    assert np.abs(found.rate - rates).mean() < 0.9 * np.abs(plain - rates).mean()
    came = drawn[:, 112:].mean(axis=1)
    assert 0.85 < ((came >= found.low - 1e-9) & (came <= found.high + 1e-9)).mean() < 0.99
    assert (found.low <= found.rate).all() and (found.first_day, found.horizon_days) == (MONDAY, 28)


def test_what_has_stopped_selling_fades_but_is_not_forgotten() -> None:
    rates = spread(100)
    lines = poisson(rates, 140)
    changing = np.arange(100) % 2 == 0
    lines[changing, 84:] = poisson(rates[changing] * np.random.default_rng(2).choice([0.1, 3.0], 50), 56, 3)
    lines[0] = [2.0] * 84 + [0.0] * 56
    found = estimate(history(lines))
    assert 0 < found.rate[0] < 0.5 * lines[0].mean()


def test_what_hardly_sold_is_drawn_to_the_others() -> None:
    lines = poisson(np.full(200, 1.0), 56)
    lines[0] = 0.0
    lines[1] = 0.0
    lines[1, 3] = 1.0
    found = estimate(history(lines))
    assert 0 < found.rate[0] < found.rate[1] < found.rate[2:].min()


def test_a_shut_down_does_not_look_like_demand_that_died() -> None:
    lines = poisson(np.full(50, 2.0), 70)
    lines[:, 49:63] = 0.0
    assert estimate(history(lines)).rate.mean() == pytest.approx(2.0, rel=0.1)


def test_days_without_work_each_week_are_part_of_the_rate() -> None:
    lines = poisson(np.full(50, 2.0), 70)
    lines.reshape(50, 10, 7)[:, :, 5:] = 0.0
    assert estimate(history(lines)).rate.mean() == pytest.approx(2.0 * 5 / 7, rel=0.1)


def yearly(years: int, growth: float = 0.0) -> Rates:
    days = np.arange(years * 364)
    wave = (1 + 0.8 * np.cos(2 * np.pi * days / 365)) * np.exp(growth * days / 365)
    lines = np.random.default_rng(1).poisson(np.outer(np.full(20, 2.0), wave)).astype(float)
    return estimate(history(lines), horizon_days=182)


def test_a_season_needs_two_years_and_then_looks_ahead() -> None:
    three = yearly(3)
    assert three.rate.mean() == pytest.approx(2.0, rel=0.15)  # the half year after the peak
    assert three.is_seasonal and not yearly(1).is_seasonal
    assert yearly(1).rate.mean() > 2.5  # one year: the peak that it ends with is all it knows


def test_a_trend_that_two_years_show_goes_on() -> None:
    assert yearly(3, growth=0.4).rate.mean() > 1.2 * yearly(3).rate.mean() * np.exp(0.4 * 2.5)


def test_families_that_are_large_enough_are_a_world_of_their_own() -> None:
    lines = np.vstack([poisson(np.full(40, 0.2), 84), poisson(np.full(40, 5.0), 84, 2)])
    lines[0] = lines[40] = 0.0
    apart = estimate(history(lines), groups=["slow"] * 40 + ["fast"] * 40).rate
    together = estimate(history(lines)).rate
    assert apart[40] > 5 * together[40]


def test_recent_orders_count_more_and_their_lines_add_up_to_the_rates() -> None:
    rates = np.array([3.0, 2.0, 1.0])
    lines = poisson(rates, 140)
    lines[0, :112] = poisson(np.array([0.6]), 112)
    found = estimate(history(lines))
    days = [day for day in range(140) for _ in range(int(lines[:, day].sum()))]
    skus = [sku for day in range(140) for sku in range(3) for _ in range(int(lines[sku, day]))]
    weights = np.array(order_weights(found, [139 - day for day in days]))
    assert weights.mean() == pytest.approx(1.0) and weights[0] < weights[-1]
    counted = np.bincount(skus, weights)
    np.testing.assert_allclose(counted / counted.sum(), found.rate / found.rate.sum(), atol=0.02)


def test_too_few_days_and_no_lines_at_all() -> None:
    with pytest.raises(ValueError, match="27 days"):
        estimate(history(np.ones((2, 27))))
    none = estimate(history(np.zeros((2, 60))))
    assert (none.rate < 1e-6).all() and (none.low == 0).all()


@pytest.mark.parametrize("mean", [0.01, 1.0, 30.0, 199.0, 1500.0])
@pytest.mark.parametrize("shape", [0.2, 3.0, 500.0])
def test_counts_are_those_of_the_negative_binomial_distribution(mean: float, shape: float) -> None:
    peer = nbinom(shape, shape / (shape + mean))
    for probability in (0.05, 0.5, 0.95):
        found = quantile(probability, np.array([shape]), np.array([mean]))[0]
        assert found == pytest.approx(peer.ppf(probability), abs=0 if mean < 200 else 0.01 * peer.std())
    counts = np.array([0.0, 2.0])
    ours = log_likelihood(counts, np.array(shape), np.array(shape / mean), np.array(1.0))
    assert ours[1] - ours[0] == pytest.approx(peer.logpmf(2) - peer.logpmf(0) + np.log(2.0))
