"""What an ordeal came to: what was told by the gateways against what is on record. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Struck:
    """A blow as it fell: when, what, on whom, and what it did; without `hit` it did nothing."""

    at_s: float
    what: str
    on: str
    did: str
    hit: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out: event ids that the recordings give, that were acknowledged, that are on record."""

    told: frozenset[str]
    acked: frozenset[str]
    stored: Sequence[str]
    least_stock: int
    projections: Sequence[Mapping[str, Any]]
    rebuilt: Sequence[Mapping[str, Any]]
    struck: Sequence[Struck]
    minutes: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts of what went wrong; all 0 is what was promised."""

    events: int
    stored: int
    lost: int
    doubled: int
    strange: int
    """On record, though no recording gives it."""
    acked: int
    acked_not_stored: int
    least_stock: int
    rebuild_differs: int
    missed: int
    """Blows that did nothing."""
    traffic_minutes: float
    """How much traffic each site had, from its first movement to its last."""

    @property
    def clean(self) -> bool:
        """Tell whether all promises were kept, under blows that really fell."""
        wrong = (self.lost, self.doubled, self.strange, self.acked_not_stored, self.rebuild_differs, self.missed)
        return not any(wrong) and self.least_stock >= 0 and self.acked > 0


def judge(facts: Facts) -> Verdict:
    """Compare what was told with what is on record."""
    counts = Counter(facts.stored)
    return Verdict(
        events=len(facts.told),
        stored=len(facts.stored),
        lost=len(facts.told - counts.keys()),
        doubled=sum(count - 1 for count in counts.values()),
        strange=len(counts.keys() - facts.told),
        acked=len(facts.acked),
        acked_not_stored=len(facts.acked - counts.keys()),
        least_stock=facts.least_stock,
        rebuild_differs=_differences(facts.projections, facts.rebuilt),
        missed=sum(not each.hit for each in facts.struck),
        traffic_minutes=round(facts.minutes, 1),
    )


def _differences(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> int:
    counted, against = _rows(one), _rows(other)
    return sum(((counted - against) + (against - counted)).values())


def _rows(rows: Iterable[Mapping[str, Any]]) -> Counter[tuple[tuple[str, str], ...]]:
    return Counter(tuple(sorted((key, repr(value)) for key, value in row.items())) for row in rows)
