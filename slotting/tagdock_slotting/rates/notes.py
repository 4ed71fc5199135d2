"""Rates by SKU, as a problem takes them and as people read them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

import numpy as np
from msgspec import Struct

from tagdock_slotting.rates.counting import quantile
from tagdock_slotting.rates.estimate import FEWEST_DAYS, estimate
from tagdock_slotting.rates.history import History
from tagdock_slotting.rates.tails import INTERVAL

MOST_DAYS = 4 * 366
"""Days that are looked at as a whole; a longer period is only averaged."""

HORIZONS_DAYS = (7, 182)
"""Shortest and longest horizon that is forecast: what is asked for beyond is taken for these."""

Interval = tuple[float, float, float]


class RatesNote(Struct, frozen=True):
    """Order lines a day by SKU (rate, low, high: 9 times of 10 what comes lies between) and the days counted.

    Of a forecast also what each week back keeps, and how many weeks the long run is worth.
    """

    method: Literal["forecast", "mean"]
    items: dict[str, Interval]
    first_day: date | None = None
    end_day: date | None = None
    discount: float = 1.0
    memory_weeks: float = 0.0


class Counts(Struct, frozen=True):
    """Lines by SKU: day numbers from `first_day` on and lines on each; and the family of every SKU that is wanted."""

    first_day: date
    days: int
    lines: Mapping[str, tuple[Sequence[int], Sequence[float]]]
    families: Mapping[str, str | None]


def forecast_rates(counts: Counts, horizon_days: float, factor: float) -> RatesNote:
    """Forecast the rates of all SKUs, each times `factor`."""
    skus = list(counts.families)
    lines = np.zeros((len(skus), counts.days))
    for number, sku in enumerate(skus):
        days, sold = counts.lines.get(sku, ((), ()))
        lines[number, np.asarray(days, dtype=np.intp)] = sold
    shortest, longest = HORIZONS_DAYS
    horizon = round(min(max(horizon_days, shortest), longest))
    found = estimate(History(counts.first_day, lines), horizon, list(counts.families.values()))
    columns = (found.rate * factor, found.low * factor, found.high * factor)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return RatesNote(
        "forecast",
        dict(zip(skus, rows, strict=True)),
        found.first_day,
        found.end_day,
        found.discount,
        found.memory_weeks,
    )


def mean_rates(lines: Mapping[str, float], days: float) -> RatesNote:
    """Return lines over days: what can be said where little was counted. The interval is that of as long a time again.

    A rate known from n lines is gamma(n + 1/2) (Jeffreys' prior for a Poisson mean).
    """
    counts = np.array(list(lines.values()), dtype=np.float64)
    tail = (1 - INTERVAL) / 2
    low, high = (quantile(at, counts + 0.5, counts + 0.5) for at in (tail, 1 - tail))
    rows = zip(*((column / days).tolist() for column in (counts, low, high)), strict=True)
    return RatesNote("mean", dict(zip(lines, rows, strict=True)))


__all__ = ["FEWEST_DAYS", "MOST_DAYS", "Counts", "RatesNote", "forecast_rates", "mean_rates"]
