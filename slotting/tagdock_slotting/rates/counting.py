"""The negative binomial distribution: what a count is when its rate is only known as a gamma distribution."""

import math
from statistics import NormalDist

import numpy as np

from tagdock_slotting.rates.history import Amounts

LEAST_LOG = -600.0
"""Logarithm of the chance of no count at all down to which quantiles are summed up; below, a double has no digits for
it, and the normal distribution with its skewness does."""

MOST_SUMMED = 20_000
"""Counts beyond which nothing is summed up."""

_STEPS = 6
"""log Gamma(x) is taken at x + 6, where three terms of Stirling's series are exact to 1e-9, and brought back."""


def log_likelihood(counts: Amounts, shape: Amounts, rate: Amounts, exposure: Amounts) -> Amounts:
    """Return the logarithm of each count's probability; its rate is gamma(shape, rate), seen for `exposure`.

    All broadcast; the factor 1 / counts! is left out, as it tells no two models apart.
    """
    size = np.broadcast_to(shape, np.broadcast_shapes(np.shape(shape), np.shape(counts)))
    gammas = _log_gamma(size + counts) - _log_gamma(size)
    seen = exposure / (rate + exposure)
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = np.where(counts > 0, counts * np.log(seen), 0.0)
    return np.asarray(gammas + hits + shape * np.log1p(-seen))


def _log_gamma(at: Amounts) -> Amounts:
    """Stirling's series (Abramowitz and Stegun 1964, 6.1.41)."""
    back = np.ones_like(at)
    for step in range(_STEPS):
        back = back * (at + step)
    far = at + _STEPS
    series = 1 / (12 * far) - 1 / (360 * far**3) + 1 / (1260 * far**5)
    return np.asarray((far - 0.5) * np.log(far) - far + 0.5 * math.log(2 * math.pi) + series - np.log(back))


def quantile(probability: float, shape: Amounts, mean: Amounts) -> Amounts:
    """Return the smallest count that is not exceeded with this probability, for each shape and mean (1-d, alike)."""
    found = _with_skewness(probability, shape, mean)
    log_none = -shape * np.log1p(mean / shape)
    summed = np.flatnonzero((log_none > LEAST_LOG) & (mean > 0))
    fails, size = (mean / (shape + mean))[summed], shape[summed]
    term = np.exp(log_none[summed])
    total = term.copy()
    for count in range(MOST_SUMMED):
        done = total >= probability
        found[summed[done]] = count
        if done.any():
            summed = summed[~done]
            fails, size, term, total = (row[~done] for row in (fails, size, term, total))
        if not len(summed):
            break
        term = term * fails * (size + count) / (count + 1)
        total += term
    return found


def _with_skewness(probability: float, shape: Amounts, mean: Amounts) -> Amounts:
    """Cornish-Fisher's first correction of the normal quantile (Abramowitz and Stegun 1964, 26.2.49)."""
    variance = mean + mean**2 / shape
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = np.where(variance > 0, (1 + 2 * mean / shape) / np.sqrt(variance), 0.0)
    z = NormalDist().inv_cdf(probability)
    return np.asarray(np.maximum(0.0, np.round(mean + np.sqrt(variance) * (z + skewness * (z * z - 1) / 6))))


def outer_chance(counts: Amounts, shape: Amounts, mean: Amounts) -> Amounts:
    """Return the chance of a count as far out as each given one or further, on its nearer side (1-d, alike).

    A count lies within the quantiles of a tail and of one minus the tail where this exceeds the tail. Those whose
    distribution can't be summed up are left out.
    """
    log_none = -shape * np.log1p(mean / shape)
    summed = (log_none > LEAST_LOG) & (counts < MOST_SUMMED)
    counts, size, fails, term = counts[summed], shape[summed], (mean / (shape + mean))[summed], np.exp(log_none[summed])
    below, upto = np.zeros_like(term), term.copy()
    for count in range(int(counts.max(initial=0.0))):
        term = term * fails * (size + count) / (count + 1)
        more = counts > count
        below, upto = np.where(more, upto, below), np.where(more, upto + term, upto)
    return np.asarray(np.minimum(upto, 1.0 - below))
