"""How often somebody may ask: a token bucket a caller and one an address, in bounded memory. Pure: time comes in.

Each API process counts for itself, so a limit is one a process. Who is forgotten because too many others came (`MOST`)
starts anew with a full bucket.
"""

from collections import OrderedDict
from dataclasses import dataclass

MOST = 10_000
BURST_S = 5.0
"""Seconds' worth of requests that may come at once: a page loads some dozen things."""
ADDRESS_FACTOR = 5
"""A warehouse's people and screens share an address: it may ask this many times as often as one caller."""
WRONG_TOKEN_COST = 20
"""Requests that one with a wrong token counts for."""


class Buckets:
    """Token buckets by name. `rate_per_s` 0: no limit."""

    def __init__(self, rate_per_s: float, most: int = MOST) -> None:
        self._rate_per_s = rate_per_s
        self._most = most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, now_s: float, cost: float = 1.0) -> float:
        """Take from a bucket; return 0, or how long to wait (s) where there is not enough in it."""
        if self._rate_per_s <= 0:
            return 0.0
        full = self._rate_per_s * BURST_S
        level, at_s = self._buckets.pop(name, (full, now_s))
        level = min(full, level + (now_s - at_s) * self._rate_per_s)
        wait_s = 0.0 if level >= 1.0 else (1.0 - level) / self._rate_per_s
        if wait_s == 0.0:
            level -= min(cost, full)
        self._buckets[name] = (level, now_s)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return wait_s

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._buckets)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one process."""

    callers: Buckets
    addresses: Buckets


def limits(rate_per_s: float) -> Limits:
    """Build limits from what one caller may ask a second."""
    return Limits(Buckets(rate_per_s), Buckets(rate_per_s * ADDRESS_FACTOR))
