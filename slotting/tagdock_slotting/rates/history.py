"""Order lines by SKU and week, with how much of a usual week each week was."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

WEEK = 7

Amounts = NDArray[np.float64]
Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class History:
    """Order lines (not units) of each SKU on each UTC day from `first_day` on; `lines` has the shape (SKUs, days)."""

    first_day: date
    lines: Amounts

    @property
    def days(self) -> int:
        """How many days were counted."""
        return int(self.lines.shape[1])

    @property
    def end_day(self) -> date:
        """The first day that was not counted."""
        return self.first_day + timedelta(days=self.days)


@dataclass(frozen=True)
class Weeks:
    """Whole weeks that end with the history; `lines` (SKUs, weeks), `share` (weeks,): 1 is usual, 0 closed."""

    lines: Amounts
    share: Amounts
    mid_days: tuple[date, ...]


def by_week(history: History) -> Weeks:
    """Sum a history up by weeks, counted back from its end; the days before the first whole week are left out.

    A day on which nothing at all left is no day of work. What work a usual week has is the median over the weeks that
    have any, so that a shut-down does not look like demand that died, nor a free Saturday like half a week.
    """
    weeks = history.days // WEEK
    lines = history.lines[:, history.days - weeks * WEEK :]
    worked = (lines.sum(axis=0) > 0).reshape(weeks, WEEK).sum(axis=1)
    usual = np.median(worked[worked > 0]) if worked.any() else 1.0
    start = history.end_day - timedelta(days=weeks * WEEK)
    return Weeks(
        lines=lines.reshape(len(lines), weeks, WEEK).sum(axis=2),
        share=np.minimum(worked / usual, 1.0),
        mid_days=tuple(start + timedelta(days=WEEK * week + WEEK // 2) for week in range(weeks)),
    )
