"""What is due next. Pure: time comes in as an argument."""

import heapq
import itertools
from collections.abc import Iterable

from tagdock_cloud.work.duty import Duty


class Agenda:
    """Duties in the order in which they are due; who takes one gives it back with its next time."""

    def __init__(self, duties: Iterable[Duty] = (), now_s: float = 0.0) -> None:
        self._numbers = itertools.count()  # duties due at once are done in turn
        self._due: list[tuple[float, int, Duty]] = []
        for duty in duties:
            self.put(duty, now_s)

    def put(self, duty: Duty, due_s: float) -> None:
        """Enter a duty for a time."""
        heapq.heappush(self._due, (due_s, next(self._numbers), duty))

    def take(self, now_s: float) -> Duty | None:
        """Take the duty that has been due for the longest; None while none is."""
        if not self._due or self._due[0][0] > now_s:
            return None
        return heapq.heappop(self._due)[2]

    def wait_s(self, now_s: float, at_most_s: float) -> float:
        """Return how long nothing is due, `at_most_s` where nothing is entered."""
        return at_most_s if not self._due else min(max(self._due[0][0] - now_s, 0.0), at_most_s)
