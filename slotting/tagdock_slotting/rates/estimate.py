"""The rate of each SKU with its interval: its recent weeks and its long run, drawn to other SKUs where they are thin.

A SKU's long run is gamma distributed a priori, with the spread of all SKUs (empirical Bayes): what hardly sold is
drawn to the others. Its rate now is gamma(m * long + sum d^w lines, m + sum d^w length): what lies back w weeks weighs
d^w, and the long run as much as `m` weeks, so that what has stopped selling fades without being forgotten. `d` and `m`
are those under which the weeks were the likeliest, each foretold from those before it. What a rate still drifts over
the horizon is learnt in the same way from the last one, where an interval ends from the last ones (`tails`).

Source: Harvey and Fernandes (1989), Time Series Models for Count or Qualitative Observations,
doi:10.1080/07350015.1989.10509750; a discounted likelihood with a prior that lasts: Ibrahim and Chen (2000), Power
Prior Distributions for Regression Models, doi:10.1214/ss/1009212673.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tagdock_slotting.rates.counting import log_likelihood
from tagdock_slotting.rates.history import WEEK, Amounts, History, Indices, Weeks, by_week
from tagdock_slotting.rates.season import FEWEST_WEEKS, factors
from tagdock_slotting.rates.tails import Tails, learn_tails, wildest

FEWEST_DAYS = 28
"""Four weeks: below, nothing can be said of drift, and the mean is as good as anything."""

DISCOUNTS = (1.0, 0.98, 0.95, 0.9, 0.85, 0.8)
MEMORIES = (1.0, 2.0, 4.0)
"""Weeks that the long run counts for."""

DRIFTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2)
"""Squared relative change of a rate over the horizon."""

SAMPLE = 2000
"""SKUs that discount, memory and drift are learnt from, evenly chosen: more would cost time and change nothing."""

HORIZONS_BACK = 3
"""Past horizons that tails are learnt from, where so many lie there: the wildest, for one is as often calm as wild."""

FEWEST_IN_GROUP = 30
"""SKUs that a group needs for a season and a prior of its own; smaller ones share that of all."""


@dataclass(frozen=True)
class Rates:
    """Order lines a day of each SKU over the coming `horizon_days`; in 90 % what comes lies within low..high."""

    rate: Amounts
    low: Amounts
    high: Amounts
    first_day: date
    end_day: date
    horizon_days: int
    discount: float
    memory_weeks: float
    drift: float
    tails: Tails
    is_seasonal: bool


@dataclass(frozen=True)
class _Fading:
    """How the past counts: what each week back keeps, and the weeks that the long run is worth."""

    discount: float
    memory_weeks: float


@dataclass(frozen=True)
class _Foretold:
    """A past horizon: the rates foretold for it, and what came, of SKUs that were known then; `length` in weeks."""

    shape: Amounts
    rate: Amounts
    came: Amounts
    length: float

    def spread(self, drift: float) -> Amounts:
        """Return the shape of the rates over the horizon: less certain by the drift."""
        return self.shape / (1 + drift * self.shape)

    def likely(self, drift: float) -> float:
        """Return the logarithm of how likely what came was under a drift."""
        spread = self.spread(drift)
        rate = spread * self.rate / self.shape
        return float(log_likelihood(self.came, spread, rate, np.asarray(self.length)).sum())


@dataclass(frozen=True)
class _Learnt:
    """Gamma distributions of the rates a week (shape, rate), and how busy the days ahead are."""

    shape: Amounts
    rate: Amounts
    busy: float


def estimate(history: History, horizon_days: int = 28, groups: Sequence[str | None] | None = None) -> Rates:
    """Estimate rates with intervals. `groups` (one a SKU) share season and prior where they are large enough.

    Raises ValueError where less than 28 days were counted.
    """
    if history.days < FEWEST_DAYS:
        raise ValueError(f"{history.days} days are too few for rates, {FEWEST_DAYS} are needed")
    stride = -(-len(history.lines) // SAMPLE)
    sample = History(history.first_day, history.lines[::stride])
    weeks = by_week(history)
    fading = _best_fading(Weeks(weeks.lines[::stride], weeks.share, weeks.mid_days))
    past = [
        told for told in (_foretold_at(sample, fading, horizon_days, back) for back in range(HORIZONS_BACK)) if told
    ]
    drift = max(DRIFTS, key=past[0].likely) if past else 0.0
    tails = wildest([learn_tails(told.came, told.spread(drift), told.shape / told.rate * told.length) for told in past])
    shape, rate, busy = (np.zeros(len(history.lines)) for _ in range(3))
    ahead = [history.end_day + timedelta(days=n) for n in range(horizon_days)]
    for part in _parts(len(history.lines), groups):
        learnt = _learn(Weeks(weeks.lines[part], weeks.share, weeks.mid_days), fading, ahead)
        shape[part], rate[part], busy[part] = learnt.shape, learnt.rate, learnt.busy
    mean = shape / rate * busy * horizon_days / WEEK
    low, high = tails.interval(shape / (1 + drift * shape), mean)
    return Rates(
        rate=mean / horizon_days,
        low=low / horizon_days,
        high=high / horizon_days,
        first_day=history.first_day,
        end_day=history.end_day,
        horizon_days=horizon_days,
        discount=fading.discount,
        memory_weeks=fading.memory_weeks,
        drift=drift,
        tails=tails,
        is_seasonal=len(weeks.share) >= FEWEST_WEEKS,
    )


def _parts(skus: int, groups: Sequence[str | None] | None) -> list[Indices]:
    names = np.array([name or "" for name in groups] if groups else [""] * skus)
    sizes = dict(zip(*(row.tolist() for row in np.unique(names, return_counts=True)), strict=True))
    large = sorted(name for name, size in sizes.items() if name and size >= FEWEST_IN_GROUP)
    parts = [np.flatnonzero(names == name) for name in large]
    rest = np.flatnonzero(~np.isin(names, large))
    return [*parts, rest] if len(rest) else parts


def _learn(weeks: Weeks, fading: _Fading, ahead: Sequence[date]) -> _Learnt:
    past, future = factors(weeks, ahead)
    exposure = weeks.share * past
    weights = fading.discount ** np.arange(len(exposure) - 1, -1, -1)
    shape, rate = _prior(weeks.lines, exposure)
    long_run = (shape + weeks.lines.sum(axis=1)) / (rate + exposure.sum())
    return _Learnt(
        fading.memory_weeks * long_run + weeks.lines @ weights,
        np.full(len(weeks.lines), fading.memory_weeks + exposure @ weights),
        float(future.mean()),
    )


def _prior(lines: Amounts, exposure: Amounts) -> tuple[float, float]:
    """Return shape and rate of the gamma distribution that the SKUs' own mean rates spread in (by moments)."""
    seen = max(float(exposure.sum()), 1e-9)
    means = lines.sum(axis=1) / seen
    mean = max(float(means.mean()), 1e-9)
    variance = max(float(means.var()) - mean / seen, 1e-3 * mean * mean)
    return mean * mean / variance, mean / variance


