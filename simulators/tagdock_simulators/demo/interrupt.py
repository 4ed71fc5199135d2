"""Ctrl-C: once to come to an end in good order, twice to stop at once."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def interruptible(stop: asyncio.Event, at_once: Callable[[], None], say: Callable[[str], None]) -> Iterator[None]:
    """Set `stop` at the first signal; at the second call `at_once` and cancel the task that is inside."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    signals = 0

    def interrupt() -> None:
        nonlocal signals
        signals += 1
        if signals == 1:
            say("stopping: goods in the doors pass first, then the report (Ctrl-C again: at once)")
            stop.set()
        elif task is not None:
            at_once()
            task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
