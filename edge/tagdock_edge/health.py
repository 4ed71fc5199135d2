"""How the gateway stands, as frozen data: what its status message, its metrics and its watchdog are made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from tagdock_contract import Side, Status


@dataclass(frozen=True, slots=True)
class Health:
    """One look at a running gateway. Counters count since the start."""

    status: Status
    """What the broker is told as well: readers, outbox, refused batches."""
    broker_up: bool
    stepped_s_ago: float
    """Since the gateway last took what readers had for it; seconds. A healthy one does so ten times a second."""
    waiting_reads: int
    """Reads that readers delivered and that are not worked on yet."""
    open_tags: int
    """Tags in a field, or that left it just now."""
    movements: Mapping[str, int]
    """Movements reported, by direction."""
    lost: Mapping[str, int]
    """What had to be let go, by what it was (see `LOSSES`)."""
    unreachable_s: Mapping[str, float]
    """For how long each reader could not be reached, by its name; one that always could may be missing."""
    mute_eyes: Mapping[tuple[str, Side], bool]
    """Whether each photo-eye, by door and side, is stuck or silent, so that passages are judged without it."""


LOSSES = {
    "reads_unheard": "reads that the gateway could not keep up with",
    "refused": "records of drivers that made no sense",
    "reads_late": "reads that came after their passage's verdict, or too late to tell the bin of their tag",
    "tags_given_up": "tags at shelves that were told to be gone for want of room in memory",
    "readings_unheard": "bin readings that the gateway could not keep up with",
    "reads_unjournaled": "reads that were worked on without being journaled (the disk did not take them)",
    "bin_reading": "bin readings that were thinned out for want of room in the outbox",
    "pass": "goods that only went by, for want of room in the outbox",
    "reader_event": "events of readers, for want of room in the outbox",
    "events_no_room": "events for which there was room neither on disk nor in memory",
}
"""What can be let go, and how it is told to a person."""

ALIVE_WITHIN_S = 5.0
"""A gateway that has not stepped for so long hangs."""


def is_alive(health: Health) -> bool:
    """Tell whether the gateway works; a broker or a reader that is away is no reason to start it anew."""
    return health.stepped_s_ago < ALIVE_WITHIN_S
