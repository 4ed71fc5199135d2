"""Thresholds that make fewer errors on crossings whose truth is known, and proof that they do so on others, too.

The loads of all recordings are dealt into two hands. One is searched on; the other, which the search never sees, says
whether what was found is better. If it is not, the thresholds stay as they are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from random import Random

from tagdock_edge.clock import SECOND_US
from tagdock_edge.config.passage import RANGES, Thresholds
from tagdock_edge.fitting.judging import Claim, Judged, ReadTimes, judge_claims
from tagdock_edge.fitting.search import moved, search
from tagdock_edge.fitting.tally import Tally
from tagdock_edge.fitting.truth import Truth

COST_UNCERTAIN, COST_MISSED, COST_WRONG = 1.0, 2.0, 5.0
"""What a passage costs: one that a person has to decide, one that nobody hears of, one that is booked wrong. A wrong
booking has to be found before it can be undone."""
SURE = 0.5
"""What badly placed confidence costs at most, for each claim: of thresholds that make the same errors, those are taken
that are surer where they are right."""
COST_MOVED = 1.0
"""What it costs to move one threshold through all of its range: those that change nothing stay where they are."""
HELD_OUT = 0.4
"""The share of loads that only judge."""
LOAD_GAP_US = 2 * SECOND_US
"""Tags of one door and way that are nearer in time than this belong to one load, and are dealt together."""


@dataclass(frozen=True)
class Case:
    """One recording: its truth, which crossings gave reads, and what certain thresholds make of it."""

    truths: Sequence[Truth]
    reads: ReadTimes
    claims: Callable[[Thresholds], Sequence[Claim]]


@dataclass(frozen=True, slots=True)
class Fit:
    """What came of a search: thresholds and, on the held-out loads, the tallies with the old and the new ones."""

    before: Thresholds
    after: Thresholds
    tally_before: Tally
    tally_after: Tally
    cost_before: float
    cost_after: float
    trials: int

    @property
    def better(self) -> bool:
        """Tell whether the new thresholds make fewer errors on held-out loads, and no more wrong claims."""
        return self.cost_after < self.cost_before and self.tally_after.wrong <= self.tally_before.wrong

    @property
    def recommended(self) -> Thresholds:
        """Return the new thresholds where they are better, else the old ones."""
        return self.after if self.better else self.before


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is."""

    trial: int
    cost: float


def fit(cases: Sequence[Case], start: Thresholds, *, trials: int, seed: int) -> Iterator[Progress | Fit]:
    """Search; yields the progress after each trial, and at last the fit. Deterministic for a seed."""
    hands = [deal(case.truths, Random(f"{seed}:{number}")) for number, case in enumerate(cases)]  # noqa: S311
    cache: dict[Thresholds, tuple[Tally, Tally, float]] = {}

    def judged(thresholds: Thresholds) -> tuple[Tally, Tally, float]:
        if thresholds not in cache:
            cache[thresholds] = _judged(cases, hands, thresholds)
        return cache[thresholds]

    def cost(values: Mapping[str, float]) -> float:
        return judged(replace(start, **values))[2] + COST_MOVED * moved(begin, values, RANGES)

    begin = {each.name: getattr(start, each.name) for each in fields(start)}
    best: Mapping[str, float] = begin
    trial = 0
    for trial, (lowest, so_far) in enumerate(search(begin, RANGES, cost, trials, seed)):
        best = so_far
        yield Progress(trial, lowest)
    found = replace(start, **best)
    old, new = judged(start)[1], judged(found)[1]
    yield Fit(start, found, old, new, cost_of(old), cost_of(new), trial)


def deal(truths: Sequence[Truth], rng: Random) -> set[Truth]:
    """Return the truths of the loads that are held out."""
    held: set[Truth] = set()
    last: dict[tuple[str, str | None], tuple[int, bool]] = {}
    for truth in sorted(truths, key=lambda each: (each.at_us, each.epc_hex)):
        key = truth.door, truth.direction
        at_us, out = last.get(key, (-(10**18), False))
        if truth.at_us - at_us > LOAD_GAP_US:
            out = rng.random() < HELD_OUT
        last[key] = truth.at_us, out
        if out:
            held.add(truth)
    return held


def cost_of(tally: Tally) -> float:
    """Return what a tally's errors cost."""
    return COST_UNCERTAIN * tally.asked + COST_MISSED * tally.missed + COST_WRONG * tally.wrong


def _judged(cases: Sequence[Case], hands: Sequence[set[Truth]], thresholds: Thresholds) -> tuple[Tally, Tally, float]:
    """Return the tallies of the searched and the held-out loads, and what the searched ones cost."""
    searched: list[Judged] = []
    held: list[Judged] = []
    for case, out in zip(cases, hands, strict=True):
        for one in judge_claims(case.truths, case.claims(thresholds), case.reads):
            (held if one.truth in out else searched).append(one)
    tallies = [Tally.total(one.tally for one in hand) for hand in (searched, held)]
    return tallies[0], tallies[1], cost_of(tallies[0]) + sum(map(_doubt, searched))


def _doubt(judged: Judged) -> float:
    """Return how badly the confidence of claims fits what they turned out to be, 0 to `SURE` each."""
    right = (judged.truth.door, judged.truth.direction)
    said = [one for one in judged.claims if one.direction in ("in", "out")]
    return SURE * sum((one.confidence - float((one.door, one.direction) == right)) ** 2 for one in said)
