"""When a tag is somewhere else: the one rule, without state.

Source: EdgeX app-rfid-llrp-inventory ("mobility profile", Apache-2.0), whose behaviour this follows and whose scenarios
are replayed in the tests.
"""

from typing import Final

from tagdock_edge.clock import SECOND_US
from tagdock_edge.config import PresenceConfig

WINDOW_READS: Final = 20
"""How many reads an antenna's mean goes over."""

READS_TO_MOVE: Final = 2
"""A single read moves nothing: it may be a reflection."""


def needed_db(silent_us: int, presence: PresenceConfig) -> float:
    """Return by how much another antenna's mean has to exceed the present one's, which has been silent so long.

    min(T, slope * silent + T - slope * holdoff): the threshold T for as long as the holdoff, then ever less, below
    zero in the end.
    """
    silent_s = silent_us / SECOND_US
    threshold, slope = presence.threshold_db, presence.slope_db_per_s
    return min(threshold, slope * silent_s + threshold - slope * presence.holdoff_s)
