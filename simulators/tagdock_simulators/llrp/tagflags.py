"""The inventoried flags of tags: who was counted keeps quiet until the session's flag falls back from B to A.

Source: EPC Gen2 V1.2, table 6.14 (persistence), section 6.3.2.2 (sessions and inventoried flags).
"""

from functools import lru_cache

from tagdock_simulators.chance import Chance
from tagdock_simulators.radio.gen2 import SESSIONS

MAX_TAGS = 10_000
"""So many tags of one reader are known to be B; then the one seen longest ago is A again, and so counted once more."""
_US_PER_S = 1_000_000


class TagFlags:
    """Which tags are B in which session, and until when, in microseconds. A flag is the tag's: all antennas see it."""

    def __init__(self, most: int = MAX_TAGS) -> None:
        self._most = most
        self._b_until_us: dict[tuple[int, str], int] = {}

    def is_a(self, session: int, epc: str, now_us: int, held: bool) -> bool:
        """Say whether a tag that has power now is in state A; `held` says that power keeps it from falling back."""
        key = (session, epc)
        until_us = self._b_until_us.get(key)
        if until_us is None:
            return True
        if until_us <= now_us:
            del self._b_until_us[key]
            return True
        if held:
            self._keep(key, now_us)
        return False

    def turn(self, session: int, epc: str, now_us: int, to_a: bool) -> None:
        """Turn the flag of a tag that was counted."""
        if to_a:
            self._b_until_us.pop((session, epc), None)
        else:
            self._keep((session, epc), now_us)

    def _keep(self, key: tuple[int, str], now_us: int) -> None:
        """Let a flag be B from now on for as long as it lasts; the tags seen last stand last."""
        self._b_until_us.pop(key, None)
        self._b_until_us[key] = now_us + persistence_us(*key)
        if len(self._b_until_us) > self._most:
            del self._b_until_us[next(iter(self._b_until_us))]


@lru_cache(maxsize=65_536)
def persistence_us(session: int, epc: str) -> int:
    """Return how long a tag's flag lasts: within what the standard allows, every tag has a time of its own."""
    allowed = SESSIONS[session]
    lasts_s = Chance(0, "inventoried flag", str(session), epc).between(allowed.least_s, allowed.most_s)
    return round(lasts_s * _US_PER_S)
