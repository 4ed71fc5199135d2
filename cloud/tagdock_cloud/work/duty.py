"""A duty: something that is done again and again. Pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagdock_cloud.store.pool import Connection, DictRow

LONGEST_BACK_OFF_S = 300.0
"""A duty that fails again and again is tried this often at least, or as often as it is due anyway."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do every `every_s` seconds, by one worker at a time.

    `run` gets a connection within a transaction, which is committed when it returns; its statements have `timeout_s`
    each. It has to be safe to repeat: a worker may be killed, and then another one does it.
    """

    name: str
    every_s: float
    run: "Callable[[Connection[DictRow]], None]"
    timeout_s: float = 20.0


def back_off_s(every_s: float, failures: int) -> float:
    """Return how long to wait after so many failures in a row (1..): doubled each time, jittered to 50..100 %."""
    longest_s = max(every_s, LONGEST_BACK_OFF_S)
    wait_s = min(max(every_s, 0.5) * 2.0 ** min(failures, 20), longest_s)
    return wait_s * random.uniform(0.5, 1.0)  # noqa: S311
