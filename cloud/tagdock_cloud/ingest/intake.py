"""What came from the broker and is not committed yet: bounded, so that a slow database slows the broker down."""

import threading
from collections import deque
from collections.abc import Iterable, Sequence

from tagdock_cloud.ingest.admit import Delivery

MESSAGE_BYTES = 512
"""What a message takes beside its payload: the objects that hold it."""


class Intake:
    """A queue between the broker's thread and the committing ones, bounded by bytes. The first one in always fits.

    Bytes and not events, because memory is what has to stay bounded, whatever gateways put into an event.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._deliveries: deque[Delivery] = deque()
        self._bytes = 0
        self._closed = False
        lock = threading.Lock()
        self._room, self._news = threading.Condition(lock), threading.Condition(lock)

    def put(self, deliveries: Sequence[Delivery]) -> bool:
        """Add deliveries, waiting for room for as long as it takes; False once the intake is closed."""
        with self._room:
            for delivery in deliveries:
                size = _size(delivery)
                while self._deliveries and self._bytes + size > self._most_bytes and not self._closed:
                    self._room.wait()
                if self._closed:
                    return False
                self._deliveries.append(delivery)
                self._bytes += size
                if len(self._deliveries) == 1:
                    self._news.notify()
            return True

    def wait(self, wait_s: float) -> bool:
        """Wait until something is there, at most `wait_s`, and tell whether it is."""
        with self._news:
            if not self._deliveries and not self._closed:
                self._news.wait(wait_s)
            return bool(self._deliveries)

    def holds(self, size_bytes: int) -> bool:
        """Tell whether so much is waiting."""
        return self._bytes >= size_bytes

    def take(self, most_bytes: int, most_messages: int) -> list[Delivery]:
        """Take the next group in order of arrival: so much at most, or one larger message; [] where nothing waits."""
        with self._room:
            group: list[Delivery] = []
            taken = 0
            while self._deliveries and len(group) < most_messages:
                size = _size(self._deliveries[0])
                if group and taken + size > most_bytes:
                    break
                taken += size
                group.append(self._deliveries.popleft())
            self._bytes -= taken
            self._room.notify()
            if self._deliveries:
                self._news.notify()
            return group

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._room:
            self._closed = True
            self._room.notify_all()
            self._news.notify_all()


class Settlement:
    """Which deliveries may be acknowledged to the broker: MQTT wants it in the order in which they came.

    Source: MQTT 3.1.1, section 4.6, and MQTT 5, section 4.6.
    """

    def __init__(self) -> None:
        self._open: deque[Delivery] = deque()
        self._done: set[int] = set()
        self._lock = threading.Lock()

    def expect(self, deliveries: Iterable[Delivery]) -> None:
        """Note deliveries that came, in their order."""
        with self._lock:
            self._open.extend(deliveries)

    def settle(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Note deliveries that are through, and return those whose turn it is now."""
        with self._lock:
            self._done.update(map(id, deliveries))
            turn = []
            while self._open and id(self._open[0]) in self._done:
                self._done.remove(id(self._open[0]))
                turn.append(self._open.popleft())
            return turn


def _size(delivery: Delivery) -> int:
    return len(delivery.payload) + MESSAGE_BYTES
