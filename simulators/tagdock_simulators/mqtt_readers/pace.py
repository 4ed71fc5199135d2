"""How many events may go now, when a reader is told to send no more than so many a second."""


class Pace:
    """Allows `per_s` events a second, a fifth of a second's worth at once; 0 allows all."""

    def __init__(self, per_s: int, now_s: float) -> None:
        self._per_s, self._burst = per_s, max(1.0, per_s / 5)
        self._allowed, self._at_s = self._burst, now_s

    def allowed(self, now_s: float, wanted: int) -> int:
        """Return how many of the wanted events may go now."""
        if not self._per_s:
            return wanted
        self._allowed = min(self._burst, self._allowed + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        return min(wanted, int(self._allowed))

    def took(self, events: int) -> None:
        """Book events that went."""
        if self._per_s:
            self._allowed -= events
