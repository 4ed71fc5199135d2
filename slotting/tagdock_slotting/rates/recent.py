"""Orders as samples of the coming weeks: recent ones count more, by what the rates have learnt of their fading."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

import numpy as np

from tagdock_slotting.rates.history import WEEK


class Faded(Protocol):
    """What rates say of how the past fades; the days are None where nothing was learnt of that."""

    @property
    def first_day(self) -> date | None:
        """The first day that was counted."""

    @property
    def end_day(self) -> date | None:
        """The first day after those."""

    @property
    def discount(self) -> float:
        """What each week back keeps."""

    @property
    def memory_weeks(self) -> float:
        """The weeks that the long run is worth."""


def order_weights(rates: Faded, ages_days: Sequence[float]) -> tuple[float, ...]:
    """Return how often each order counts; their mean is 1. None at all, where nothing was learnt: once each.

    `ages_days` from the end of the history back to each order. A rate is `m` weeks of the long run and `d^w` of each
    week `w` back, so an order counts `d^w + m / weeks`: then its lines add up to the rates, but for what the
    thinnest SKUs are drawn to.
    """
    if rates.first_day is None or rates.end_day is None:
        return ()
    weeks = (rates.end_day - rates.first_day).days / WEEK
    weight = rates.discount ** (np.maximum(ages_days, 0.0) // WEEK) + rates.memory_weeks / weeks
    return tuple((weight / weight.mean()).tolist())
