"""Weekly demand smoothed: how likely a week with demand is, and how large it then is, each by itself. Pure.

Demand that is 0 in most weeks is no small steady demand: the chance is brought up to date in every week, so that what
has died out fades, the size only in weeks that had any.

Source: Teunter, Syntetos, Babai (2011), Intermittent demand: Linking forecasting to inventory obsolescence,
doi:10.1016/j.ejor.2011.05.018.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Smoothing:
    """What a new week weighs (0..1) against all before it: in the chance of demand, and in its size."""

    chance: float
    size: float


@dataclass(frozen=True, slots=True)
class Level:
    """What a week is expected to ask for: chance of any, then mean and mean square of the units."""

    chance: float
    size: float
    square: float

    @property
    def mean(self) -> float:
        """Units a week."""
        return self.chance * self.size

    @property
    def variance(self) -> float:
        """Of the units a week; no smaller than the mean, as of orders that come one by one."""
        return max(self.chance * self.square - self.mean**2, self.mean)


SMOOTHINGS: tuple[Smoothing, ...] = tuple(
    Smoothing(chance, size) for chance in (0.02, 0.05, 0.1, 0.2) for size in (0.02, 0.05, 0.1, 0.2)
)
"""Those that are tried on a site's own weeks; 0.02 hardly forgets in a year, 0.2 has half of it from four weeks."""


def levels(weeks: Sequence[float], smoothing: Smoothing, prior: Level) -> list[Level]:
    """Return what was expected of each week from those before it, and of the one that comes next.

    `weeks`: units of successive weeks. The first weeks count as in a mean, in which the prior is worth one week.
    """
    chance, size, square, demands = prior.chance, prior.size, prior.square, 0
    found = [prior]
    for number, units in enumerate(weeks):
        share = max(smoothing.chance, 1 / (number + 2))
        chance += share * ((1.0 if units > 0 else 0.0) - chance)
        if units > 0:
            share = max(smoothing.size, 1 / (demands + 2))
            size += share * (units - size)
            square += share * (units * units - square)
            demands += 1
        found.append(Level(chance, size, square))
    return found


def prior_of(histories: Sequence[Sequence[float]]) -> Level:
    """Return what a week of any SKU was like: where one is new, more is not known of it."""
    demands = [units for weeks in histories for units in weeks if units > 0]
    length = sum(map(len, histories))
    if not demands:
        return Level(0.0, 0.0, 0.0)
    # A few huge orders must not make every new SKU large: the middle one says what is usual.
    middle = sorted(demands)[len(demands) // 2]
    return Level(len(demands) / length, middle, 2 * middle * middle)


def best_smoothing(histories: Sequence[Sequence[float]], prior: Level) -> Smoothing:
    """Return that under which each week was foretold best from those before it.

    Squares of errors count in each SKU's own size, so that the largest does not decide alone.
    """
    scales = [max(1.0, sum(units * units for units in weeks) / max(1, len(weeks))) for weeks in histories]

    def lost(smoothing: Smoothing) -> float:
        return sum(
            sum((level.mean - units) ** 2 for level, units in zip(levels(weeks, smoothing, prior), weeks, strict=False))
            / scale
            for weeks, scale in zip(histories, scales, strict=True)
        )

    return min(SMOOTHINGS, key=lost)
