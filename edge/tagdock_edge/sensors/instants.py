"""A sensor's own time against the gateway's clock: believed within bounds, else the time of arrival counts."""

from tagdock_edge.clock import SECOND_US

AHEAD_US = 5 * SECOND_US
"""A clock that is kept by NTP is not further ahead; what comes from the future was never measured."""
BEHIND_US = 7 * 24 * 3600 * SECOND_US
"""A week: what a node stored through a long outage. Before that a clock stands at its epoch, or was never set."""


def trusted_us(told_us: int | None, now_us: int) -> int:
    """Return the sensor's time where it may be believed, else now."""
    if told_us is None or not now_us - BEHIND_US <= told_us <= now_us + AHEAD_US:
        return now_us
    return told_us