def _best_fading(weeks: Weeks) -> _Fading:
    """Return discount and memory under which each week was foretold best from those before it."""
    prior = _prior(weeks.lines, weeks.share)
    choices = [_Fading(discount, memory) for discount in DISCOUNTS for memory in MEMORIES]
    return max(choices, key=lambda fading: _foretold(weeks, fading, prior))


def _foretold(weeks: Weeks, fading: _Fading, prior: tuple[float, float]) -> float:
    """Return the logarithm of how likely all weeks were, each from those before it."""
    likely = 0.0
    recent, seen = np.zeros(len(weeks.lines)), 0.0
    lines, length = np.full(len(weeks.lines), prior[0]), prior[1]
    for week, share in enumerate(weeks.share):
        if share > 0 and week:
            shape = fading.memory_weeks * lines / length + recent
            rate = np.asarray(fading.memory_weeks + seen)
            likely += float(log_likelihood(weeks.lines[:, week], shape, rate, share).sum())
        recent, seen = fading.discount * (recent + weeks.lines[:, week]), fading.discount * (seen + share)
        lines, length = lines + weeks.lines[:, week], length + share
    return likely


def _foretold_at(history: History, fading: _Fading, horizon_days: int, back: int) -> _Foretold | None:
    """Foretell one of the last horizons from what lay before it; None where too little lay there."""
    length = min(horizon_days, history.days // 2)
    end = history.days - back * length
    cut = end - length
    if back and cut < FEWEST_DAYS:
        return None
    before = by_week(History(history.first_day, history.lines[:, :cut]))
    if not before.share.any():
        return None
    learnt = _learn(before, fading, [history.first_day + timedelta(days=n) for n in range(cut, end)])
    known = before.lines.any(axis=1)
    came = history.lines[known, cut:end].sum(axis=1)
    return _Foretold(learnt.shape[known], learnt.rate[known], came, learnt.busy * length / WEEK)
