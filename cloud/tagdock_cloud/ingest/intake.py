"""What came from the broker and is not committed yet: bounded, so that a slow database slows the broker down."""

import threading
from collections import deque
from dataclasses import dataclass

from tagdock_cloud.ingest.admit import Accepted, Delivery, Verdict


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message and what was decided on it."""

    delivery: Delivery
    verdict: Verdict

    @property
    def weight(self) -> int:
        """Events it holds, and at least one."""
        return len(self.verdict.batch.events) if isinstance(self.verdict, Accepted) else 1


class Intake:
    """A queue between the broker's thread and the committing one, bounded by events. The first one in always fits."""

    def __init__(self, most_events: int) -> None:
        self._most_events = most_events
        self._arrivals: deque[Arrival] = deque()
        self._events = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, arrival: Arrival) -> bool:
        """Add an arrival, waiting for room for as long as it takes; False once the intake is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room(arrival))
            if self._closed:
                return False
            self._arrivals.append(arrival)
            self._events += arrival.weight
            self._changed.notify_all()
            return True

    def take(self, most_events: int, wait_s: float) -> list[Arrival]:
        """Take the next group in order of arrival: up to so many events, or one larger batch; [] after `wait_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._arrivals or self._closed, timeout=wait_s)
            group: list[Arrival] = []
            events = 0
            while self._arrivals and (not group or events + self._arrivals[0].weight <= most_events):
                arrival = self._arrivals.popleft()
                events += arrival.weight
                group.append(arrival)
            self._events -= events
            self._changed.notify_all()
            return group

    def wait_for_events(self, events: int, wait_s: float) -> None:
        """Wait until so many events are there, at most `wait_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._events >= events, timeout=wait_s)

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _has_room(self, arrival: Arrival) -> bool:
        return not self._arrivals or self._events + arrival.weight <= self._most_events
