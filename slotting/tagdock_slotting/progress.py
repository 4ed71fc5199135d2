"""A word on stderr for what takes longer than two seconds."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SILENT_S = 2.0
EVERY_S = 5.0


@contextmanager
def talking(what: str, aside: Callable[[], str] = str) -> Iterator[None]:
    """Say on stderr what is being done and for how long, from the second second on; `aside` adds what holds it up."""
    done = threading.Event()
    talker = threading.Thread(target=_talk, args=(what, aside, done), daemon=True)
    talker.start()
    try:
        yield
    finally:
        done.set()
        talker.join()


def _talk(what: str, aside: Callable[[], str], done: threading.Event) -> None:
    started = time.monotonic()
    wait_s = SILENT_S
    while not done.wait(wait_s):
        sys.stderr.write(f"{what}: {time.monotonic() - started:.0f} s ...{aside()}\n")
        sys.stderr.flush()
        wait_s = EVERY_S
