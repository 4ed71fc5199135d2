"""When something is sent again, and when it is given up. Pure but for the jitter."""

import random

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 3 * 3600.0
MOST_ATTEMPTS = 15
"""5 s, tripled each time up to three hours: the last attempt comes about 22 hours after the first."""
GIVEN_UP_AFTER_S = 26 * 3600
"""A message that waited so long, because its receiver was away, becomes a dead letter even with attempts left."""
LONGEST_PAUSE_S = 300.0
"""A receiver that fails gets nothing for a while, doubled each time up to this; then one message tries it again."""


def next_attempt_s(attempts: int, retry_after_s: float | None = None) -> float | None:
    """Return how long to wait after so many attempts (1..); None: it is given up.

    `retry_after_s`: what the receiver asked for; kept up to an hour.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    wait_s = min(FIRST_WAIT_S * 3.0 ** (attempts - 1), LONGEST_WAIT_S) * random.uniform(0.75, 1.25)  # noqa: S311
    return max(wait_s, min(retry_after_s or 0.0, 3600.0))


def pause_s(failures: int) -> float:
    """Return how long a receiver is left alone after so many failures in a row (1..)."""
    return min(2.0 ** min(failures - 1, 20), LONGEST_PAUSE_S) * random.uniform(0.5, 1.0)  # noqa: S311
