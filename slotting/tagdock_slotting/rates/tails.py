"""How far out an interval has to end so that what comes lies in it nine times of ten: learnt from what came before.

A chance of 5 % at each end would do if the model were right and counts were not whole numbers. So the chances that
SKUs' last counts really had are looked at, apart for SKUs of which few and of which many lines were foretold, and the
tail is set where it would have left out one in ten (split conformal prediction in classes).

Source: Lei, G'Sell, Rinaldo, Tibshirani, Wasserman (2018), doi:10.1080/01621459.2017.1307116; classes: Vovk (2013),
doi:10.1007/s10994-013-5355-6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tagdock_slotting.rates.counting import outer_chance, quantile
from tagdock_slotting.rates.history import Amounts, Flags

INTERVAL = 0.9
"""Share of the SKUs whose lines end within their interval."""

CLASSES = (0.5, 1.0, 2.0, 5.0)
"""Lines foretold between which tails are learnt apart."""

FEWEST = 100
"""SKUs that a class needs for a tail of its own: the share left out of so many is known to 3 %. Else the model's."""

LEAST, MOST = 0.005, 0.3
"""Bounds of a tail, against one horizon that was like no other."""


@dataclass(frozen=True)
class Tails:
    """The chance left out at each end of an interval, for each class of lines foretold (0..0.5 and so on)."""

    chances: tuple[float, ...]

    def interval(self, shape: Amounts, mean: Amounts) -> tuple[Amounts, Amounts]:
        """Return the counts between which what comes lies, of which `mean` is foretold with such a shape."""
        low, high = np.zeros_like(mean), np.zeros_like(mean)
        for number, chance in enumerate(self.chances):
            there = _in_class(mean, number)
            low[there] = quantile(chance, shape[there], mean[there])
            high[there] = quantile(1 - chance, shape[there], mean[there])
        return low, high


UNCHECKED = Tails(((1 - INTERVAL) / 2,) * (len(CLASSES) + 1))
"""Where nothing came before that could be looked at."""


def learn_tails(came: Amounts, shape: Amounts, mean: Amounts) -> Tails:
    """Return the tails that would have held what came; arrays of shape (SKUs,)."""
    classes = (_in_class(mean, number) for number in range(len(UNCHECKED.chances)))
    return Tails(tuple(_tail(came[there], shape[there], mean[there]) for there in classes))


def wildest(tails: Sequence[Tails]) -> Tails:
    """Return what would have done in each of several horizons; what is unchecked where there was none."""
    return Tails(tuple(map(min, zip(*(one.chances for one in tails or [UNCHECKED]), strict=True))))


def _tail(came: Amounts, shape: Amounts, mean: Amounts) -> float:
    """Return the tail that leaves out one SKU in ten: the quantile of how unlikely what came was."""
    chances = np.sort(outer_chance(came, shape, mean))
    if len(chances) < FEWEST:
        return UNCHECKED.chances[0]
    return float(np.clip(chances[int((1 - INTERVAL) * (len(chances) + 1)) - 1], LEAST, MOST))


def _in_class(mean: Amounts, number: int) -> Flags:
    return np.asarray(np.digitize(mean, CLASSES) == number)
