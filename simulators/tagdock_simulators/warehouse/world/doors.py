"""The doors of the house, with their readers and antennas."""

from tagdock_simulators.doors import DoorGeometry, two_row
from tagdock_simulators.warehouse.floor import DOORS

DOOR_PITCH_M = 4.0


def house_doors() -> tuple[DoorGeometry, ...]:
    """Return the doors in their order along the wall, each with a reader and two rows of antennas."""
    return tuple(two_row(door, f"dock-{place + 1}", place * DOOR_PITCH_M) for place, door in enumerate(DOORS))
