"""Numbered events: what is missing between them. Pure."""

REPEATED_AT_MOST = 1_000
"""A number that is lower by no more is a repeat (QoS 1) or came out of order; by more, the reader has started anew."""
GAP_AT_MOST = 1_000_000
"""A longer gap is no loss but another count: the documented buffer holds 150,000 events."""


class EventNumbers:
    """Count the events of one reader that never came, by the numbers of those that did."""

    def __init__(self) -> None:
        self.lost = 0
        """Events that are missing, since the start."""
        self._last: int | None = None

    def note(self, number: int) -> int:
        """Take the number of an event that came; returns how many are missing before it."""
        last = self._last
        if last is None or number > last + GAP_AT_MOST or number < last - REPEATED_AT_MOST:
            self._last = number
            return 0
        missing = max(number - last - 1, 0)
        self.lost += missing
        self._last = max(number, last)
        return missing
