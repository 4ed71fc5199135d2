"""A deadline on a whole call, for libraries whose own timeouts start anew with each byte, or have none."""

import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def within(timeout_s: float, call: Callable[[], _T]) -> _T:
    """Return what the call returns, or raise what it raises.

    The call runs in a thread of its own; one that misses its deadline is left behind and dies with the program, so
    whatever it works on must not be used again.

    Raises:
        TimeoutError: the call did not end within `timeout_s` seconds.
    """
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]
