"""What the calendar does to all SKUs of a group alike: season and trend, as factors on how much a week counts.

Neither is fitted before two whole years lie there: in less, a season and a trend cannot be told apart.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tagdock_slotting.rates.history import Amounts, Indices, Weeks

WEEKS_A_YEAR = 52
FEWEST_WEEKS = 2 * WEEKS_A_YEAR
SURE_OF_TREND = 2.0
"""Standard errors that a trend has to differ from none."""

LINES_OF_PRIOR = 20.0
"""A week of the year counts as if it had so many more lines at the usual level: thin groups get a flat season."""


def week_of_year(day: date) -> int:
    """Return 0..51; the last days of a year count to its last week."""
    return min((day.timetuple().tm_yday - 1) // 7, WEEKS_A_YEAR - 1)


def factors(weeks: Weeks, ahead: Sequence[date]) -> tuple[Amounts, Amounts]:
    """Return how busy each past week and each day ahead is by the calendar; the past has the mean 1.

    All ones where less than two years lie there.
    """
    past, future = np.ones(len(weeks.share)), np.ones(len(ahead))
    open_ = weeks.share > 0
    total = weeks.lines.sum(axis=0)
    if len(past) < FEWEST_WEEKS or total.sum() <= 0:
        return past, future
    at = np.array([week_of_year(day) for day in weeks.mid_days])
    level = np.where(open_, total / np.where(open_, weeks.share, 1.0), 0.0)
    slope = _trend(level, open_)
    ages = np.arange(len(past)) - (len(past) - 1)
    index = _season(level / np.exp(slope * ages), at, open_)
    past = index[at] * np.exp(slope * ages)
    mean = past[open_].mean()
    grown = np.exp(slope * np.arange(1, len(ahead) + 1) / 7)
    return past / mean, index[[week_of_year(day) for day in ahead]] * grown / mean


def _season(level: Amounts, at: Indices, open_: NDArray[np.bool_]) -> Amounts:
    """Return each week of the year against the mean, smoothed over three weeks around the year."""
    usual = level[open_].mean()
    sums = np.bincount(at[open_], level[open_], WEEKS_A_YEAR)
    counts = np.bincount(at[open_], minlength=WEEKS_A_YEAR)
    sums, counts = (row + np.roll(row, 1) + np.roll(row, -1) for row in (sums, counts))
    index = (sums + LINES_OF_PRIOR) / (counts * usual + LINES_OF_PRIOR)
    return np.asarray(index / index.mean())


def _trend(level: Amounts, open_: NDArray[np.bool_]) -> float:
    """Return the growth a week of the logarithm, 0 where it may be chance: weeks against those a year before."""
    both = open_[WEEKS_A_YEAR:] & open_[:-WEEKS_A_YEAR] & (level[WEEKS_A_YEAR:] > 0) & (level[:-WEEKS_A_YEAR] > 0)
    if both.sum() < WEEKS_A_YEAR // 2:
        return 0.0
    growth = np.log(level[WEEKS_A_YEAR:][both] / level[:-WEEKS_A_YEAR][both])
    error = growth.std(ddof=1) / np.sqrt(len(growth))
    return float(growth.mean() / WEEKS_A_YEAR) if abs(growth.mean()) > SURE_OF_TREND * error else 0.0
