"""A search for the best numbers within ranges that needs no derivative: counts of errors have none.

A compass search with pattern moves: each number in turn is moved up and down by a step; all that helped in a round is
tried once more, as one leap; when nothing helps, the step is halved. Deterministic for a seed, which only orders the
trials. Sources: Hooke and Jeeves 1961, doi:10.1145/321062.321069; Kolda, Lewis and Torczon 2003,
doi:10.1137/S003614450242889.
"""

from collections.abc import Callable, Iterator, Mapping
from math import exp, log
from random import Random

FIRST_STEP, LAST_STEP = 0.4, 0.0125
"""Shares of a range: wide enough to leave a wrong neighbourhood, fine enough for what crossings can tell."""
_LOG_FROM = 8.0
"""Ranges whose ends differ by more than this factor are walked in factors, others in differences."""

Values = Mapping[str, float]
Cost = Callable[[Values], float]


def search(
    start: Values, ranges: Mapping[str, tuple[float, float]], cost: Cost, trials: int, seed: int
) -> Iterator[tuple[float, Values]]:
    """Yield the best cost and values after each trial, the start first. `ranges` are (least, most) by name."""
    axes = {name: _Axis(*ranges[name]) for name in start}
    best, best_cost = dict(start), cost(start)
    yield best_cost, best
    step, left, rng = FIRST_STEP, trials, Random(seed)  # noqa: S311  # an order, no secret
    while step >= LAST_STEP and left > 0:
        before = dict(best)
        for name, sign in _trials(axes, rng):
            tried = {**best, name: axes[name].moved(best[name], sign * step)}
            if tried == best or left <= 0:
                continue
            left -= 1
            tried_cost = cost(tried)
            if tried_cost < best_cost:
                best, best_cost = tried, tried_cost
            yield best_cost, best
        if best == before:
            step /= 2.0
            continue
        leap = {name: axes[name].leapt(before[name], best[name]) for name in best}
        if left > 0 and leap != best:
            left -= 1
            leap_cost = cost(leap)
            if leap_cost < best_cost:
                best, best_cost = leap, leap_cost
            yield best_cost, best


def moved(start: Values, values: Values, ranges: Mapping[str, tuple[float, float]]) -> float:
    """Return how far values are from where they started, as a sum of shares of their ranges."""
    axes = {name: _Axis(*ranges[name]) for name in start}
    return sum(abs(axes[name].share(values[name]) - axes[name].share(start[name])) for name in start)


def _trials(axes: Mapping[str, "_Axis"], rng: Random) -> Iterator[tuple[str, float]]:
    names = [*axes]
    rng.shuffle(names)
    for name in names:
        first = rng.choice((-1.0, 1.0))
        yield name, first
        yield name, -first


class _Axis:
    """One number's range, walked from 0 to 1."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most
        self._factors = least > 0.0 and most / least > _LOG_FROM

    def moved(self, value: float, by: float) -> float:
        """Return the value moved by a share of the range, kept within it and rounded to what a person writes."""
        return self._at(self.share(value) + by)

    def leapt(self, from_value: float, to_value: float) -> float:
        """Return the value as far beyond `to_value` as that is from `from_value`."""
        if from_value == to_value:
            return to_value
        return self.moved(to_value, self.share(to_value) - self.share(from_value))

    def share(self, value: float) -> float:
        """Return where in its range a value is, 0 to 1."""
        if self._factors:
            return log(value / self._least) / log(self._most / self._least)
        return (value - self._least) / (self._most - self._least)

    def _at(self, share: float) -> float:
        if self._factors:
            value = self._least * exp(share * log(self._most / self._least))
        else:
            value = self._least + share * (self._most - self._least)
        return min(max(float(f"{value:.4g}"), self._least), self._most)
