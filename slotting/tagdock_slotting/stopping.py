"""A clock that somebody can put forward: what is solved then ends with the best that it has."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

FORWARD_S = 1e9


class Stopwatch:
    """Seconds as `time.monotonic` counts them; once stopped, every time limit has passed."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()
        self.is_stopped = False

    def __call__(self) -> float:
        """Return the time."""
        return time.monotonic() + (FORWARD_S if self.is_stopped else 0.0)

    def stop(self) -> None:
        """Put the clock forward."""
        self.is_stopped = True

    def spent_s(self) -> float:
        """Return how long it has really been."""
        return time.monotonic() - self._started_s


@contextmanager
def stopped_by_interrupt() -> Iterator[Stopwatch]:
    """Yield a clock that the first SIGINT stops; the second one ends the program as ever."""
    watch = Stopwatch()

    def stop(number: int, frame: FrameType | None) -> None:
        watch.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield watch
    finally:
        signal.signal(signal.SIGINT, before)
