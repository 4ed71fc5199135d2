"""Verdicts against the truth, tag by tag: one judge for `fit` and for the benchmark.

Each movement belongs to that crossing of its tag which is nearest in time, if it is near at all. Recall: crossings
reported once with the right door and way, over those with at least one read. Precision: of the movements in and out,
those that are right. A crossing reported twice was not reported once, and one of the two reports is not right.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tagdock_edge.clock import SECOND_US
from tagdock_edge.fitting.tally import Tally
from tagdock_edge.fitting.truth import Truth

NEAR_US = 30 * SECOND_US
"""A movement, or a read, is of no crossing that is farther away than this."""

Outcome = Literal["unread", "right", "twice", "wrong_door", "wrong_way", "uncertain", "missed"]


class Claim(NamedTuple):
    """What was said of one tag: `direction` is in, out, pass or uncertain; `at_us` when it was at the door."""

    epc_hex: str
    door: str
    direction: str
    at_us: int
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one line of the truth: what was claimed near it, and the outcome (of stays: none)."""

    truth: Truth
    claims: tuple[Claim, ...]
    outcome: Outcome | None
    read: bool

    @property
    def tally(self) -> Tally:
        """Return it as counts."""
        said = [one for one in self.claims if one.direction in ("in", "out")]
        right = self.outcome in ("right", "twice") or (self.truth.direction is not None and any(map(self._fits, said)))
        counts = {} if self.outcome is None else {self.outcome: 1, "crossings": 1}
        return Tally(
            **counts,
            claims=len(said),
            claims_right=int(right),
            invented=0 if self.outcome else len(said),
            asked=sum(one.direction == "uncertain" for one in self.claims),
            stayed=int(self.read and self.outcome is None),
        )

    def _fits(self, claim: Claim) -> bool:
        return (claim.door, claim.direction) == (self.truth.door, self.truth.direction)


class ReadTimes:
    """When each tag of the truth was read: what the crossings with at least one read are known by."""

    def __init__(self, truths: Iterable[Truth]) -> None:
        self._crossed: dict[str, list[int]] = {}
        for each in truths:
            self._crossed.setdefault(each.epc_hex, [])
            if each.direction is not None:
                self._crossed[each.epc_hex].append(each.at_us)
        for times in self._crossed.values():
            times.sort()
        self._read: set[tuple[str, int]] = set()
        self._tags: set[str] = set()

    def add(self, epc_hex: str, at_us: int) -> None:
        """Take a read."""
        times = self._crossed.get(epc_hex)
        if times is None:
            return
        self._tags.add(epc_hex)
        at = nearest(times, at_us)
        if at is not None:
            self._read.add((epc_hex, at))

    def read(self, truth: Truth) -> bool:
        """Tell whether a crossing gave a read; of a tag that stayed, whether it ever did."""
        if truth.direction is None:
            return truth.epc_hex in self._tags
        return (truth.epc_hex, truth.at_us) in self._read


def nearest(times: Sequence[int], at_us: int) -> int | None:
    """Return the time nearest to `at_us` among ascending ones, if it is near enough."""
    place = bisect_left(times, at_us)
    best = min(times[max(place - 1, 0) : place + 1], key=lambda time: abs(time - at_us), default=None)
    return best if best is not None and abs(best - at_us) <= NEAR_US else None


def judge_claims(truths: Iterable[Truth], claims: Iterable[Claim], reads: ReadTimes) -> list[Judged]:
    """Say what became of every line of the truth; claims of tags that it does not name are nobody's."""
    lines: dict[str, list[Truth]] = {}
    for truth in truths:
        lines.setdefault(truth.epc_hex, []).append(truth)
    said: dict[str, list[Claim]] = {}
    for claim in claims:
        said.setdefault(claim.epc_hex.upper(), []).append(claim)
    return [one for epc, of_tag in lines.items() for one in _judged_tag(of_tag, said.get(epc, ()), reads)]


def _judged_tag(truths: Sequence[Truth], claims: Iterable[Claim], reads: ReadTimes) -> list[Judged]:
    """Give each crossing of a tag the claims that are nearest to it, the others to the nearest stay, and judge."""
    crossed = {truth.at_us: n for n, truth in enumerate(truths) if truth.direction is not None}
    times = sorted(crossed)
    given: Mapping[int, list[Claim]] = {n: [] for n in range(len(truths))}
    for claim in claims:
        at_us = nearest(times, claim.at_us)
        given[_stay(truths, claim.at_us) if at_us is None else crossed[at_us]].append(claim)
    result = []
    for n, truth in enumerate(truths):
        read = reads.read(truth)
        # An invented movement of a tag that only crosses is charged to its nearest crossing as a stay of its own.
        far = [one for one in given[n] if truth.direction is not None and abs(one.at_us - truth.at_us) > NEAR_US]
        near = tuple(one for one in given[n] if one not in far)
        result.append(Judged(truth, near, _outcome(truth, near, read), read))
        if far:
            stay = Truth(truth.epc_hex, truth.door, None, truth.at_us)
            result.append(Judged(stay, tuple(far), None, False))
    return result


def _stay(truths: Sequence[Truth], at_us: int) -> int:
    """Return the line of a tag to which a claim far from every crossing belongs: the nearest, stays first."""
    return min(range(len(truths)), key=lambda n: (truths[n].direction is not None, abs(truths[n].at_us - at_us)))


def _outcome(truth: Truth, claims: Sequence[Claim], read: bool) -> Outcome | None:
    if truth.direction is None:
        return None
    said = [one for one in claims if one.direction in ("in", "out")]
    if not read and not said:
        return "unread"
    if not said:
        return "uncertain" if any(one.direction == "uncertain" for one in claims) else "missed"
    right = [one for one in said if (one.door, one.direction) == (truth.door, truth.direction)]
    if right:
        return "right" if len(said) == 1 else "twice"
    return "wrong_door" if any(one.door != truth.door for one in said) else "wrong_way"
