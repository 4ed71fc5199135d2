"""Waiting longer after each failure, with jitter, so that a site full of gateways does not knock all at once."""

import random

FIRST_S, LONGEST_S = 1.0, 60.0


class Backoff:
    """Pauses from `first_s`, doubling up to `longest_s`; each is drawn from the upper half of its range."""

    def __init__(self, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Return how many seconds to wait now."""
        pause_s, self._next_s = self._next_s, min(self._next_s * 2, self._longest_s)
        return pause_s * random.uniform(0.5, 1.0)  # noqa: S311  # no secret hangs on it

    def reset(self) -> None:
        """Begin at the shortest pause again, after things went well for a while."""
        self._next_s = self._first_s
