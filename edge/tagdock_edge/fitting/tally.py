"""How many passages were told right, and what became of the others."""

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of tag passages; they add up. Of the crossings that gave reads each has exactly one outcome."""

    crossings: int = 0
    """Tags that passed a door."""
    unread: int = 0
    """Of them, those without a read: nobody can report them."""
    right: int = 0
    """Reported once, with the right door and way."""
    twice: int = 0
    """Reported more than once as in or out, one of them right."""
    wrong_door: int = 0
    wrong_way: int = 0
    uncertain: int = 0
    """Only said to need a person."""
    missed: int = 0
    """Not reported, or only as having gone by."""
    claims: int = 0
    """Movements in or out that were reported."""
    claims_right: int = 0
    """Of them, those that are right; of two for the same crossing one at most."""
    invented: int = 0
    """Of them, those of tags that passed no door at that time."""
    asked: int = 0
    """Movements that need a person, of goods that crossed or not."""
    stayed: int = 0
    """Tags that were there, were read and passed no door."""

    @classmethod
    def total(cls, tallies: Iterable["Tally"]) -> "Tally":
        """Add tallies up."""
        sums = dict.fromkeys(_NAMES, 0)
        for tally in tallies:
            for name in _NAMES:
                sums[name] += getattr(tally, name)
        return cls(**sums)

    @property
    def read(self) -> int:
        """Count the crossings with at least one read."""
        return self.crossings - self.unread

    @property
    def recall(self) -> float:
        """Return the share of the crossings with reads that were reported once, right; 1 where there was none."""
        return self.right / self.read if self.read else 1.0

    @property
    def precision(self) -> float:
        """Return the share of what was reported as in or out that is right; 1 where nothing was."""
        return self.claims_right / self.claims if self.claims else 1.0

    @property
    def asking(self) -> float:
        """Return the movements that need a person over the crossings with reads; over all tags where none crossed."""
        return self.asked / (self.read or self.stayed or 1)

    @property
    def wrong(self) -> int:
        """Count what was reported as in or out and is not right."""
        return self.claims - self.claims_right


_NAMES = tuple(each.name for each in fields(Tally))
