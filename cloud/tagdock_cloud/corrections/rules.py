"""Which report of a passage counts where two gateways told of it. Pure.

One gateway weighs all doors that it serves; two gateways at neighbouring doors know nothing of each other and may both
book one passage. The stronger report then stands and the others lose against it (decision 0087).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, isfinite, log
from typing import Any, Literal
from uuid import UUID

DOOR_DB = 4.0
"""How many dB of peak power weigh one nat: what a gateway takes between its own doors (its threshold `door_db`)."""
SUREST = 0.99
"""Confidence above this says nothing more: it is of the way, given that the door is right."""
UNTOLD_PEAK_DBM = -60.0
"""Stands for the peak that a report does not tell: the middle of what tags at a door are heard with."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one gateway said of one tag at one door, and what a person said to it (None: nobody did)."""

    event_id: UUID
    observed_at: datetime
    gateway: str
    confidence: float
    reads: int
    peak_dbm: float
    decided: Literal["in", "out", "pass", "none"] | None = None

    @property
    def strength(self) -> float:
        """Weigh the evidence, in nats; what a person confirmed outweighs everything."""
        if self.decided is not None:
            return inf
        sure = min(max(self.confidence, 1 - SUREST), SUREST)
        return log(sure / (1 - sure)) + log(1 + self.reads) + self.peak_dbm / DOOR_DB


def settle(reports: Iterable[Report], window: timedelta) -> dict[UUID, UUID]:
    """Return the reports that lose, each with the one that it loses to.

    The strongest stands; whatever another gateway said within `window` of it loses, and what lost no longer takes part.
    The same reports settle alike in whatever order they are given. A report that a person decided never loses; one that
    he took for no passage takes part no more.
    """
    lost: dict[UUID, UUID] = {}
    standing: list[Report] = []
    taking_part = (one for one in reports if one.decided not in ("pass", "none"))
    for one in sorted(taking_part, key=lambda one: (-one.strength, one.observed_at, one.event_id)):
        rival = _rival(one, standing, window)
        if rival is None or one.decided is not None:
            standing.append(one)
        else:
            lost[one.event_id] = rival.event_id
    return lost


def _rival(one: Report, standing: Sequence[Report], window: timedelta) -> Report | None:
    for other in standing:
        if other.gateway != one.gateway and abs(other.observed_at - one.observed_at) <= window:
            return other
    return None


def bouts(reports: Sequence[Report], window: timedelta) -> Iterator[Sequence[Report]]:
    """Cut reports, in the order of time, where more than `window` lies between two: across that nothing is settled."""
    begin = 0
    for place in range(1, len(reports) + 1):
        if place == len(reports) or reports[place].observed_at - reports[place - 1].observed_at > window:
            yield reports[begin:place]
            begin = place


def reads_of(evidence: Mapping[str, Any]) -> int:
    """Return how many reads a report rests on; 0 where it does not tell. Another gateway may use its own words."""
    reads = evidence.get("reads")
    return min(reads, 10**6) if isinstance(reads, int) and reads > 0 else 0


def peak_dbm_of(evidence: Mapping[str, Any]) -> float:
    """Return the strongest read's power in dBm, or what stands for it."""
    antennas = evidence.get("antennas")
    told = (
        [one.get("peak_rssi_dbm") for one in antennas if isinstance(one, Mapping)] if isinstance(antennas, list) else []
    )
    peaks = [float(peak) for peak in told if isinstance(peak, int | float) and isfinite(peak) and -150 <= peak <= 50]
    return max(peaks, default=UNTOLD_PEAK_DBM)
