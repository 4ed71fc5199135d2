"""Which bin a tag is in, by the antennas at shelves: arrived, moved, departed."""

from tagdock_edge.presence.report import movement
from tagdock_edge.presence.stay import Change
from tagdock_edge.presence.tracker import Presence

__all__ = ["Change", "Presence", "movement"]
