"""Whether goods that were packed together carry numbers that follow each other: learned on the spot, never assumed.

Cases are numbered as they are packed, so tags whose numbers follow each other are often on one load; where stock is
mixed they are no oftener than others. `Numbering` learns which it is from tags that tell their door surely by
themselves; `Kinship` says what that makes of loads. With `share` the part of followers that keep together for that
reason, and `chance` how often two tags are on one load anyway, two that follow each other are

    on one load:   share + (1 - share) chance          on two:   (1 - share) (1 - chance)

and the tags of one load of which some seem to be at another door are spread over both as by chance: the test of runs of
Wald and Wolfowitz 1940, doi:10.1214/aoms/1177731909, with loads that keep together as the other hypothesis.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import log, log1p

from tagdock_edge.passage.witness import Witness

FOLLOWS = 256
"""Numbers that differ by less follow each other: cases of one product, packed one after the other, some left out."""
USUAL_SHARE, USUAL_PAIRS = 0.5, 4.0
"""What is taken for the share before anything was seen, and how many pairs outweigh that (assumed)."""
SHARE_AT_MOST = 0.95
"""Somebody always moves a case from one load to another (assumed)."""
FORGETS = 0.98
"""What is left of the pairs seen before each time loads are told apart: half a minute of a busy dock's."""
SURE_NATS = 3.0
"""A tag that hears one door by so much better than the others is believed about its door."""
ALIKE_S = 1.5
"""Tags that passed farther apart than this are told apart by time and teach nothing."""
MATE_NATS = 2.0
"""The most that numbers say for or against one load, for each tag of the smaller one."""

_MANY = 1e9
"""More pairs than any dock has tags."""


@dataclass(slots=True)
class Numbering:
    """What was seen of sure tags whose numbers follow each other: how far chance did not put them together, or did."""

    agreed: float = 0.0
    """Pairs on one load, beyond what chance makes."""
    seen: float = 0.0
    """Pairs that chance would have put on two loads."""

    @property
    def share(self) -> float:
        """Return the part of followers that keep together because they were packed together (0..1)."""
        share = (self.agreed + USUAL_SHARE * USUAL_PAIRS) / (self.seen + USUAL_PAIRS)
        return min(max(share, 0.0), SHARE_AT_MOST)

    @property
    def possible(self) -> bool:
        """Whether these are counts that `learn` could have made, and not those of a damaged file."""
        return 0.0 <= self.seen < _MANY and abs(self.agreed) < _MANY

    def learn(self, witnesses: Iterable[Witness]) -> None:
        """See whether sure tags that follow each other are at one door."""
        sure = {one.epc: (door, one.middle_s) for one in witnesses if (door := _sure(one)) is not None}
        doors = Counter(door for door, _ in sure.values())
        chance = sum((count / len(sure)) ** 2 for count in doors.values())
        self.agreed, self.seen = self.agreed * FORGETS, self.seen * FORGETS
        for one, other in _followers(sure):
            (door, at_s), (its_door, its_s) = sure[one], sure[other]
            if abs(at_s - its_s) <= ALIKE_S:
                self.agreed += (door == its_door) - chance
                self.seen += 1.0 - chance


def _sure(one: Witness) -> int | None:
    """Return the door that a tag is sure of, or None."""
    (best, door), *others = sorted(((max(ways), door) for door, ways in one.doors.items()), reverse=True)
    return door if not others or best - others[0][0] >= SURE_NATS else None


def _followers(epcs: Iterable[str]) -> list[tuple[str, str]]:
    """Pair the tags whose numbers follow each other."""
    numbers = sorted((int(epc, 16), epc) for epc in epcs)
    return [(a, b) for (number, a), (following, b) in pairwise(numbers) if following - number < FOLLOWS]


class Kinship:
    """What the numbers of tags say of the loads that they are on; loads go by numbers, too, that `place` gives."""

    def __init__(self, witnesses: Iterable[Witness], share: float) -> None:
        self._near: dict[str, list[str]] = {}
        self._share = share
        self._load_of: dict[str, int] = {}
        if share > 0.0:
            for a, b in _followers(one.epc for one in witnesses):
                self._near.setdefault(a, []).append(b)
                self._near.setdefault(b, []).append(a)

    def place(self, load: int, witnesses: Iterable[Witness]) -> None:
        """Take tags to be on a load from now on."""
        for one in witnesses:
            self._load_of[one.epc] = load

    def pairs(self, witnesses: Iterable[Witness], load: int) -> int:
        """Count how often tags have somebody on a load who follows them, or whom they follow."""
        near, load_of = self._near, self._load_of
        return sum([load_of.get(other) == load for one in witnesses for other in near.get(one.epc, ())])

    def together(self, across: int, within: float, chance: float, fewer: int) -> float:
        """Say how much likelier numbers make it that two loads are one, in nats.

        `across` pairs follow each other from load to load, `within` on either of them; `chance` puts two tags of both
        on the same one; `fewer` are the tags of the smaller.
        """
        runs = within * log((self._share + (1.0 - self._share) * chance) / chance)
        nats = -across * log(1.0 - self._share) - runs
        return max(-MATE_NATS * fewer, min(nats, MATE_NATS * fewer))

    def mates(self, one: Witness) -> dict[int, int]:
        """Count the tags that one follows, or that follow it, by their loads."""
        found: dict[int, int] = {}
        for other in self._near.get(one.epc, ()):
            load = self._load_of[other]
            found[load] = found.get(load, 0) + 1
        return found

    def mate_nats(self, part: float) -> float:
        """Say how much likelier one that it follows makes a load that has so large a part of all tags, in nats."""
        return log1p(self._share / ((1.0 - self._share) * part))
