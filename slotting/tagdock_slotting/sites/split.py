"""A first delivery split over sites by what each is expected to sell. Pure."""

import heapq
from collections.abc import Mapping
from math import floor, lgamma, log
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from tagdock_slotting.errors import ProblemError
from tagdock_slotting.problem import Id, NotNegative, Record
from tagdock_slotting.sites.geography import Floats

MOST_UNITS = 100_000
"""Units that one delivery splits, and that one site is expected to sell at most: each is looked at by itself."""


class Forecast(Record, frozen=True):
    """What a site is expected to sell of it over the horizon: mean and variance of the units."""

    site: Id
    mean: Annotated[float, Meta(ge=0, le=MOST_UNITS)]
    variance: Annotated[float, Meta(ge=0, le=1e9)]


class Delivery(Record, frozen=True, kw_only=True):
    """A first delivery of a SKU, and what each site is expected to sell of it."""

    v: Literal[1] = 1
    sku: Id
    quantity: Annotated[int, Meta(ge=1, le=MOST_UNITS)]
    forecasts: Annotated[tuple[Forecast, ...], Meta(min_length=1, max_length=500)]


class Share(Record, frozen=True):
    """What one site gets, how much of it is expected to be sold there, and why."""

    site: Id
    quantity: int
    expected_sales: float
    why: str


class Split(Record, frozen=True, kw_only=True):
    """The shares that sell most together. `by_means_sales`: of shares that are as the means are. `kept`: at no site."""

    v: Literal[1] = 1
    sku: Id
    shares: tuple[Share, ...]
    kept: int
    expected_sales: float
    by_means_sales: NotNegative


def check_delivery(delivery: Delivery) -> None:
    """Check what types alone can't say. Raises ProblemError with every finding."""
    first: dict[str, int] = {}
    findings = [
        f"$.forecasts[{index}].site: {told.site!r} stands there twice"
        for index, told in enumerate(delivery.forecasts)
        if first.setdefault(told.site, index) != index
    ]
    if findings:
        raise ProblemError(findings)


def split_delivery(delivery: Delivery) -> Split:
    """Split a delivery so that most is expected to be sold, and compare with shares that are as the means are."""
    forecasts = {told.site: (told.mean, told.variance) for told in delivery.forecasts}
    given = first_split(delivery.quantity, forecasts)
    by_means = _by_means(delivery)
    shares = [_share(told, given[told.site]) for told in delivery.forecasts]
    return Split(
        sku=delivery.sku,
        shares=tuple(shares),
        kept=delivery.quantity - sum(given.values()),
        expected_sales=round(sum(share.expected_sales for share in shares), 3),
        by_means_sales=round(sum(_sales(told, by_means[told.site]) for told in delivery.forecasts), 3),
    )


def _by_means(delivery: Delivery) -> dict[str, int]:
    """Return shares as the means are, in whole units, largest remainders rounded up; none where nobody sells any."""
    total = sum(told.mean for told in delivery.forecasts)
    if not total:
        return dict.fromkeys((told.site for told in delivery.forecasts), 0)
    exact = {told.site: delivery.quantity * told.mean / total for told in delivery.forecasts}
    shares = {site: floor(units) for site, units in exact.items()}
    over = sorted(shares, key=lambda site: (shares[site] - exact[site], site))
    for site in over[: delivery.quantity - sum(shares.values())]:
        shares[site] += 1
    return shares


def _share(told: Forecast, units: int) -> Share:
    chances = _sold_at_least(told.mean, told.variance)
    last = (
        f"the last unit sells with a chance of {chances[units - 1]:.0%}"
        if units
        else "no unit is likelier to sell here"
    )
    why = f"expected to sell {told.mean:,.1f} (variance {told.variance:,.1f}); {last}"
    return Share(told.site, units, round(_sales(told, units), 3), why)


def _sales(told: Forecast, units: int) -> float:
    return float(_sold_at_least(told.mean, told.variance)[:units].sum())


def first_split(quantity: int, forecasts: Mapping[str, tuple[float, float]]) -> dict[str, int]:
    """Split `quantity` units so that the most are expected to be sold: each unit goes where it is likeliest to sell.

    `forecasts` gives each site's mean and variance of units sold over the horizon (mean >= 0). Units that nobody is
    expected to buy (probability under one in a million) stay unsplit, at no site. Exact: expected sales are concave in
    each site's stock. Source: marginal allocation, B. Fox (1966), doi:10.1287/mnsc.13.3.210.
    """
    chances = {site: _sold_at_least(mean, variance) for site, (mean, variance) in forecasts.items()}
    given = dict.fromkeys(forecasts, 0)
    next_units = [(-float(chance[0]), site) for site, chance in sorted(chances.items()) if len(chance)]
    heapq.heapify(next_units)
    for _ in range(quantity):
        if not next_units:
            break
        _, site = heapq.heappop(next_units)
        given[site] += 1
        if given[site] < len(chances[site]):
            heapq.heappush(next_units, (-float(chances[site][given[site]]), site))
    return given


_LEAST_CHANCE = 1e-6


def _sold_at_least(mean: float, variance: float) -> Floats:
    """Return P(demand >= 1), P(demand >= 2), ... of a negative binomial, a Poisson where the variance is no larger."""
    if mean <= 0:
        return np.empty(0)
    size = int(mean + 12 * max(variance, mean) ** 0.5 + 30)
    counts = np.arange(size + 1)
    factorials = np.array([lgamma(count + 1) for count in counts])
    if variance <= mean * (1 + 1e-9):
        chances = np.exp(counts * log(mean) - mean - factorials)
    else:
        shape = mean**2 / (variance - mean)
        share = shape / (shape + mean)
        grown = np.array([lgamma(count + shape) for count in counts])
        chances = np.exp(grown - lgamma(shape) - factorials + shape * log(share) + counts * log(1 - share))
    least = 1.0 - np.cumsum(chances)[:-1]
    return np.asarray(least[least > _LEAST_CHANCE], dtype=np.float64)
