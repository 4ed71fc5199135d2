"""What is expected to be asked for over the coming weeks, with an interval, and how well that did before. Pure.

How far an interval reaches is learnt from past weeks, in standard deviations: as far as nine of ten SKUs needed then,
apart for those of which little and of which much is expected (split conformal prediction in classes; Lei et al. 2018,
doi:10.1080/01621459.2017.1307116). What is told of weeks that are over was made without them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tagdock_cloud.stockpolicy.smoothing import Level, Smoothing, best_smoothing, levels, prior_of

HORIZON_WEEKS = 4
"""Weeks that an interval is told for: the review of orders and most lead times fall within."""
HELD_OUT_WEEKS = 4
"""Last weeks that errors are told of, each foretold from those before it: what is learnt, is learnt without them."""
FEWEST_WEEKS = 4
"""Below, nothing is foretold: neither a chance nor a spread can be told from so little."""
TAIL = 0.05
"""Share of SKUs that may lie beyond each end; beyond the upper one also those that cannot below, where that is zero."""
CLASSES = (0.5, 2.0, 8.0, 32.0)
"""Units expected over the horizon between which the reach is learnt apart."""
HORIZONS_BACK = 2
"""Past horizons that it is learnt from: the wildest counts, for one is as often calm as wild."""
FEWEST_IN_CLASS = 40
"""SKUs that a reach of its own is learnt from, of which two may lie beyond each end; else the normal distribution's."""
NORMAL_REACH = 1.645
"""Standard deviations beyond which a twentieth of the normal distribution lies."""
SAMPLE = 1000
"""SKUs that all is learnt from, evenly chosen: more cost time and change little."""
History = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """Standard deviations from the mean to both ends of the interval, and to what a twentieth lies above."""

    low: float
    high: float
    safe: float


@dataclass(frozen=True, slots=True)
class Span:
    """Units over the horizon: expected, and between which nine of ten totals lie."""

    mean: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a SKU is expected to need: mean and variance of the units a week, and the total over the horizon.

    `reach`: standard deviations from the mean to what a twentieth of the totals lies above. `held`: what would have
    been told of the last `HORIZON_WEEKS` without them, and `came`, what they brought; None where too little lay before
    them. `squares`, `naive_squares`: squared errors over the last `weeks_judged` weeks, of this forecast and of the
    week before again.
    """

    mean: float
    variance: float
    reach: float
    span: Span
    held: Span | None
    came: float | None
    weeks_judged: int
    squares: float
    naive_squares: float


@dataclass(frozen=True, slots=True)
class _Method:
    smoothing: Smoothing
    prior: Level
    reaches: tuple[Reach, ...]

    def span(self, level: Level) -> Span:
        mean, deviation = _total(level)
        reach = self.reaches[_class_of(mean)]
        return Span(mean, _lower(mean, deviation, reach.low), math.ceil(mean + reach.high * deviation))

    def path(self, weeks: History) -> list[Level]:
        return levels(weeks, self.smoothing, self.prior)


def outlooks(histories: Mapping[str, Sequence[float]]) -> dict[str, Outlook]:
    """Foretell each SKU of a site from its weeks, which all end with the last whole week.

    A history begins with its first demand; one of fewer than `FEWEST_WEEKS` has no outlook.
    """
    told = {sku: tuple(weeks) for sku, weeks in histories.items() if len(weeks) >= FEWEST_WEEKS and any(weeks)}
    if not told:
        return {}
    stride = -(-len(told) // SAMPLE)
    sample = [told[sku] for sku in sorted(told)[::stride]]
    now, before = _learn(sample), _learn([weeks[:-HORIZON_WEEKS] for weeks in sample])
    return {sku: _outlook(weeks, now, before) for sku, weeks in told.items()}


def _total(level: Level) -> tuple[float, float]:
    """Return mean and standard deviation of the units over the horizon."""
    return level.mean * HORIZON_WEEKS, math.sqrt(level.variance * HORIZON_WEEKS)


def _lower(mean: float, deviation: float, low: float) -> int:
    return max(0, math.floor(mean + low * deviation))


def _class_of(mean: float) -> int:
    return sum(mean > border for border in CLASSES)


def _learn(histories: Sequence[History]) -> _Method:
    known = [weeks for weeks in histories if any(weeks)]
    prior = prior_of(known)
    smoothing = best_smoothing(known, prior)
    paths = [(weeks, levels(weeks, smoothing, prior)) for weeks in known]
    learnt = [_reaches(paths, number * HORIZON_WEEKS) for number in range(HORIZONS_BACK)]
    return _Method(smoothing, prior, tuple(map(_wildest, zip(*learnt, strict=True))))


def _reaches(paths: Sequence[tuple[History, Sequence[Level]]], back: int) -> list[Reach | None]:
    """Return how far each class reached in the horizon that ends `back` weeks before the last one."""
    past: list[list[tuple[float, float, float]]] = [[] for _ in range(len(CLASSES) + 1)]
    for weeks, path in paths:
        end = len(weeks) - back
        start = end - HORIZON_WEEKS
        if start > 0 and any(weeks[:start]):
            mean, deviation = _total(path[start])
            past[_class_of(mean)].append((mean, deviation, sum(weeks[start:end])))
    return list(map(_reach, past))


def _reach(past: list[tuple[float, float, float]]) -> Reach | None:
    """Return how far a tenth lay beyond, from mean, deviation and what came of each; None of too few.

    A twentieth below, and above what is left of the tenth: where the lower end is zero, nothing can lie below it.
    """
    if len(past) < FEWEST_IN_CLASS:
        return None
    ordered = sorted((came - mean) / deviation for mean, deviation, came in past)
    beyond = int(TAIL * (len(past) + 1))
    low = min(ordered[beyond - 1], 0.0)
    below = sum(came < _lower(mean, deviation, low) for mean, deviation, came in past)
    above = int(2 * TAIL * (len(past) + 1)) - below
    return Reach(low, *(max(ordered[-each], 0.0) for each in (max(above, beyond), beyond)))


def _wildest(reaches: Sequence[Reach | None]) -> Reach:
    normal = Reach(-NORMAL_REACH, NORMAL_REACH, NORMAL_REACH)
    found = [reach for reach in reaches if reach is not None] or [normal]
    return Reach(min(one.low for one in found), max(one.high for one in found), max(one.safe for one in found))


def _outlook(weeks: History, now: _Method, before: _Method) -> Outlook:
    level = now.path(weeks)[-1]
    span = now.span(level)
    path = before.path(weeks)
    is_known = any(weeks[:-HORIZON_WEEKS])
    judged = [
        (path[at].mean, weeks[at - 1], weeks[at]) for at in range(max(1, len(weeks) - HELD_OUT_WEEKS), len(weeks))
    ]
    return Outlook(
        mean=level.mean,
        variance=level.variance,
        reach=now.reaches[_class_of(span.mean)].safe,
        span=span,
        held=before.span(path[len(weeks) - HORIZON_WEEKS]) if is_known else None,
        came=sum(weeks[-HORIZON_WEEKS:]) if is_known else None,
        weeks_judged=len(judged),
        squares=sum((expected - units) ** 2 for expected, _, units in judged),
        naive_squares=sum((last - units) ** 2 for _, last, units in judged),
    )
